/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Proxmox's VM configurations: what is current, what a hostpci line says, what Proxmox drops. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
#include "lib/guest/pve_config.h"

static void read_bytes(struct vh_pve_config *c, const char *text, size_t len)
{
	struct vh_error err = {0};

	if (vh_pve_config_parse(c, "100.conf", text, len, &err)) {
		fail_msg("%s", err.msg);
	}
	assert_int_equal(err.code, 0);
}

static void read_good(struct vh_pve_config *c, const char *text)
{
	read_bytes(c, text, strlen(text));
}

static void expect_bytes(const char *text, size_t len, const char *msg)
{
	struct vh_pve_config c;
	struct vh_error err = {0};

	if (vh_pve_config_parse(&c, "100.conf", text, len, &err) == 0) {
		fail_msg("accepted, instead of: %s", msg);
	}
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.msg, msg);
}

static void expect(const char *text, const char *msg)
{
	expect_bytes(text, strlen(text), msg);
}

/* The addresses of a line as "0000:01:00.0 0000:02:00", the second one a whole slot. */
static void expect_addresses(const struct vh_pve_hostpci *h, const char *wanted)
{
	VH_AUTO_TEXT struct vh_text got = {0};

	for (size_t i = 0; i < h->address_count; i++) {
		char name[VH_PCI_ADDRESS_MAX];

		(void)vh_pci_address_format(&h->addresses[i].address, name);
		if (h->addresses[i].whole_slot) {
			name[strlen(name) - 2] = '\0';
		}
		vh_text_addf(&got, "%s%s", i ? " " : "", name);
	}
	assert_string_equal(vh_text_str(&got), wanted);
}

static unsigned count_hostpci(const struct vh_pve_config *c)
{
	unsigned count = 0;

	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		count += c->hostpci[i].set;
	}
	return count;
}

static void test_a_usual_file(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c, "#The gaming VM.\n#hostpci3: 05:00\n"
		      "agent: 1\nargs: -device vfio-pci,host=09:00.0 hostpci4: 09:00\n"
		      "bios: ovmf\nboot: order=scsi0\ncores: 8\ncpu: host,hidden=1\n"
		      "efidisk0: local-zfs:vm-100-disk-0,efitype=4m,size=1M\n"
		      "hookscript: local:snippets/vfio-handoff\n"
		      "hostpci0: 0000:01:00,pcie=1,x-vga=1\n"
		      "hostpci15: 05:00.0\n"
		      "machine: q35\nmemory: 16384\nname: win11.example\nostype: win11\n"
		      "scsi0: local-zfs:vm-100-disk-1,size=64G\nvmgenid: a-b\n");
	assert_string_equal(c.name, "win11.example");
	assert_string_equal(c.lock, "");
	assert_false(c.is_template);
	assert_int_equal(count_hostpci(&c), 2);
	assert_true(c.hostpci[0].set);
	assert_int_equal(c.hostpci[0].line, 11);
	assert_false(c.hostpci[0].is_mdev);
	assert_false(c.hostpci[0].keep);
	assert_string_equal(c.hostpci[0].mapping, "");
	expect_addresses(&c.hostpci[0], "0000:01:00");
	expect_addresses(&c.hostpci[15], "0000:05:00.0");
	assert_int_equal(c.hostpci[15].line, 12);
}

static void test_an_empty_file(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c, "");
	assert_int_equal(count_hostpci(&c), 0);
	read_good(&c, "\n\n \t\n");
	assert_string_equal(c.name, "");
}

/* Only what stands before the first section is so now. */
static void test_sections_are_not_current(void **state)
{
	static const char *const sections[] = {
		"[PENDING]",
		"[pending]",
		"[special:cloudinit]",
		"[special:fleecing]",
		"[before_update]",
		"[Snap-1]",
		"[???]",
		"[]",
		"[special:something-new]",
		"[PENDING]  \t",
		"[snap]\r",
	};
	struct vh_pve_config c;

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(sections); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "name: now\nhostpci0: 01:00\n\n%s\nname: later\nlock: backup\n"
			       "hostpci0: 02:00\nhostpci1: nonsense\ntemplate: 1\n",
			       sections[i]);
		read_good(&c, text);
		assert_string_equal(c.name, "now");
		assert_string_equal(c.lock, "");
		assert_false(c.is_template);
		assert_int_equal(count_hostpci(&c), 1);
		expect_addresses(&c.hostpci[0], "0000:01:00");
	}
}

/* Proxmox drops these with a warning, and goes on with the same section. */
static void test_what_only_looks_like_a_section(void **state)
{
	static const char *const lines[] = {
		"[snap", "[snap] more",        " [snap]", "#[snap]", "[a]]",
		"snap]", "description: [snap]"};
	struct vh_pve_config c;

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(lines); i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "%s\nhostpci0: 01:00\n", lines[i]);
		read_good(&c, text);
		assert_int_equal(count_hostpci(&c), 1);
	}
}

static void test_comments_and_texts_that_look_like_settings(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c,
		  "#hostpci0: 01:00\n#name: x\n# lock: backup\n"
		  "description: hostpci0: 01:00%0Alock: backup\n"
		  "args: -name hostpci0: 01:00\n"
		  "x-hostpci0: 01:00\nhostpci: 01:00\nhostpcix: 01:00\nunused0: hostpci0: 01:00\n"
		  "names: y\nname : z\nNAME: a\n name: b\nname:\ntemplates: 1\nlocked: backup\n");
	assert_int_equal(count_hostpci(&c), 0);
	assert_string_equal(c.name, "");
	assert_string_equal(c.lock, "");
	assert_false(c.is_template);
}

static void test_line_ends(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c, "name: win\r\nlock: backup \t\r\nhostpci0: 01:00.0,pcie=1\r\n\r\n"
		      "hostpci1:02:00.0");
	assert_string_equal(c.name, "win");
	assert_string_equal(c.lock, "backup");
	expect_addresses(&c.hostpci[0], "0000:01:00.0");
	expect_addresses(&c.hostpci[1], "0000:02:00.0");
	assert_int_equal(c.hostpci[1].line, 5);
}

static void test_of_two_lines_the_last_wins(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c, "name: a\nhostpci0: mapping=gpu,driver=keep\nname: b\nlock: backup\n"
		      "lock: migrate\nhostpci0: 02:00\n");
	assert_string_equal(c.name, "b");
	assert_string_equal(c.lock, "migrate");
	expect_addresses(&c.hostpci[0], "0000:02:00");
	assert_string_equal(c.hostpci[0].mapping, "");
	assert_false(c.hostpci[0].keep);
	assert_int_equal(c.hostpci[0].line, 6);
}

static void test_booleans_of_template(void **state)
{
	static const char *const yes[] = {"1", "on", "yes", "true", "TRUE", "On"};
	static const char *const no[] = {"0", "off", "no", "false"};
	struct vh_pve_config c;
	char text[64];

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(yes); i++) {
		(void)snprintf(text, sizeof(text), "template: %s\n", yes[i]);
		read_good(&c, text);
		assert_true(c.is_template);
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(no); i++) {
		(void)snprintf(text, sizeof(text), "template: 1\ntemplate: %s\n", no[i]);
		read_good(&c, text);
		assert_false(c.is_template);
	}
	/* A bad value is dropped: what was set before stays. */
	read_good(&c, "template: 1\ntemplate: 2\ntemplate: maybe\n");
	assert_true(c.is_template);
}

static void test_forms_of_an_address(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c, "hostpci0: 01:00\nhostpci1: 0000:01:00.0\nhostpci2: host=0001:0a:1f.7\n"
		      "hostpci3: 10000:e1:00\nhostpci4: pcie=1,,host=01:00.0;01:00.1;02:00, ,\n"
		      "hostpci5: x-vga=0,05:00.0,pcie=yes\n");
	expect_addresses(&c.hostpci[0], "0000:01:00");
	expect_addresses(&c.hostpci[1], "0000:01:00.0");
	expect_addresses(&c.hostpci[2], "0001:0a:1f.7");
	expect_addresses(&c.hostpci[3], "10000:e1:00");
	expect_addresses(&c.hostpci[4], "0000:01:00.0 0000:01:00.1 0000:02:00");
	expect_addresses(&c.hostpci[5], "0000:05:00.0");
}

static void test_bad_addresses(void **state)
{
	static const char *const bad[] = {
		"0A:00",    "01:00.8", "01:20",     "1:00.0", "01:0.0",      "001:01:00.0",
		"01",       "01:00.",  "01:00.00",  "x",      "00000:01:00", "0000:01:00.0:0",
		"01:00.0 ", " 01:00",  "01:00.0\t", "gpu",    "01.00.0",     "123456789:01:00.0",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		char text[128];
		char msg[256];

		(void)snprintf(text, sizeof(text), "cores: 2\nhostpci0: pcie=1,host=%s,x-vga=1\n",
			       bad[i]);
		(void)snprintf(msg, sizeof(msg),
			       "100.conf:2: hostpci0: '%.*s' is no PCI address; one is 01:00, "
			       "01:00.0 or 0000:01:00.0, with small letters",
			       (int)strlen(bad[i]), bad[i]);
		for (char *c = msg; *c; c++) {
			*c = *c == '\t' ? '?' : *c;
		}
		expect(text, msg);
	}
	expect("hostpci0: 01:00.0;\n", "100.conf:1: hostpci0: '' is no PCI address; one is 01:00, "
				       "01:00.0 or 0000:01:00.0, with small letters");
	expect("hostpci0: ;01:00.0\n", "100.conf:1: hostpci0: '' is no PCI address; one is 01:00, "
				       "01:00.0 or 0000:01:00.0, with small letters");
}

static void test_mapping_mdev_and_keep(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c, "hostpci0: mapping=Gpu_1-a,pcie=1\nhostpci1: 01:00.4,mdev=nvidia-65\n"
		      "hostpci2: 02:00,driver=keep\nhostpci3: 03:00,driver=vfio\n"
		      "hostpci4: mapping=gpu2,mdev=i915-GVTg_V5_4,driver=some-later-one\n");
	assert_string_equal(c.hostpci[0].mapping, "Gpu_1-a");
	assert_int_equal(c.hostpci[0].address_count, 0);
	assert_false(c.hostpci[0].is_mdev);
	assert_true(c.hostpci[1].is_mdev);
	assert_true(c.hostpci[2].keep);
	assert_false(c.hostpci[3].keep);
	assert_true(c.hostpci[4].is_mdev);
	assert_string_equal(c.hostpci[4].mapping, "gpu2");
	assert_false(c.hostpci[4].keep);
}

static void test_every_option_and_those_of_later_versions(void **state)
{
	struct vh_pve_config c;

	(void)state;
	read_good(&c, "hostpci0: 01:00,rombar=0,romfile=gpu.rom,pcie=1,x-vga=on,legacy-igd=0,"
		      "vendor-id=0x10de,device-id=0xABCD,sub-vendor-id=0x0000,"
		      "sub-device-id=0xffff,driver=vfio,live-update=1,some_thing=a=b\n");
	expect_addresses(&c.hostpci[0], "0000:01:00");
}

/* Proxmox drops such a line with a warning, and starts the VM without the device. */
static void test_lines_proxmox_cannot_read(void **state)
{
	static const struct {
		const char *value;
		const char *why;
	} bad[] = {
		{"", "it needs either an address or a mapping"},
		{"pcie=1", "it needs either an address or a mapping"},
		{",", "it needs either an address or a mapping"},
		{"01:00,mapping=gpu", "it needs either an address or a mapping"},
		{"01:00,02:00", "'host' is set twice"},
		{"01:00,host=02:00", "'host' is set twice"},
		{"host=01:00,02:00", "'host' is set twice"},
		{"01:00,pcie=1,pcie=1", "'pcie' is set twice"},
		{"mapping=a1,mapping=a1", "'mapping' is set twice"},
		{"01:00,pcie=", "an option is 'name=value'"},
		{"01:00,=1", "an option is 'name=value'"},
		{"01:00,pcie=2", "'2' is neither 0 nor 1"},
		{"01:00,x-vga=maybe", "'maybe' is neither 0 nor 1"},
		{"01:00, pcie=1", "' pcie' is no option's name"},
		{"01:00,pcie =1", "'pcie ' is no option's name"},
		{"01:00,vendor-id=10de", "'10de' is not 0x and four hexadecimal digits"},
		{"01:00,device-id=0x12345", "'0x12345' is not 0x and four hexadecimal digits"},
		{"01:00,device-id=0x12g4", "'0x12g4' is not 0x and four hexadecimal digits"},
		{"01:00,romfile=a;b", "'a;b' is no file's name"},
		{"01:00,mdev=a/b", "'a/b' is no type of a mediated device"},
		{"mapping=g", "'g' is no name of a resource mapping"},
		{"mapping=1gpu", "'1gpu' is no name of a resource mapping"},
		{"mapping=my gpu", "'my gpu' is no name of a resource mapping"},
		{"mapping=../x", "'../x' is no name of a resource mapping"},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		char text[128];
		char msg[256];

		(void)snprintf(text, sizeof(text), "name: a\n\nhostpci7: %s\n", bad[i].value);
		(void)snprintf(msg, sizeof(msg), "100.conf:3: hostpci7: %s", bad[i].why);
		expect(text, msg);
	}
}

static void test_lines_that_were_meant_to_be_hostpci(void **state)
{
	static const char lost[] = "Proxmox does not understand this line";
	static const struct {
		const char *line;
		const char *what;
		const char *why;
	} bad[] = {
		{"hostpci0 01:00", "hostpci0", lost},
		{"hostpci0=01:00", "hostpci0", lost},
		{"hostpci0 : 01:00", "hostpci0", lost},
		{"hostpci0", "hostpci0", lost},
		{" hostpci0: 01:00", "hostpci0", lost},
		{"\thostpci0: 01:00", "hostpci0", lost},
		{"hostpci0x: 01:00", "hostpci0", lost},
		{"hostpci16: 01:00", "hostpci16", "Proxmox knows hostpci0 to hostpci15"},
		{"hostpci00: 01:00", "hostpci00", "Proxmox knows hostpci0 to hostpci15"},
		{"hostpci01: 01:00", "hostpci01", "Proxmox knows hostpci0 to hostpci15"},
		{"hostpci99999999999999999999: 01:00", "hostpci99999999",
		 "Proxmox knows hostpci0 to hostpci15"},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		char msg[256];

		(void)snprintf(msg, sizeof(msg), "100.conf:1: %s: %s", bad[i].what, bad[i].why);
		expect(bad[i].line, msg);
	}
}

static void test_too_many_addresses(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_pve_config c;

	(void)state;
	vh_text_add(&text, "hostpci0: 01:00");
	for (unsigned i = 1; i < VH_PVE_ADDRESS_MAX; i++) {
		vh_text_addf(&text, ";%02x:00", i);
	}
	read_good(&c, vh_text_str(&text));
	assert_int_equal(c.hostpci[0].address_count, VH_PVE_ADDRESS_MAX);
	vh_text_add(&text, ";ff:00");
	expect(vh_text_str(&text), "100.conf:1: hostpci0: more than 64 addresses");
}

static void test_names_for_people_are_clean_and_fit(void **state)
{
	static const char text[] = "name: a\033[2Jb\0c\n"
				   "lock: 0123456789012345678901234567890123456789\n";
	struct vh_pve_config c;
	char long_name[300];

	(void)state;
	read_bytes(&c, text, sizeof(text) - 1);
	assert_string_equal(c.name, "a?[2Jb?c");
	assert_string_equal(c.lock, "0123456789012345678901234567890");
	(void)snprintf(long_name, sizeof(long_name), "name: %0200d", 0);
	read_good(&c, long_name);
	assert_int_equal(strlen(c.name), sizeof(c.name) - 1);
}

static void test_nul_bytes(void **state)
{
	static const char inside[] = "hostpci0: 01:00\0.1\n";
	static const char before[] = "\0\nhostpci0: 01:00\n\0";
	static const char key[] = "hostpci0\0: 01:00\n";
	static const char option[] = "hostpci0: 01:00,mdev=a\0b\n";
	struct vh_pve_config c;

	(void)state;
	expect_bytes(inside, sizeof(inside) - 1,
		     "100.conf:1: hostpci0: '01:00?.1' is no PCI address; one is 01:00, 01:00.0 or "
		     "0000:01:00.0, with small letters");
	read_bytes(&c, before, sizeof(before) - 1);
	expect_addresses(&c.hostpci[0], "0000:01:00");
	expect_bytes(key, sizeof(key) - 1,
		     "100.conf:1: hostpci0: Proxmox does not understand this line");
	expect_bytes(option, sizeof(option) - 1,
		     "100.conf:1: hostpci0: 'a?b' is no type of a mediated device");
}

/* Somebody else's text in a message is cut and clean. */
static void test_messages_stay_readable(void **state)
{
	struct vh_pve_config c;
	struct vh_error err = {0};
	char text[400];

	(void)state;
	(void)snprintf(text, sizeof(text), "hostpci0: \033[2J%0300d\n", 0);
	assert_int_equal(vh_pve_config_parse(&c, "100.conf", text, strlen(text), &err), -EINVAL);
	assert_non_null(strstr(err.msg, "'?[2J000"));
	assert_non_null(strstr(err.msg, "...' is no PCI address"));
	assert_true(strlen(err.msg) < 200);
}

/* 1 MiB of each thing that could take more than linear time. */
static void fill(char *text, const char *head, const char *part)
{
	size_t len = strlen(part);
	size_t start = strlen(head);

	memset(text, '\n', VH_PVE_CONFIG_BYTES);
	for (size_t i = 0; i < VH_PVE_CONFIG_BYTES; i++) {
		size_t rest = (VH_PVE_CONFIG_BYTES - start) % len;

		if (i < start) {
			text[i] = head[i];
		} else if (i < VH_PVE_CONFIG_BYTES - rest) {
			text[i] = part[(i - start) % len];
		}
	}
}

static void test_a_mebibyte_takes_no_time(void **state)
{
	static const struct {
		const char *head;
		const char *part;
		int rc;
	} cases[] = {
		{"", "\n", 0},
		{"", "a: b\n", 0},
		{"", "hostpci0: 01:00\n", 0},
		{"", "[", 0},
		{"[", "]", 0},
		{"", "name: x\n", 0},
		{"#", "x", 0},
		{"name: ", " x", 0},
		{"name: x", " ", 0},
		{"hostpci", "0", -EINVAL},
		{"hostpci0: 01:00", ",", 0},
		{"hostpci0: 01:00", ", ", 0},
		{"hostpci0: 01:00", ",a=b", 0},
		{"hostpci0: 01:00", ",aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=b", 0},
		{"hostpci0: 01:00,", "=", -EINVAL},
		{"hostpci0: 01:00", ";01:00", -EINVAL},
		{"hostpci0: 01:00;", "0", -EINVAL},
	};
	VH_AUTO_FREE char *text = malloc(VH_PVE_CONFIG_BYTES);
	clock_t begin = clock();

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		struct vh_pve_config c;
		struct vh_error err = {0};
		int rc;

		fill(text, cases[i].head, cases[i].part);
		rc = vh_pve_config_parse(&c, "100.conf", text, VH_PVE_CONFIG_BYTES, &err);
		if (rc != cases[i].rc) {
			fail_msg("%s%s...: %d %s", cases[i].head, cases[i].part, rc, err.msg);
		}
	}
	/* Quadratic would be minutes; this allows for sanitizers on a slow machine. */
	assert_true((clock() - begin) / CLOCKS_PER_SEC < 10);
}

static void test_larger_than_pmxcfs_takes(void **state)
{
	VH_AUTO_FREE char *text = calloc(1, VH_PVE_CONFIG_BYTES + 1);

	(void)state;
	assert_non_null(text);
	expect_bytes(text, VH_PVE_CONFIG_BYTES + 1, "100.conf: larger than 1 MiB");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_usual_file),
		cmocka_unit_test(test_an_empty_file),
		cmocka_unit_test(test_sections_are_not_current),
		cmocka_unit_test(test_what_only_looks_like_a_section),
		cmocka_unit_test(test_comments_and_texts_that_look_like_settings),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_of_two_lines_the_last_wins),
		cmocka_unit_test(test_booleans_of_template),
		cmocka_unit_test(test_forms_of_an_address),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_mapping_mdev_and_keep),
		cmocka_unit_test(test_every_option_and_those_of_later_versions),
		cmocka_unit_test(test_lines_proxmox_cannot_read),
		cmocka_unit_test(test_lines_that_were_meant_to_be_hostpci),
		cmocka_unit_test(test_too_many_addresses),
		cmocka_unit_test(test_names_for_people_are_clean_and_fit),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_messages_stay_readable),
		cmocka_unit_test(test_a_mebibyte_takes_no_time),
		cmocka_unit_test(test_larger_than_pmxcfs_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
