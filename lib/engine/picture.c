/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/picture.h"

#include <errno.h>

#include "lib/base/words.h"

static int inspect_programs(struct vh_sys *sys, const struct vh_profile *profile,
			    struct vh_host *host, struct vh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VH_EXEC_MAX; i++) {
		VH_AUTO_LIST struct vh_list words = {0};

		if (vh_words(profile->exec[i].command, &words) == 0 && words.count > 0) {
			rc = vh_host_inspect_program(sys, host, words.items[0], err);
		}
	}
	return rc;
}

static int inspect_services(struct vh_sys *sys, const struct vh_profile *profile,
			    struct vh_host *host, struct vh_error *err)
{
	char name[VH_SERVICE_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && vh_profile_service(profile, i, name); i++) {
		rc = vh_host_inspect_unit(sys, host, name, profile->timeout_ms, err);
	}
	return rc;
}

int vh_picture_take(struct vh_sys *sys, const struct vh_profile *profile, struct vh_host *ret,
		    struct vh_error *err)
{
	int rc = vh_host_load(sys, ret, err);

	for (size_t i = 0; rc == 0 && i < profile->device_count; i++) {
		rc = vh_host_inspect(sys, ret, &profile->devices[i].address, profile->timeout_ms,
				     err);
	}
	if (rc == 0) {
		rc = inspect_services(sys, profile, ret, err);
	}
	return rc ? rc : inspect_programs(sys, profile, ret, err);
}
