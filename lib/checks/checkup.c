/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all checks share, read once. */
#include "lib/checks/checkup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/picture.h"

/* The picture that a hand-over would take; without a profile the cheap one. */
static int read_host(struct vh_checkup *c, struct vh_error *err)
{
	int rc = c->has_profile ? vh_picture_take(c->sys, &c->profile, &c->host, err)
				: vh_host_load(c->sys, &c->host, err);

	if (rc) {
		c->host_error = *err;
	}

	if (rc == 0 && c->has_profile) {
		rc = vh_plan_detach(&c->host, &c->profile, &c->plan);
		c->has_plan = rc == 0;
	}
	if (rc == -ENOMEM) {
		return rc;
	}
	/* Of an empty picture nothing is said: iommu.active and profile.device tell why it is. */
	return 0;
}

static enum vh_platform platform_of(struct vh_checkup *c)
{
	if (vh_is_pve_node(c->sys) && (c->vm[0] == '\0' || vh_is_vmid(c->vm))) {
		return VH_PLATFORM_PROXMOX;
	}
	if (vh_sys_exists(c->sys, "etc/libvirt")) {
		return VH_PLATFORM_LIBVIRT;
	}
	return VH_PLATFORM_NONE;
}

static void read_definition(struct vh_checkup *c, const struct vh_doctor *doctor)
{
	char path[VH_PATH_MAX];
	int rc;

	if (c->platform == VH_PLATFORM_PROXMOX) {
		c->has_pve = vh_pve_load(c->sys, c->vm, &c->pve, &c->definition_error) == 0;
		return;
	}
	if (doctor->definition) {
		c->xml = strdup(doctor->definition);
		return;
	}
	/* The name is one component of a path, which vh_profile_path() has seen to. */
	rc = snprintf(path, sizeof(path), "etc/libvirt/qemu/%s.xml", c->vm) < (int)sizeof(path)
		     ? vh_sys_read(c->sys, path, &c->xml)
		     : -ENAMETOOLONG;
	if (rc) {
		(void)vh_error_sys(&c->definition_error, -rc, path, "cannot read the definition");
	}
	if (rc && doctor->definition_error) {
		c->definition_error = *doctor->definition_error;
	}
}

int vh_checkup_begin(struct vh_checkup *c, const struct vh_doctor *doctor,
		     struct vh_diagnosis *diagnosis, struct vh_error *err)
{
	char path[VH_PATH_MAX];

	*c = (struct vh_checkup){.sys = doctor->sys,
				 .captured = doctor->captured,
				 .is_root = doctor->is_root,
				 .vm = doctor->vm ? doctor->vm : "",
				 .diagnosis = diagnosis};
	if (doctor->vm && (!vh_copy(diagnosis->vm, sizeof(diagnosis->vm), doctor->vm) ||
			   vh_profile_path(path, sizeof(path), doctor->vm))) {
		return vh_error_set(err, EINVAL, NULL, "'%s' cannot be the name of a VM",
				    doctor->vm);
	}
	c->platform = platform_of(c);
	if (doctor->vm) {
		c->profile_rc = vh_profile_of_vm(c->sys, c->vm, &c->profile, &c->profile_error);
		c->has_profile = c->profile_rc == 0;
		read_definition(c, doctor);
	}
	return read_host(c, err);
}

void vh_checkup_end(struct vh_checkup *c)
{
	vh_plan_done(&c->plan);
	vh_host_done(&c->host);
	vh_profile_done(&c->profile);
	vh_pve_done(&c->pve);
	free(c->xml);
	*c = (struct vh_checkup){0};
}

bool vh_checkup_unseen(const struct vh_checkup *c, int rc)
{
	return (rc == -EACCES || rc == -EPERM) && (!c->is_root || c->captured);
}

const struct vh_profile_device *vh_checkup_device(const struct vh_checkup *c,
						  const struct vh_function *f)
{
	for (size_t i = 0; c->has_profile && i < c->profile.device_count; i++) {
		const struct vh_profile_device *d = &c->profile.devices[i];

		if (vh_host_goes_along(&c->host, &d->address, f)) {
			return d;
		}
	}
	return NULL;
}

bool vh_checkup_takes(const struct vh_checkup *c, const struct vh_function *f)
{
	return c->has_profile && vh_plan_takes(&c->host, &c->profile, f);
}
