/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The functions of one card come to one slot of the guest, and nobody else is disturbed. */

#include <errno.h>
#include <stdio.h>
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

static struct vh_guest_device gpu_card[] = {CARD("gpu", 1, 2)};
static struct vh_guest_device one_function[] = {CARD("gpu", 1, 1)};
static struct vh_guest_device two_cards[] = {CARD("gpu", 1, 2), CARD("usb", 2, 3)};
static const struct vh_guest_set gpu = {.devices = gpu_card, .device_count = 1};
static const struct vh_guest_set single = {.devices = one_function, .device_count = 1};
static const struct vh_guest_set both = {.devices = two_cards, .device_count = 2};

#define SLOT_HINT "put its first function into a slot by hand"

static void a_hand_written_q35_gets_a_port(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&gpu, VM("q35", ""),
			    VM("q35", PORT("1") HOSTDEV("01", "0", AT0("01", "00", "0"))
					      HOSTDEV("01", "1", AT("01", "00", "1"))),
			    &report);
	assert_int_equal(report.change_count, 3);
	expect_change(&report, 0, 0, "[device gpu]",
		      "<controller type='pci' index='1' model='pcie-root-port'/> added");
	expect_change(&report, 1, 0, "[device gpu]",
		      "<hostdev> of 0000:01:00.0 added, at 01:00.0 of the guest");
	expect_change(&report, 2, 0, "[device gpu]",
		      "<hostdev> of 0000:01:00.1 added, at 01:00.1 of the guest");
}

static void an_i440fx_gives_a_slot_of_bus_0(void **state)
{
	(void)state;
	expect_patch(&gpu, VM("pc", ""),
		     VM("pc", HOSTDEV("01", "0", AT0("00", "03", "0"))
				      HOSTDEV("01", "1", AT("00", "03", "1"))));
	/* Slots on other buses are nothing to it, one function of a slot takes it all. */
	expect_patch(&gpu, VM("pc-i440fx-7.2", NIC_AT("00", "03", "7") NIC_AT("01", "04", "0")),
		     VM("pc-i440fx-7.2", NIC_AT("00", "03", "7") NIC_AT("01", "04", "0")
						 HOSTDEV("01", "0", AT0("00", "04", "0"))
							 HOSTDEV("01", "1", AT("00", "04", "1"))));
}

static void a_full_i440fx_is_refused(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	vh_text_add(&text, "<domain type='kvm'>\n<os><type machine='pc'>hvm</type></os>\n<devices>");
	for (unsigned slot = 3; slot < 32; slot++) {
		vh_text_addf(&text, "<sound><address type='pci' slot='%u'/></sound>\n", slot);
	}
	vh_text_add(&text, "</devices></domain>\n");
	expect_refusal(&gpu, vh_text_str(&text),
		       "vm.xml: [device gpu] needs a PCI slot, and all slots of bus 0 are taken",
		       "");
}

static void the_first_free_port_is_taken(void **state)
{
	(void)state;
	expect_patch(&gpu, VM("q35", PORT("1") PORT("2") PORT("3") NIC_AT("01", "00", "0")),
		     VM("q35", PORT("1") PORT("2") PORT("3") NIC_AT("01", "00", "0")
				       HOSTDEV("01", "0", AT0("02", "00", "0"))
					       HOSTDEV("01", "1", AT("02", "00", "1"))));
}

static void a_port_is_added_where_all_are_busy(void **state)
{
	(void)state;
	/* Bus 2 has a device, so libvirt makes a controller 2 though none is written. */
	expect_patch(&gpu, VM("q35", PORT("1") NIC_AT("01", "00", "0") NIC_AT("02", "00", "0")),
		     VM("q35", PORT("1") PORT("3") NIC_AT("01", "00", "0") NIC_AT("02", "00", "0")
				       HOSTDEV("01", "0", AT0("03", "00", "0"))
					       HOSTDEV("01", "1", AT("03", "00", "1"))));
	/* Of a gap libvirt makes ports of its own; it is used where nothing is above. */
	expect_patch(&gpu, VM("q35", PORT("5") NIC_AT("05", "00", "0")),
		     VM("q35", PORT("5") PORT("6") NIC_AT("05", "00", "0")
				       HOSTDEV("01", "0", AT0("06", "00", "0"))
					       HOSTDEV("01", "1", AT("06", "00", "1"))));
	expect_patch(&gpu, VM("q35", PORT("255") NIC_AT("ff", "00", "0")),
		     VM("q35", PORT("255") PORT("1") NIC_AT("ff", "00", "0")
				       HOSTDEV("01", "0", AT0("01", "00", "0"))
					       HOSTDEV("01", "1", AT("01", "00", "1"))));
}

/* libvirt numbers controllers without an index, around those that have one. */
static void ports_without_an_index_are_left_to_libvirt(void **state)
{
	static const char ports[] =
		VM("q35", "    <controller type='pci' model='pcie-root-port'/>\n");

	(void)state;
	expect_patch(&gpu, ports,
		     VM("q35", "    <controller type='pci' model='pcie-root-port'/>\n" PORT("1")
				       HOSTDEV("01", "0", AT0("01", "00", "0"))
					       HOSTDEV("01", "1", AT("01", "00", "1"))));
}

#define EXPANDER                                                                       \
	"    <controller type='pci' index='1' model='pcie-expander-bus'/>\n"           \
	"    <controller type='pci' index='2' model='pcie-root-port'>\n"               \
	"      <address type='pci' bus='0x01' slot='0x00' function='0x0'/>\n"          \
	"    </controller>\n"                                                          \
	"    <controller type='pci' index='3' model='pcie-switch-downstream-port'/>\n" \
	"    <controller type='pci' index='4' model='pcie-root-port'>\n"               \
	"      <address type='pci' bus='0x00' slot='0x02' function='0x1'/>\n"          \
	"    </controller>\n"

static void only_ports_below_the_root_are_taken(void **state)
{
	(void)state;
	expect_patch(&gpu, VM("q35", EXPANDER),
		     VM("q35", EXPANDER HOSTDEV("01", "0", AT0("04", "00", "0"))
				       HOSTDEV("01", "1", AT("04", "00", "1"))));
}

#define BRIDGE "    <controller type='pci' index='2' model='pcie-to-pci-bridge'/>\n"

/* libvirt would refuse the definition: it adds ports for devices, never for a bridge. */
static void a_bridge_keeps_the_port_it_will_need(void **state)
{
	(void)state;
	expect_patch(&gpu, VM("q35", PORT("1") BRIDGE),
		     VM("q35", PORT("1") BRIDGE PORT("3") HOSTDEV("01", "0", AT0("03", "00", "0"))
				       HOSTDEV("01", "1", AT("03", "00", "1"))));
}

static void all_buses_used_is_refused(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	vh_text_add(&text,
		    "<domain type='kvm'>\n<os><type machine='q35'>hvm</type></os>\n<devices>");
	for (unsigned bus = 1; bus < 256; bus++) {
		vh_text_addf(&text, "<sound><address type='pci' bus='%u'/></sound>\n", bus);
	}
	vh_text_add(&text, "</devices></domain>\n");
	expect_refusal(&gpu, vh_text_str(&text),
		       "vm.xml: [device gpu] needs a PCI slot, and all 256 buses are used", "");
}

/* What virt-manager makes of two functions. */
static void spread_functions_move_to_function_0(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&gpu,
			    VM("q35", PORT("5") PORT("6") HOSTDEV("01", "0", AT("05", "00", "0"))
					      HOSTDEV("01", "1", AT("06", "00", "0"))),
			    VM("q35", PORT("5") PORT("6") HOSTDEV("01", "0", AT0("05", "00", "0"))
					      HOSTDEV("01", "1", AT("05", "00", "1"))),
			    &report);
	assert_int_equal(report.change_count, 2);
	expect_change(&report, 0, 14, "[device gpu]",
		      "<hostdev> moved to 05:00.1 of the guest, from 06:00.0");
	expect_change(&report, 1, 12, "[device gpu]", "<address multifunction='on'> of function 0");
	expect_patch(&gpu,
		     VM("pc", HOSTDEV("01", "1", AT("00", "06", "0"))
				      HOSTDEV("01", "0", AT("00", "07", "0"))),
		     VM("pc", HOSTDEV("01", "1", AT("00", "07", "1"))
				      HOSTDEV("01", "0", AT0("00", "07", "0"))));
}

static void the_others_follow_whoever_has_a_place(void **state)
{
	(void)state;
	expect_patch(&gpu,
		     VM("q35", HOSTDEV("01", "0", AT("05", "00", "0")) HOSTDEV("01", "1", "")),
		     VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0"))
				       HOSTDEV("01", "1", AT("05", "00", "1"))));
	expect_patch(&gpu,
		     VM("q35", HOSTDEV("01", "0", "") HOSTDEV("01", "1", AT("05", "00", "0"))),
		     VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0"))
				       HOSTDEV("01", "1", AT("05", "00", "1"))));
	/* Behind a bridge there are more slots than one. */
	expect_patch(&gpu, VM("q35", BRIDGE HOSTDEV("01", "0", AT("02", "09", "0"))),
		     VM("q35", BRIDGE HOSTDEV("01", "0", AT0("02", "09", "0"))
				       HOSTDEV("01", "1", AT("02", "09", "1"))));
}

/* To libvirt both are no address. */
static void an_empty_address_is_none(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&gpu,
			    VM("q35", HOSTDEV("01", "0", "      <address type='none'/>\n")
					      HOSTDEV("01", "1", "      <address type='pci'/>\n")),
			    VM("q35", PORT("1") HOSTDEV("01", "0", AT0("01", "00", "0"))
					      HOSTDEV("01", "1", AT("01", "00", "1"))),
			    &report);
	expect_change(&report, 1, 5, "[device gpu]", "<hostdev> put at 01:00.0 of the guest");
}

static void function_0_says_that_there_are_others(void **state)
{
	(void)state;
	expect_patch(&gpu,
		     VM("q35", HOSTDEV("01", "0",
				       "      " PLACE("05", "00", "0") " multifunction='off'/>\n")
				       HOSTDEV("01", "1", AT("05", "00", "1"))),
		     VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0"))
				       HOSTDEV("01", "1", AT("05", "00", "1"))));
}

static void what_is_in_place_keeps_its_bytes(void **state)
{
	(void)state;
	expect_same(
		&gpu,
		VM("q35",
		   HOSTDEV("01", "0", "<address multifunction=\"on\" bus='5' type='pci'/>")
			   HOSTDEV("01", "1", "<address type='pci' function='01' bus='005' />")));
	/* Of one that moves, the numbers that were right do. */
	expect_patch(&gpu,
		     VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0")) HOSTDEV(
				       "01", "1", "<address bus='6' type='pci' slot='0'/>")),
		     VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0"))
				       HOSTDEV("01", "1",
					       "<address bus='0x05' type='pci' slot='0' "
					       "domain='0x0000' function='0x1'/>")));
}

static void guest_functions_are_the_hosts(void **state)
{
	(void)state;
	expect_patch(&gpu,
		     VM("q35", HOSTDEV("01", "1", AT0("05", "00", "0"))
				       HOSTDEV("01", "0", AT("05", "00", "1"))),
		     VM("q35", HOSTDEV("01", "1", AT0("05", "00", "1"))
				       HOSTDEV("01", "0", AT0("05", "00", "0"))));
}

static void without_function_0_they_count_from_0(void **state)
{
	struct vh_guest_device card = {
		.title = "[device x]",
		.functions = {{.bus = 1, .function = 2}, {.bus = 1, .function = 5}},
		.function_count = 2,
	};
	struct vh_guest_set set = {.devices = &card, .device_count = 1};

	(void)state;
	expect_patch(&set, VM("q35", ""),
		     VM("q35", PORT("1") HOSTDEV("01", "2", AT0("01", "00", "0"))
				       HOSTDEV("01", "5", AT("01", "00", "1"))));
	card.functions[0].function = 0;
	expect_patch(&set, VM("q35", ""),
		     VM("q35", PORT("1") HOSTDEV("01", "0", AT0("01", "00", "0"))
				       HOSTDEV("01", "5", AT("01", "00", "5"))));
}

static void each_card_has_its_own_slot(void **state)
{
	(void)state;
	expect_patch(&both, VM("q35", PORT("1")),
		     VM("q35", PORT("1") PORT("2") HOSTDEV("01", "0", AT0("01", "00", "0"))
				       HOSTDEV("01", "1", AT("01", "00", "1"))
					       HOSTDEV("02", "0", AT0("02", "00", "0")) HOSTDEV(
						       "02", "1", AT("02", "00", "1"))
						       HOSTDEV("02", "2", AT("02", "00", "2"))));
}

static void a_slot_that_somebody_else_leads_is_left(void **state)
{
	(void)state;
	expect_patch(
		&gpu, VM("q35", NIC_AT("05", "00", "0") HOSTDEV("01", "0", AT("05", "00", "1"))),
		VM("q35", PORT("6") NIC_AT("05", "00", "0") HOSTDEV("01", "0", AT0("06", "00", "0"))
				  HOSTDEV("01", "1", AT("06", "00", "1"))));
}

static void nobody_is_left_without_function_0(void **state)
{
	(void)state;
	expect_refusal(&gpu,
		       VM("q35", HOSTDEV("01", "0", AT("05", "00", "0")) NIC_AT("05", "00", "1")),
		       "vm.xml:12: this <interface> is at 05:00.1 of the guest, in the slot of "
		       "[device gpu], whose functions (line 5) have to be moved together",
		       "take its <address> out");
	expect_refusal(&gpu,
		       VM("q35", HOSTDEV("01", "0", AT("05", "00", "0")) HOSTDEV(
					 "01", "1", AT("06", "00", "0")) NIC_AT("06", "00", "3")),
		       "vm.xml:19: this <interface> is at 06:00.3 of the guest, in the slot of "
		       "[device gpu], whose functions (line 12) have to be moved together",
		       "take its <address> out");
	/* There is room for all. */
	expect_patch(&gpu,
		     VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0")) NIC_AT("05", "00", "7")),
		     VM("q35", HOSTDEV("01", "0", AT0("05", "00", "0")) NIC_AT("05", "00", "7")
				       HOSTDEV("01", "1", AT("05", "00", "1"))));
}

static void an_address_that_cannot_be_read_is_refused(void **state)
{
	(void)state;
	expect_refusal(&gpu,
		       VM("q35", HOSTDEV("01", "0", "      <address type='pci' bus='5g'/>\n")),
		       "vm.xml:5: the <address> of this <hostdev> cannot be read", "");
	expect_refusal(&gpu, VM("q35", HOSTDEV("01", "0", "      <address type='ccw'/>\n")),
		       "vm.xml:5: the <address> of this <hostdev> cannot be read", "");
}

#define ROOT(model) "    <controller type='pci' index='0' model='" model "'/>\n"

static void a_foreign_name_is_judged_by_its_root(void **state)
{
	(void)state;
	expect_patch(&gpu, VM("ubuntu", ROOT("pcie-root")),
		     VM("ubuntu",
			ROOT("pcie-root") PORT("1") HOSTDEV("01", "0", AT0("01", "00", "0"))
				HOSTDEV("01", "1", AT("01", "00", "1"))));
	expect_patch(&gpu, VM("ubuntu", ROOT("pci-root")),
		     VM("ubuntu", ROOT("pci-root") HOSTDEV("01", "0", AT0("00", "03", "0"))
					  HOSTDEV("01", "1", AT("00", "03", "1"))));
}

static void an_unknown_machine_is_refused(void **state)
{
	(void)state;
	expect_refusal(&gpu, VM("microvm", ""),
		       "vm.xml:3: the 2 functions of [device gpu] need a slot of the guest, and "
		       "machine 'microvm' is not known to be a q35 or an i440fx",
		       SLOT_HINT);
	expect_refusal(&gpu, DOMAIN("<os><type>hvm</type></os>\n"),
		       "vm.xml:3: the 2 functions of [device gpu] need a slot of the guest, and no "
		       "machine is named: q35, or i440fx?",
		       SLOT_HINT);
	expect_refusal(&gpu, DOMAIN(""),
		       "vm.xml: the 2 functions of [device gpu] need a slot of the guest, and no "
		       "machine is named: q35, or i440fx?",
		       SLOT_HINT);
	expect_refusal(&gpu, DOMAIN("<os><type arch='aarch64' machine='virt'>hvm</type></os>\n"),
		       "vm.xml:3: the 2 functions of [device gpu] need a slot of the guest, and "
		       "which are free is known of x86 only, not of aarch64",
		       SLOT_HINT);
}

static void an_unknown_machine_is_no_matter_where_a_slot_is(void **state)
{
	(void)state;
	expect_patch(&gpu, VM("microvm", HOSTDEV("01", "0", AT("05", "00", "0"))),
		     VM("microvm", HOSTDEV("01", "0", AT0("05", "00", "0"))
					   HOSTDEV("01", "1", AT("05", "00", "1"))));
	expect_patch(&single, VM("microvm", ""), VM("microvm", HOSTDEV("01", "0", "")));
}

/* libvirt knows whether a card is PCI or PCI Express, and looks for a place like that. */
static void a_function_alone_is_left_to_libvirt(void **state)
{
	(void)state;
	expect_patch(&single, VM("q35", ""), VM("q35", HOSTDEV("01", "0", "")));
	expect_same(&single, VM("q35", HOSTDEV("01", "0", "")));
	expect_same(&single, VM("q35", HOSTDEV("01", "0", AT("00", "09", "3"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hand_written_q35_gets_a_port),
		cmocka_unit_test(an_i440fx_gives_a_slot_of_bus_0),
		cmocka_unit_test(a_full_i440fx_is_refused),
		cmocka_unit_test(the_first_free_port_is_taken),
		cmocka_unit_test(a_port_is_added_where_all_are_busy),
		cmocka_unit_test(ports_without_an_index_are_left_to_libvirt),
		cmocka_unit_test(only_ports_below_the_root_are_taken),
		cmocka_unit_test(a_bridge_keeps_the_port_it_will_need),
		cmocka_unit_test(all_buses_used_is_refused),
		cmocka_unit_test(spread_functions_move_to_function_0),
		cmocka_unit_test(the_others_follow_whoever_has_a_place),
		cmocka_unit_test(an_empty_address_is_none),
		cmocka_unit_test(function_0_says_that_there_are_others),
		cmocka_unit_test(what_is_in_place_keeps_its_bytes),
		cmocka_unit_test(guest_functions_are_the_hosts),
		cmocka_unit_test(without_function_0_they_count_from_0),
		cmocka_unit_test(each_card_has_its_own_slot),
		cmocka_unit_test(a_slot_that_somebody_else_leads_is_left),
		cmocka_unit_test(nobody_is_left_without_function_0),
		cmocka_unit_test(an_address_that_cannot_be_read_is_refused),
		cmocka_unit_test(a_foreign_name_is_judged_by_its_root),
		cmocka_unit_test(an_unknown_machine_is_refused),
		cmocka_unit_test(an_unknown_machine_is_no_matter_where_a_slot_is),
		cmocka_unit_test(a_function_alone_is_left_to_libvirt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
