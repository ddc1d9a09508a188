/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/console.h"
#include "lib/host/function.h"
#include "lib/host/holders.h"
#include "lib/host/record.h"
#include "lib/host/reservation.h"
#include "lib/host/unit.h"

static int compare_functions(const void *a, const void *b)
{
	return vh_pci_address_compare(&((const struct vh_function *)a)->address,
				      &((const struct vh_function *)b)->address);
}

static int load_functions(struct vh_sys *sys, struct vh_host *host, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = vh_sys_list(sys, &names, "sys/bus/pci/devices");

	if (rc) {
		return vh_error_sys(err, -rc, "sys/bus/pci/devices", "cannot list the PCI devices");
	}
	host->functions = calloc(names.count ? names.count : 1, sizeof(*host->functions));
	if (!host->functions) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	for (size_t i = 0; i < names.count; i++) {
		/* One that vanished between the listing and now is not there. */
		if (vh_function_load(sys, names.items[i], &host->functions[host->function_count]) ==
		    0) {
			host->function_count++;
		}
	}
	qsort(host->functions, host->function_count, sizeof(*host->functions), compare_functions);
	return 0;
}

static int load_reservations(struct vh_sys *sys, struct vh_host *host, struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	int rc = vh_reservations_read(sys, &text);

	if (rc) {
		return vh_error_sys(err, -rc, VH_RESERVATIONS,
				    "cannot see which devices Proxmox has given to a VM");
	}
	for (size_t i = 0; text && i < host->function_count; i++) {
		struct vh_function *f = &host->functions[i];
		struct vh_reservation r;

		if (vh_reservation_in(sys, text, &f->address, &r) == 0) {
			(void)vh_copy(f->reserved, sizeof(f->reserved), r.vmid);
			f->reserved_starting = r.qemu.pid == 0;
		}
	}
	return 0;
}

static void load_kernel(struct vh_sys *sys, struct vh_host *host)
{
	char text[128];

	if (vh_sys_attr(sys, text, sizeof(text), "proc/sys/kernel/osrelease") ||
	    sscanf(text, "%u.%u", &host->kernel_major, &host->kernel_minor) != // NOLINT
		    2) {
		host->kernel_major = 0;
		host->kernel_minor = 0;
	}
	if (vh_sys_attr(sys, host->boot_id, sizeof(host->boot_id),
			"proc/sys/kernel/random/boot_id")) {
		host->boot_id[0] = '\0';
	}
}

int vh_host_load(struct vh_sys *sys, struct vh_host *ret, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list groups = {0};
	struct vh_host host = {0};
	int rc = load_functions(sys, &host, err);

	if (rc == 0) {
		rc = load_reservations(sys, &host, err);
	}
	if (vh_stuck_read(sys, "console", &host.console_stuck)) {
		host.console_stuck.pid = 0;
	}
	/* Reading vtconN/bind takes the console lock (drivers/tty/vt/vt.c: show_bind). */
	if (rc == 0 && host.console_stuck.pid == 0 && vh_console_load(sys, &host)) {
		rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (rc) {
		vh_host_done(&host);
		return rc;
	}
	host.iommu = vh_sys_list(sys, &groups, "sys/kernel/iommu_groups") == 0 && groups.count > 0;
	host.manager = vh_manager_of(sys);
	host.can_inhibit = vh_sys_exists(sys, "run/systemd/seats") &&
			   vh_sys_exists(sys, "usr/bin/systemd-inhibit");
	host.vfio_loaded = vh_sys_exists(sys, "sys/bus/pci/drivers/vfio-pci");
	host.vendor_reset = vh_sys_exists(sys, "sys/module/vendor_reset");
	/* /etc/pve is a network file system of a kind: not even looked at where /run says it. */
	host.proxmox = vh_sys_exists(sys, "run/qemu-server") || vh_sys_exists(sys, "etc/pve/local");
	load_kernel(sys, &host);
	*ret = host;
	return 0;
}

bool vh_host_goes_along(const struct vh_host *host, const struct vh_pci_address *address,
			const struct vh_function *f)
{
	if (vh_pci_address_compare(address, &f->address) == 0) {
		return true;
	}
	if (f->is_vf || !vh_pci_address_same_slot(address, &f->address)) {
		return false;
	}
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *named = &host->functions[i];

		if (vh_pci_address_compare(&named->address, address) == 0) {
			return !named->is_vf && (f->parent[0] || f->group == named->group);
		}
	}
	return true;
}

struct vh_function *vh_host_find(struct vh_host *host, const struct vh_pci_address *address)
{
	for (size_t i = 0; i < host->function_count; i++) {
		if (vh_pci_address_compare(&host->functions[i].address, address) == 0) {
			return &host->functions[i];
		}
	}
	return NULL;
}

int vh_host_find_name(const struct vh_host *host, const char *name)
{
	for (size_t i = 0; i < host->function_count; i++) {
		if (strcmp(host->functions[i].name, name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

void vh_host_done(struct vh_host *host)
{
	for (size_t i = 0; i < host->function_count; i++) {
		free(host->functions[i].storage);
		free(host->functions[i].network);
		vh_holders_clear(&host->functions[i]);
	}
	free(host->functions);
	free(host->vtconsoles);
	free(host->framebuffers);
	free(host->firmware_fbs);
	free(host->programs);
	for (size_t i = 0; i < host->unit_count; i++) {
		vh_unit_done(&host->units[i]);
	}
	free(host->units);
	for (size_t i = 0; i < host->user_unit_count; i++) {
		vh_unit_done(&host->user_units[i].unit);
	}
	free(host->user_units);
	free(host->modules);
	free(host->sessions);
	*host = (struct vh_host){0};
}
