/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every command that only reads, on a captured tree, as an ordinary user: what it says is of that
 * tree and not of the machine that the test runs on.
 */

#include <grp.h>

#include "tests/cli/cli_rig.h"

static struct cli_rig *open_host(void **state, const char *name)
{
	return cli_open(state, fk_host(name));
}

/* Devices of this machine would be others. */
static void groups_are_those_of_the_tree(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/arc");

	cli_expect(r, cli_run(r, "groups"), 0);
	cli_out_has(r, "0000:04:00.0");
	cli_out_has(r, "8086:4f90");
	cli_expect(r, cli_run(r, "groups", "--json"), 0);
	cli_out_has(r, "\"0000:03:00.0\"");
	cli_expect(r, cli_run(r, "groups", "--dot"), 0);
	cli_out_has(r, "digraph");
}

/* The unpacked file is the user's; the capture says that it was root's. */
static void profiles_are_judged_by_their_owner_in_the_capture(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/arc");

	cli_expect(r, cli_run(r, "profile", "check"), 0);
	cli_out_has(r, "win11.ini: ok\n");
	cli_expect(r, cli_run(r, "profile", "show", "win11"), 0);
	cli_out_has(r, "win11.ini:2\n");
}

static void somebody_elses_profile_is_refused_in_a_capture_too(void **state)
{
	struct cli_rig *r =
		cli_open(state, fk_host_with("made-up/arc",
					     "stat etc/vfio-handoff/win11.ini 0644 1000 1000\n"));

	cli_expect(r, cli_run(r, "profile", "check", "win11"), 2);
	cli_err_has(r, "win11.ini");
}

static void new_profile_is_only_shown(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/arc");

	cli_expect(r, cli_run(r, "profile", "new", "other", "--device", "0000:03:00.0", "--print"),
		   0);
	cli_out_has(r, "address = 0000:03:00.0\n");
	cli_out_has(r, "0000:04:00.0");
}

/* Who has the card open is seen by the nodes of the capture, which are empty files here. */
static void plan_knows_holders_and_logins(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/optimus");

	cli_expect(r, cli_run(r, "plan", "win11", "detach"), 1);
	cli_out_has(r, "gnome-shell (pid 2210, /dev/nvidiactl, session 2)");
	cli_expect(r, cli_run(r, "plan", "win11", "reattach"), 1);
}

static void plan_asks_no_systemd_but_what_was_captured(void **state)
{
	struct cli_rig *r = cli_open(
		state, fk_host_with("single-gpu",
				    "dir run/systemd/system\n"
				    "text captured/systemctl-show-one.service\n"
				    "|Id=one.service\n|LoadState=loaded\n|ActiveState=active\n"));

	cli_put(r, "etc/vfio-handoff/win11.ini",
		"[device d]\naddress = 0000:03:00.0\n[host]\nservices = one two\n");
	cli_expect(r, cli_run(r, "plan", "win11", "detach"), 0);
	cli_out_has(r, "one.service: active -> inactive\n");
	cli_out_has(r, "two.service: unknown -> inactive\n");
}

static void status_is_that_of_the_tree(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/arc");

	cli_expect(r, cli_run(r, "status"), 0);
	assert_string_equal(r->run.out, "nothing is handed over\n");
	cli_expect(r, cli_run(r, "recover"), 0);
}

/* No daemon: the definition is libvirt's file. */
static void patch_shows_the_definition_of_the_tree(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/navi10");

	cli_expect(r, cli_run(r, "patch", "gaming"), 0);
	cli_out_has(r,
		    "+        <address domain='0x0000' bus='0x2d' slot='0x00' function='0x1'/>\n");
	cli_expect(r, cli_run(r, "patch", "gaming", "--check"), 1);
	cli_expect(r, cli_run(r, "patch", "gaming", "--apply"), 1);
	cli_err_has(r, "is only looked at");
	cli_expect(r, cli_run(r, "patch", "gaming", "--undo"), 1);
	cli_expect(r, cli_run(r, "patch", "../networks/default"), 1);
	cli_err_has(r, "no domain '../networks/default'");
	cli_expect(r, cli_run(r, "patch", "nobody"), 1);
	cli_err_has(r, "no domain 'nobody'");
}

static void patch_of_a_node_shows_its_file(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/proxmox-zfs");

	cli_expect(r, cli_run(r, "patch", "100", "--check"), 0);
	cli_expect(r, cli_run(r, "patch", "100", "--hide-kvm"), 0);
	cli_out_has(r, "hidden=1");
}

static void setup_is_shown_for_the_tree(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/proxmox-zfs");

	cli_expect(r, cli_run(r, "setup", "--clean"), 0);
	cli_out_has(r, "-blacklist nouveau\n");
	cli_err_has(r, "proxmox-boot-tool");
	cli_expect(r, cli_run(r, "setup", "--clean", "--apply"), 1);
	cli_err_has(r, "is only looked at");
}

static void rom_files_of_the_tree_are_checked(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/fedora-selinux");

	cli_expect(r, cli_run(r, "rom", "check", "/home/ann/vbios.rom", "0000:03:00.0"), 1);
	cli_out_has(r, "1002:744c  EFI x86-64");
	cli_out_has(r, "QEMU's user qemu may not pass the directory /home/ann");
}

static void doctor_says_the_same_as_root_and_as_anybody(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/fedora-selinux");

	cli_expect(r, cli_run(r, "doctor", "win11"), 1);
	cli_out_has(r, "the permissions keep libvirt's QEMU from reading the ROM file");
	cli_expect(r, cli_run(r, "doctor"), 0);
}

static void report_is_of_the_tree(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/navi10");

	cli_expect(r, cli_run(r, "report", "gaming"), 0);
	cli_out_has(r, "6.10.5-arch1-1");
	cli_out_has(r, "vendor-reset is loaded, but this Navi 10 is not reset by it");
}

/* Captured without root: what was hidden then is still unknown. */
static void capture_of_a_user_is_seen_as_one(void **state)
{
	struct cli_rig *r =
		cli_open(state, fk_host_with("made-up/arc", "file captured/uid 1000\n"));

	cli_expect(r, cli_run(r, "doctor", "--json"), 0);
	cli_put(r, "etc/vfio-handoff/other.ini", "[device gpu]\naddress = 0000:03:00.0\n");
	cli_expect(r, cli_run(r, "plan", "other", "detach"), 0);
	cli_err_has(r, "without root, processes of other users");
}

static void nothing_is_handed_over_there(void **state)
{
	struct cli_rig *r = open_host(state, "made-up/arc");

	cli_expect(r, cli_run(r, "detach", "win11"), 1);
	cli_expect(r, cli_run(r, "wait", "win11"), 0);
}

/* What collect.sh writes that no model has: content without an end, NULs, what was only there. */
static void static_host_is_unpacked_as_it_is_written(void **state)
{
	struct cli_rig *r =
		cli_open(state, fk_parse("static", "static\n"
						   "# a comment\n"
						   "text a/text\n|one \\n\n|  two # no comment\n"
						   "text \"a/b c\"\n|x\nchop \"a/b c\"\n"
						   "words a/cmdline\n|qemu\n|-name\n|a b\n"
						   "hex a/bytes 00*3 ff 41 42\n"
						   "file a/file  value\n"
						   "link to /a/text\n"
						   "program bin/true\n"
						   "stat a/unseen 0640 5 6 1700000000\n"));
	char path[128];
	char got[64] = "";
	FILE *f;

	cli_expect(r, cli_run(r, "status"), 0);
	(void)snprintf(path, sizeof(path), "%s/a/cmdline", r->dir);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got), f), 15);
	assert_memory_equal(got, "qemu\0-name\0a b\0", 15);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(path, sizeof(path), "%s/a/b c", r->dir);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got), f), 1);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(path, sizeof(path), "%s/a/text", r->dir);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got), f), 26);
	assert_memory_equal(got, "one \\n\n  two # no comment\n", 26);
	assert_int_equal(fclose(f), 0);
}

/* The build may lie where only root comes. */
static bool becomes_an_ordinary_user(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534))) {
		return false;
	}
	return access(BINARY, X_OK) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(groups_are_those_of_the_tree),
		CLI_TEST(profiles_are_judged_by_their_owner_in_the_capture),
		CLI_TEST(somebody_elses_profile_is_refused_in_a_capture_too),
		CLI_TEST(new_profile_is_only_shown),
		CLI_TEST(plan_knows_holders_and_logins),
		CLI_TEST(plan_asks_no_systemd_but_what_was_captured),
		CLI_TEST(status_is_that_of_the_tree),
		CLI_TEST(patch_shows_the_definition_of_the_tree),
		CLI_TEST(patch_of_a_node_shows_its_file),
		CLI_TEST(setup_is_shown_for_the_tree),
		CLI_TEST(rom_files_of_the_tree_are_checked),
		CLI_TEST(doctor_says_the_same_as_root_and_as_anybody),
		CLI_TEST(report_is_of_the_tree),
		CLI_TEST(capture_of_a_user_is_seen_as_one),
		CLI_TEST(nothing_is_handed_over_there),
		CLI_TEST(static_host_is_unpacked_as_it_is_written),
	};

	return becomes_an_ordinary_user() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
