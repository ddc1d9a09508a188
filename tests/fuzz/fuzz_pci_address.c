/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is accepted as an address is written back in the kernel's form, and read again as itself. */

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/pci_address.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_FREE char *text = size < 4096 ? strndup((const char *)data, size) : NULL;
	struct vh_pci_address a;
	struct vh_pci_address again;
	char shown[VH_PCI_ADDRESS_MAX];
	char twice[VH_PCI_ADDRESS_MAX];

	if (!text || vh_pci_address_parse(text, &a)) {
		return 0;
	}
	FUZZ_CHECK(a.slot <= 0x1f && a.function <= 7);
	FUZZ_CHECK(vh_pci_address_format(&a, shown) == shown);
	FUZZ_CHECK(vh_pci_address_parse(shown, &again) == 0);
	FUZZ_CHECK(vh_pci_address_compare(&a, &again) == 0);
	FUZZ_CHECK(vh_pci_address_same_slot(&a, &again));
	FUZZ_CHECK(strcmp(vh_pci_address_format(&again, twice), shown) == 0);
	return 0;
}
