/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "lib/plan/plan.h"

/* Only the host tells a card's functions from virtual functions, which share slots and go alone. */
int vh_plan_overlap(const struct vh_host *host, const struct vh_profile *profile,
		    const struct vh_profile_device *device, struct vh_error *err)
{
	char name[VH_PCI_ADDRESS_MAX];
	int index = vh_host_find_name(host, vh_pci_address_format(&device->address, name));

	for (const struct vh_profile_device *d = profile->devices; index >= 0 && d < device; d++) {
		if (vh_host_goes_along(host, &d->address, &host->functions[index])) {
			(void)vh_error_set(err, EINVAL, NULL,
					   "%s:%u: %s names %s, which goes along with %s of %s:%u",
					   device->file, device->line, device->title, name,
					   d->title, d->file, d->line);
			return vh_error_hint(err, "all functions of a card go along; one [device] "
						  "for them is enough");
		}
	}
	return 0;
}
