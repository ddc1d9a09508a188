/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The tree of functions, why a group is as large as it is, and what an override makes of it: G4, G5. */

#include "lib/host/topology.h"
#include "tests/unit/config_bytes.h"
#include "tests/unit/host_picture.h"

#define HEAD "kernel 6.12.0\niommu dmar0\nconsole fbcon=1 dummy=0\n"
#define PVE  "kernel 6.8.12-4-pve\niommu dmar0\nconsole fbcon=1 dummy=0\n"

#define OVERRIDE(what) "file proc/cmdline quiet pcie_acs_override=" what "\\n\n"

/* Two slots on the processor's ports, which are functions of one device; Intel's desktops are so. */
#define TWO_SLOTS(first, second)                                                        \
	"bridge 0000:00:01.0 8086:1901 group=" first "\n"                               \
	"bridge 0000:00:01.1 8086:1905 group=" second "\n"                              \
	"pci 0000:01:00.0 10de:2204 class=030000 group=" first " parent=0000:00:01.0\n" \
	"pci 0000:01:00.1 10de:1aef class=040300 group=" first " parent=0000:00:01.0\n" \
	"pci 0000:02:00.0 8086:10d3 class=020000 group=" second " parent=0000:00:01.1\n"

/* One more, on the chipset. */
#define THIRD_SLOT "bridge 0000:00:1b.0 8086:a340 group=7\n"

struct tree {
	struct picture p;
	struct vh_topology t;
};

static struct tree *tree_of(void **state, struct fakekernel *fk)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	*state = tree;
	tree->p.fk = fk;
	take(&tree->p);
	return tree;
}

static void look(struct tree *tree)
{
	struct vh_error err = {0};

	vh_topology_done(&tree->t);
	if (vh_topology_load(fk_sys(tree->p.fk), &tree->p.host, 1000, &tree->t, &err)) {
		fail_msg("%s", err.msg);
	}
}

static int tree_teardown(void **state)
{
	struct tree *tree = *state;

	vh_topology_done(&tree->t);
	vh_host_done(&tree->p.host);
	fk_free(tree->p.fk);
	free(tree);
	return 0;
}

#define TREE_TEST(name) cmocka_unit_test_teardown(name, tree_teardown)

static size_t index_of(const struct tree *tree, const char *name)
{
	int index = vh_host_find_name(&tree->p.host, name);

	assert_true(index >= 0);
	return (size_t)index;
}

static const struct vh_pci_place *place_of(const struct tree *tree, const char *name)
{
	return &tree->t.places[index_of(tree, name)];
}

static void says(const struct tree *tree, int group,
		 void (*say)(const struct vh_topology *t, int group, struct vh_text *ret),
		 const char *wanted)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	say(&tree->t, group, &text);
	assert_string_equal(vh_text_str(&text), wanted);
}

static void order_is_that_of_the_tree(void **state)
{
	static const char *const wanted[] = {"0000:00:00.0", "0000:00:01.0", "0000:02:00.0",
					     "0000:03:00.0", "0000:05:00.0", "0000:03:01.0",
					     "0000:04:00.0", "0000:00:1f.0", "0000:01:00.0"};
	static const unsigned depths[] = {0, 0, 1, 2, 3, 2, 3, 0, 0};
	struct tree *tree = tree_of(
		state,
		fk_parse("order", HEAD "bridge 0000:00:00.0 8086:1237 class=060000 group=0\n"
				       "bridge 0000:00:01.0 8086:1901 group=1\n"
				       "pci 0000:00:1f.0 8086:a305 class=060100 group=2\n"
				       "pci 0000:01:00.0 8086:1 class=020000 group=3\n"
				       "bridge 0000:02:00.0 10b5:8747 group=4 parent=0000:00:01.0\n"
				       "bridge 0000:03:00.0 10b5:8747 group=5 parent=0000:02:00.0\n"
				       "bridge 0000:03:01.0 10b5:8747 group=6 parent=0000:02:00.0\n"
				       "pci 0000:04:00.0 8086:2 group=6 parent=0000:03:01.0\n"
				       "pci 0000:05:00.0 8086:3 group=5 parent=0000:03:00.0\n"));

	look(tree);
	assert_int_equal(tree->p.host.function_count, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < tree->p.host.function_count; i++) {
		size_t at = tree->t.order[i];

		assert_string_equal(tree->p.host.functions[at].name, wanted[i]);
		assert_int_equal(tree->t.places[at].depth, depths[i]);
	}
	assert_true(vh_topology_is_below(&tree->t, index_of(tree, "0000:04:00.0"),
					 index_of(tree, "0000:00:01.0")));
	assert_false(vh_topology_is_below(&tree->t, index_of(tree, "0000:04:00.0"),
					  index_of(tree, "0000:03:00.0")));
}

/* A captured tree may have wrong links: each function is shown once, whatever they say. */
static void parents_in_a_circle_are_cut(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("circle", HEAD TWO_SLOTS("1", "1")));
	size_t seen = 0;

	(void)vh_copy(function(&tree->p, "0000:00:01.0")->parent, VH_PCI_ADDRESS_MAX,
		      "0000:01:00.0");
	look(tree);
	for (size_t i = 0; i < tree->p.host.function_count; i++) {
		seen += tree->t.order[i];
	}
	assert_int_equal(seen, 0 + 1 + 2 + 3 + 4);
	(void)vh_copy(function(&tree->p, "0000:00:01.0")->parent, VH_PCI_ADDRESS_MAX,
		      "0000:00:01.0");
	look(tree);
	assert_int_equal(place_of(tree, "0000:00:01.0")->parent, -1);
}

static void groups_are_counted_by_cards(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("count", HEAD TWO_SLOTS("1", "1") THIRD_SLOT
						    "pci 0000:00:1f.3 8086:1 class=040300\n"));
	const struct vh_group *g;

	look(tree);
	assert_int_equal(tree->t.group_count, 3);
	g = vh_topology_group(&tree->t, 1);
	assert_int_equal(g->count, 5);
	assert_int_equal(g->endpoints, 3);
	assert_int_equal(g->cards, 2);
	assert_int_equal(vh_topology_group(&tree->t, 7)->endpoints, 0);
	assert_null(vh_topology_group(&tree->t, 8));
	/* Those of no group come last. */
	assert_int_equal(tree->t.groups[2].number, -1);
	says(tree, 1, vh_topology_say_help,
	     "put the card behind a port whose group is its own: 0000:00:1b.0 (empty), where "
	     "it leads to a slot, which only root can see; try a newer firmware of the board, "
	     "which sometimes brings ACS");
}

/* kernel.md 2.4: several root ports of one device without ACS. */
static void ports_of_one_device_without_acs(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("ports", HEAD TWO_SLOTS("1", "1") THIRD_SLOT));

	config_set_port(tree->p.fk, "0000:00:01.0", VH_PCIE_ROOT_PORT, 1, 0);
	config_set_port(tree->p.fk, "0000:00:01.1", VH_PCIE_ROOT_PORT, 2, 0);
	config_set_port(tree->p.fk, "0000:00:1b.0", VH_PCIE_ROOT_PORT, 3, 1);
	fk_set(tree->p.fk, "sys/bus/pci/slots/4/address", "0000:03:00\n");
	look(tree);
	assert_int_equal(place_of(tree, "0000:00:01.0")->leak, VH_LEAK_FUNCTIONS);
	assert_int_equal(place_of(tree, "0000:01:00.0")->leak, VH_LEAK_NONE);
	assert_int_equal(place_of(tree, "0000:00:1b.0")->leak, VH_LEAK_NONE);
	assert_int_equal(place_of(tree, "0000:00:1b.0")->leads_to_slot, 1);
	says(tree, 1, vh_topology_say_why,
	     "the root ports 0000:00:01.0 and 0000:00:01.1 are among the functions of one device, "
	     "without ACS");
	says(tree, 1, vh_topology_say_help,
	     "put the card behind a port whose group is its own: 0000:00:1b.0 (slot 4, empty); try a "
	     "newer firmware of the board, which sometimes brings ACS");
}

/* A port that is soldered to something is no place for a card. */
static void port_without_a_slot_is_not_recommended(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("solder", HEAD TWO_SLOTS("1", "1") THIRD_SLOT));
	struct vh_config_space c;

	config_begin(&c, 0x8086, 0xa340, VH_CONFIG_MAX);
	config_bridge(&c, 3, false);
	config_express(&c, VH_PCIE_ROOT_PORT, 0, false);
	config_set(tree->p.fk, "0000:00:1b.0", &c);
	look(tree);
	assert_int_equal(place_of(tree, "0000:00:1b.0")->leads_to_slot, 0);
	says(tree, 1, vh_topology_say_help,
	     "no other port with a group of its own was seen; try a newer firmware of the board, "
	     "which sometimes brings ACS");
}

static void without_root_it_says_so(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("user", HEAD TWO_SLOTS("1", "1")));

	/* The fake kernel's own configuration spaces are those of a user: 64 bytes. */
	look(tree);
	assert_int_equal(place_of(tree, "0000:00:01.0")->leak, VH_LEAK_UNSEEN);
	says(tree, 1, vh_topology_say_why,
	     "the bridges 0000:00:01.0 and 0000:00:01.1 have registers that could not be read, for "
	     "which it takes root");
}

#define BEHIND_A_SWITCH                                                         \
	"bridge 0000:00:1c.0 8086:a340 group=3\n"                               \
	"bridge 0000:01:00.0 104c:8232 group=3 parent=0000:00:1c.0\n"           \
	"bridge 0000:02:00.0 104c:8233 group=3 parent=0000:01:00.0\n"           \
	"bridge 0000:02:01.0 104c:8233 group=3 parent=0000:01:00.0\n"           \
	"pci 0000:03:00.0 10de:2204 class=030000 group=3 parent=0000:02:00.0\n" \
	"pci 0000:04:00.0 144d:a808 class=010802 group=3 parent=0000:02:01.0\n"

/* One port without ACS above merges all that is below, whatever the ports below have. */
static void port_above_is_to_blame(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("above", HEAD BEHIND_A_SWITCH));

	config_set_port(tree->p.fk, "0000:00:1c.0", VH_PCIE_ROOT_PORT, 1, 0);
	config_set_port(tree->p.fk, "0000:01:00.0", VH_PCIE_UPSTREAM, 2, 0);
	config_set_port(tree->p.fk, "0000:02:00.0", VH_PCIE_DOWNSTREAM, 3, 1);
	config_set_port(tree->p.fk, "0000:02:01.0", VH_PCIE_DOWNSTREAM, 4, -1);
	look(tree);
	assert_int_equal(place_of(tree, "0000:00:1c.0")->leak, VH_LEAK_PORT);
	assert_int_equal(place_of(tree, "0000:01:00.0")->leak, VH_LEAK_NONE);
	assert_int_equal(place_of(tree, "0000:02:00.0")->leak, VH_LEAK_NONE);
	assert_int_equal(place_of(tree, "0000:02:01.0")->leak, VH_LEAK_PORT_OFF);
	says(tree, 3, vh_topology_say_why,
	     "the root port 0000:00:1c.0 has no ACS; the switch port 0000:02:01.0 has ACS, but not "
	     "switched on (source validation, request redirect, completion redirect, upstream "
	     "forwarding)");
}

/* AMD's chipsets: the upper port of their switch is a function beside USB and SATA. */
static void chipset_with_its_switch_among_functions(void **state)
{
	struct tree *tree = tree_of(
		state,
		fk_parse("am4", HEAD
			 "bridge 0000:00:01.3 1022:1453 group=1\n"
			 "pci 0000:01:00.0 1022:43d0 class=0c0330 group=5 parent=0000:00:01.3\n"
			 "pci 0000:01:00.1 1022:43c8 class=010601 group=5 parent=0000:00:01.3\n"
			 "bridge 0000:01:00.2 1022:43c6 group=5 parent=0000:00:01.3\n"
			 "bridge 0000:02:00.0 1022:43c7 group=5 parent=0000:01:00.2\n"
			 "pci 0000:03:00.0 10de:2204 class=030000 group=5 parent=0000:02:00.0\n"));

	config_set_port(tree->p.fk, "0000:00:01.3", VH_PCIE_ROOT_PORT, 1, 1);
	config_set_port(tree->p.fk, "0000:01:00.2", VH_PCIE_UPSTREAM, 2, 0);
	config_set_port(tree->p.fk, "0000:02:00.0", VH_PCIE_DOWNSTREAM, 3, 1);
	look(tree);
	assert_int_equal(vh_topology_group(&tree->t, 5)->cards, 2);
	says(tree, 5, vh_topology_say_why,
	     "the upper port of a switch 0000:01:00.2 is among the functions of one device, without "
	     "ACS");
}

static void bridge_to_conventional_pci(void **state)
{
	struct tree *tree = tree_of(
		state,
		fk_parse("pci", HEAD
			 "bridge 0000:00:1c.0 8086:a340 group=3\n"
			 "bridge 0000:01:00.0 1b21:1080 group=4 parent=0000:00:1c.0\n"
			 "pci 0000:02:00.0 1102:0002 class=040100 group=4 parent=0000:01:00.0\n"
			 "pci 0000:02:01.0 10ec:8139 class=020000 group=4 parent=0000:01:00.0\n"));

	config_set_port(tree->p.fk, "0000:00:1c.0", VH_PCIE_ROOT_PORT, 1, 1);
	config_set_port(tree->p.fk, "0000:01:00.0", VH_PCIE_TO_PCI_BRIDGE, 2, 0);
	look(tree);
	says(tree, 4, vh_topology_say_why,
	     "the bridge 0000:01:00.0 leads to conventional PCI, where the IOMMU cannot tell one "
	     "device from another");
	/* No firmware can change that. */
	says(tree, 4, vh_topology_say_help, "no other port with a group of its own was seen");
}

static void reason_that_no_register_shows(void **state)
{
	struct tree *tree = tree_of(
		state, fk_parse("quirk", HEAD "pci 0000:00:14.0 8086:1 class=0c0330 group=4\n"
					      "pci 0000:00:16.0 8086:2 class=078000 group=4\n"));

	look(tree);
	says(tree, 4, vh_topology_say_why,
	     "no port without ACS was seen; the kernel has a reason that the registers do not show");
}

/* A card that sleeps too deep is waited for three times, not once for each bridge. */
static void silence_is_not_waited_for_for_ever(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("deaf", HEAD BEHIND_A_SWITCH));
	uint64_t before = fk_sys(tree->p.fk)->ops->now_ms(fk_sys(tree->p.fk));

	fk_fault(tree->p.fk,
		 &(struct fk_fault){.op = FK_READ, .path_contains = "/config", .action = FK_HANG});
	look(tree);
	assert_int_equal(place_of(tree, "0000:00:1c.0")->leak, VH_LEAK_UNSEEN);
	assert_true(fk_sys(tree->p.fk)->ops->now_ms(fk_sys(tree->p.fk)) - before <= 3000);
	assert_int_equal(fk_report(tree->p.fk)->unguarded, 0);
	fk_release(tree->p.fk);
}

static void endpoints_are_not_woken(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("asleep", HEAD TWO_SLOTS("1", "1")));

	fk_fault(tree->p.fk, &(struct fk_fault){.op = FK_READ,
						.path_contains = "0000:01:00.0/config",
						.action = FK_HANG});
	look(tree);
	assert_int_equal(fk_report(tree->p.fk)->stuck, 0);
}

static void set_two_ports(struct fakekernel *fk, int acs)
{
	config_set_port(fk, "0000:00:01.0", VH_PCIE_ROOT_PORT, 1, acs);
	config_set_port(fk, "0000:00:01.1", VH_PCIE_ROOT_PORT, 2, acs);
}

/* proxmox.md 3.4: what the override has split is claimed, not real. */
static void override_is_seen_through(void **state)
{
	struct tree *tree =
		tree_of(state, fk_parse("claimed",
					PVE TWO_SLOTS("1", "2") THIRD_SLOT OVERRIDE("downstream")));

	set_two_ports(tree->p.fk, 0);
	config_set_port(tree->p.fk, "0000:00:1b.0", VH_PCIE_ROOT_PORT, 3, 1);
	look(tree);
	assert_string_equal(tree->t.override, "downstream");
	assert_true(tree->t.has_patch);
	assert_true(place_of(tree, "0000:00:01.0")->overridden);
	assert_int_equal(vh_topology_group(&tree->t, 1)->isolation, VH_ISOLATION_CLAIMED);
	assert_int_equal(vh_topology_group(&tree->t, 2)->isolation, VH_ISOLATION_CLAIMED);
	assert_int_equal(vh_topology_group(&tree->t, 7)->isolation, VH_ISOLATION_REAL);
}

/* Ports that have ACS are not what it is about. */
static void override_without_effect(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("real", PVE TWO_SLOTS("1", "2") OVERRIDE(
								    "downstream,multifunction")));

	set_two_ports(tree->p.fk, 1);
	look(tree);
	assert_int_equal(vh_topology_group(&tree->t, 1)->isolation, VH_ISOLATION_REAL);
	assert_int_equal(vh_topology_group(&tree->t, 2)->isolation, VH_ISOLATION_REAL);
}

static void override_without_root_is_in_doubt(void **state)
{
	struct tree *tree =
		tree_of(state, fk_parse("doubt", PVE TWO_SLOTS("1", "2") OVERRIDE("downstream")));

	look(tree);
	assert_int_equal(vh_topology_group(&tree->t, 1)->isolation, VH_ISOLATION_UNSEEN);
}

/* "multifunction" splits the functions of a card; "id:" takes any device. */
static void override_of_functions_and_of_ids(void **state)
{
	static const struct {
		const char *value;
		bool functions;
		bool ports;
	} cases[] = {
		{"multifunction", true, false},
		{"id:10de:2204,id:10de:1aef", true, false},
		{"id:10de:220", false, false},
		{"downstream", false, true},
		{"xdownstream,downstreams", false, false},
		{"id:8086:1901,id:8086:1905", false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tree *tree = tree_of(state, fk_parse("id", PVE TWO_SLOTS("1", "2")));
		struct vh_config_space c;
		char line[128];

		(void)snprintf(line, sizeof(line), "a=pcie_acs_override=x pcie_acs_override=%s b\n",
			       cases[i].value);
		fk_set(tree->p.fk, "proc/cmdline", line);
		set_two_ports(tree->p.fk, 0);
		config_begin(&c, 0x10de, 0x2204, VH_CONFIG_MAX);
		config_express(&c, VH_PCIE_ENDPOINT, 0, true);
		config_set(tree->p.fk, "0000:01:00.0", &c);
		config_set(tree->p.fk, "0000:01:00.1", &c);
		look(tree);
		assert_string_equal(tree->t.override, cases[i].value);
		assert_int_equal(place_of(tree, "0000:01:00.0")->overridden, cases[i].functions);
		assert_int_equal(place_of(tree, "0000:00:01.0")->overridden, cases[i].ports);
		if (i + 1 < sizeof(cases) / sizeof(cases[0])) {
			(void)tree_teardown(state);
		}
	}
}

/* G5: never where the kernel does not know it, and never without its risk. */
static void override_is_offered_with_its_risk(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct tree *tree = tree_of(state, fk_parse("pve", PVE TWO_SLOTS("1", "1")));

	look(tree);
	vh_topology_say_override(&tree->t, &text);
	assert_non_null(strstr(vh_text_str(&text), "pcie_acs_override=downstream,multifunction"));
	assert_non_null(strstr(vh_text_str(&text), "the risk: "));
	(void)tree_teardown(state);
	vh_text_done(&text);

	tree = tree_of(state, fk_parse("debian", HEAD TWO_SLOTS("1", "1")));
	look(tree);
	vh_topology_say_override(&tree->t, &text);
	assert_string_equal(vh_text_str(&text), "");
}

static void slots_have_names(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("slots", HEAD TWO_SLOTS("1", "1")));

	fk_set(tree->p.fk, "sys/bus/pci/slots/PEG 1/address", "0000:01:00\n");
	fk_set(tree->p.fk, "sys/bus/pci/slots/7/address", "0000:02\n");
	config_set_port(tree->p.fk, "0000:00:01.1", VH_PCIE_ROOT_PORT, 2, 0);
	look(tree);
	assert_string_equal(place_of(tree, "0000:01:00.1")->slot, "PEG 1");
	assert_string_equal(place_of(tree, "0000:02:00.0")->slot, "7");
	assert_string_equal(place_of(tree, "0000:00:01.1")->slot, "7");
	assert_string_equal(place_of(tree, "0000:00:01.0")->slot, "");
}

static void clean_ports(void **state)
{
	struct tree *tree = tree_of(state, fk_parse("clean", HEAD TWO_SLOTS("1", "1") THIRD_SLOT
						    "bridge 0000:00:1c.0 8086:a338 group=8\n"
						    "pci 0000:04:00.0 8086:1539 class=020000 "
						    "group=9 parent=0000:00:1c.0\n"));

	look(tree);
	assert_false(vh_topology_is_clean_port(&tree->t, index_of(tree, "0000:00:01.0")));
	assert_true(vh_topology_is_clean_port(&tree->t, index_of(tree, "0000:00:1b.0")));
	assert_true(vh_topology_is_clean_port(&tree->t, index_of(tree, "0000:00:1c.0")));
	assert_false(vh_topology_is_clean_port(&tree->t, index_of(tree, "0000:04:00.0")));
	says(tree, 1, vh_topology_say_help,
	     "put the card behind a port whose group is its own: 0000:00:1b.0 (empty), 0000:00:1c.0 "
	     "(0000:04:00.0 is behind it), where it leads to a slot, which only root can see; try "
	     "a newer firmware of the board, which sometimes brings ACS");
	says(tree, 9, vh_topology_say_why,
	     "no port without ACS was seen; the kernel has a reason that the registers do not show");
}

static void list_of_endpoints(void **state)
{
	VH_AUTO_TEXT struct vh_text card = {0};
	VH_AUTO_TEXT struct vh_text all = {0};
	struct tree *tree = tree_of(state, fk_parse("list", HEAD TWO_SLOTS("1", "1")));

	look(tree);
	vh_topology_say_endpoints(&tree->t, 1, (int)index_of(tree, "0000:01:00.0"), &card);
	assert_string_equal(vh_text_str(&card), "0000:01:00.0 and 0000:01:00.1");
	vh_topology_say_endpoints(&tree->t, 1, -1, &all);
	assert_string_equal(vh_text_str(&all), "0000:01:00.0, 0000:01:00.1 and 0000:02:00.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(order_is_that_of_the_tree),
		TREE_TEST(parents_in_a_circle_are_cut),
		TREE_TEST(groups_are_counted_by_cards),
		TREE_TEST(ports_of_one_device_without_acs),
		TREE_TEST(port_without_a_slot_is_not_recommended),
		TREE_TEST(without_root_it_says_so),
		TREE_TEST(port_above_is_to_blame),
		TREE_TEST(chipset_with_its_switch_among_functions),
		TREE_TEST(bridge_to_conventional_pci),
		TREE_TEST(reason_that_no_register_shows),
		TREE_TEST(silence_is_not_waited_for_for_ever),
		TREE_TEST(endpoints_are_not_woken),
		TREE_TEST(override_is_seen_through),
		TREE_TEST(override_without_effect),
		TREE_TEST(override_without_root_is_in_doubt),
		TREE_TEST(override_of_functions_and_of_ids),
		TREE_TEST(override_is_offered_with_its_risk),
		TREE_TEST(slots_have_names),
		TREE_TEST(clean_ports),
		TREE_TEST(list_of_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
