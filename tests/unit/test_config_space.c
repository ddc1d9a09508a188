/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The configuration space: capabilities, kinds of functions, ACS; hostile lists end, too. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <pci/pci.h>

#include "lib/base/cleanup.h"
#include "tests/unit/config_bytes.h"
#include "tests/unit/fake_host.h"

static void reads_what_there_is(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	struct vh_config_space c;
	struct vh_config_space made;

	(void)state;
	config_begin(&made, 0x10de, 0x2204, VH_CONFIG_MAX);
	config_put32(&made, VH_CONFIG_MAX - 4, 0xdeadbeefU);
	config_set(fk, GPU, &made);
	assert_int_equal(vh_config_read(fk_sys(fk), GPU, 1000, &c), 0);
	assert_int_equal(c.len, VH_CONFIG_MAX);
	assert_int_equal(vh_config_u16(&c, 0), 0x10de);
	assert_int_equal(vh_config_u32(&c, 0), 0x220410deU);
	assert_int_equal(vh_config_u32(&c, VH_CONFIG_MAX - 4), 0xdeadbeefU);
	assert_int_equal(vh_config_read(fk_sys(fk), "0000:09:00.0", 1000, &c), -ENOENT);
	assert_int_equal(c.len, 0);
}

/* kernel.md 1.2: a held device lock, or a device that does not wake. */
static void reads_with_a_deadline(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	struct vh_config_space c;

	(void)state;
	fk_fault(fk, &(struct fk_fault){
			     .op = FK_READ, .path_contains = GPU "/config", .action = FK_HANG});
	assert_int_equal(vh_config_read(fk_sys(fk), GPU, 1000, &c), -ETIMEDOUT);
	assert_int_equal(c.len, 0);
	assert_int_equal(fk_report(fk)->unguarded, 0);
	fk_release(fk);
}

static void behind_the_end_are_ones(void **state)
{
	struct vh_config_space c;

	(void)state;
	config_begin(&c, 1, 2, 64);
	assert_int_equal(vh_config_u16(&c, 62), 0);
	assert_int_equal(vh_config_u16(&c, 63), 0xffff);
	assert_int_equal(vh_config_u32(&c, 61), UINT32_MAX);
	assert_int_equal(vh_config_u32(&c, 60), 0);
	assert_int_equal(vh_config_u32(&c, 4096), UINT32_MAX);
	assert_int_equal(vh_config_u32(&c, UINT32_MAX - 1), UINT32_MAX);
}

static void capabilities_are_walked(void **state)
{
	struct vh_config_space c;

	(void)state;
	config_begin(&c, 0x8086, 0x1901, VH_CONFIG_MAX);
	assert_int_equal(vh_config_capability(&c, 0x10), 0);
	config_add(&c, 0x60, 0x05);
	config_express(&c, VH_PCIE_ROOT_PORT, CONFIG_SLOT, false);
	assert_int_equal(vh_config_capability(&c, 0x05), 0x60);
	assert_int_equal(vh_config_capability(&c, 0x10), 0x40);
	assert_int_equal(vh_config_capability(&c, 0x11), 0);
	/* The two lowest bits of a pointer are reserved. */
	c.bytes[0x34] |= 3U;
	assert_int_equal(vh_config_capability(&c, 0x10), 0x40);
	/* Without the bit in the status register there is no list. */
	c.bytes[6] = 0;
	assert_int_equal(vh_config_capability(&c, 0x10), 0);
}

static void cardbus_has_its_list_elsewhere(void **state)
{
	struct vh_config_space c;

	(void)state;
	config_begin(&c, 0x104c, 0xac56, 256);
	config_add(&c, 0xa0, 0x01);
	c.bytes[0x0e] = 2;
	c.bytes[0x34] = 0;
	assert_int_equal(vh_config_capability(&c, 0x01), 0);
	c.bytes[0x14] = 0xa0;
	assert_int_equal(vh_config_capability(&c, 0x01), 0xa0);
}

/* Lists in a circle, into the header, behind the end. */
static void wrong_lists_end(void **state)
{
	struct vh_config_space c;

	(void)state;
	config_begin(&c, 1, 2, VH_CONFIG_MAX);
	config_add(&c, 0x60, 0x05);
	c.bytes[0x61] = 0x60;
	assert_int_equal(vh_config_capability(&c, 0x10), 0);
	c.bytes[0x61] = 0x10;
	assert_int_equal(vh_config_capability(&c, 0x10), 0);
	config_put32(&c, 0x100, 0x10010002U);
	assert_int_equal(vh_config_extended(&c, 0x0d), 0);
	config_put32(&c, 0x100, 0x00410002U);
	assert_int_equal(vh_config_extended(&c, 0x0d), 0);
	config_put32(&c, 0x100, 0xffc10002U);
	config_put32(&c, 0xffc, 0x0001000dU);
	assert_int_equal(vh_config_extended(&c, 0x0d), 0xffc);
	/* It begins within, but what it would say is behind the end. */
	struct vh_acs acs;

	vh_config_acs(&c, &acs);
	assert_true(acs.known);
	assert_false(acs.present);
}

static void dead_function_says_nothing(void **state)
{
	struct vh_config_space c = {.len = VH_CONFIG_MAX};
	struct vh_acs acs;

	(void)state;
	memset(c.bytes, 0xff, sizeof(c.bytes));
	assert_int_equal(vh_config_capability(&c, 0xff), 0);
	assert_int_equal(vh_config_extended(&c, 0xffff), 0);
	assert_int_equal(vh_config_type(&c), VH_PCIE_UNKNOWN);
	assert_int_equal(vh_config_has_flr(&c), -1);
	vh_config_acs(&c, &acs);
	assert_false(acs.known);
}

/* 64 bytes is what a user without root gets. */
static void without_root_it_is_not_known(void **state)
{
	struct vh_config_space c;
	struct vh_acs acs;

	(void)state;
	config_begin(&c, 0x8086, 0x1901, VH_CONFIG_MAX);
	config_express(&c, VH_PCIE_ROOT_PORT, 0, true);
	config_acs(&c, 0x1f, 0x1d);
	c.len = 64;
	assert_int_equal(vh_config_type(&c), VH_PCIE_UNKNOWN);
	assert_int_equal(vh_config_has_flr(&c), -1);
	vh_config_acs(&c, &acs);
	assert_false(acs.known);
}

static void types_and_resets(void **state)
{
	static const enum vh_pcie_type types[] = {VH_PCIE_ENDPOINT,      VH_PCIE_ROOT_PORT,
						  VH_PCIE_UPSTREAM,      VH_PCIE_DOWNSTREAM,
						  VH_PCIE_TO_PCI_BRIDGE, VH_PCIE_INTEGRATED};
	struct vh_config_space c;

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(types); i++) {
		config_begin(&c, 1, 2, 256);
		config_express(&c, (unsigned)types[i], CONFIG_SLOT, i % 2 == 0);
		assert_int_equal(vh_config_type(&c), types[i]);
		assert_int_equal(vh_config_has_flr(&c), i % 2 == 0);
	}
	/* Conventional PCI has it in its Advanced Features. */
	config_begin(&c, 1, 2, 256);
	assert_int_equal(vh_config_type(&c), VH_PCIE_UNKNOWN);
	assert_int_equal(vh_config_has_flr(&c), 0);
	config_add(&c, 0x50, 0x13);
	assert_int_equal(vh_config_has_flr(&c), 0);
	c.bytes[0x53] = 2;
	assert_int_equal(vh_config_has_flr(&c), 1);
}

/* kernel.md 2.4: control bits count, and bits that the function does not have count as on. */
static void acs_is_judged_as_the_kernel_does(void **state)
{
	static const struct {
		unsigned capability;
		unsigned control;
		unsigned missing;
	} cases[] = {
		{0x1f, 0x1d, 0},
		{0x1f, 0x00, VH_ACS_NEEDED},
		{0x1f, 0x1c, VH_ACS_SV},
		{0x04, 0x04, 0},
		{0x00, 0x00, 0},
		{0x0d, 0x09, VH_ACS_RR},
		/* translation blocking and the rest are not asked for */
		{0x62, 0x00, 0},
	};
	struct vh_config_space c;
	struct vh_acs acs;

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		config_begin(&c, 1, 2, VH_CONFIG_MAX);
		config_acs(&c, cases[i].capability, cases[i].control);
		vh_config_acs(&c, &acs);
		assert_true(acs.known && acs.present);
		assert_int_equal(acs.capability, cases[i].capability);
		assert_int_equal(acs.control, cases[i].control);
		assert_int_equal(acs.missing, cases[i].missing);
	}
	config_begin(&c, 1, 2, 256);
	vh_config_acs(&c, &acs);
	assert_true(acs.known);
	assert_false(acs.present);
	assert_int_equal(acs.missing, 0);
}

/* As `lspci -xxxx` prints it, for libpci's access to dumps. */
static void write_dump(const struct vh_config_space *c, const char *path)
{
	VH_AUTO_FILE FILE *f = fopen(path, "we");

	assert_non_null(f);
	(void)fputs("00:00.0 made up\n", f);
	for (size_t i = 0; i < c->len; i += 16) {
		(void)fprintf(f, "%02zx:", i);
		for (size_t j = 0; j < 16; j++) {
			(void)fprintf(f, " %02x", c->bytes[i + j]);
		}
		(void)fputs("\n", f);
	}
	(void)fputs("\n", f);
}

/* lspci's own library finds the same on the same bytes. */
static void libpci_agrees(const struct vh_config_space *c)
{
	char path[] = "/tmp/vh-config-XXXXXX";
	int fd = mkstemp(path);
	struct pci_access *access = pci_alloc();
	struct pci_dev *dev;

	assert_true(fd >= 0);
	(void)close(fd);
	write_dump(c, path);
	access->method = PCI_ACCESS_DUMP;
	assert_int_equal(pci_set_param(access, (char[]){"dump.name"}, path), 0);
	pci_init(access);
	pci_scan_bus(access);
	dev = access->devices;
	assert_non_null(dev);
	for (unsigned id = 1; id < 0x40; id++) {
		struct pci_cap *cap = pci_find_cap(dev, id, PCI_CAP_NORMAL);

		assert_int_equal(vh_config_capability(c, id), cap ? cap->addr : 0);
		cap = pci_find_cap(dev, id, PCI_CAP_EXTENDED);
		assert_int_equal(vh_config_extended(c, id), cap ? cap->addr : 0);
	}
	pci_cleanup(access);
	(void)unlink(path);
}

static void same_as_libpci(void **state)
{
	struct vh_config_space c;

	(void)state;
	config_begin(&c, 0x8086, 0x1901, VH_CONFIG_MAX);
	libpci_agrees(&c);
	config_add(&c, 0x88, 0x0d);
	config_add(&c, 0x60, 0x05);
	config_add(&c, 0xfc, 0x09);
	config_express(&c, VH_PCIE_ROOT_PORT, CONFIG_SLOT, true);
	config_put32(&c, 0x100, 0x14820001U);
	config_put32(&c, 0x148, 0x1a01000dU);
	config_put32(&c, 0x1a0, 0x0001001eU);
	libpci_agrees(&c);
	assert_int_equal(vh_config_extended(&c, 0x0d), 0x148);
	config_put32(&c, 0x148, 0x1a31000dU);
	libpci_agrees(&c);
	c.len = 256;
	libpci_agrees(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_there_is),
		cmocka_unit_test(reads_with_a_deadline),
		cmocka_unit_test(behind_the_end_are_ones),
		cmocka_unit_test(capabilities_are_walked),
		cmocka_unit_test(cardbus_has_its_list_elsewhere),
		cmocka_unit_test(wrong_lists_end),
		cmocka_unit_test(dead_function_says_nothing),
		cmocka_unit_test(without_root_it_is_not_known),
		cmocka_unit_test(types_and_resets),
		cmocka_unit_test(acs_is_judged_as_the_kernel_does),
		cmocka_unit_test(same_as_libpci),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
