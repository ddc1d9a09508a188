/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/set.h"

#include <stdlib.h>

#include "lib/base/text.h"

void vh_guest_set_done(struct vh_guest_set *set)
{
	free(set->devices);
	*set = (struct vh_guest_set){0};
}

struct vh_guest_device *vh_guest_set_add(struct vh_guest_set *set)
{
	struct vh_guest_device *grown;

	grown = reallocarray(set->devices, set->device_count + 1, sizeof(*grown));
	if (!grown) {
		return NULL;
	}
	set->devices = grown;
	grown += set->device_count++;
	*grown = (struct vh_guest_device){0};
	return grown;
}

int vh_guest_vendor_id(struct vh_guest_set *set, const char *id, struct vh_error *err)
{
	int rc = vh_check_vendor_id(id, err);

	if (rc == 0) {
		(void)vh_copy(set->vendor_id, sizeof(set->vendor_id), id);
	}
	return rc;
}

int vh_guest_rom_path(char ret[VH_GUEST_ROM_MAX], const char *path, struct vh_error *err)
{
	int rc = vh_check_rom_path(path, err);

	if (rc == 0) {
		(void)vh_copy(ret, VH_GUEST_ROM_MAX, path);
	}
	return rc;
}
