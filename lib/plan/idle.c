/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/plan.h"

/* The firmware's frame buffer has no PCI driver, and the console may be on it all the same. */
static const char *firmware_on(const struct vh_host *host, int function)
{
	for (size_t i = 0; i < host->firmware_fb_count; i++) {
		const struct vh_firmware_fb *fb = &host->firmware_fbs[i];

		if (fb->function == function && fb->driver[0] != '\0') {
			return fb->driver;
		}
	}
	return NULL;
}

/* Proxmox binds all of a group but its bridges, whatever the lines of the VM say. */
static bool is_in_a_group_of(const struct vh_host *host, const struct vh_profile *profile,
			     const struct vh_function *f)
{
	if (f->group < 0 || vh_function_is_bridge(f)) {
		return false;
	}
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *other = &host->functions[i];

		if (other->group == f->group && vh_plan_takes(host, profile, other)) {
			return true;
		}
	}
	return false;
}

const struct vh_function *vh_plan_in_use(const struct vh_host *host,
					 const struct vh_profile *profile, const char **ret_driver)
{
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];
		const char *firmware = firmware_on(host, (int)i);

		if (f->is_vfio || (f->driver[0] == '\0' && !firmware) ||
		    (!vh_plan_takes(host, profile, f) && !is_in_a_group_of(host, profile, f))) {
			continue;
		}
		*ret_driver = f->driver[0] ? f->driver : firmware;
		return f;
	}
	return NULL;
}
