/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Others on the same node: VMs that have the card, ids that Proxmox left, and its own file system. */

#include "tests/hooks/phase_rig.h"

#define NO_DEVICE "[host]\ntimeout = 30s\n"

/* All that a hand-over might touch, and our own records. */
static char *all(struct phases *p)
{
	return fk_dump_except(p->rig.fk, "proc", "run/vfio-handoff/lock", NULL);
}

static void refused_as(struct phases *p, const char *vmid, const char *part)
{
	VH_AUTO_FREE char *before = NULL;
	VH_AUTO_FREE char *after = NULL;

	(void)fk_sys(p->rig.fk)->ops->make_dir(fk_sys(p->rig.fk), VH_RUN_LOCK_DIR, 0755);
	before = all(p);
	phases_task(p);
	phases_refused(p, vmid, "pre-start", part);
	after = all(p);
	assert_string_equal(before, after);
}

static void refused(struct phases *p, const char *part)
{
	refused_as(p, "100", part);
}

static void starts_and_stops(struct phases *p)
{
	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_is_clean(p);
}

/* --- reservations ---------------------------------------------------------------------------------- */

/* VM 102 has no hook; Proxmox pulled the card off the host's driver by itself. */
static void a_card_that_proxmox_gave_to_another_vm_is_refused(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_run(p, "102", &first_card);
	phases_begin_here(p);
	refused(p, "100: 0000:01:00.0 is reserved by Proxmox for VM 102, which is running");
	phases_said(p, "'qm status 102'");
	pve_quit(p, "102");
	pve_forget(p, "102");
	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	rig_has_no_records(&p->rig);
}

/* Proxmox's start of @vmid may take another minute. */
static void put_starting(struct phases *p, const char *vmid)
{
	struct vh_sys *sys = fk_sys(p->rig.fk);
	char text[64];

	(void)snprintf(text, sizeof(text), GPU " %s time:%ju\n", vmid,
		       (uintmax_t)sys->ops->time_s(sys) + 60);
	fk_set(p->rig.fk, RESERVED, text);
}

static void a_card_of_a_vm_that_starts_just_now_is_refused(void **state)
{
	struct phases *p = phases_open_gpu(state, NO_DEVICE);

	put_starting(p, "102");
	refused(p, "is reserved by Proxmox for VM 102, which is starting");
	fk_advance(p->rig.fk, 60000);
	starts_and_stops(p);
}

/* Its QEMU is gone; the number is nobody's, or another program's, or another VM's. */
static void a_stale_reservation_stops_nobody(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	pid_t gone = fk_proxmox_qemu(p->rig.fk, "102");
	pid_t other;
	char text[128];

	(void)snprintf(text, sizeof(text), GPU " 102 pid:%d\n" AUDIO " 102 pid:%d\n", (int)gone,
		       (int)gone);
	fk_set(p->rig.fk, RESERVED, text);
	refused(p, "is reserved by Proxmox for VM 102");
	fk_process_exit(p->rig.fk, gone);
	starts_and_stops(p);

	other = rig_process(p->rig.fk, "sshd").pid;
	(void)snprintf(text, sizeof(text), "%d\n", (int)other);
	fk_set(p->rig.fk, "run/qemu-server/102.pid", text);
	(void)snprintf(text, sizeof(text), GPU " 102 pid:%d\n", (int)other);
	fk_set(p->rig.fk, RESERVED, text);
	starts_and_stops(p);
}

static void its_own_reservation_stops_nobody(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	put_starting(p, "100");
	starts_and_stops(p);
}

static void rubbish_among_the_reservations_stops_nobody(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	fk_set(p->rig.fk, RESERVED,
	       "\n# 0000:01:00.0 102 pid:1\n0000:01:00.0\n0000:01:00.0 102\nx 102 pid:1\n"
	       "0000:01:00.0 102 pid:x\n0000:01:00.0 ../102 pid:1\n0000:01:00.0 102 until:now\n");
	starts_and_stops(p);
}

/* In the new order the reservation is gone before post-stop: another start may be quicker. */
static void a_card_that_proxmox_gave_on_returns_after_that_vm(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	pve_quit(p, "100");
	pve_forget(p, "100");
	pve_run(p, "102", &first_card);
	phases_task(p);
	phases_refused(p, "100", "post-stop", "Proxmox has given it to VM 102 by now");
	phases_on(p, &first_card, "vfio-pci");
	/* Nor does any event while that VM runs. */
	assert_int_equal(phases_call(p, "103", "pre-start"), 0);
	assert_int_equal(phases_call(p, "103", "post-stop"), 0);
	phases_on(p, &first_card, "vfio-pci");
	pve_quit(p, "102");
	pve_forget(p, "102");
	phases_task(p);
	assert_int_equal(phases_call(p, "103", "pre-start"), 0);
	phases_is_clean(p);
}

/* --- other VMs with the hook ------------------------------------------------------------------------ */

static struct phases *open_two(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	phases_vm(p, "101", HOSTPCI_FIRST);
	phases_put(p, PROFILE "101.ini", DEVICE_FIRST);
	return p;
}

static void the_second_vm_of_a_card_is_refused_while_the_first_runs(void **state)
{
	struct phases *p = open_two(state);

	pve_start(p, "100", &first_card);
	refused_as(p, "101", "101: 0000:01:00.0 belongs to the VM '100'");
	pve_stop(p, "100");
	pve_start(p, "101", &first_card);
	pve_stop(p, "101");
	phases_is_clean(p);
}

/* Handed over, and QEMU not there yet: not the moment to take it away either. */
static void the_second_vm_of_a_card_is_refused_while_the_first_starts(void **state)
{
	struct phases *p = open_two(state);
	struct vh_process task;

	assert_int_equal(pve_begin(p, "100"), 0);
	task = p->task;
	p->task = (struct vh_process){0};
	refused_as(p, "101", "101: 0000:01:00.0 belongs to the VM '100'");
	phases_on(p, &first_card, "vfio-pci");
	fk_process_exit(p->rig.fk, task.pid);
	pve_start(p, "101", &first_card);
	pve_stop(p, "101");
	phases_is_clean(p);
}

/* Its post-stop was lost: the start of the next VM heals, and has the card. */
static void the_second_vm_of_a_card_has_it_after_a_lost_post_stop(void **state)
{
	struct phases *p = open_two(state);

	pve_start(p, "100", &first_card);
	pve_stop_old(p, "100");
	pve_start(p, "101", &first_card);
	assert_false(phases_has_journal(p, "100"));
	/* Late, from a cleanup that waited for a lock: it is none of the first VM's any more. */
	phases_silent(p, "100", "post-stop");
	phases_on(p, &first_card, "vfio-pci");
	pve_stop(p, "101");
	phases_is_clean(p);
}

static void a_card_taken_by_hand_is_the_vms_to_start_and_stop(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	unsigned touches;

	phases_detach_by_hand(p, "100");
	touches = phases_touches(p);
	assert_int_equal(pve_begin(p, "101"), 0);
	assert_int_equal(phases_state(p, "100"), VH_STATE_MANUAL);
	pve_start(p, "100", &first_card);
	assert_int_equal(phases_touches(p), touches);
	pve_stop(p, "100");
	phases_is_clean(p);
}

/* --- what Proxmox left in vfio-pci ------------------------------------------------------------------- */

static struct phases *open_leftover(void **state, const char *lines)
{
	struct phases *p = phases_open(state, lines);

	phases_vm(p, "100", HOSTPCI_FIRST);
	phases_put(p, PROFILE "100.ini", DEVICE_FIRST);
	return p;
}

/* Before the hook was there, or while it was not: then vfio-pci would take the second card, too. */
static void an_id_that_proxmox_left_goes_with_the_return(void **state)
{
	struct phases *p = open_leftover(state, "dynid vfio-pci 10de:2204\n"
						"dynid vfio-pci 10de:1aef\n"
						"dynid vfio-pci 8086:1572\n");

	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_on(p, &first_card, "nouveau");
	assert_false(fk_has_dynid(p->rig.fk, "vfio-pci", CARD_ID));
	assert_false(fk_has_dynid(p->rig.fk, "vfio-pci", "10de:1aef"));
	assert_true(fk_has_dynid(p->rig.fk, "vfio-pci", "8086:1572"));
	rig_has_no_records(&p->rig);
	/* The identical card, free for a moment, goes where it belongs. */
	assert_int_equal(fk_write(p->rig.fk, D SECOND "/driver/unbind", SECOND), 0);
	assert_int_equal(fk_write(p->rig.fk, PCI "drivers_probe", SECOND), 0);
	phases_on(p, &second_card, "nouveau");
}

static void an_id_that_another_vm_lives_by_stays(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_run(p, "102", &second_card);
	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_on(p, &first_card, "nouveau");
	phases_on(p, &second_card, "vfio-pci");
	assert_true(fk_has_dynid(p->rig.fk, "vfio-pci", CARD_ID));
	rig_has_no_records(&p->rig);
}

/* A card that is no host driver's business, by the kernel's command line or by Proxmox alone. */
static void a_card_that_was_on_vfio_pci_stays_there(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_bind(p, GPU);
	pve_bind(p, AUDIO);
	phases_begin_here(p);
	for (int i = 0; i < 2; i++) {
		starts_and_stops(p);
		phases_on(p, &first_card, "vfio-pci");
	}
}

/* --- Proxmox's file system -------------------------------------------------------------------------- */

static void the_clusters_profile_is_one(void **state)
{
	struct phases *p = phases_open(state, "");

	phases_vm(p, "100", HOSTPCI_FIRST);
	phases_put(p, CLUSTER "100.ini", NO_DEVICE);
	fk_chmod(p->rig.fk, CLUSTER "100.ini", 0640, 0);
	phases_begin_here(p);
	starts_and_stops(p);
	phases_put(p, PROFILE "100.ini", "[nonsense]\n");
	assert_int_equal(pve_begin(p, "100"), 2);
	phases_said(p, "100: 100.ini:1: unknown section 'nonsense'");
	phases_is_clean(p);
}

/* The same profile everywhere, and on this node the card sits elsewhere. */
static void a_drop_in_of_this_node_goes_with_the_clusters_profile(void **state)
{
	struct phases *p = phases_open(state, "");

	phases_vm(p, "100", "hostpci0: mapping=gpu\n");
	phases_put(p, MAPPINGS, "gpu\n\tmap id=10de:2204,iommugroup=15,node=pve1,path=0000:02:00\n");
	phases_put(p, CLUSTER "100.ini", DEVICE_FIRST);
	phases_put(p, PROFILE "100.ini.d/node.ini", DEVICE_SECOND);
	pve_start(p, "100", &second_card);
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void a_file_system_that_does_not_answer_stops_the_start_only(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	rig_fault(&p->rig, FK_READ, "qemu-server/100.conf", ETIMEDOUT);
	refused(p, "100: ");
	phases_said(p, "systemctl status pve-cluster");
	fk_no_faults(p->rig.fk);
	pve_start(p, "100", &first_card);
	rig_fault(&p->rig, FK_READ, "etc/pve", ETIMEDOUT);
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void a_file_system_that_is_not_mounted_stops_the_start_only(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	fk_remove(p->rig.fk, "etc/pve");
	pve_stop(p, "100");
	phases_on(p, &first_card, "nouveau");
	rig_has_no_records(&p->rig);
	phases_begin_here(p);
	refused(p, "100: /etc/pve/local is no link: Proxmox's cluster file system is not mounted");
}

static void a_vm_of_no_node_is_refused(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	fk_remove(p->rig.fk, NODE "qemu-server/100.conf");
	phases_begin_here(p);
	refused(p, "100: there is no guest 100 on this node, 'pve1'");
}

/* --- migration ----------------------------------------------------------------------------------- */

#define SOURCE "etc/pve/nodes/pve2/qemu-server/100.conf"

/* Its configuration is on the node it comes from, and the card sits elsewhere there. */
static struct phases *open_migration(void **state)
{
	struct phases *p = phases_open(state, "");

	fk_remove(p->rig.fk, NODE "qemu-server/100.conf");
	phases_put(p, PROFILE "100.ini", NO_DEVICE);
	phases_put(p, MAPPINGS,
		   "gpu\n\tlive-migration-capable 1\n"
		   "\tmap id=10de:2204,iommugroup=14,node=pve2,path=0000:01:00\n"
		   "\tmap id=10de:2204,iommugroup=15,node=pve1,path=0000:02:00\n");
	phases_put(p, SOURCE, "lock: migrate\nhostpci0: mapping=gpu\nname: win11\n");
	return p;
}

static void a_vm_that_arrives_gets_the_card_of_this_node(void **state)
{
	struct phases *p = open_migration(state);

	pve_start(p, "100", &second_card);
	phases_on(p, &first_card, "nouveau");
	fk_remove(p->rig.fk, SOURCE);
	fk_set(p->rig.fk, NODE "qemu-server/100.conf", "hostpci0: mapping=gpu\nname: win11\n");
	pve_stop(p, "100");
	phases_on(p, &second_card, "nouveau");
	rig_has_no_records(&p->rig);
}

/* The VM goes on where it was; here post-stop alone is called. */
static void a_migration_that_fails_gives_the_card_back(void **state)
{
	struct phases *p = open_migration(state);

	pve_start(p, "100", &second_card);
	pve_quit(p, "100");
	pve_cleanup_old(p, "100");
	phases_is_clean(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PHASE_TEST(a_card_that_proxmox_gave_to_another_vm_is_refused),
		PHASE_TEST(a_card_of_a_vm_that_starts_just_now_is_refused),
		PHASE_TEST(a_stale_reservation_stops_nobody),
		PHASE_TEST(its_own_reservation_stops_nobody),
		PHASE_TEST(rubbish_among_the_reservations_stops_nobody),
		PHASE_TEST(a_card_that_proxmox_gave_on_returns_after_that_vm),
		PHASE_TEST(the_second_vm_of_a_card_is_refused_while_the_first_runs),
		PHASE_TEST(the_second_vm_of_a_card_is_refused_while_the_first_starts),
		PHASE_TEST(the_second_vm_of_a_card_has_it_after_a_lost_post_stop),
		PHASE_TEST(a_card_taken_by_hand_is_the_vms_to_start_and_stop),
		PHASE_TEST(an_id_that_proxmox_left_goes_with_the_return),
		PHASE_TEST(an_id_that_another_vm_lives_by_stays),
		PHASE_TEST(a_card_that_was_on_vfio_pci_stays_there),
		PHASE_TEST(the_clusters_profile_is_one),
		PHASE_TEST(a_drop_in_of_this_node_goes_with_the_clusters_profile),
		PHASE_TEST(a_file_system_that_does_not_answer_stops_the_start_only),
		PHASE_TEST(a_file_system_that_is_not_mounted_stops_the_start_only),
		PHASE_TEST(a_vm_of_no_node_is_refused),
		PHASE_TEST(a_vm_that_arrives_gets_the_card_of_this_node),
		PHASE_TEST(a_migration_that_fails_gives_the_card_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
