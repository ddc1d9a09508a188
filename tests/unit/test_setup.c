/* SPDX-License-Identifier: GPL-2.0-or-later */

/* setup --apply and --undo: whatever fails, the files are as before, or it is said by name. */

#include "tests/unit/setup_rig.h"

#define GRUB    "etc/default/grub"
#define MODULES "etc/initramfs-tools/modules"
#define KEPT    "var/lib/vfio-handoff/setup"
#define CARD    "0000:01:00.0"

static int setup(void **state)
{
	*state = setup_host("debian12-intel");
	return 0;
}

static int teardown(void **state)
{
	fk_free(*state);
	return 0;
}

static void apply_good(struct fakekernel *fk)
{
	struct setup_rig rig = {0};
	struct vh_error err;

	rig_expect(rig_apply(fk, &rig, CARD, &err), VH_SETUP_DONE, &rig, &err);
}

static void undo_good(struct fakekernel *fk)
{
	struct setup_rig rig = {0};
	struct vh_error err;

	rig_expect(rig_undo(fk, &rig, NULL, &err), VH_SETUP_DONE, &rig, &err);
}

static void there_and_back(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);

	fk_chmod(fk, GRUB, 0640, 0);
	free(before);
	before = rig_dump(fk);
	apply_good(fk);
	assert_non_null(strstr(fk_get(fk, GRUB), "\"quiet intel_iommu=on\""));
	assert_string_equal(fk_run_log(fk), "/usr/sbin/update-grub\n"
					    "/usr/sbin/update-initramfs -u -k all\n");
	undo_good(fk);
	rig_same(before, fk, "after --undo");
	assert_false(fk_exists(fk, "var/lib/vfio-handoff"));
	assert_string_equal(fk_run_log(fk), "/usr/sbin/update-grub\n"
					    "/usr/sbin/update-initramfs -u -k all\n"
					    "/usr/sbin/update-grub\n"
					    "/usr/sbin/update-initramfs -u -k all\n");
	undo_good(fk);
}

static void second_apply_changes_nothing(void **state)
{
	struct fakekernel *fk = *state;
	unsigned operations;

	apply_good(fk);
	operations = fk_operations(fk);
	apply_good(fk);
	assert_int_equal(fk_operations(fk), operations);
	assert_string_equal(fk_get(fk, KEPT "/record"),
			    "vfio-handoff-setup 1\napplied\n"
			    "file 1 0644 etc/default/grub\n"
			    "file 2 - etc/modprobe.d/vfio-handoff-dedicated.conf\n"
			    "file 3 0644 etc/initramfs-tools/modules\n"
			    "generator /usr/sbin/update-grub\n"
			    "generator /usr/sbin/update-initramfs -u -k all\n");
}

/* After the reboot the card is on vfio-pci, and the IOMMU is there. */
static void second_apply_after_the_reboot(void **state)
{
	struct fakekernel *fk = *state;
	unsigned operations;

	apply_good(fk);
	fk_set(fk, "proc/cmdline", "quiet intel_iommu=on\n");
	load_vfio(fk);
	assert_int_equal(fk_write(fk, D CARD "/driver_override", "vfio-pci"), 0);
	operations = fk_operations(fk);
	apply_good(fk);
	assert_int_equal(fk_operations(fk), operations);
}

/* --undo goes to what was before the first of several runs. */
static void undo_goes_back_to_the_beginning(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);
	struct setup_rig rig = {0};
	struct vh_error err;

	rig_expect(rig_apply(fk, &rig, NULL, &err), VH_SETUP_DONE, &rig, &err);
	assert_false(fk_exists(fk, "etc/modprobe.d/vfio-handoff-dedicated.conf"));
	apply_good(fk);
	assert_true(fk_exists(fk, "etc/modprobe.d/vfio-handoff-dedicated.conf"));
	undo_good(fk);
	rig_same(before, fk, "after --undo");
}

static void foreign_change_is_not_undone(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_TEXT struct vh_text diff = {0};
	VH_AUTO_FREE char *changed = NULL;
	struct setup_rig rig = {0};
	struct vh_error err;

	apply_good(fk);
	fk_set(fk, GRUB, "GRUB_CMDLINE_LINUX_DEFAULT=\"mine\"\n");
	changed = fk_dump(fk);
	assert_int_equal(rig_undo(fk, &rig, &diff, &err), VH_SETUP_FAILED);
	assert_string_equal(err.msg, "/etc/default/grub has been changed since setup wrote it");
	assert_non_null(strstr(err.hint, "/" KEPT "/1.before"));
	assert_non_null(strstr(vh_text_str(&diff), "+GRUB_CMDLINE_LINUX_DEFAULT=\"mine\""));
	assert_non_null(strstr(vh_text_str(&diff), "-GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel"));
	rig_untouched(changed, fk);
}

/* What somebody adds is his, and the next --apply begins with it. */
static void apply_after_a_foreign_change(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *mine = NULL;
	struct setup_rig rig = {0};
	struct vh_error err;

	apply_good(fk);
	fk_set(fk, GRUB, "GRUB_CMDLINE_LINUX_DEFAULT=\"mine\"\n");
	rig_expect(rig_apply(fk, &rig, CARD, &err), VH_SETUP_DONE, &rig, &err);
	assert_non_null(strstr(rig.said, "/etc/default/grub has been changed since"));
	assert_string_equal(fk_get(fk, GRUB),
			    "GRUB_CMDLINE_LINUX_DEFAULT=\"mine intel_iommu=on\"\n");
	undo_good(fk);
	assert_string_equal(fk_get(fk, GRUB), "GRUB_CMDLINE_LINUX_DEFAULT=\"mine\"\n");
}

/* --- generators */

static void failed_generator_puts_the_files_back(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);
	struct setup_rig rig = {
		.fails = "update-initramfs", .status = 1, .times = 1, .says = "E: /boot is full\n"};
	struct vh_error err;

	rig_expect(rig_apply(fk, &rig, CARD, &err), VH_SETUP_FAILED, &rig, &err);
	assert_string_equal(err.msg, "/usr/sbin/update-initramfs -u -k all failed: exit status 1");
	assert_non_null(strstr(rig.said, "E: /boot is full"));
	rig_same(before, fk, "after the failure");
	assert_false(fk_exists(fk, KEPT));
	/* With the old files both have been run once more: grub.cfg was the new one already. */
	assert_string_equal(fk_run_log(fk), "/usr/sbin/update-grub\n"
					    "/usr/sbin/update-initramfs -u -k all\n"
					    "/usr/sbin/update-grub\n"
					    "/usr/sbin/update-initramfs -u -k all\n");
}

static void generator_that_only_complains_has_failed(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);
	struct setup_rig rig = {.fails = "update-initramfs",
				.status = 0,
				.times = 1,
				.says = "I: one\nE: no space left\n"};
	struct vh_error err;

	rig_expect(rig_apply(fk, &rig, CARD, &err), VH_SETUP_FAILED, &rig, &err);
	rig_same(before, fk, "after the failure");
}

static void generator_that_has_made_something_else(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);
	struct setup_rig rig = {.empty = true};
	struct vh_error err;

	rig_expect(rig_apply(fk, &rig, CARD, &err), VH_SETUP_FAILED, &rig, &err);
	assert_string_equal(err.msg, "there is no intel_iommu=on in /boot/grub/grub.cfg, which was "
				     "made anew");
	rig_same(before, fk, "after the failure");
}

/* Without it the images that were made are not known: the user is told. */
static void generator_that_never_works_again(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);
	struct setup_rig rig = {.fails = "update-initramfs", .status = 2};
	struct vh_error err;

	rig_expect(rig_apply(fk, &rig, CARD, &err), VH_SETUP_INCOMPLETE, &rig, &err);
	rig_same(before, fk, "after the failure");
	assert_non_null(strstr(err.msg, "not everything could be put back"));
	undo_good(fk);
	rig_same(before, fk, "after --undo");
	assert_false(fk_exists(fk, KEPT));
}

static void generator_that_still_runs_is_left_alone(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);
	struct setup_rig rig = {.fails = "update-initramfs", .status = -ETIMEDOUT};
	struct vh_error err;

	rig_expect(rig_apply(fk, &rig, CARD, &err), VH_SETUP_INCOMPLETE, &rig, &err);
	assert_non_null(strstr(fk_get(fk, GRUB), "intel_iommu=on"));
	assert_non_null(strstr(err.msg, "still runs after 30 minutes"));
	/* The next run has no file to change, but runs them all. */
	apply_good(fk);
	assert_int_equal(strncmp(fk_get(fk, KEPT "/record"), "vfio-handoff-setup 1\napplied\n", 29),
			 0);
	undo_good(fk);
	rig_same(before, fk, "after --undo");
}

static void missing_generator_is_refused_before_anything(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = NULL;
	struct setup_rig rig = {0};
	struct vh_error err;

	fk_set(fk, "etc/kernel/proxmox-boot-uuids", "7D1E-2C3A\n");
	before = fk_dump(fk);
	assert_int_equal(rig_apply(fk, &rig, CARD, &err), VH_SETUP_FAILED);
	assert_string_equal(err.msg,
			    "/usr/sbin/proxmox-boot-tool is not there, which must run after "
			    "this change");
	rig_untouched(before, fk);
}

static void failed_undo_leaves_what_setup_made(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = rig_dump(fk);
	VH_AUTO_FREE char *applied = NULL;
	struct setup_rig rig = {.fails = "update-grub", .status = 1, .times = 1};
	struct vh_error err;

	apply_good(fk);
	applied = fk_dump(fk);
	rig_expect(rig_undo(fk, &rig, NULL, &err), VH_SETUP_FAILED, &rig, &err);
	rig_untouched(applied, fk);
	undo_good(fk);
	rig_same(before, fk, "after the second --undo");
}

/* --- links */

static void link_within_etc_is_followed(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *text = strdup(fk_get(fk, GRUB));

	fk_remove(fk, GRUB);
	fk_set(fk, "etc/mine/grub", text);
	fk_link(fk, GRUB, "../mine/./grub");
	apply_good(fk);
	assert_string_equal(fk_link_text(fk, GRUB), "../mine/./grub");
	assert_non_null(strstr(fk_get(fk, "etc/mine/grub"), "intel_iommu=on"));
	undo_good(fk);
	assert_string_equal(fk_get(fk, "etc/mine/grub"), text);
}

static void link_out_of_etc_is_refused(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *text = strdup(fk_get(fk, GRUB));
	VH_AUTO_FREE char *before = NULL;
	struct setup_rig rig = {0};
	struct vh_error err;

	fk_remove(fk, GRUB);
	fk_set(fk, "nix/store/grub", text);
	fk_link(fk, GRUB, "/nix/store/grub");
	before = fk_dump(fk);
	assert_int_equal(rig_apply(fk, &rig, CARD, &err), VH_SETUP_FAILED);
	assert_string_equal(err.msg, "/etc/default/grub is a symbolic link to /nix/store/grub, so "
				     "something else makes it");
	rig_untouched(before, fk);
	fk_remove(fk, GRUB);
	fk_link(fk, GRUB, "grub");
	assert_int_equal(rig_apply(fk, &rig, CARD, &err), VH_SETUP_DONE);
}

static void link_put_there_since_is_not_followed_by_undo(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *text = NULL;
	struct setup_rig rig = {0};
	struct vh_error err;

	apply_good(fk);
	text = strdup(fk_get(fk, GRUB));
	fk_remove(fk, GRUB);
	fk_set(fk, "etc/shadow", text);
	fk_link(fk, GRUB, "../shadow");
	assert_int_equal(rig_undo(fk, &rig, NULL, &err), VH_SETUP_FAILED);
	assert_string_equal(fk_get(fk, "etc/shadow"), text);
}

static void kept_files_of_others_are_not_believed(void **state)
{
	struct fakekernel *fk = *state;
	struct setup_rig rig = {0};
	struct vh_error err;

	apply_good(fk);
	fk_chmod(fk, KEPT "/1.before", 0666, 0);
	assert_int_equal(rig_undo(fk, &rig, NULL, &err), VH_SETUP_FAILED);
	assert_int_equal(err.code, EPERM);
	fk_chmod(fk, KEPT "/1.before", 0600, 0);
	fk_chmod(fk, KEPT, 0700, 1000);
	assert_int_equal(rig_undo(fk, &rig, NULL, &err), VH_SETUP_FAILED);
	assert_int_equal(err.code, EPERM);
	fk_chmod(fk, KEPT, 0700, 0);
	fk_set(fk, KEPT "/record", "vfio-handoff-setup 2\n");
	assert_int_equal(rig_undo(fk, &rig, NULL, &err), VH_SETUP_FAILED);
	assert_int_equal(err.code, EINVAL);
}

/* --- what is not understood */

static void file_that_no_shell_takes_is_left_alone(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_SETUP struct vh_setup plan = {0};
	const struct vh_setup_wish wish = {0};
	struct vh_error err = {0};

	fk_set(fk, GRUB, "GRUB_CMDLINE_LINUX=\"quiet\nGRUB_TIMEOUT=5\n");
	assert_int_equal(vh_setup_plan(fk_sys(fk), &wish, &plan, &err), 0);
	assert_true(plan.undone);
	assert_int_equal(plan.file_count, 0);
	assert_non_null(
		strstr(plan.notes.items[0], "/etc/default/grub: add intel_iommu=on by hand"));
}

static void switched_off_by_whoever_boots(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_SETUP struct vh_setup plan = {0};
	const struct vh_setup_wish wish = {0};
	struct vh_error err = {0};

	fk_set(fk, "proc/cmdline", "quiet intel_iommu=off\n");
	assert_int_equal(vh_setup_plan(fk_sys(fk), &wish, &plan, &err), 0);
	assert_false(plan.undone);
	assert_int_equal(plan.file_count, 0);
	vh_setup_done(&plan);
	fk_remove(fk, GRUB);
	assert_int_equal(vh_setup_plan(fk_sys(fk), &wish, &plan, &err), 0);
	assert_true(plan.undone);
}

/* --- cards that cannot be dedicated */

static void refused(struct fakekernel *fk, const char *address, const char *msg)
{
	VH_AUTO_FREE char *before = fk_dump(fk);
	struct setup_rig rig = {0};
	struct vh_error err;

	assert_int_equal(rig_apply(fk, &rig, address, &err), VH_SETUP_FAILED);
	assert_string_equal(err.msg, msg);
	rig_untouched(before, fk);
}

static void cards_that_stay(void **state)
{
	struct fakekernel *fk = *state;

	refused(fk, "0000:07:00.0", "there is no PCI device 0000:07:00.0");
	refused(fk, "0000:00:01.0", "0000:00:01.0 is a bridge");
	fk_set(fk, "etc/modprobe.d/x.conf", "install vfio_pci /usr/local/bin/override.sh\n");
	refused(fk, CARD, "/etc/modprobe.d/x.conf:1: another 'install vfio-pci' is there");
}

static void only_screen_stays(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	refused(fk, "0000:01:00.0",
		"0000:01:00.0 is the only display device: the host would never have a screen again");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_and_back),
		TEST(second_apply_changes_nothing),
		TEST(second_apply_after_the_reboot),
		TEST(undo_goes_back_to_the_beginning),
		TEST(foreign_change_is_not_undone),
		TEST(apply_after_a_foreign_change),
		TEST(failed_generator_puts_the_files_back),
		TEST(generator_that_only_complains_has_failed),
		TEST(generator_that_has_made_something_else),
		TEST(generator_that_never_works_again),
		TEST(generator_that_still_runs_is_left_alone),
		TEST(missing_generator_is_refused_before_anything),
		TEST(failed_undo_leaves_what_setup_made),
		TEST(link_within_etc_is_followed),
		TEST(link_out_of_etc_is_refused),
		TEST(link_put_there_since_is_not_followed_by_undo),
		TEST(kept_files_of_others_are_not_believed),
		TEST(file_that_no_shell_takes_is_left_alone),
		TEST(switched_off_by_whoever_boots),
		TEST(cards_that_stay),
		cmocka_unit_test(only_screen_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
