/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The cluster's resource mappings: which cards a name stands for on this node. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guest/pve_mapping.h"

/* As Proxmox writes it. */
static const char usual[] = "# the cards of the lab\n"
			    "gpu\n"
			    "\tdescription for games\n"
			    "\tmap id=10de:2204,iommugroup=12,node=pve1,path=0000:01:00,"
			    "subsystem-id=1043:87d1\n"
			    "\tmap id=10de:2204,iommugroup=14,node=pve2,path=0000:81:00.0\n"
			    "\tmap id=10DE:2208,iommugroup=16,node=pve1,path=0000:02:00.0\n"
			    "\n"
			    "nic\n"
			    "\tmap id=8086:10ca,node=pve1,path=0000:06:10.0;0000:06:10.2\n"
			    "\tmdev 1\n"
			    "\n"
			    "empty\n"
			    "\tdescription nothing yet\n"
			    "\n";

static struct vh_pve_mapping find(const char *text, const char *name, const char *node)
{
	struct vh_pve_mapping m;

	assert_int_equal(vh_pve_mapping_parse(&m, name, node, text, strlen(text)), 0);
	return m;
}

/* "LINE vvvv:dddd ADDRESS[ ADDRESS...]\n" for each alternative. */
static void expect(const char *text, const char *name, const char *node, const char *wanted)
{
	VH_AUTO_PVE_MAPPING struct vh_pve_mapping m = find(text, name, node);
	VH_AUTO_TEXT struct vh_text got = {0};

	for (size_t i = 0; i < m.count; i++) {
		const struct vh_pve_alternative *a = &m.alternatives[i];

		vh_text_addf(&got, "%u %04x:%04x", a->line, a->vendor, a->device);
		for (size_t j = 0; j < a->address_count; j++) {
			char address[VH_PCI_ADDRESS_MAX];

			vh_text_addf(&got, " %s%s",
				     vh_pci_address_format(&a->addresses[j].address, address),
				     a->addresses[j].whole_slot ? "*" : "");
		}
		vh_text_add(&got, "\n");
	}
	assert_string_equal(vh_text_str(&got), wanted);
}

static void test_this_node_and_others(void **state)
{
	(void)state;
	expect(usual, "gpu", "pve1", "4 10de:2204 0000:01:00.0*\n6 10de:2208 0000:02:00.0\n");
	expect(usual, "gpu", "pve2", "5 10de:2204 0000:81:00.0\n");
	expect(usual, "gpu", "pve", "");
	expect(usual, "gpu", "pve11", "");
	expect(usual, "nic", "pve1", "9 8086:10ca 0000:06:10.0 0000:06:10.2\n");
}

static void test_found_and_not_found(void **state)
{
	static const struct {
		const char *name;
		bool found;
	} cases[] = {
		{"gpu", true},   {"nic", true},  {"empty", true}, {"gp", false},
		{"gpu2", false}, {"map", false}, {"GPU", false},  {"description", false},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		VH_AUTO_PVE_MAPPING struct vh_pve_mapping m = find(usual, cases[i].name, "pve3");

		assert_int_equal(m.found, cases[i].found);
		assert_int_equal(m.count, 0);
		assert_int_equal(m.unread, 0);
	}
	expect("", "gpu", "pve1", "");
}

#define MAP(line) "gpu\n\t" line "\n"

static void test_what_a_map_needs(void **state)
{
	static const char *const bad[] = {
		"map node=pve1,path=0000:01:00.0",
		"map id=10de:2204,path=0000:01:00.0",
		"map id=10de:2204,node=pve1",
		"map id=10de:2204,node=pve1,path=01:00.0",
		"map id=10de:2204,node=pve1,path=0000:01:00.0;01:00.1",
		"map id=10de:2204,node=pve1,path=0000:0A:00.0",
		"map id=10de:2204,node=pve1,path=0000:01:00.0;",
		"map id=10de2204,node=pve1,path=0000:01:00.0",
		"map id=0x10de:2204,node=pve1,path=0000:01:00.0",
		"map id=10dg:2204,node=pve1,path=0000:01:00.0",
		"map id=10de:2204,id=10de:2204,node=pve1,path=0000:01:00.0",
		"map id=10de:2204,node=pve1,node=pve1,path=0000:01:00.0",
		"map id=10de:2204,node=pve1,path=0000:01:00.0,=",
		"map 0000:01:00.0,id=10de:2204,node=pve1,path=0000:01:00.0",
		"map",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		VH_AUTO_TEXT struct vh_text text = {0};
		VH_AUTO_PVE_MAPPING struct vh_pve_mapping m = {0};

		vh_text_addf(&text, "gpu\n\t%s\n\tmap x\n", bad[i]);
		m = find(vh_text_str(&text), "gpu", "pve1");
		if (m.count != 0 || m.unread != 2) {
			fail_msg("%s: %zu, line %u", bad[i], m.count, m.unread);
		}
		assert_true(m.found);
	}
	expect(MAP("map path=0000:01:00.0,later=1,node=pve1,description=a b;c,id=10de:2204"), "gpu",
	       "pve1", "2 10de:2204 0000:01:00.0\n");
	expect(MAP("   map\t id=10de:2204,node=pve1,path=0000:01:00.0 \t"), "gpu", "pve1",
	       "2 10de:2204 0000:01:00.0\n");
	expect(MAP("maps id=10de:2204,node=pve1,path=0000:01:00.0"), "gpu", "pve1", "");
}

#define GOOD "id=10de:2204,node=pve1,path=0000:01:00.0\n"

/* A section ends at an empty line and nowhere else. */
static void test_where_a_section_ends(void **state)
{
	(void)state;
	expect("gpu\nnic\n\tmap " GOOD, "gpu", "pve1", "3 10de:2204 0000:01:00.0\n");
	expect("gpu\n  # remark\n \n\tmap " GOOD, "gpu", "pve1", "4 10de:2204 0000:01:00.0\n");
	expect("gpu\n\n\tmap " GOOD, "gpu", "pve1", "");
	expect("nic\ngpu\n\tmap " GOOD, "gpu", "pve1", "");
	expect("gpu two\n\tmap " GOOD, "gpu", "pve1", "");
	expect(" gpu\n\tmap " GOOD, "gpu", "pve1", "");
	expect("gpu \t\nmap " GOOD "\tmap " GOOD, "gpu", "pve1", "3 10de:2204 0000:01:00.0\n");
	expect("#gpu\n\tmap " GOOD, "gpu", "pve1", "");
	expect("gpu\n\tmap id=10de:2204,node=pve1,path=0000:01:00.0", "gpu", "pve1",
	       "2 10de:2204 0000:01:00.0\n");
}

static void test_of_two_mappings_the_last_wins(void **state)
{
	(void)state;
	expect("gpu\n\tmap " GOOD "\tmap x\n\ngpu\n\tmap id=1002:73bf,node=pve1,path=0000:02:00\n",
	       "gpu", "pve1", "6 1002:73bf 0000:02:00.0*\n");
}

static void test_many_alternatives(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_pve_mapping m;

	(void)state;
	vh_text_add(&text, "gpu\n");
	for (unsigned i = 0; i < VH_PVE_ALTERNATIVES_MAX; i++) {
		vh_text_addf(&text, "\tmap id=10de:2204,node=pve1,path=%04x:%02x:00.0\n", i / 256,
			     i % 256);
	}
	m = find(vh_text_str(&text), "gpu", "pve1");
	assert_int_equal(m.count, VH_PVE_ALTERNATIVES_MAX);
	assert_int_equal(m.alternatives[m.count - 1].addresses[0].address.bus, 0xff);
	vh_pve_mapping_done(&m);
	vh_text_add(&text, "\tmap " GOOD);
	assert_int_equal(vh_pve_mapping_parse(&m, "gpu", "pve1", vh_text_str(&text), text.len),
			 -E2BIG);
	/* Those of other nodes do not count. */
	assert_int_equal(vh_pve_mapping_parse(&m, "gpu", "pve2", vh_text_str(&text), text.len), 0);
	assert_int_equal(m.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_node_and_others),
		cmocka_unit_test(test_found_and_not_found),
		cmocka_unit_test(test_what_a_map_needs),
		cmocka_unit_test(test_where_a_section_ends),
		cmocka_unit_test(test_of_two_mappings_the_last_wins),
		cmocka_unit_test(test_many_alternatives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
