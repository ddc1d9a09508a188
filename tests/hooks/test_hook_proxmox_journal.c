/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Proxmox VE's phases with a journal: who has the VM, what comes back, a write that never returns. */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>

#include "lib/proxmox/proxmox.h"
#include "lib/sys/real.h"
#include "tests/hooks/hook_records.h"

#define CONFIG   "etc/pve/nodes/pve1/qemu-server/100.conf"
#define PROFILE  "etc/vfio-handoff/100.ini"
#define JOURNAL  "run/vfio-handoff/vm/100/journal"
#define CLAIM    "run/vfio-handoff/device/0000:01:00.0"
#define PID_FILE "run/qemu-server/100.pid"
#define OVERRIDE "sys/bus/pci/devices/0000:01:00.0/driver_override"

#define HOSTPCI "hostpci0: 0000:01:00,pcie=1\nname: win11\n"

/* A node with VM 100, and that profile of it. */
static struct hook_rig *open_vm(void **state, const char *config, const char *profile)
{
	struct hook_rig *r = hook_open(state, fk_host("proxmox"));

	hook_put(r, CONFIG, config);
	hook_put(r, PROFILE, profile);
	return r;
}

/* One that is handed over by @origin, and nothing else. */
static struct hook_rig *open_attached(void **state, const char *origin, const char *more)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_PROFILE);
	VH_AUTO_FREE char *text = hook_journal_text("100", origin, 1, more);

	hook_put(r, JOURNAL, text);
	hook_put(r, CLAIM, "vm 100\n");
	return r;
}

/* What a hand-over of VM 100 has in the first line of its journal. */
static uint64_t profile_hash(const struct hook_rig *r)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_sys *sys = NULL;
	struct vh_error err = {0};

	assert_int_equal(vh_sys_open(r->dir, true, &sys, &err), 0);
	if (vh_profile_of_vm(sys, "100", &profile, &err)) {
		fail_msg("%s", err.msg);
	}
	sys->ops->close(sys);
	return profile.hash;
}

/* @before, and behind it this record of @pid. */
static void expect_record(const struct hook_rig *r, const char *before, const char *what, pid_t pid,
			  const char *end)
{
	VH_AUTO_FREE char *now = hook_text(r, JOURNAL);
	VH_AUTO_TEXT struct vh_text wanted = {0};
	struct vh_process p = hook_process(pid);

	vh_text_addf(&wanted, "%s%s %d %" PRIu64 "%s\n", before, what, (int)p.pid, p.start_time,
		     end);
	assert_string_equal(now, vh_text_str(&wanted));
}

static void put_pid_file(struct hook_rig *r, pid_t pid)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%d\n", (int)pid);
	hook_put(r, PID_FILE, text);
}

/* The devices are there already: nothing is written but who has them. */
static void who_starts_the_vm_is_noted(void **state)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, "");
	VH_AUTO_FREE char *text =
		hook_journal_text("100", "manual", profile_hash(r), "attached 1000\n");

	hook_put(r, JOURNAL, text);
	hook_put(r, CLAIM, "vm 100\n");
	hook_expect(r, hook_phase(r, "100", "pre-start"), 0);
	hook_complains(r, "100: its devices are handed over already");
	expect_record(r, text, "owner", getpid(), " proxmox");
}

static void whose_command_line_names_the_pid_file_is_qemu(void **state)
{
	static const char *const files[] = {"/var/run/qemu-server/100.pid",
					    "/run/qemu-server/100.pid"};
	struct hook_rig *r = open_attached(state, "proxmox", "attached 1000\n");

	for (size_t i = 0; i < VH_ARRAY_SIZE(files); i++) {
		VH_AUTO_FREE char *before = hook_text(r, JOURNAL);
		pid_t kvm = hook_start_kvm(files[i]);

		put_pid_file(r, kvm);
		hook_expect(r, hook_phase(r, "100", "post-start"), 0);
		hook_silent(r);
		expect_record(r, before, "qemu", kvm, "");
		hook_put(r, JOURNAL, before);
		hook_end_guest(kvm);
	}
}

/* Proxmox leaves the file behind, and numbers come again. */
static void whose_command_line_names_another_file_is_no_qemu(void **state)
{
	static const char *const files[] = {"/var/run/qemu-server/101.pid",
					    "/var/run/qemu-server/100.pid2", "100.pid", ""};
	struct hook_rig *r = open_attached(state, "proxmox", "attached 1000\n");
	VH_AUTO_FREE char *before = hook_text(r, JOURNAL);

	for (size_t i = 0; i < VH_ARRAY_SIZE(files); i++) {
		VH_AUTO_FREE char *after = NULL;
		pid_t kvm = hook_start_kvm(files[i]);

		put_pid_file(r, kvm);
		hook_expect(r, hook_phase(r, "100", "post-start"), 0);
		hook_silent(r);
		after = hook_text(r, JOURNAL);
		assert_string_equal(after, before);
		hook_end_guest(kvm);
	}
	hook_put(r, PID_FILE, "rubbish");
	hook_expect(r, hook_phase(r, "100", "post-start"), 0);
	hook_silent(r);
}

static void pre_stop_changes_nothing(void **state)
{
	struct hook_rig *r = open_attached(state, "proxmox", "attached 1000\n");

	for (int i = 0; i < 3; i++) {
		hook_expect(r, hook_phase(r, "100", "pre-stop"), 0);
		hook_silent(r);
	}
	hook_unchanged(r);
}

static void post_stop_brings_back_what_is_on_record(void **state)
{
	struct hook_rig *r = open_attached(state, "proxmox", "attached 1000\n");
	VH_AUTO_FREE char *text = NULL;
	char path[128];

	text = hook_journal_text("100", "proxmox", 1,
				 "intent 0 override 0000:01:00.0 " OVERRIDE
				 " was vfio-pci ~ 5000\ndone 0\nattached 1000\n");
	hook_put(r, JOURNAL, text);
	hook_put(r, OVERRIDE, "vfi");
	hook_expect(r, hook_phase(r, "100", "post-stop"), 0);
	hook_complains(r, "100: the devices are back on the host");
	free(text);
	text = hook_text(r, OVERRIDE);
	assert_string_equal(text, "was");
	(void)snprintf(path, sizeof(path), "%s/run/vfio-handoff/vm", r->dir);
	assert_int_not_equal(access(path, F_OK), 0);
	(void)snprintf(path, sizeof(path), "%s/" CLAIM, r->dir);
	assert_int_not_equal(access(path, F_OK), 0);
	hook_expect(r, hook_phase(r, "100", "post-stop"), 0);
	hook_silent(r);
}

static void a_broken_journal_stops_its_own_vm_only(void **state)
{
	static const char *const texts[] = {"", "rubbish\n", "vfio-handoff 2 x 1 100 proxmox\n"};
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_PROFILE);

	for (size_t i = 0; i < VH_ARRAY_SIZE(texts); i++) {
		hook_put(r, JOURNAL, texts[i]);
		hook_expect(r, hook_phase(r, "100", "pre-start"), 1);
		hook_complains(r, "journal");
		hook_expect(r, hook_phase(r, "100", "post-start"), 0);
		hook_expect(r, hook_phase(r, "100", "pre-stop"), 0);
		hook_expect(r, hook_phase(r, "100", "post-stop"), 1);
		hook_complains(r, "journal");
		hook_expect(r, hook_phase(r, "101", "pre-start"), 0);
		hook_expect(r, hook_phase(r, "101", "post-stop"), 0);
	}
}

/*
 * driver_override is a FIFO that never ends, as a driver's sysfs file can be. Proxmox reads until
 * nobody has its pipes any more: the child that is left behind must have none of them, nor the four
 * that were never meant for it.
 */
static void a_child_that_hangs_keeps_no_pipe(void **state)
{
	struct hook_rig *r = open_attached(state, "proxmox",
					   "intent 0 override 0000:01:00.0 " OVERRIDE
					   " ~ vfio-pci ~ 100\ndone 0\nattached 1000\n");
	char path[128];
	int both;
	int writer;

	(void)snprintf(path, sizeof(path), "%s/" OVERRIDE, r->dir);
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	both = open(path, O_RDWR | O_CLOEXEC);
	writer = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(both >= 0 && writer >= 0);
	assert_int_equal(close(both), 0);

	hook_expect(r, hook_phase(r, "100", "post-stop"), 3);
	hook_says(r, "not undone");
	/* EPIPE if nobody were left to read it. */
	assert_int_equal(write(writer, "x", 1), 1);
	assert_int_equal(close(writer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOK_TEST(who_starts_the_vm_is_noted),
		HOOK_TEST(whose_command_line_names_the_pid_file_is_qemu),
		HOOK_TEST(whose_command_line_names_another_file_is_no_qemu),
		HOOK_TEST(pre_stop_changes_nothing),
		HOOK_TEST(post_stop_brings_back_what_is_on_record),
		HOOK_TEST(a_broken_journal_stops_its_own_vm_only),
		HOOK_TEST(a_child_that_hangs_keeps_no_pipe),
	};
	int possible = hook_possible();

	/* The test of the FIFO asks whether anyone reads it. */
	(void)signal(SIGPIPE, SIG_IGN);
	return possible ? possible : cmocka_run_group_tests(tests, NULL, NULL);
}
