/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which functions a definition hands over, their ROMs, and the display card's alias. */

#include <errno.h>
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
#include "tests/unit/domain_card.h"

static struct vh_guest_device one_function[] = {CARD("gpu", 0x1a, 1, .is_display = true)};
static struct vh_guest_device two_functions[] = {CARD("gpu", 1, 2, .is_display = true)};
static struct vh_guest_device with_rom[] = {CARD("gpu", 1, 1, .is_display = true, .rom = "/d.rom")};
static struct vh_guest_device plain[] = {CARD("nic", 1, 1)};
static struct vh_guest_device two_displays[] = {CARD("gpu", 1, 1, .is_display = true),
						CARD("old", 2, 1, .is_display = true)};

static const struct vh_guest_set single = {.devices = one_function, .device_count = 1};
static const struct vh_guest_set gpu = {.devices = two_functions, .device_count = 1};
static const struct vh_guest_set rom_only = {.rom = "/g.rom"};

/* A hostdev of which only the source's address is of interest. */
#define FROM(attributes) \
	"    <hostdev type='pci'><source><address " attributes "/></source></hostdev>\n"

static void a_source_is_read_as_libvirt_reads_it(void **state)
{
	(void)state;
	expect_same(&single, VM("q35", FROM("domain='0' bus='0x1a' slot='0' function='0'")));
	expect_same(&single, VM("q35", FROM("bus='26'")));
	expect_same(&single, VM("q35", FROM("bus='0x1A' slot='0x0'")));
	expect_same(&single, VM("q35", FROM("bus='032' function='00'")));
	/* Another function, another domain: not it. */
	expect_patch(&single, VM("q35", FROM("bus='0x1a' function='1'")),
		     VM("q35", FROM("bus='0x1a' function='1'") HOSTDEV("1a", "0", "")));
	expect_patch(&single, VM("q35", FROM("domain='1' bus='0x1a'")),
		     VM("q35", FROM("domain='1' bus='0x1a'") HOSTDEV("1a", "0", "")));
}

static void a_source_that_cannot_be_read_is_refused(void **state)
{
	(void)state;
	expect_refusal(&single, VM("q35", FROM("bus='1a'")),
		       "vm.xml:5: the <source> address of this <hostdev> cannot be read",
		       "bus='0x1a', or 26");
	expect_refusal(&single, VM("q35", "<hostdev type='pci'/>\n"),
		       "vm.xml:5: the <source> address of this <hostdev> cannot be read", "");
	expect_refusal(&single, VM("q35", FROM("bus=''")),
		       "vm.xml:5: the <source> address of this <hostdev> cannot be read", "");
	expect_refusal(&single, VM("q35", FROM("slot='32'")),
		       "vm.xml:5: the <source> address of this <hostdev> cannot be read", "");
}

static void a_domain_of_the_host_is_written(void **state)
{
	struct vh_guest_device card = {
		.title = "[device x]",
		.functions = {{.domain = 1, .bus = 0xc3, .slot = 0x1f, .function = 7}},
		.function_count = 1,
	};
	struct vh_guest_set set = {.devices = &card, .device_count = 1};

	(void)state;
	expect_patch(&set, VM("q35", ""),
		     VM("q35", "    <hostdev mode='subsystem' type='pci' managed='yes'>\n"
			       "      <driver name='vfio'/>\n"
			       "      <source>\n"
			       "        <address domain='0x0001' bus='0xc3' slot='0x1f' "
			       "function='0x7'/>\n"
			       "      </source>\n"
			       "    </hostdev>\n"));
}

/* Each has the card's address somewhere. */
#define OTHER_HOSTDEVS                                                                                  \
	"    <hostdev mode='capabilities' type='misc'><source><char>/dev/x</char></source></hostdev>\n" \
	"    <hostdev mode='subsystem' type='usb'><source><address bus='26' device='0'/></source>"      \
	"</hostdev>\n"                                                                                  \
	"    <hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"                \
	"<address bus='26' target='0' unit='0'/></source></hostdev>\n"                                  \
	"    <hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"                           \
	"<address uuid='26'/></source></hostdev>\n"                                                     \
	"    <hostdev mode='capabilities' type='pci'><source><address bus='26'/></source></hostdev>\n"

static void other_hostdevs_are_left_alone(void **state)
{
	(void)state;
	expect_patch(&single, VM("q35", OTHER_HOSTDEVS),
		     VM("q35", OTHER_HOSTDEVS HOSTDEV("1a", "0", "")));
}

/* Who unbinds the driver is between its owner and the hook; its other children are the owner's. */
static void a_hostdev_that_is_there_is_kept(void **state)
{
	(void)state;
	expect_same(&single, VM("q35", "<hostdev mode='subsystem' type='pci' managed='no'>\n"
				       "  <source writeFiltering='no'><address bus='26'/></source>\n"
				       "  <boot order='2'/> <!-- mine -->\n"
				       "  <teaming type='transient' persistent='ua-x'/>\n"
				       "</hostdev>\n"));
}

static void a_network_hostdev_is_one_too(void **state)
{
	(void)state;
	expect_same(&single, VM("q35", "<interface type='hostdev' managed='yes'>\n"
				       "<source><address type='pci' bus='0x1a'/></source>\n"
				       "</interface>\n"));
}

static void one_function_is_handed_over_once(void **state)
{
	(void)state;
	expect_refusal(&single, VM("q35", FROM("bus='26'") "\n" FROM("bus='0x1a'")),
		       "vm.xml:7: 0000:1a:00.0 is handed over twice, here and in line 5",
		       "take one of the two out");
	expect_refusal(&single,
		       VM("q35",
			  FROM("bus='26'") "<interface type='hostdev'><source>"
					   "<address type='pci' bus='26'/></source></interface>\n"),
		       "vm.xml:6: 0000:1a:00.0 is handed over twice, here and in line 5",
		       "take one of the two out");
	expect_refusal(&single,
		       VM("q35", "<disk type='nvme'><source type='pci' namespace='1'>"
				 "<address bus='26'/></source></disk>\n"),
		       "vm.xml:5: 0000:1a:00.0 is this <disk> already", "not as both");
	/* Of others, libvirt says so itself. */
	expect_same(&(const struct vh_guest_set){0}, VM("q35", FROM("bus='26'") FROM("bus='26'")));
}

#define UNASSIGNED "      <address type='unassigned'/>\n"

static void a_function_kept_from_the_guest_stays_so(void **state)
{
	static const char vm[] = VM("q35", HOSTDEV("01", "0", "") HOSTDEV("01", "1", UNASSIGNED));
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_same_noting(&gpu, vm, &report);
	expect_note(&report, "0000:01:00.1 of [device gpu] stays out of the guest: "
			     "<address type='unassigned'/>, line 11");
	expect_refusal(&gpu, VM("q35", HOSTDEV("01", "0", UNASSIGNED)),
		       "vm.xml:5: [device gpu] hands 0000:01:00.0 to the guest, and <address "
		       "type='unassigned'/> keeps it from the guest",
		       "hostdev = no");
}

static void devices_are_added_where_there_are_none(void **state)
{
	(void)state;
	expect_patch(&single, DOMAIN(""),
		     DOMAIN("  <devices>\n" HOSTDEV("1a", "0", "") "  </devices>\n"));
}

static void without_devices_hostdevs_are_left_as_they_are(void **state)
{
	(void)state;
	expect_same(&(const struct vh_guest_set){0},
		    VM("q35", HOSTDEV("01", "0", AT("05", "00", "0"))
				      HOSTDEV("01", "1", AT("06", "00", "0")) FROM("bus='1g'")));
}

static void the_rom_belongs_to_the_first_function(void **state)
{
	struct vh_guest_device card[] = {
		CARD("gpu", 1, 2, .is_display = true, .rom = "/a b&amp;.rom")};
	struct vh_guest_set set = {.devices = card, .device_count = 1};
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(
		&set,
		VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0"))
				  HOSTDEV("01", "1", AT("05", "00", "1"))),
		VM("q35", HOSTDEV("01", "0",
				  "      <rom file='/a b&amp;amp;.rom'/>\n" AT0("05", "00", "0"))
				  HOSTDEV("01", "1", AT("05", "00", "1"))),
		&report);
	assert_int_equal(report.change_count, 1);
	expect_change(&report, 0, 0, "[device gpu]", "<rom file='/a b&amp;.rom'>");
}

static void a_rom_is_replaced(void **state)
{
	const struct vh_guest_set set = {.devices = with_rom, .device_count = 1};
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&set, VM("q35", HOSTDEV("01", "0", "<rom bar='on' file=\"/old\"/>\n")),
			    VM("q35", HOSTDEV("01", "0", "<rom bar='on' file=\"/d.rom\"/>\n")),
			    &report);
	expect_change(&report, 0, 10, "[device gpu]", "<rom file='/d.rom'>, was '/old'");
	expect_refusal(&set, VM("q35", HOSTDEV("01", "0", "<rom/>\n<rom/>\n")),
		       "vm.xml:11: a second <rom>; the first is in line 10", "");
}

/* The card's own file, not that of [guest]. */
static void a_cards_rom_comes_first(void **state)
{
	const struct vh_guest_set set = {.rom = "/g.rom", .devices = with_rom, .device_count = 1};

	(void)state;
	expect_patch(&set, VM("q35", HOSTDEV("01", "0", "")),
		     VM("q35", HOSTDEV("01", "0", "      <rom file='/d.rom'/>\n")));
}

/* libvirt: "ROM tuning is not supported when ROM is disabled" */
static void a_disabled_rom_is_enabled(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	const struct vh_guest_set on = {.rom_bar = VH_ROM_BAR_ON};
	const struct vh_guest_set off = {.rom_bar = VH_ROM_BAR_OFF};

	(void)state;
	expect_patch_noting(&rom_only, VM("q35", HOSTDEV("01", "0", "<rom enabled='no'/>\n")),
			    VM("q35", HOSTDEV("01", "0", "<rom file='/g.rom'/>\n")), &report);
	assert_int_equal(report.change_count, 2);
	expect_change(&report, 0, 10, "rom", "enabled='no' of <rom> removed");
	expect_change(&report, 1, 10, "rom", "<rom file='/g.rom'>");
	expect_patch(&on, VM("q35", HOSTDEV("01", "0", "<rom enabled='no'/>\n")),
		     VM("q35", HOSTDEV("01", "0", "<rom bar='on'/>\n")));
	/* No ROM at all is no ROM BAR either. */
	expect_same(&off, VM("q35", HOSTDEV("01", "0", "<rom enabled='no'/>\n")));
}

static void the_rom_bar_is_set_for_display_cards(void **state)
{
	struct vh_guest_set off = {
		.devices = two_displays, .device_count = 2, .rom_bar = VH_ROM_BAR_OFF};

	(void)state;
	expect_patch(&off,
		     VM("q35", HOSTDEV("01", "0", "") HOSTDEV("02", "0", "<rom bar='on'/>\n")),
		     VM("q35", HOSTDEV("01", "0", "      <rom bar='off'/>\n")
				       HOSTDEV("02", "0", "<rom bar='off'/>\n")));
	off.devices = plain;
	off.device_count = 1;
	expect_same(&off, VM("q35", HOSTDEV("01", "0", "<rom bar='on'/>\n")));
}

static void a_rom_behind_a_closed_bar_is_noted(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&rom_only, VM("q35", HOSTDEV("01", "0", "<rom bar='off'/>\n")),
			    VM("q35", HOSTDEV("01", "0", "<rom bar='off' file='/g.rom'/>\n")),
			    &report);
	expect_note(&report, "<rom bar='off'>, line 10, keeps the ROM file");
}

#define GPU_ALIAS "      <alias name='ua-gpu-gpu1'/>\n"

static void without_devices_the_only_card_is_meant(void **state)
{
	(void)state;
	/* A virtual function has no ROM, and what does not reach the guest is not its card. */
	expect_patch(&rom_only,
		     VM("q35", HOSTDEV("02", "1", "") HOSTDEV("03", "0", UNASSIGNED)
				       OTHER_HOSTDEVS HOSTDEV("01", "0", "")),
		     VM("q35",
			HOSTDEV("02", "1", "") HOSTDEV("03", "0", UNASSIGNED)
				OTHER_HOSTDEVS HOSTDEV("01", "0", "      <rom file='/g.rom'/>\n")));
	/* KubeVirt says which is a GPU. */
	expect_patch(&rom_only,
		     VM("q35", HOSTDEV("02", "0", "      <alias name='ua-hostdevice-x'/>\n")
				       HOSTDEV("01", "0", GPU_ALIAS)),
		     VM("q35",
			HOSTDEV("02", "0", "      <alias name='ua-hostdevice-x'/>\n")
				HOSTDEV("01", "0", GPU_ALIAS "      <rom file='/g.rom'/>\n")));
}

static void a_card_in_doubt_is_refused(void **state)
{
	(void)state;
	expect_refusal(&rom_only, VM("q35", HOSTDEV("02", "1", "")),
		       "vm.xml: there is no <hostdev> of a PCI card, so no display card",
		       "name the card");
	expect_refusal(&rom_only, DOMAIN(""),
		       "vm.xml: there is no <hostdev> of a PCI card, so no display card",
		       "name the card");
	expect_refusal(&rom_only, VM("q35", HOSTDEV("01", "0", "") HOSTDEV("02", "0", "")),
		       "vm.xml: which of its cards is the display card? 0000:01:00.0 (line 5), "
		       "0000:02:00.0 (line 11)",
		       "name the card");
	expect_refusal(&rom_only,
		       VM("q35", HOSTDEV("01", "0", GPU_ALIAS) HOSTDEV("02", "0", GPU_ALIAS)),
		       "vm.xml: which of its cards is the display card? 0000:01:00.0 (line 5), "
		       "0000:02:00.0 (line 12)",
		       "name the card");
}

/* The alias in @before's hostdev, patched for x-vga, is then @alias. */
static void expect_alias(const char *before, const char *alias)
{
	const struct vh_guest_set set = {.x_vga = true};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text wanted = {0};
	struct vh_error err;

	assert_int_equal(patch_text(&set, before, &out, &report, &err), 1);
	vh_text_addf(&wanted, "<alias name='%s'/>\n", alias);
	assert_non_null(strstr(vh_text_str(&out), vh_text_str(&wanted)));
	expect_same(&set, vh_text_str(&out));
}

static void x_vga_has_an_alias_to_be_set_by(void **state)
{
	(void)state;
	expect_alias(VM("q35", HOSTDEV("01", "0", "")), "ua-vfio-handoff-gpu");
	expect_alias(VM("q35", HOSTDEV("01", "0", "<alias name='hostdev0'/>\n")),
		     "ua-vfio-handoff-gpu");
	expect_alias(VM("q35", HOSTDEV("01", "0", "<alias name='ua-mine'/>\n")), "ua-mine");
	expect_alias(VM("q35", NIC("<alias name='ua-vfio-handoff-gpu'/>") HOSTDEV("01", "0", "")),
		     "ua-vfio-handoff-gpu-2");
}

static void x_vga_is_for_one_display_card(void **state)
{
	struct vh_guest_set set = {.x_vga = true, .devices = two_displays, .device_count = 2};

	(void)state;
	expect_refusal(&set, VM("q35", ""),
		       "vm.xml: two display cards, [device gpu] and [device old]: which?", "");
	set.devices = plain;
	set.device_count = 1;
	expect_refusal(&set, VM("q35", ""), "vm.xml: none of the guest's devices is a display card",
		       "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_read_as_libvirt_reads_it),
		cmocka_unit_test(a_source_that_cannot_be_read_is_refused),
		cmocka_unit_test(a_domain_of_the_host_is_written),
		cmocka_unit_test(other_hostdevs_are_left_alone),
		cmocka_unit_test(a_hostdev_that_is_there_is_kept),
		cmocka_unit_test(a_network_hostdev_is_one_too),
		cmocka_unit_test(one_function_is_handed_over_once),
		cmocka_unit_test(a_function_kept_from_the_guest_stays_so),
		cmocka_unit_test(devices_are_added_where_there_are_none),
		cmocka_unit_test(without_devices_hostdevs_are_left_as_they_are),
		cmocka_unit_test(the_rom_belongs_to_the_first_function),
		cmocka_unit_test(a_rom_is_replaced),
		cmocka_unit_test(a_cards_rom_comes_first),
		cmocka_unit_test(a_disabled_rom_is_enabled),
		cmocka_unit_test(the_rom_bar_is_set_for_display_cards),
		cmocka_unit_test(a_rom_behind_a_closed_bar_is_noted),
		cmocka_unit_test(without_devices_the_only_card_is_meant),
		cmocka_unit_test(a_card_in_doubt_is_refused),
		cmocka_unit_test(x_vga_has_an_alias_to_be_set_by),
		cmocka_unit_test(x_vga_is_for_one_display_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
