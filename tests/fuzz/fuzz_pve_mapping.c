/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as the cluster's mappings: the cards of 'gpu' on 'pve1' survive being written and read,
 * and a mapping in front or behind changes nothing.
 */

#include <errno.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/guest/pve_mapping.h"
#include "tests/fuzz/fuzz.h"

static void write_mapping(struct vh_text *t, const struct vh_pve_mapping *m)
{
	vh_text_add(t, m->found ? "gpu\n" : "");
	FUZZ_CHECK(m->found || (m->count == 0 && m->unread == 0));
	FUZZ_CHECK(m->count <= VH_PVE_ALTERNATIVES_MAX);
	for (size_t i = 0; i < m->count; i++) {
		const struct vh_pve_alternative *a = &m->alternatives[i];

		FUZZ_CHECK(a->line > 1);
		FUZZ_CHECK(a->address_count > 0 && a->address_count <= VH_PVE_ADDRESS_MAX);
		vh_text_addf(t, "\tmap node=pve1,id=%04x:%04x,path=", a->vendor, a->device);
		for (size_t j = 0; j < a->address_count; j++) {
			char name[VH_PCI_ADDRESS_MAX];

			(void)vh_pci_address_format(&a->addresses[j].address, name);
			if (a->addresses[j].whole_slot) {
				name[strlen(name) - 2] = '\0';
			}
			vh_text_addf(t, "%s%s", j ? ";" : "", name);
		}
		vh_text_add(t, "\n");
	}
	vh_text_add(t, "\n");
}

/* Read @text, and write it: what is known of it. */
static int read_and_write(const struct vh_text *text, struct vh_text *ret)
{
	VH_AUTO_PVE_MAPPING struct vh_pve_mapping m = {0};
	int rc = vh_pve_mapping_parse(&m, "gpu", "pve1", vh_text_str(text), text->len);

	FUZZ_CHECK(rc == 0 || rc == -E2BIG);
	if (rc == 0) {
		write_mapping(ret, &m);
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char other[] = "\n\nother\n\tmap node=pve1,id=0000:0000,path=0000:00:00\n\n";
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text around = {0};
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text second = {0};
	VH_AUTO_TEXT struct vh_text third = {0};
	int rc;

	vh_text_addn(&text, (const char *)data, size);
	vh_text_addn(&around, other, sizeof(other) - 1);
	vh_text_addn(&around, (const char *)data, size);
	vh_text_addn(&around, other, sizeof(other) - 1);
	rc = read_and_write(&text, &first);
	FUZZ_CHECK(read_and_write(&around, &second) == rc);
	FUZZ_CHECK(strcmp(vh_text_str(&first), vh_text_str(&second)) == 0);
	if (rc == 0) {
		FUZZ_CHECK(read_and_write(&first, &third) == 0);
		FUZZ_CHECK(strcmp(vh_text_str(&first), vh_text_str(&third)) == 0);
	}
	return 0;
}
