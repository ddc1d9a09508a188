/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What belongs to a card: its slot, and what sits behind a switch of its own. */

#include "lib/host/card.h"
#include "tests/unit/host_picture.h"

#define HEAD "kernel 6.12.0\niommu dmar0\nconsole fbcon=1 dummy=0\n"

static struct picture *pci(void **state, const char *lines)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_text_addf(&text, HEAD "%s", lines);
	return picture_of(state, fk_parse("card", vh_text_str(&text)));
}

static void names_of(const struct vh_host *host, const size_t *list, size_t count,
		     struct vh_text *ret)
{
	for (size_t i = 0; i < count; i++) {
		vh_text_addf(ret, "%s%s", i > 0 ? " " : "", host->functions[list[i]].name + 5);
	}
}

/* @functions, @bridges: addresses without domain, blanks between */
static void expect_card(struct picture *p, const char *of, const char *functions,
			const char *bridges)
{
	VH_AUTO_TEXT struct vh_text f = {0};
	VH_AUTO_TEXT struct vh_text b = {0};
	int index = vh_host_find_name(&p->host, of);
	struct vh_card card;

	assert_true(index >= 0);
	vh_card_of(&p->host, (size_t)index, &card);
	names_of(&p->host, card.functions, card.count, &f);
	names_of(&p->host, card.bridges, card.bridge_count, &b);
	assert_string_equal(vh_text_str(&f), functions);
	assert_string_equal(vh_text_str(&b), bridges);
}

static void expect_displays(struct picture *p, const char *wanted)
{
	VH_AUTO_TEXT struct vh_text found = {0};

	for (int i = vh_card_next_display(&p->host, -1); i >= 0;
	     i = vh_card_next_display(&p->host, i)) {
		vh_text_addf(&found, "%s%s", found.len > 0 ? " " : "",
			     p->host.functions[i].name + 5);
	}
	assert_string_equal(vh_text_str(&found), wanted);
}

/* kernel.md 6.3, guide G14: the sound has another bus number. */
static void arc_behind_its_own_switch(void **state)
{
	struct picture *p =
		pci(state, "bridge 0000:00:01.0 8086:460d group=1\n"
			   "bridge 0000:01:00.0 8086:4fa0 group=2 parent=0000:00:01.0\n"
			   "bridge 0000:02:01.0 8086:4fa4 group=3 parent=0000:01:00.0\n"
			   "bridge 0000:02:04.0 8086:4fa4 group=4 parent=0000:01:00.0\n"
			   "pci 0000:03:00.0 8086:56a0 class=030000 group=5 parent=0000:02:01.0\n"
			   "pci 0000:04:00.0 8086:4f90 class=040300 group=6 parent=0000:02:04.0\n");

	expect_card(p, "0000:03:00.0", "03:00.0 04:00.0", "01:00.0 02:01.0 02:04.0");
	expect_card(p, "0000:04:00.0", "03:00.0 04:00.0", "01:00.0 02:01.0 02:04.0");
	expect_card(p, "0000:02:04.0", "03:00.0 04:00.0", "01:00.0 02:01.0 02:04.0");
	expect_card(p, "0000:01:00.0", "03:00.0 04:00.0", "01:00.0 02:01.0 02:04.0");
	/* Intel's as well, but the board's. */
	expect_card(p, "0000:00:01.0", "00:01.0", "");
	expect_displays(p, "03:00.0");
}

/* gpu-operator#1328: USB-C and its controller are functions of the card, too. */
static void amd_with_usb_behind_its_own_switch(void **state)
{
	struct picture *p =
		pci(state, "bridge 0000:00:01.1 1022:1483 group=1\n"
			   "bridge 0000:01:00.0 1002:1478 group=2 parent=0000:00:01.1\n"
			   "bridge 0000:02:00.0 1002:1479 group=3 parent=0000:01:00.0\n"
			   "pci 0000:03:00.0 1002:73bf class=030000 group=4 parent=0000:02:00.0\n"
			   "pci 0000:03:00.1 1002:ab28 class=040300 group=5 parent=0000:02:00.0\n"
			   "pci 0000:03:00.2 1002:73a6 class=0c0330 group=6 parent=0000:02:00.0\n"
			   "pci 0000:03:00.3 1002:73a4 class=0c8000 group=7 parent=0000:02:00.0\n");

	expect_card(p, "0000:03:00.1", "03:00.0 03:00.1 03:00.2 03:00.3", "01:00.0 02:00.0");
	expect_displays(p, "03:00.0");
}

/* The ports of Vega's switch have the other of AMD's two numbers. */
static void vega_has_ports_of_amds_other_number(void **state)
{
	struct picture *p =
		pci(state, "bridge 0000:00:03.1 1022:1453 group=1\n"
			   "bridge 0000:09:00.0 1022:1470 group=2 parent=0000:00:03.1\n"
			   "bridge 0000:0a:00.0 1022:1471 group=3 parent=0000:09:00.0\n"
			   "pci 0000:0b:00.0 1002:687f class=030000 group=4 parent=0000:0a:00.0\n"
			   "pci 0000:0b:00.1 1002:aaf8 class=040300 group=5 parent=0000:0a:00.0\n");

	expect_card(p, "0000:0b:00.0", "0b:00.0 0b:00.1", "09:00.0 0a:00.0");
}

/* Another maker's switch on the board, with the same card behind. */
static void boards_switch_is_not_swallowed(void **state)
{
	static const char *const ports[] = {"10b5:8747", "1b21:1184", "1022:43c6"};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		VH_AUTO_TEXT struct vh_text lines = {0};
		struct picture *p;

		vh_text_addf(&lines,
			     "bridge 0000:00:01.0 8086:1901 group=1\n"
			     "bridge 0000:01:00.0 %s group=1 parent=0000:00:01.0\n"
			     "bridge 0000:02:08.0 %s group=1 parent=0000:01:00.0\n"
			     "pci 0000:03:00.0 1002:67df class=030000 group=1 parent=0000:02:08.0\n"
			     "pci 0000:03:00.1 1002:aaf0 class=040300 group=1 parent=0000:02:08.0\n",
			     ports[i], ports[i]);
		p = pci(state, vh_text_str(&lines));
		expect_card(p, "0000:03:00.0", "03:00.0 03:00.1", "");
		expect_card(p, "0000:02:08.0", "02:08.0", "");
		if (i + 1 < sizeof(ports) / sizeof(ports[0])) {
			(void)picture_teardown(state);
		}
	}
}

/* The same maker's switch, but with more behind it than one card. */
static void switch_with_other_devices_is_the_boards(void **state)
{
	struct picture *p =
		pci(state, "bridge 0000:00:1c.0 8086:7ab8 group=1\n"
			   "bridge 0000:01:00.0 8086:1136 group=2 parent=0000:00:1c.0\n"
			   "bridge 0000:02:00.0 8086:1136 group=3 parent=0000:01:00.0\n"
			   "bridge 0000:02:01.0 8086:1136 group=4 parent=0000:01:00.0\n"
			   "pci 0000:03:00.0 8086:4905 class=038000 group=5 parent=0000:02:00.0\n"
			   "pci 0000:04:00.0 8086:10d3 class=020000 group=6 parent=0000:02:01.0\n");

	expect_card(p, "0000:03:00.0", "03:00.0", "");
	expect_card(p, "0000:04:00.0", "04:00.0", "");
}

static void two_cards_behind_one_switch_are_two(void **state)
{
	struct picture *p =
		pci(state, "bridge 0000:00:03.0 8086:6f08 group=1\n"
			   "bridge 0000:01:00.0 10de:05be group=2 parent=0000:00:03.0\n"
			   "bridge 0000:02:00.0 10de:05be group=3 parent=0000:01:00.0\n"
			   "bridge 0000:02:02.0 10de:05be group=4 parent=0000:01:00.0\n"
			   "pci 0000:03:00.0 10de:1180 class=030000 group=5 parent=0000:02:00.0\n"
			   "pci 0000:03:00.1 10de:0e0a class=040300 group=5 parent=0000:02:00.0\n"
			   "pci 0000:04:00.0 10de:1180 class=030000 group=6 parent=0000:02:02.0\n"
			   "pci 0000:04:00.1 10de:0e0a class=040300 group=6 parent=0000:02:02.0\n");

	expect_card(p, "0000:03:00.1", "03:00.0 03:00.1", "");
	expect_card(p, "0000:04:00.0", "04:00.0 04:00.1", "");
	expect_displays(p, "03:00.0 04:00.0");
}

/* A slot of the chipset holds devices of their own, unless a group holds them together. */
static void chipset_is_what_goes_along(void **state)
{
	struct picture *p = pci(state,
				"pci 0000:00:02.0 8086:4680 class=030000 group=0 boot_vga=1\n"
				"pci 0000:00:14.0 8086:7ae0 class=0c0330 group=5\n"
				"pci 0000:00:14.2 8086:7aa7 class=050000 group=5\n"
				"pci 0000:00:14.3 8086:7af0 class=028000 group=6\n");

	expect_card(p, "0000:00:02.0", "00:02.0", "");
	expect_card(p, "0000:00:14.0", "00:14.0 00:14.2", "");
	expect_card(p, "0000:00:14.3", "00:14.3", "");
}

static void virtual_function_is_a_card_of_its_own(void **state)
{
	struct picture *p = picture_of(state, fk_host("sriov"));
	int vf = -1;

	for (size_t i = 0; i < p->host.function_count; i++) {
		vf = p->host.functions[i].is_vf && vf < 0 ? (int)i : vf;
	}
	assert_true(vf >= 0);
	expect_card(p, p->host.functions[vf].name, p->host.functions[vf].name + 5, "");
}

/* A captured tree with a wrong link: everything ends. */
static void parents_in_a_circle(void **state)
{
	struct picture *p =
		pci(state, "bridge 0000:00:01.0 8086:1901 group=1\n"
			   "bridge 0000:01:00.0 8086:4fa0 group=2 parent=0000:00:01.0\n"
			   "pci 0000:02:00.0 8086:56a0 class=030000 group=3 parent=0000:01:00.0\n");

	(void)vh_copy(function(p, "0000:00:01.0")->parent, VH_PCI_ADDRESS_MAX, "0000:01:00.0");
	expect_card(p, "0000:02:00.0", "02:00.0", "");
	(void)vh_copy(function(p, "0000:00:01.0")->parent, VH_PCI_ADDRESS_MAX, "0000:00:01.0");
	expect_card(p, "0000:02:00.0", "02:00.0", "");
}

static void no_display_at_all(void **state)
{
	struct picture *p = pci(state, "pci 0000:00:14.0 8086:7ae0 class=0c0330 group=5\n");

	assert_int_equal(vh_card_next_display(&p->host, -1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(arc_behind_its_own_switch),
		PICTURE_TEST(amd_with_usb_behind_its_own_switch),
		PICTURE_TEST(vega_has_ports_of_amds_other_number),
		PICTURE_TEST(boards_switch_is_not_swallowed),
		PICTURE_TEST(switch_with_other_devices_is_the_boards),
		PICTURE_TEST(two_cards_behind_one_switch_are_two),
		PICTURE_TEST(chipset_is_what_goes_along),
		PICTURE_TEST(virtual_function_is_a_card_of_its_own),
		PICTURE_TEST(parents_in_a_circle),
		PICTURE_TEST(no_display_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
