/* SPDX-License-Identifier: GPL-2.0-or-later */

/* doctor's checks of how the profile's devices are reset. */

#include "tests/unit/checks_rig.h"

#define CARD    "[device gpu]\naddress = 0000:04:00.0\n"
#define SECOND  "[device gpu]\naddress = 0000:02:00.0\n"
#define AT      "sys/bus/pci/devices/0000:04:00.0/"
#define NAME    "0000:04:00.0"
#define RELEASE "6.12.107-amd64" /* of two-gpus */
#define BRIDGE  "bridge 0000:00:12.0 1b36:000c group=9 "
#define SOUND                                                                    \
	"pci 0000:04:00.1 10de:1aef class=040300 driver=snd_hda_intel group=10 " \
	"parent=0000:00:12.0 snd=card2\n"
#define GPU(id, driver, more)                                          \
	BRIDGE "\npci 0000:04:00.0 " id " class=030000 driver=" driver \
	       " group=10 parent=0000:00:12.0 " more "\n"

static void look(struct checks *c, const char *profile)
{
	checks_profile(c, "win11", profile);
	checks_run(c, "win11");
	checks_are_whole(c, "reset.");
}

static struct checks *host(void **state, const char *lines, const char *profile)
{
	struct checks *c = checks_open(state, "two-gpus", lines);

	look(c, profile);
	return c;
}

/* --- kernel.md 1.5: the list is older than the card */

static void the_stale_bus_of_a_card_is_found_out(void **state)
{
	struct checks *c = host(state, "", SECOND);
	const struct vh_finding *f = checks_get(c, "reset.stale-bus", "0000:02:00.0", VH_PASS);

	checks_says(f, "reset_method: bus");
	/* It was all that it had; the bridge above does it. */
	f = checks_get(c, "reset.method", "0000:02:00.0", VH_PASS);
	checks_says(f, "0000:00:11.0");
}

static void a_card_that_is_alone_keeps_its_bus(void **state)
{
	struct checks *c = host(state, GPU("10de:1234", "nouveau", "reset=bus"), CARD);

	checks_none(c, "reset.stale-bus");
	checks_says(checks_get(c, "reset.method", "", VH_PASS), "0000:04:00.0: bus");
}

/* The plan leaves it out, and so it does nothing. */
static void a_profile_that_asks_for_the_stale_bus_is_told(void **state)
{
	struct checks *c = host(state, GPU("10de:2204", "nouveau", "reset=flr,bus") SOUND,
				CARD "[reset]\nmethod = bus\n");

	checks_says(checks_get(c, "reset.stale-bus", NAME, VH_WARNING), "out of method");
	look(c, SECOND "[reset]\nmethod = bus\n");
	checks_get(c, "reset.stale-bus", "0000:02:00.0", VH_WARNING);
	look(c, CARD "[reset]\nmethod = flr\n");
	checks_get(c, "reset.stale-bus", NAME, VH_PASS);
}

static void without_a_bridge_that_resets_there_is_no_way(void **state)
{
	struct checks *c = host(state,
				"bridge 0000:00:12.0 1b36:000c group=9 reset_subordinate=0\n"
				"pci 0000:04:00.0 10de:1234 class=030000 driver=nouveau group=10 "
				"parent=0000:00:12.0 reset=bus\n" SOUND,
				CARD);
	const struct vh_finding *f = checks_get(c, "reset.method", NAME, VH_WARNING);

	checks_says(f, "/sys/bus/pci/devices/0000:00:12.0/reset_subordinate: not there");
	checks_says(f, "newer kernel");
}

/* A switch's other device would be reset along. */
static void a_stranger_below_the_bridge_forbids_its_reset(void **state)
{
	struct checks *c =
		host(state,
		     GPU("10de:1234", "nouveau",
			 "") "pci 0000:04:01.0 8086:1533 class=020000 driver=igb group=11 "
			     "parent=0000:00:12.0\n",
		     CARD);

	checks_says(checks_get(c, "reset.method", NAME, VH_WARNING),
		    "0000:04:01.0 below the bridge");
}

static void a_profile_that_forbids_resets_is_believed(void **state)
{
	struct checks *c = host(state, "", SECOND "[reset]\nmethod = none\n");

	checks_says(checks_get(c, "reset.method", "", VH_PASS), "[reset] method: none");
}

static void an_old_kernel_names_no_method(void **state)
{
	struct checks *c = checks_open(state, "kernel-5.10", "");

	look(c, "[device gpu]\naddress = 0000:01:00.0\n");
	checks_says(checks_get(c, "reset.method", "", VH_PASS), "does not name");
	checks_none(c, "reset.stale-bus");
}

/* --- FLR, as the card itself says */

/* A capability list of one entry, PCI Express; @devcap: the last byte of DevCap, whose bit 4 is FLR. */
#define CONFIG(id, devcap)     \
	"hex " AT "config " id \
	" 07 01 10 00 00 00 00 03 00*40 40 00*11 10 00 02 00 00 00 00 " devcap " 00*184\n"

static void an_flr_that_is_not_in_the_list_is_found(void **state)
{
	struct checks *c = host(
		state, GPU("10de:1234", "nouveau", "reset=bus") CONFIG("de 10 34 12", "10"), CARD);
	const struct vh_finding *f = checks_get(c, "reset.flr", NAME, VH_WARNING);

	checks_says(f, "reset_method: bus");
	checks_says(f, "echo default > /" AT "reset_method");
	fk_set(c->fk, AT "reset_method", "flr bus\n");
	look(c, CARD);
	checks_none(c, "reset.flr");
}

static void a_card_without_flr_lacks_nothing(void **state)
{
	struct checks *c = host(
		state, GPU("10de:1234", "nouveau", "reset=bus") CONFIG("de 10 34 12", "00"), CARD);

	checks_none(c, "reset.flr");
}

/* drivers/pci/quirks.c: quirk_no_flr() */
static void an_flr_that_the_kernel_denies_is_no_surprise(void **state)
{
	struct checks *c = host(
		state,
		BRIDGE
		"\npci 0000:04:00.0 1022:149c class=0c0330 driver=xhci_hcd "
		"group=10 parent=0000:00:12.0 reset=pm,bus usb=usb5\n" CONFIG("22 10 9c 14", "10"),
		CARD);

	checks_get(c, "reset.flr", NAME, VH_PASS);
}

/* --- G15: AMD and vendor-reset */

#define POLARIS(methods) GPU("1002:67df", "amdgpu", "reset=" methods)

static void a_polaris_without_vendor_reset_is_warned_of(void **state)
{
	struct checks *c = host(state, POLARIS("bus"), CARD);
	const struct vh_finding *f = checks_get(c, "reset.known", NAME, VH_WARNING);

	checks_says(f, "a Polaris 10 needs the module vendor-reset, which is not there");
	assert_int_equal(f->command.len, 0);
	fk_set(c->fk, "lib/modules/" RELEASE "/updates/dkms/vendor-reset.ko.xz", "");
	look(c, CARD);
	f = checks_get(c, "reset.known", NAME, VH_WARNING);
	checks_says(f, "is not loaded");
	checks_says(f, "modprobe vendor-reset");
}

/* gnif/vendor-reset#35, #46, #64, #96, #97: "loaded" is not enough */
static void a_vendor_reset_that_is_not_used_is_found(void **state)
{
	struct checks *c = host(state, POLARIS("bus") "dir sys/module/vendor_reset\n", CARD);
	const struct vh_finding *f = checks_get(c, "reset.known", NAME, VH_WARNING);

	checks_says(f, "is loaded, but");
	checks_says(f, "echo device_specific > /" AT "reset_method");
	fk_set(c->fk, AT "reset_method", "device_specific\n");
	look(c, CARD);
	checks_says(checks_get(c, "reset.known", NAME, VH_PASS),
		    "vendor-reset resets this Polaris 10");
	checks_says(checks_get(c, "reset.method", "", VH_PASS), "device_specific");
	/* What the profile says can be in its way. */
	look(c, CARD "[reset]\nmethod = bus\n");
	checks_says(checks_get(c, "reset.known", NAME, VH_WARNING), "[reset] method: bus");
	look(c, CARD "[reset]\nmethod = device_specific\n");
	checks_get(c, "reset.known", NAME, VH_PASS);
	/* And the module can be gone while the list still names it. */
	fk_remove(c->fk, "sys/module/vendor_reset");
	look(c, CARD);
	checks_says(checks_get(c, "reset.known", NAME, VH_WARNING),
		    "only while that module is loaded");
}

/* Since 5.15 the file is made when the card is found, and only if there is a method then. */
static void without_a_list_vendor_reset_cannot_be_chosen(void **state)
{
	struct checks *c =
		host(state, GPU("1002:731f", "amdgpu", "") "dir sys/module/vendor_reset\n", CARD);

	checks_says(checks_get(c, "reset.known", NAME, VH_WARNING),
		    "before the kernel finds the card");
}

/* gnif/vendor-reset#65, #73, #97, #107 */
static void what_is_only_reported_is_said_to_be(void **state)
{
	struct checks *c = host(state, GPU("1002:744c", "amdgpu", "reset=bus"), CARD);
	const struct vh_finding *f = checks_get(c, "reset.known", NAME, VH_WARNING);

	checks_says(f, "for Navi 31, hangs at the end of a VM are reported");
	checks_says(f, "gnif/vendor-reset#65, #97");
	checks_run(c, NULL);
	checks_none(c, "reset.known");
}

static void a_card_nobody_knows_of_gives_nothing(void **state)
{
	struct checks *c = host(state, GPU("10de:2204", "nouveau", "reset=flr,bus") SOUND, CARD);

	checks_none(c, "reset.known");
	checks_none(c, "reset.flr");
}

/* --- kernel.md 6.2; NVIDIA/open-gpu-kernel-modules#853 */

static void a_5090_is_kept_from_its_function_level_reset(void **state)
{
	struct checks *c = host(state, GPU("10de:2b85", "nouveau", "reset=flr,bus") SOUND, CARD);
	const struct vh_finding *f = checks_get(c, "reset.known", NAME, VH_WARNING);

	checks_says(f, "reported never to come back");
	checks_says(f, "method = none");
	look(c, CARD "[reset]\nmethod = none\n");
	checks_get(c, "reset.known", NAME, VH_PASS);
}

static void hopper_has_no_bus_reset(void **state)
{
	struct checks *c = host(state, GPU("10de:2342", "nouveau", "reset=flr"), CARD);

	checks_get(c, "reset.known", NAME, VH_PASS);
	fk_set(c->fk, AT "reset_method", "\n");
	look(c, CARD);
	checks_says(checks_get(c, "reset.known", NAME, VH_WARNING), "no other reset");
}

/* kernel.md 6.3: gvt-linux#189 */
static void an_igpu_with_reported_hangs_is_named(void **state)
{
	struct checks *c = host(state, GPU("8086:5912", "i915", "reset=flr"), CARD);

	checks_says(checks_get(c, "reset.known", NAME, VH_WARNING), "HD Graphics 630");
	fk_set(c->fk, AT "reset_method", "bus\n");
	look(c, CARD);
	checks_none(c, "reset.known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(the_stale_bus_of_a_card_is_found_out),
		CHECKS_TEST(a_card_that_is_alone_keeps_its_bus),
		CHECKS_TEST(a_profile_that_asks_for_the_stale_bus_is_told),
		CHECKS_TEST(without_a_bridge_that_resets_there_is_no_way),
		CHECKS_TEST(a_stranger_below_the_bridge_forbids_its_reset),
		CHECKS_TEST(a_profile_that_forbids_resets_is_believed),
		CHECKS_TEST(an_old_kernel_names_no_method),
		CHECKS_TEST(an_flr_that_is_not_in_the_list_is_found),
		CHECKS_TEST(a_card_without_flr_lacks_nothing),
		CHECKS_TEST(an_flr_that_the_kernel_denies_is_no_surprise),
		CHECKS_TEST(a_polaris_without_vendor_reset_is_warned_of),
		CHECKS_TEST(a_vendor_reset_that_is_not_used_is_found),
		CHECKS_TEST(without_a_list_vendor_reset_cannot_be_chosen),
		CHECKS_TEST(what_is_only_reported_is_said_to_be),
		CHECKS_TEST(a_card_nobody_knows_of_gives_nothing),
		CHECKS_TEST(a_5090_is_kept_from_its_function_level_reset),
		CHECKS_TEST(hopper_has_no_bus_reset),
		CHECKS_TEST(an_igpu_with_reported_hangs_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
