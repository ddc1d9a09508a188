/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a definition, with any set: the first two bytes choose the set. What comes out says
 * what was asked for, holds everything else as it was, and is left alone the second time; a refusal
 * is one line.
 */

#include <ctype.h>
#include <string.h>

#include "lib/guest/domain.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/domain_check.h"
#include "tests/support/domain_set.h"

/* A key for each bit of the first byte, and for the second one, which is also a number. */
static const char *const keys[] = {
	"hide-kvm = yes\n",        "vendor-id = <&'\">\n", "cpu = host-passthrough\n",
	"hide-hypervisor = yes\n", "video = none\n",       "balloon = none\n",
	"x-vga = yes\n",           "fix-args = yes\n",
};
static const char *const devices[] = {
	"",
	"device gpu = 01:00.0 display\n",
	"device gpu = 01:00.0 01:00.1 display rom=/a&b\n",
	"device gpu = 01:00.1 01:00.3 display\ndevice nvme = 41:00.0\n",
	"rom = /a.rom\n",
	"machine = q35\n",
	"firmware = uefi\n",
	"device gpu = 01:00.0 01:00.1 01:00.2 01:00.3 01:00.7\n",
};
static const char *const rom_bars[] = {"", "rom-bar = on\n", "rom-bar = off\n", ""};

static void choose_set(uint8_t first, uint8_t second, struct vh_guest_set *ret)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	for (unsigned i = 0; i < 8; i++) {
		vh_text_add(&text, first & (1U << i) ? keys[i] : "");
	}
	vh_text_add(&text, devices[second & 7U]);
	vh_text_add(&text, rom_bars[(second >> 3) & 3U]);
	domain_set_parse("set", vh_text_str(&text), ret);
}

static void check_line(const char *line)
{
	for (const char *c = line; *c; c++) {
		FUZZ_CHECK(!iscntrl((unsigned char)*c));
	}
}

static void check_report(const struct vh_report *report)
{
	for (size_t i = 0; i < report->change_count; i++) {
		check_line(report->changes[i].what);
		FUZZ_CHECK(report->changes[i].why[0] != '\0');
	}
	for (size_t i = 0; i < report->note_count; i++) {
		check_line(report->notes[i]);
	}
}

static void check_edit(const struct vh_guest_set *set, struct domain_bytes before,
		       const struct vh_text *after)
{
	struct domain_bytes bytes = {vh_text_str(after), after->len};
	struct vh_domain_xml xml = {"x.xml", bytes.text, bytes.len};
	VH_AUTO_TEXT struct vh_text again = {0};
	VH_AUTO_TEXT struct vh_text why = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};

	if (!domain_check_owned(set, before, bytes, &why) ||
	    !domain_check_kept(set, before, bytes, &why)) {
		(void)fprintf(stderr, "%s\n", vh_text_str(&why));
		FUZZ_CHECK(false);
	}
	FUZZ_CHECK(vh_domain_patch(set, &xml, &again, &report, &err) == 0);
}

static void check_mask(const struct vh_domain_xml *xml)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_error err = {0};

	if (vh_domain_mask(xml, &text, &err) < 0) {
		FUZZ_CHECK(text.len == 0);
		check_line(err.msg);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	struct vh_domain_xml xml;
	int rc;

	if (size < 2) {
		return 0;
	}
	choose_set(data[0], data[1], &set);
	xml = (struct vh_domain_xml){"x.xml", (const char *)data + 2, size - 2};
	rc = vh_domain_patch(&set, &xml, &text, &report, &err);
	if (rc == 1) {
		FUZZ_CHECK(report.change_count > 0);
		check_edit(&set, (struct domain_bytes){xml.text, xml.len}, &text);
	} else {
		FUZZ_CHECK(text.len == 0);
	}
	if (rc < 0) {
		FUZZ_CHECK(rc == -err.code);
		FUZZ_CHECK(strncmp(err.msg, "x.xml:", 6) == 0);
		check_line(err.msg);
	} else {
		FUZZ_CHECK((report.change_count > 0) == (rc == 1));
		check_report(&report);
	}
	check_mask(&xml);
	return 0;
}
