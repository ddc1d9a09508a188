/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/profile.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/text.h"
#include "lib/profile/parse.h"
#include "lib/profile/values.h"

#define TIMEOUT_DEFAULT_MS 30000
#define HASH_START         UINT64_C(0xcbf29ce484222325)

void vh_profile_init(struct vh_profile *profile, const char *vm)
{
	*profile = (struct vh_profile){
		.hash = HASH_START,
		.timeout_ms = TIMEOUT_DEFAULT_MS,
		.holders = VH_HOLDERS_REFUSE,
		.inhibit_sleep = true,
		.reset = VH_RESET_AUTO,
		.exec_timeout_ms = TIMEOUT_DEFAULT_MS,
	};
	(void)vh_copy(profile->vm, sizeof(profile->vm), vm);
}

/* FNV-1a, 64 bits. */
void vh_profile_hash(struct vh_profile *profile, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		profile->hash = (profile->hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
	}
}

/* The device before @device with the same address, or NULL. */
static const struct vh_profile_device *twin(const struct vh_profile *profile,
					    const struct vh_profile_device *device)
{
	for (const struct vh_profile_device *d = profile->devices; d < device; d++) {
		if (vh_pci_address_compare(&d->address, &device->address) == 0) {
			return d;
		}
	}
	return NULL;
}

int vh_profile_check(const struct vh_profile *profile, const char *file, struct vh_error *err)
{
	for (size_t i = 0; i < profile->device_count; i++) {
		const struct vh_profile_device *d = &profile->devices[i];

		if (d->address.function == VH_ADDRESS_UNSET) {
			return vh_error_set(err, EINVAL, file, "%s:%u: %s has no 'address'",
					    d->file, d->line, d->title);
		}
	}
	for (size_t i = 0; i < profile->device_count; i++) {
		const struct vh_profile_device *d = &profile->devices[i];
		const struct vh_profile_device *other = twin(profile, d);

		if (other) {
			return vh_error_set(
				err, EINVAL, file, "%s:%u: %s has the address of %s of %s:%u",
				d->file, d->line, d->title, other->title, other->file, other->line);
		}
	}
	return 0;
}

int vh_profile_finish(struct vh_profile *profile, const char *file, struct vh_error *err)
{
	int rc = vh_profile_check(profile, file, err);

	if (rc == 0 && profile->device_count == 0) {
		(void)vh_error_set(err, EINVAL, file, "%s: no [device NAME], nothing to hand over",
				   file);
		rc = vh_error_hint(err, "a profile needs at least a line [device gpu] and a line "
					"address = DDDD:BB:SS.F");
	}
	return rc;
}

void vh_profile_done(struct vh_profile *profile)
{
	free(profile->devices);
	profile->devices = NULL;
	profile->device_count = 0;
}
