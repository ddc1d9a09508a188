/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as the configuration of a VM that is to be patched; the first byte chooses what is
 * asked for. What is set reads back as set, the second time there is nothing to change, and the way
 * back leads to where it began. A failure says where and why in printable text.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/support/pve_qm.h"

static void check_printable(const char *text)
{
	for (const char *c = text; *c; c++) {
		FUZZ_CHECK(!iscntrl((unsigned char)*c));
	}
}

static void make_set(struct vh_guest_set *set, struct vh_guest_device devices[2], uint8_t wishes)
{
	static const struct vh_pci_address functions[] = {
		{.bus = 1}, {.bus = 1, .function = 1}, {.bus = 3, .slot = 0x10, .function = 2}};

	devices[0] = (struct vh_guest_device){
		.title = "[device gpu]",
		.functions = {functions[0], functions[1]},
		.function_count = 2,
		.is_display = true,
		.is_part = wishes >> 6 > 2,
		.rom = "/usr/share/kvm/a.rom",
	};
	devices[1] = (struct vh_guest_device){
		.title = "[device vf]",
		.functions = {functions[2]},
		.function_count = 1,
	};
	*set = (struct vh_guest_set){
		.hide_kvm = wishes & 1,
		.vendor_id = "randomid",
		.host_cpu = wishes & 2,
		.no_video = wishes & 4,
		.x_vga = wishes & 8,
		.no_balloon = wishes & 4,
		.q35 = wishes & 16,
		.uefi = wishes & 16,
		.fix_args = wishes & 32,
		.rom_bar = wishes & 8 ? VH_ROM_BAR_ON : VH_ROM_BAR_KEEP,
		.devices = devices,
		.device_count = wishes >> 6 > 2 ? 2 : wishes >> 6,
	};
}

/* The model of qm is only about files as Proxmox writes them: no section twice, none odd. */
static bool is_usual(const struct vh_pve_text *config)
{
	size_t sections = 0;

	for (size_t i = 0; i < config->len; i++) {
		char c = config->text[i];

		sections += c == '[';
		if (c != '\n' && c != '\t' && (c < ' ' || c > '~')) {
			return false;
		}
	}
	return sections < 2 && config->len < 2048;
}

static void check_values(const struct vh_pve_text *a, const struct vh_pve_text *b)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};

	FUZZ_CHECK(vh_pve_undo(a, b, b, &edit, &report, &err) == 0);
}

static void check_way_back(const struct vh_pve_text *before, const struct vh_pve_text *after)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_pve_text now;
	struct vh_error err = {0};

	FUZZ_CHECK(vh_pve_undo(before, after, after, &edit, &report, &err) == 1);
	pve_qm_run(after->text, after->len, &edit, false, &text);
	now = (struct vh_pve_text){"100.conf", vh_text_str(&text), text.len};
	FUZZ_CHECK(vh_pve_verify(&edit, &now, &err) == 0);
	check_values(before, &now);
}

static void check_edit(const struct vh_guest_set *set, const struct vh_pve_text *config,
		       const struct vh_pve_edit *edit)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit again = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_pve_text after;
	struct vh_error err = {0};

	pve_qm_run(config->text, config->len, edit, false, &text);
	after = (struct vh_pve_text){"100.conf", vh_text_str(&text), text.len};
	FUZZ_CHECK(vh_pve_verify(edit, &after, &err) == 0);
	FUZZ_CHECK(vh_pve_patch(set, &after, "tank", &again, &report, &err) == 0);
	check_way_back(config, &after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_guest_device devices[2];
	struct vh_pve_text config = {.name = "100.conf"};
	struct vh_guest_set set;
	struct vh_error err = {0};
	int rc;

	if (size == 0) {
		return 0;
	}
	make_set(&set, devices, data[0]);
	config.text = (const char *)data + 1;
	config.len = size - 1;
	rc = vh_pve_patch(&set, &config, "tank", &edit, &report, &err);
	for (size_t i = 0; i < report.change_count; i++) {
		check_printable(report.changes[i].what);
	}
	for (size_t i = 0; i < report.note_count; i++) {
		check_printable(report.notes[i]);
	}
	if (rc < 0) {
		FUZZ_CHECK(rc == -EINVAL && err.code == EINVAL && edit.count == 0);
		FUZZ_CHECK(strncmp(err.msg, "100.conf:", 9) == 0);
		check_printable(err.msg);
		return 0;
	}
	FUZZ_CHECK(rc == (edit.count > 0));
	if (rc > 0 && is_usual(&config)) {
		check_edit(&set, &config, &edit);
	}
	return 0;
}
