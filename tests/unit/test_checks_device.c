/* SPDX-License-Identifier: GPL-2.0-or-later */

/* doctor's checks of the profile and of its devices; the resets are in test_checks_reset.c. */

#include "tests/unit/checks_rig.h"

#define GPU    "[device gpu]\naddress = 0000:01:00.0\n"
#define GPU2   "[device gpu]\naddress = 0000:02:00.0\n"
#define AT     "sys/bus/pci/devices/0000:01:00.0/"
#define AT2    "sys/bus/pci/devices/0000:02:00.0/"
#define FIRST  "0000:01:00.0"
#define SECOND "0000:02:00.0"
#define CONF   "etc/modprobe.d/vfio.conf"

static void look(struct checks *c, const char *profile)
{
	checks_profile(c, "win11", profile);
	checks_run(c, "win11");
	checks_are_whole(c, "profile.");
	checks_are_whole(c, "device.");
	checks_are_whole(c, "reset.");
}

/* two-gpus: the second card is handed over, the first one keeps the console. */
static struct checks *second_card(void **state, const char *lines)
{
	return checks_open(state, "two-gpus", lines);
}

/* --- the profile */

static void all_is_well(void **state)
{
	struct checks *c = second_card(state, "");

	look(c, GPU2);
	checks_says(checks_get(c, "profile.load", "", VH_PASS), "/etc/vfio-handoff/win11.ini");
	checks_get(c, "profile.device", "", VH_PASS);
	checks_says(checks_get(c, "device.driver", "", VH_PASS), "0000:02:00.0: amdgpu");
	checks_says(checks_get(c, "device.screen", SECOND, VH_PASS), FIRST);
	checks_none(c, "device.console");
	checks_none(c, "device.power");
	checks_none(c, "device.override");
	checks_none(c, "profile.all");
	/* Only what is in the profile is judged. */
	for (size_t i = 0; i < c->d.count; i++) {
		assert_false(strcmp(c->d.items[i].subject, FIRST) == 0 &&
			     strncmp(c->d.items[i].id, "device.", 7) == 0);
	}
}

static void without_a_profile_nothing_further_is_judged(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	checks_run(c, "win11");
	f = checks_get(c, "profile.load", "", VH_FAILURE);
	assert_true(f->breaks);
	checks_says(f, "vfio-handoff profile new win11");
	checks_are_whole(c, "profile.");
	assert_true(c->d.stopped);
	checks_none(c, "device.driver");
}

static void a_profile_that_does_not_load_says_where(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	look(c, GPU2 "[host]\nholder = refuse\n");
	f = checks_get(c, "profile.load", "", VH_FAILURE);
	assert_true(f->breaks);
	checks_says(f, "win11.ini:4");
}

/* A VM's name is one word of the command, whatever is in it. */
static void a_name_with_blanks_is_quoted(void **state)
{
	struct checks *c = second_card(state, "");

	checks_run(c, "my vm");
	checks_says(checks_get(c, "profile.load", "", VH_FAILURE), "profile new 'my vm'");
	checks_run(c, "it's");
	checks_says(checks_get(c, "profile.load", "", VH_FAILURE), "profile new 'it'\\''s'");
}

/* bryansteiner#30 */
static void a_card_that_moved_is_found_again(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	look(c, "[device gpu]\naddress = 0000:05:00.0\nid = 1002:73bf\n");
	f = checks_get(c, "profile.device", "0000:05:00.0", VH_FAILURE);
	checks_says(f, "1002:73bf is at 0000:02:00.0");
	checks_says(f, "address = 0000:02:00.0 in [device gpu] (win11.ini:1)");
	assert_int_equal(checks_count(c, "profile.plan", VH_FAILURE), 0);
}

/* bryansteiner#30: the same, and another card sits there now. */
static void another_card_at_the_address_is_told_apart(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	look(c, "[device gpu]\naddress = 0000:01:00.0\nid = 1002:73bf\n");
	f = checks_get(c, "profile.device", FIRST, VH_FAILURE);
	checks_says(f, "/sys/bus/pci/devices/0000:01:00.0: 1234:1111");
	checks_says(f, "1002:73bf is at 0000:02:00.0");
}

static void a_card_that_is_gone_is_looked_for_in_the_list(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	look(c, "[device gpu]\naddress = 0000:09:00.0\n");
	f = checks_get(c, "profile.device", "0000:09:00.0", VH_FAILURE);
	checks_says(f, "vfio-handoff groups");
	assert_false(checks_has(f, "is at 0000"));
}

static void a_group_that_stays_is_said_once(void **state)
{
	struct checks *c = checks_open(state, "shared-group", "");
	const struct vh_finding *f;

	look(c, GPU);
	f = checks_get(c, "groups.profile", FIRST, VH_FAILURE);
	checks_says(f, "0000:02:00.0");
	assert_false(f->breaks);
	checks_none(c, "profile.plan");
}

/* joeknock90#89, isc30#73: what has it open is named, without its address twice. */
static void a_holder_is_named(void **state)
{
	struct checks *c = checks_open(state, "nvidia", "");
	const struct vh_finding *f;

	look(c, GPU);
	f = checks_get(c, "profile.plan", FIRST, VH_FAILURE);
	checks_says(f, "it is in use by Xorg");
	checks_says(f, "the plan is refused: holder");
}

static void without_root_who_holds_it_is_not_known(void **state)
{
	struct checks *c = second_card(state, "");

	c->doctor.is_root = false;
	look(c, GPU2);
	checks_says(checks_get(c, "profile.plan", "", VH_PASS), "steps");
	assert_int_equal(checks_count(c, "profile.plan", VH_UNKNOWN), 1);
}

/* A running VM is no failure of its own start. */
static void a_vm_that_runs_is_said_to(void **state)
{
	struct checks *c = second_card(state, "module vfio_pci\n");

	fk_set(c->fk, AT2 "driver_override", "vfio-pci\n");
	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers/amdgpu/unbind", SECOND), 0);
	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers_probe", SECOND), 0);
	assert_int_equal(
		fk_write(c->fk, "sys/bus/pci/drivers/snd_hda_intel/unbind", "0000:02:00.1"), 0);
	assert_true(fk_vm_open(c->fk, 7) > 0);
	fk_set(c->fk, "run/vfio-handoff/device/0000:02:00.0", "vm win11\n");
	fk_set(c->fk, "run/vfio-handoff/device/0000:02:00.1", "vm win11\n");
	look(c, GPU2);
	checks_says(checks_get(c, "profile.plan", "", VH_PASS), "the VM has the devices");
	assert_int_equal(checks_count(c, "profile.plan", VH_FAILURE), 0);
	checks_says(checks_get(c, "device.driver", "", VH_PASS), "handed over");
	checks_none(c, "device.override");
}

/* What the plan tells beforehand is told here as well. */
static void the_plans_notes_are_warnings(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	look(c, GPU2 "[reset]\nmethod = pm\n");
	f = checks_get(c, "profile.notes", SECOND, VH_WARNING);
	checks_says(f, "none of the reset methods 'pm'");
}

static void all_profiles_are_looked_at(void **state)
{
	struct checks *c = second_card(state, "");

	checks_run(c, NULL);
	checks_get(c, "profile.all", "", VH_NOT_APPLICABLE);
	checks_profile(c, "win11", GPU2);
	checks_profile(c, "my vm", GPU2);
	checks_run(c, NULL);
	checks_says(checks_get(c, "profile.all", "", VH_PASS), "2 profiles");
	checks_says(checks_get(c, "profile.all", SECOND, VH_PASS), "'my vm' and 'win11' share it");
	checks_profile(c, "bad", "[device]\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "profile.all", "bad", VH_FAILURE), "bad.ini:1");
	checks_are_whole(c, "profile.");
}

/* --- drivers */

/* G8, joeknock90#89: on vfio-pci since the host's start. */
static void a_card_that_vfio_has_had_from_the_start_is_explained(void **state)
{
	struct checks *c = second_card(state, "module vfio_pci\n"
					      "file " CONF " \"options vfio-pci ids=1002:73bf\\n"
					      "softdep amdgpu pre: vfio-pci\\n\"\n");
	const struct vh_finding *f;

	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers/amdgpu/unbind", SECOND), 0);
	assert_int_equal(fk_write(c->fk, AT2 "driver_override", "vfio-pci\n"), 0);
	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers_probe", SECOND), 0);
	look(c, GPU2);
	f = checks_get(c, "device.driver", SECOND, VH_WARNING);
	checks_says(f, "/" CONF " gives 1002:73bf to vfio-pci");
	checks_says(f, "/" CONF ":2: softdep amdgpu");
	checks_says(f, "vfio-handoff setup --clean");
	/* Its sound is still the host's. */
	checks_says(checks_get(c, "device.driver", "", VH_PASS), "0000:02:00.1: snd_hda_intel");

	fk_set(c->fk, "etc/driverctl.d/pci-0000:02:00.0", "vfio-pci\n");
	look(c, GPU2);
	checks_says(checks_get(c, "device.driver", SECOND, VH_WARNING),
		    "driverctl unset-override 0000:02:00.0");
}

/* G8: setup --dedicate did it, and that is what it is for. */
static void a_dedicated_card_is_as_it_should_be(void **state)
{
	struct checks *c = second_card(state, "module vfio_pci\n");

	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers/amdgpu/unbind", SECOND), 0);
	assert_int_equal(fk_write(c->fk, AT2 "driver_override", "vfio-pci\n"), 0);
	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers_probe", SECOND), 0);
	fk_set(c->fk, "etc/modprobe.d/vfio-handoff-dedicated.conf",
	       "# function 0000:02:00.0/0x1002/0x73bf\n");
	look(c, GPU2);
	assert_int_equal(checks_count(c, "device.driver", VH_WARNING), 0);
	assert_int_equal(checks_count(c, "device.driver", VH_PASS), 2);
}

/* G17: blacklist */
static void a_blacklisted_driver_is_found(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers/amdgpu/unbind", SECOND), 0);
	look(c, GPU2);
	f = checks_get(c, "device.driver", SECOND, VH_WARNING);
	checks_says(f, "modprobe amdgpu");

	fk_set(c->fk, CONF, "# no\nblacklist amdgpu\n");
	look(c, GPU2);
	f = checks_get(c, "device.driver", SECOND, VH_WARNING);
	checks_says(f, "kept away by /" CONF ":2: blacklist amdgpu");
	checks_says(f, "setup --clean");

	fk_set(c->fk, CONF, "install amdgpu /bin/false\n");
	look(c, GPU2);
	checks_says(checks_get(c, "device.driver", SECOND, VH_WARNING), "install amdgpu /bin/false");

	fk_remove(c->fk, CONF);
	fk_set(c->fk, "proc/cmdline", "quiet modprobe.blacklist=nouveau,amdgpu\n");
	look(c, GPU2);
	checks_says(checks_get(c, "device.driver", SECOND, VH_WARNING),
		    "/proc/cmdline: modprobe.blacklist=nouveau,amdgpu");
}

/* G17: what the kernel's own list says, for a function that is no display */
static void a_blacklisted_sound_driver_is_found_by_its_alias(void **state)
{
	struct checks *c = second_card(state, "");

	assert_int_equal(
		fk_write(c->fk, "sys/bus/pci/drivers/snd_hda_intel/unbind", "0000:02:00.1"), 0);
	fk_set(c->fk, "lib/modules/6.12.107-amd64/modules.alias",
	       "# Aliases\nalias pci:v00001002d0000AB28sv*sd*bc04sc03i* snd_hda_intel\n");
	look(c, GPU2);
	assert_int_equal(checks_count(c, "device.driver", VH_WARNING), 0);
	fk_set(c->fk, CONF, "blacklist snd-hda-intel\n");
	look(c, GPU2);
	checks_says(checks_get(c, "device.driver", "0000:02:00.1", VH_WARNING), "/" CONF ":1");
}

static void an_override_that_is_left_over_is_found(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	assert_int_equal(fk_write(c->fk, AT2 "driver_override", "vfio-pci\n"), 0);
	look(c, GPU2);
	f = checks_get(c, "device.override", SECOND, VH_WARNING);
	checks_says(f, "driver_override: vfio-pci");
	checks_says(f, "echo > /" AT2 "driver_override");
	assert_int_equal(fk_write(c->fk, AT2 "driver_override", "amdgpu\n"), 0);
	look(c, GPU2);
	checks_none(c, "device.override");
}

/* isc30#17: the unbind of nvidia's driver can hang; the plan's own way avoids that. */
static void keeping_nvidias_module_is_warned_of(void **state)
{
	struct checks *c = checks_open(state, "desktop-nvidia", "");

	look(c, GPU "[host]\nmodules = keep\n");
	checks_says(checks_get(c, "device.modules", FIRST, VH_WARNING), "modules = auto");
	look(c, GPU);
	checks_none(c, "device.modules");
}

/* --- screen, power */

/* uwzis#45, G19, G22 */
static void the_only_card_takes_the_screen_along(void **state)
{
	struct checks *c = checks_open(state, "single-gpu", "");

	look(c, GPU);
	checks_says(checks_get(c, "device.screen", FIRST, VH_WARNING), "boot_vga: 1");
	checks_get(c, "device.console", FIRST, VH_PASS);
}

/* G19, kernel.md 3.2: "can't reserve BAR" */
static void a_firmware_frame_buffer_on_a_card_of_vfio_is_in_the_way(void **state)
{
	struct checks *c = checks_open(state, "kernel-5.10", "module vfio_pci\n");
	const struct vh_finding *f;

	assert_int_equal(fk_write(c->fk, AT "driver_override", "vfio-pci\n"), 0);
	assert_int_equal(fk_write(c->fk, "sys/bus/pci/drivers_probe", FIRST), 0);
	look(c, GPU);
	f = checks_get(c, "device.console", FIRST, VH_WARNING);
	checks_says(f, "echo efi-framebuffer.0 > /sys/bus/platform/drivers/efi-framebuffer/"
		       "unbind");
}

/* bryansteiner#39, gnif/vendor-reset#76, vm-curator#60 */
static void a_card_without_power_is_kept_awake_or_warned_of(void **state)
{
	struct checks *c = second_card(state, "");

	fk_set(c->fk, AT2 "power_state", "D3cold\n");
	look(c, GPU2);
	checks_says(checks_get(c, "device.power", SECOND, VH_PASS), "keeps it awake");
	look(c, GPU2 "d3cold = keep\n");
	checks_says(checks_get(c, "device.power", SECOND, VH_WARNING), "d3cold = off");
	fk_set(c->fk, AT2 "power_state", "D0\n");
	fk_set(c->fk, AT2 "power/runtime_status", "error\n");
	look(c, GPU2);
	checks_says(checks_get(c, "device.power", SECOND, VH_WARNING), "power cycle");
}

/* --- BARs: kernel.md 1.8 */

#define NO_BAR "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

static void a_bar_without_an_address_is_a_failure(void **state)
{
	struct checks *c = second_card(state, "");

	look(c, GPU2);
	checks_get(c, "device.bars", "", VH_PASS);
	fk_set(c->fk, AT2 "resource",
	       "0x0000000000000000 0x00000003ffffffff 0x000000002014220c\n" NO_BAR);
	look(c, GPU2);
	checks_says(checks_get(c, "device.bars", SECOND, VH_FAILURE), "16 GiB at no address");
	checks_says(checks_get(c, "device.bars", SECOND, VH_FAILURE), "Above 4G Decoding");
}

/* The kernel gave it up and its line is empty; the register still says what it wants. */
static void a_bar_that_only_its_register_has_is_warned_of(void **state)
{
	struct checks *c = second_card(state,
				       "hex " AT2 "config 02 10 bf 73 07 01 00 00 00 00 00 03 "
				       "00*4 0c 00*47\n");

	fk_set(c->fk, AT2 "resource", NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR);
	look(c, GPU2);
	checks_says(checks_get(c, "device.bars", SECOND, VH_WARNING), "has a BAR 0");
}

static void a_large_bar_is_described(void **state)
{
	struct checks *c = second_card(state, "");
	const struct vh_finding *f;

	fk_set(c->fk, AT2 "resource",
	       "0x0000007c00000000 0x0000007fffffffff 0x000000000014220c\n" NO_BAR);
	look(c, GPU2);
	f = checks_get(c, "device.bars", SECOND, VH_PASS);
	checks_says(f, "BAR 0, has 16 GiB");
	checks_says(f, "resource0_resize: 256 MiB, 512 MiB, 1 GiB, 2 GiB, 4 GiB, 8 GiB");
	assert_false(checks_has(f, "Above 4G"));
	fk_set(c->fk, AT2 "resource",
	       "0x00000000e0000000 0x00000000efffffff 0x000000000014220c\n" NO_BAR);
	look(c, GPU2);
	checks_says(checks_get(c, "device.bars", SECOND, VH_PASS), "Above 4G");
}

/* kernel.md 6.3: intel/compute-runtime#880 */
static void an_arc_with_a_large_bar_has_its_reports(void **state)
{
	struct checks *c = second_card(
		state, "bridge 0000:00:12.0 1b36:000c group=9\n"
		       "pci 0000:04:00.0 8086:56a0 class=030000 driver=i915 group=10 "
		       "parent=0000:00:12.0 bar2=4000000000+400000000 resize2=0000000000007f00 "
		       "reset=flr,bus\n");

	look(c, "[device gpu]\naddress = 0000:04:00.0\n");
	checks_says(checks_get(c, "device.bars", "0000:04:00.0", VH_PASS), "16 GiB");
	assert_int_equal(checks_count(c, "device.bars", VH_WARNING), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(all_is_well),
		CHECKS_TEST(without_a_profile_nothing_further_is_judged),
		CHECKS_TEST(a_profile_that_does_not_load_says_where),
		CHECKS_TEST(a_name_with_blanks_is_quoted),
		CHECKS_TEST(a_card_that_moved_is_found_again),
		CHECKS_TEST(another_card_at_the_address_is_told_apart),
		CHECKS_TEST(a_card_that_is_gone_is_looked_for_in_the_list),
		CHECKS_TEST(a_group_that_stays_is_said_once),
		CHECKS_TEST(a_holder_is_named),
		CHECKS_TEST(without_root_who_holds_it_is_not_known),
		CHECKS_TEST(a_vm_that_runs_is_said_to),
		CHECKS_TEST(the_plans_notes_are_warnings),
		CHECKS_TEST(all_profiles_are_looked_at),
		CHECKS_TEST(a_card_that_vfio_has_had_from_the_start_is_explained),
		CHECKS_TEST(a_dedicated_card_is_as_it_should_be),
		CHECKS_TEST(a_blacklisted_driver_is_found),
		CHECKS_TEST(a_blacklisted_sound_driver_is_found_by_its_alias),
		CHECKS_TEST(an_override_that_is_left_over_is_found),
		CHECKS_TEST(keeping_nvidias_module_is_warned_of),
		CHECKS_TEST(the_only_card_takes_the_screen_along),
		CHECKS_TEST(a_firmware_frame_buffer_on_a_card_of_vfio_is_in_the_way),
		CHECKS_TEST(a_card_without_power_is_kept_awake_or_warned_of),
		CHECKS_TEST(a_bar_without_an_address_is_a_failure),
		CHECKS_TEST(a_bar_that_only_its_register_has_is_warned_of),
		CHECKS_TEST(a_large_bar_is_described),
		CHECKS_TEST(an_arc_with_a_large_bar_has_its_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
