/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The hook as Proxmox VE calls it: guests of others, odd words, profiles, refusals. */

#include <sys/stat.h>

#include "tests/hooks/hook_records.h"

#define CONFIG   "etc/pve/nodes/pve1/qemu-server/100.conf"
#define PROFILE  "etc/vfio-handoff/100.ini"
#define CLUSTER  "etc/pve/vfio-handoff/100.ini"
#define JOURNAL  "run/vfio-handoff/vm/100/journal"
#define CLAIM    "run/vfio-handoff/device/0000:01:00.0"
#define RESERVED "run/qemu-server/pci-id-reservations"

#define HOSTPCI "hostpci0: 0000:01:00,pcie=1\nname: win11\n"
#define BACKUP  "lock: backup\n"

static const char *const phases[] = {"pre-start", "post-start", "pre-stop", "post-stop"};

/* A node with VM 100, and that profile of it. */
static struct hook_rig *open_vm(void **state, const char *config, const char *profile)
{
	struct hook_rig *r = hook_open(state, fk_host("proxmox"));

	hook_put(r, CONFIG, config);
	hook_put(r, PROFILE, profile);
	return r;
}

/* Refused with one line, and nothing but lock files is new. */
static void refused(struct hook_rig *r, const char *part)
{
	hook_expect(r, hook_phase(r, "100", "pre-start"), 1);
	hook_complains(r, part);
	hook_unlocked(r);
}

/* --- not ours --------------------------------------------------------------------------------- */

static void guests_without_a_profile_are_left_alone(void **state)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_TYPO);

	for (size_t i = 0; i < VH_ARRAY_SIZE(phases); i++) {
		hook_expect(r, hook_phase(r, "101", phases[i]), 0);
		hook_silent(r);
	}
	hook_unchanged(r);
}

static void a_host_that_is_no_node_is_left_alone(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("no-iommu"));

	for (size_t i = 0; i < VH_ARRAY_SIZE(phases); i++) {
		hook_expect(r, hook_phase(r, "100", phases[i]), 0);
		hook_silent(r);
	}
	hook_unchanged(r);
}

/* A phase that is still to be invented must never stop a guest. */
static void words_that_are_no_phase_are_no_failure(void **state)
{
	static const char *const words[] = {"", "pre-migrate", "PRE-START", "pre-start ", "start"};
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_TYPO);

	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		hook_expect(r, hook_phase(r, "100", words[i]), 0);
		hook_silent(r);
	}
	hook_expect(r, hook_phase_with(r, HOOK_USUAL, (const char *const[]){"100", NULL}), 2);
	hook_says(r, "VMID PHASE");
	hook_unchanged(r);
}

/* A later Proxmox may say more. */
static void more_words_than_two_are_no_harm(void **state)
{
	static const char *const words[] = {"100", "pre-start", "more", "and more", "yet", NULL};
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_TYPO);

	hook_expect(r, hook_phase_with(r, HOOK_USUAL, words), 2);
	hook_complains(r, "100.ini:2: unknown key 'adress'");
	hook_unchanged(r);
}

static void what_is_no_vmid_is_told_so(void **state)
{
	static const char *const names[] = {
		"",     "99",        "0100",       "1000000000", "win11",    "100 ",
		"-100", "../../100", "100/../101", "1e3",        "\x1b[31m", "%s%n",
	};
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_TYPO);

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		const char *phase = phases[i % VH_ARRAY_SIZE(phases)];

		hook_expect(r, hook_phase(r, names[i], phase), 2);
		hook_complains(r, "this is not the number of a guest");
	}
	hook_unchanged(r);
}

/* Their profile is not even read. */
static void containers_and_templates_start_all_the_same(void **state)
{
	struct hook_rig *r = open_vm(state, BACKUP HOSTPCI "template: 1\n", HOOK_TYPO);

	hook_expect(r, hook_phase(r, "100", "pre-start"), 0);
	hook_complains(r, "100 is a template: its profile has no effect");
	hook_put(r, "etc/pve/nodes/pve1/lxc/200.conf", BACKUP HOSTPCI);
	hook_put(r, "etc/vfio-handoff/200.ini", HOOK_TYPO);
	hook_expect(r, hook_phase(r, "200", "pre-start"), 0);
	hook_complains(r, "200 is a container: its profile has no effect");
	hook_unchanged(r);
}

static void plain_users_are_told_who_can_hand_over(void **state)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_PROFILE);

	for (size_t i = 0; i < VH_ARRAY_SIZE(phases); i++) {
		hook_expect(r, hook_phase_as(r, HOOK_AS_USER, "100", phases[i]), 2);
		hook_complains(r, "only root");
	}
	hook_unchanged(r);
}

/* --- refusals ----------------------------------------------------------------------------------- */

static void a_guest_that_is_not_here_is_refused(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("proxmox"));

	hook_put(r, "etc/vfio-handoff/200.ini", HOOK_PROFILE);
	hook_expect(r, hook_phase(r, "200", "pre-start"), 1);
	hook_complains(r, "200: there is no guest 200 on this node, 'pve1'");
	hook_put(r, "etc/pve/nodes/pve2/lxc/200.conf", HOSTPCI);
	hook_expect(r, hook_phase(r, "200", "pre-start"), 1);
	hook_complains(r, "200: the guest 200 is on the node 'pve2', not on this one, 'pve1'");
	hook_unchanged(r);
}

/* Nothing below /etc/pve: not a node, or its file system is not mounted. */
static void without_proxmoxs_file_system_a_start_is_refused(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, PROFILE, HOOK_PROFILE);
	refused(r, "/etc/pve/local is no link: Proxmox's cluster file system is not mounted");
	hook_says(r, "systemctl status pve-cluster");
}

static void a_broken_profile_is_named_with_file_and_line(void **state)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_TYPO);

	hook_expect(r, hook_phase(r, "100", "pre-start"), 2);
	hook_complains(r, "100.ini:2: unknown key 'adress'");
	hook_unchanged(r);
	for (size_t i = 1; i < VH_ARRAY_SIZE(phases); i++) {
		hook_expect(r, hook_phase(r, "100", phases[i]), 0);
		hook_silent(r);
	}
}

static void a_host_without_an_iommu_refuses(void **state)
{
	struct hook_rig *r =
		hook_open(state, fk_host_with("no-iommu", "link etc/pve/local nodes/pve1\n"));

	hook_put(r, CONFIG, "hostpci0: 01:00\n");
	hook_put(r, PROFILE, HOOK_PROFILE);
	refused(r, "no active IOMMU");
}

static void a_device_of_another_vm_is_refused(void **state)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_PROFILE);
	VH_AUTO_FREE char *text = hook_journal_text("101", "manual", 1, "attached 1000\n");

	hook_put(r, "run/vfio-handoff/vm/101/journal", text);
	hook_put(r, CLAIM, "vm 101\n");
	hook_expect(r, hook_phase(r, "100", "pre-start"), 1);
	hook_complains(r, "0000:01:00.0 belongs to the VM '101'");
}

static void a_device_that_proxmox_gave_to_another_vm_is_refused(void **state)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, "");
	pid_t kvm = hook_start_kvm("/var/run/qemu-server/101.pid");
	char text[64];

	(void)snprintf(text, sizeof(text), "%d\n", (int)kvm);
	hook_put(r, "run/qemu-server/101.pid", text);
	(void)snprintf(text, sizeof(text), "0000:01:00.1 101 pid:%d\n", (int)kvm);
	hook_put(r, RESERVED, text);
	refused(r, "0000:01:00.1 is reserved by Proxmox for VM 101, which is running");
	hook_put(r, RESERVED, "0000:01:00.0 102 time:9999999999\n");
	refused(r, "0000:01:00.0 is reserved by Proxmox for VM 102, which is starting");
	hook_end_guest(kvm);
}

static void profile_and_configuration_must_agree(void **state)
{
	struct hook_rig *r = open_vm(state, "hostpci0: 02:00\n", HOOK_PROFILE);

	refused(r, "the profile hands over 0000:01:00.0, 0000:01:00.1, but 100.conf:1 (hostpci0) "
		   "gives the VM 0000:02:00.0, 0000:02:00.1");
}

static void a_backup_is_refused_unless_the_profile_allows_it(void **state)
{
	struct hook_rig *r = open_vm(state, BACKUP HOSTPCI, HOOK_PROFILE);

	refused(r, "it is started for a backup only");
	hook_says(r, "on-backup");
	hook_put(r, PROFILE, "[proxmox]\non-backup = skip\n");
	refused(r, "the host's driver nouveau has 0000:01:00.0");
	hook_says(r, "on-backup");
}

/* --- where profiles are ----------------------------------------------------------------------------- */

static void set_mode(const struct hook_rig *r, const char *path, mode_t mode)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", r->dir, path);
	assert_int_equal(chmod(full, mode), 0);
}

/* root:www-data and 0640, as all files there. */
static void the_clusters_profile_counts_where_there_is_no_other(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("proxmox"));

	hook_put(r, CONFIG, HOSTPCI);
	hook_put(r, CLUSTER, HOOK_PROFILE_NONE);
	set_mode(r, CLUSTER, 0640);
	hook_expect(r, hook_phase(r, "100", "pre-start"), 1);
	hook_complains(r, "the profile hands over 0000:09:00.0, but 100.conf:1");
	hook_put(r, CLUSTER, HOOK_TYPO);
	hook_expect(r, hook_phase(r, "100", "pre-start"), 2);
	hook_complains(r, "/etc/pve/vfio-handoff/100.ini:2: unknown key 'adress'");
	hook_put(r, PROFILE, BACKUP);
	hook_expect(r, hook_phase(r, "100", "pre-start"), 2);
	hook_complains(r, "100: 100.ini:1:");
	set_mode(r, CLUSTER, 0660);
	hook_put(r, PROFILE, "");
	set_mode(r, PROFILE, 0660);
	hook_expect(r, hook_phase(r, "100", "pre-start"), 2);
	hook_complains(r, "/" PROFILE " can be written by others than root");
}

/* The reader of the task's log is gone with its task. */
static void what_is_said_does_not_depend_on_a_reader(void **state)
{
	struct hook_rig *r = open_vm(state, HOSTPCI, HOOK_TYPO);

	hook_expect(r, hook_phase_as(r, HOOK_READER_GONE, "100", "pre-start"), 2);
	hook_put(r, PROFILE, HOOK_PROFILE_NONE);
	hook_expect(r, hook_phase_as(r, HOOK_READER_GONE, "100", "pre-start"), 1);
	hook_expect(r, hook_phase_as(r, HOOK_READER_GONE, "win11", "pre-start"), 2);
	hook_unlocked(r);
	hook_put(r, JOURNAL, "rubbish\n");
	hook_expect(r, hook_phase_as(r, HOOK_READER_GONE, "100", "post-stop"), 1);
	hook_expect(r, hook_phase_as(r, HOOK_READER_GONE, "101", "pre-start"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOK_TEST(guests_without_a_profile_are_left_alone),
		HOOK_TEST(a_host_that_is_no_node_is_left_alone),
		HOOK_TEST(words_that_are_no_phase_are_no_failure),
		HOOK_TEST(more_words_than_two_are_no_harm),
		HOOK_TEST(what_is_no_vmid_is_told_so),
		HOOK_TEST(containers_and_templates_start_all_the_same),
		HOOK_TEST(plain_users_are_told_who_can_hand_over),
		HOOK_TEST(a_guest_that_is_not_here_is_refused),
		HOOK_TEST(without_proxmoxs_file_system_a_start_is_refused),
		HOOK_TEST(a_broken_profile_is_named_with_file_and_line),
		HOOK_TEST(a_host_without_an_iommu_refuses),
		HOOK_TEST(a_device_of_another_vm_is_refused),
		HOOK_TEST(a_device_that_proxmox_gave_to_another_vm_is_refused),
		HOOK_TEST(profile_and_configuration_must_agree),
		HOOK_TEST(a_backup_is_refused_unless_the_profile_allows_it),
		HOOK_TEST(the_clusters_profile_counts_where_there_is_no_other),
		HOOK_TEST(what_is_said_does_not_depend_on_a_reader),
	};
	int possible = hook_possible();

	return possible ? possible : cmocka_run_group_tests(tests, NULL, NULL);
}
