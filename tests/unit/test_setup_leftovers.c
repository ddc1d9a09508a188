/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What counts as a leftover depends on the profiles, on the drivers, and on the kernel. */

#include "tests/unit/setup_rig.h"

#define BLACKLIST "etc/modprobe.d/gpu.conf"
#define PROFILE   "etc/vfio-handoff/win11.ini"

static struct vh_setup plan;

static int setup(void **state)
{
	static const char *const gone[] = {
		"etc/default/grub",
		"etc/default/grub.d/serial.cfg",
		"etc/modules",
		"etc/modprobe.d/blacklist.conf",
		"etc/modprobe.d/vfio.conf",
		"etc/initramfs-tools/modules",
		"etc/libvirt/hooks/qemu",
	};
	struct fakekernel *fk = setup_host("debian12-guide");

	for (size_t i = 0; i < VH_ARRAY_SIZE(gone); i++) {
		fk_remove(fk, gone[i]);
	}
	*state = fk;
	return 0;
}

static int teardown(void **state)
{
	fk_free(*state);
	vh_setup_done(&plan);
	return 0;
}

static const struct vh_setup *look(struct fakekernel *fk)
{
	const struct vh_setup_wish wish = {0};
	struct vh_error err = {0};

	vh_setup_done(&plan);
	if (vh_setup_plan(fk_sys(fk), &wish, &plan, &err)) {
		fail_msg("%s", err.msg);
	}
	assert_int_equal(plan.changes.count, 0);
	return &plan;
}

static void blacklist_without_a_profile_fights_nothing(void **state)
{
	struct fakekernel *fk = *state;

	fk_set(fk, BLACKLIST, "blacklist nouveau\n");
	assert_int_equal(look(fk)->leftovers.count, 1);
	assert_string_equal(plan.leftovers.items[0].what, "'blacklist nouveau'");
	fk_remove(fk, PROFILE);
	assert_int_equal(look(fk)->leftovers.count, 0);
}

static void blacklist_of_another_vendor(void **state)
{
	struct fakekernel *fk = *state;

	fk_set(fk, BLACKLIST, "blacklist amdgpu\nblacklist i915\nblacklist nvidiafb\n");
	assert_int_equal(look(fk)->leftovers.count, 0);
}

/* NVIDIA's own packages ship it, and need it. */
static void nouveau_makes_room_for_nvidia(void **state)
{
	struct fakekernel *fk = *state;

	fk_set(fk, BLACKLIST, "blacklist nouveau\noptions nouveau modeset=0\n");
	fk_set(fk, "lib/modules/6.12.9+bpo-amd64/modules.alias",
	       "alias pci:v000010DEd*sv*sd*bc03sc00i00* nvidia\n");
	assert_int_equal(look(fk)->leftovers.count, 0);
	fk_set(fk, BLACKLIST, "blacklist nvidia\n");
	assert_int_equal(look(fk)->leftovers.count, 1);
}

static void install_that_refuses(void **state)
{
	struct fakekernel *fk = *state;

	fk_set(fk, BLACKLIST,
	       "install nouveau /bin/false\ninstall loop /bin/true\n"
	       "install snd-hda-intel /bin/true\ninstall nouveau modprobe -i x\n");
	assert_int_equal(look(fk)->leftovers.count, 2);
}

static void ids_of_a_card_that_returns(void **state)
{
	struct fakekernel *fk = *state;

	fk_set(fk, BLACKLIST, "options vfio_pci ids=10de:2204\n");
	assert_int_equal(look(fk)->leftovers.count, 1);
	fk_set(fk, BLACKLIST, "options vfio_pci ids=1002:ab28\n");
	assert_int_equal(look(fk)->leftovers.count, 0);
	assert_int_equal(plan.notes.count, 0);
	/* One of two: the other is somebody's wish. */
	fk_set(fk, BLACKLIST, "options vfio_pci ids=1002:ab28,10de:2204\n");
	assert_int_equal(look(fk)->leftovers.count, 0);
	assert_int_equal(plan.notes.count, 1);
	assert_non_null(strstr(plan.notes.items[0], "has the id of 0000:0a:00.0, which win11.ini"));
}

static void virqfd_only_where_it_is_gone(void **state)
{
	struct fakekernel *fk = *state;

	fk_set(fk, "etc/modules", "vfio_virqfd\n");
	assert_int_equal(look(fk)->leftovers.count, 1);
	fk_set(fk, "proc/sys/kernel/osrelease", "6.1.0-40-amd64\n");
	assert_int_equal(look(fk)->leftovers.count, 0);
}

static void hooks_of_others(void **state)
{
	static const char hook[] = "#!/bin/sh\nHOOKPATH=/etc/libvirt/hooks/qemu.d/$1/$2/$3\n";
	struct fakekernel *fk = *state;

	fk_set(fk, "etc/libvirt/hooks/qemu", "#!/usr/bin/python3\n# port forwarding\n");
	assert_int_equal(look(fk)->leftovers.count, 0);
	fk_set(fk, "etc/libvirt/hooks/qemu", hook);
	assert_int_equal(look(fk)->leftovers.count, 1);
	/* Somebody has set one aside before: that one is not overwritten. */
	fk_set(fk, "etc/libvirt/hooks/qemu.set-aside-by-vfio-handoff", "another");
	assert_int_equal(look(fk)->leftovers.count, 0);
	assert_int_equal(plan.notes.count, 1);
}

static void broken_profile_is_told(void **state)
{
	struct fakekernel *fk = *state;

	fk_set(fk, PROFILE, "[device gpu]\nadress = 0000:0a:00.0\n");
	fk_set(fk, BLACKLIST, "blacklist nouveau\n");
	assert_int_equal(look(fk)->leftovers.count, 0);
	assert_int_equal(plan.notes.count, 1);
	assert_non_null(strstr(plan.notes.items[0], "win11.ini:2: unknown key 'adress'"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blacklist_without_a_profile_fights_nothing),
		TEST(blacklist_of_another_vendor),
		TEST(nouveau_makes_room_for_nvidia),
		TEST(install_that_refuses),
		TEST(ids_of_a_card_that_returns),
		TEST(virqfd_only_where_it_is_gone),
		TEST(hooks_of_others),
		TEST(broken_profile_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
