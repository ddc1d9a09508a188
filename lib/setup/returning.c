/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/returning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/profile/profile.h"
#include "lib/proxmox/proxmox.h"

#define SUFFIX ".ini"

static int add(struct vh_returning_list *list, const struct vh_function *f, const char *vm)
{
	struct vh_returning *items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (!items) {
		return -ENOMEM;
	}
	list->items = items;
	items[list->count] = (struct vh_returning){
		.vendor = f->vendor,
		.device = f->device,
		.is_display = vh_function_is_display(f),
		.is_sound = vh_function_is_sound(f),
	};
	if (!f->is_vfio) {
		(void)vh_copy(items[list->count].module, sizeof(items->module), f->module);
	}
	(void)vh_copy(items[list->count].name, sizeof(items->name), f->name);
	(void)snprintf(items[list->count].profile, sizeof(items->profile), "%.200s" SUFFIX, vm);
	list->count++;
	return 0;
}

static int add_device(struct vh_returning_list *list, const struct vh_host *host,
		      const struct vh_pci_address *address, const char *vm)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < host->function_count; i++) {
		if (vh_host_goes_along(host, address, &host->functions[i])) {
			rc = add(list, &host->functions[i], vm);
		}
	}
	return rc;
}

static int add_profile(struct vh_setup_draft *d, struct vh_returning_list *list,
		       const struct vh_host *host, const char *vm)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_error why = {0};
	int rc = vh_profile_load(d->sys, vm, &profile, &why);

	if (rc == 0) {
		rc = vh_profile_complete(d->sys, &profile, &why);
	}
	if (rc) {
		vh_setup_draft_note(d, "what fights a return is not looked for: %s", why.msg);
		return rc == -ENOMEM ? rc : 0;
	}
	for (size_t i = 0; rc == 0 && i < profile.device_count; i++) {
		rc = add_device(list, host, &profile.devices[i].address, vm);
	}
	return rc;
}

/* The VMs with a profile in @dir; a cluster's are named by their VMID. */
static int add_directory(struct vh_setup_draft *d, struct vh_returning_list *list,
			 const struct vh_host *host, const char *dir, bool of_cluster)
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = 0;

	if (vh_sys_list(d->sys, &names, "%s", dir)) {
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		char *suffix = strrchr(names.items[i], '.');

		if (!suffix || strcmp(suffix, SUFFIX) != 0) {
			continue;
		}
		*suffix = '\0';
		if (!of_cluster ||
		    (vh_is_vmid(names.items[i]) && vh_profile_find(d->sys, names.items[i]) > 0)) {
			rc = add_profile(d, list, host, names.items[i]);
		}
	}
	return rc;
}

int vh_returning_load(struct vh_setup_draft *d, struct vh_returning_list *ret, struct vh_error *err)
{
	VH_AUTO_HOST struct vh_host host = {0};
	struct vh_error why = {0};
	int rc = vh_host_load(d->sys, &host, &why);

	if (rc && rc != -ENOMEM) {
		return 0;
	}
	rc = rc ? rc : add_directory(d, ret, &host, VH_PROFILE_DIR, false);
	if (rc == 0 && vh_is_pve_node(d->sys) && vh_cluster_answers(d->sys, &why) == 0) {
		rc = add_directory(d, ret, &host, VH_PROFILE_CLUSTER_DIR, true);
	}
	return rc ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}

void vh_returning_done(struct vh_returning_list *list)
{
	free(list->items);
	*list = (struct vh_returning_list){0};
}
