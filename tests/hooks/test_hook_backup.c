/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ends of a VM that are none: a backup starts it for a while, or stops it for a moment; a reboot. */

#include "tests/hooks/phase_rig.h"

#define REFUSE "[proxmox]\non-backup = refuse\n"
#define DETACH "[proxmox]\non-backup = detach\n"
#define SKIP   "[proxmox]\non-backup = skip\n"
#define LINGER "[host]\nlinger = 60s\n"

/* --- a stopped VM is started for its backup ------------------------------------------------------- */

static void backup_of_a_stopped_vm_is_refused_by_default(void **state)
{
	static const char *const profiles[] = {DEVICE_FIRST, DEVICE_FIRST REFUSE, LINGER};

	for (size_t i = 0; i < VH_ARRAY_SIZE(profiles); i++) {
		struct phases *p = phases_open_gpu(state, profiles[i]);

		pve_lock(p, "100", "backup");
		phases_task(p);
		phases_refused(p, "100", "pre-start", "100: it is started for a backup only");
		phases_said(p, "'on-backup = detach'");
		pve_unlock(p, "100");
		phases_is_clean(p);
		pve_start(p, "100", &first_card);
		pve_stop(p, "100");
		phases_is_clean(p);
		if (i + 1 < VH_ARRAY_SIZE(profiles)) {
			assert_int_equal(phases_teardown(state), 0);
		}
	}
}

/* Every other lock is no reason: that of a snapshot's rollback, of a migration... */
static void other_locks_are_no_backup(void **state)
{
	static const char *const locks[] = {"snapshot", "rollback", "migrate", "suspended"};
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	for (size_t i = 0; i < VH_ARRAY_SIZE(locks); i++) {
		pve_lock(p, "100", locks[i]);
		pve_start(p, "100", &first_card);
		pve_stop(p, "100");
		pve_unlock(p, "100");
		phases_is_clean(p);
	}
}

static void detach_hands_over_for_the_backup_and_back(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST DETACH);

	pve_lock(p, "100", "backup");
	pve_start(p, "100", &first_card);
	phases_on(p, &first_card, "vfio-pci");
	pve_stop(p, "100");
	phases_said(p, "100: the devices are back on the host");
	pve_unlock(p, "100");
	phases_is_clean(p);
}

/* A backup that died: vzdump is gone, QEMU too, nobody said so. */
static void a_backup_that_died_is_healed_by_another_vm(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST DETACH);

	pve_lock(p, "100", "backup");
	pve_start(p, "100", &first_card);
	pve_quit(p, "100");
	phases_task(p);
	assert_int_equal(phases_call(p, "101", "pre-start"), 0);
	pve_unlock(p, "100");
	phases_is_clean(p);
}

static void skip_is_refused_while_the_host_uses_the_card(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST SKIP);

	pve_lock(p, "100", "backup");
	phases_task(p);
	phases_refused(p, "100", "pre-start",
		       "the host's driver nouveau has 0000:01:00.0: Proxmox would pull it off");
	phases_said(p, "'on-backup = detach'");
	pve_unlock(p, "100");
	phases_is_clean(p);
}

/* Sound alone is a driver, too. */
static void skip_is_refused_for_the_second_function(void **state)
{
	struct phases *p = phases_open_gpu(state, SKIP);

	assert_int_equal(fk_write(p->rig.fk, D GPU "/driver/unbind", GPU), 0);
	pve_lock(p, "100", "backup");
	phases_task(p);
	phases_refused(p, "100", "pre-start", "driver snd_hda_intel has 0000:01:00.1");
}

/* The card that is always a VM's: nothing of the host's is lost when Proxmox takes it by itself. */
static void skip_leaves_a_card_of_nobodys_to_proxmox(void **state)
{
	struct phases *p = phases_open_gpu(state, SKIP);
	unsigned operations;

	assert_int_equal(fk_write(p->rig.fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(fk_write(p->rig.fk, D AUDIO "/driver/unbind", AUDIO), 0);
	pve_bind(p, GPU);
	pve_bind(p, AUDIO);
	phases_begin_here(p);
	operations = fk_operations(p->rig.fk);
	pve_lock(p, "100", "backup");
	assert_int_equal(pve_begin(p, "100"), 0);
	phases_said(p, "100: started for a backup, its devices stay as they are");
	pve_go_on(p, "100", &first_card);
	pve_stop(p, "100");
	pve_unlock(p, "100");
	assert_int_equal(fk_operations(p->rig.fk), operations);
	phases_on(p, &first_card, "vfio-pci");
	phases_is_clean(p);
}

/* Proxmox binds all of a group, whatever the lines say: a disk controller, too. */
static void skip_is_refused_for_what_shares_the_group(void **state)
{
	struct phases *p =
		phases_open(state, "pci 0000:03:00.0 8086:a352 class=010601 driver=ahci group=14 "
				   "parent=0000:00:01.0\n");

	phases_vm(p, "100", HOSTPCI_FIRST);
	phases_put(p, PROFILE "100.ini", SKIP);
	assert_int_equal(fk_write(p->rig.fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(fk_write(p->rig.fk, D AUDIO "/driver/unbind", AUDIO), 0);
	pve_lock(p, "100", "backup");
	phases_task(p);
	phases_refused(p, "100", "pre-start", NVME);
}

/* --- a running VM is stopped for its backup, and goes on ------------------------------------------ */

static void a_stop_for_a_backup_keeps_the_card(void **state)
{
	static const char *const profiles[] = {DEVICE_FIRST, DEVICE_FIRST SKIP, DEVICE_FIRST DETACH};

	for (size_t i = 0; i < VH_ARRAY_SIZE(profiles); i++) {
		struct phases *p = phases_open_gpu(state, profiles[i]);
		unsigned touches;

		pve_start(p, "100", &first_card);
		touches = phases_touches(p);
		pve_lock(p, "100", "backup");
		pve_stop(p, "100");
		phases_said(p, "100: the devices stay on vfio-pci for 120 s");
		assert_int_equal(phases_state(p, "100"), VH_STATE_LINGERING);
		phases_on(p, &first_card, "vfio-pci");
		pve_start(p, "100", &first_card);
		pve_unlock(p, "100");
		assert_int_equal(phases_touches(p), touches);
		pve_stop(p, "100");
		phases_is_clean(p);
		if (i + 1 < VH_ARRAY_SIZE(profiles)) {
			assert_int_equal(phases_teardown(state), 0);
		}
	}
}

/* Before qemu-server 9.1.13 that stop's post-stop never comes. */
static void a_stop_for_a_backup_without_post_stop_keeps_it_too(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	unsigned touches;

	pve_start(p, "100", &first_card);
	touches = phases_touches(p);
	pve_lock(p, "100", "backup");
	pve_stop_old(p, "100");
	pve_start(p, "100", &first_card);
	pve_unlock(p, "100");
	assert_int_equal(phases_touches(p), touches);
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void let_go(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_vm_close(fk, first_card.group);
}

/* QEMU's process is gone, and vfio still resets the card as it closes it. */
static void a_stop_for_a_backup_waits_until_the_kernel_has_let_go(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	pve_lock(p, "100", "backup");
	fk_process_exit(p->rig.fk, p->vms[0].qemu);
	fk_at(p->rig.fk, 3000, let_go, NULL);
	pve_start(p, "100", &first_card);
	pve_unlock(p, "100");
	pve_stop(p, "100");
	phases_is_clean(p);
}

/* The longer of the two: that of the backup, and the profile's own. */
static void a_stop_for_a_backup_lingers_as_long_as_the_profile_says(void **state)
{
	struct phases *p = phases_open_gpu(state, "[host]\nlinger = 5m\n");

	phases_watcher(p);
	pve_start(p, "100", &first_card);
	pve_lock(p, "100", "backup");
	pve_stop(p, "100");
	phases_said(p, "100: the devices stay on vfio-pci for 300 s");
	pve_unlock(p, "100");
	fk_advance(p->rig.fk, 300000);
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_DONE);
	phases_is_clean(p);
}

/* Its restart fails before the hook is asked: nobody takes the card from the host for longer. */
static void a_stop_for_a_backup_that_does_not_go_on_ends_in_time(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	pve_lock(p, "100", "backup");
	pve_stop(p, "100");
	pve_unlock(p, "100");
	fk_advance(p->rig.fk, 119000);
	phases_silent(p, "101", "pre-start");
	phases_on(p, &first_card, "vfio-pci");
	fk_advance(p->rig.fk, 1000);
	assert_int_equal(pve_begin(p, "101"), 0);
	phases_is_clean(p);
}

/* The lock of a backup that failed stays, and people stop their VM all the same. */
static void a_stop_under_a_forgotten_lock_comes_back_in_time(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	pve_lock(p, "100", "backup");
	pve_stop(p, "100");
	fk_advance(p->rig.fk, 120000);
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_DONE);
	pve_unlock(p, "100");
	phases_is_clean(p);
}

/* --- templates and containers ---------------------------------------------------------------------- */

/* Its configuration is cut down between pre-start and post-start, which does not come. */
static void a_template_is_left_alone(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	phases_vm(p, "100", HOSTPCI_FIRST "template: 1\n");
	pve_lock(p, "100", "backup");
	phases_task(p);
	assert_int_equal(phases_call(p, "100", "pre-start"), 0);
	phases_said(p, "100 is a template: its profile has no effect");
	phases_silent(p, "100", "pre-stop");
	phases_silent(p, "100", "post-stop");
	pve_unlock(p, "100");
	phases_is_clean(p);
}

static void a_container_is_left_alone(void **state)
{
	struct phases *p = phases_open(state, "");

	phases_put(p, NODE "lxc/200.conf", "hostpci0: 01:00\nlock: backup\nrootfs: local:1\n");
	phases_put(p, PROFILE "200.ini", "[nonsense\n");
	assert_int_equal(pve_begin(p, "200"), 0);
	phases_said(p, "200 is a container: its profile has no effect");
	phases_silent(p, "200", "post-start");
	phases_silent(p, "200", "pre-stop");
	phases_silent(p, "200", "post-stop");
	phases_is_clean(p);
}

/* --- reboot ------------------------------------------------------------------------------------- */

/* VM 100 has just stopped; VM 101 has the same card in its configuration. */
static struct phases *open_lingering(void **state)
{
	struct phases *p = phases_open_gpu(state, LINGER);

	phases_vm(p, "101", HOSTPCI_FIRST);
	phases_put(p, PROFILE "101.ini", DEVICE_FIRST);
	phases_watcher(p);
	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_said(p, "100: the devices stay on vfio-pci for 60 s, for its next start");
	assert_int_equal(phases_state(p, "100"), VH_STATE_LINGERING);
	return p;
}

static void a_reboot_does_not_bounce_the_display(void **state)
{
	struct phases *p = open_lingering(state);
	unsigned touches = phases_touches(p);

	for (int i = 0; i < 3; i++) {
		fk_advance(p->rig.fk, 59000);
		pve_start(p, "100", &first_card);
		assert_int_equal(phases_state(p, "100"), VH_STATE_RUNNING);
		pve_stop(p, "100");
	}
	assert_int_equal(phases_touches(p), touches);
	fk_advance(p->rig.fk, 60000);
	assert_int_equal(pve_begin(p, "102"), 0);
	phases_is_clean(p);
}

/* Nobody would bring it back in time. */
static void without_a_watcher_nothing_lingers(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST LINGER);

	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_said(p, "100: the devices are back on the host");
	phases_is_clean(p);
}

static void another_vm_that_wants_the_card_has_it_at_once(void **state)
{
	struct phases *p = open_lingering(state);

	pve_start(p, "101", &first_card);
	assert_false(phases_has_journal(p, "100"));
	assert_int_equal(phases_state(p, "101"), VH_STATE_RUNNING);
	rig_has_logged(&p->rig, "100: lingering, bringing its devices back");
	pve_stop(p, "101");
	phases_is_clean(p);
}

static void another_vm_that_wants_nothing_leaves_it(void **state)
{
	struct phases *p = open_lingering(state);

	phases_silent(p, "102", "pre-start");
	phases_silent(p, "102", "post-stop");
	assert_int_equal(phases_state(p, "100"), VH_STATE_LINGERING);
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_NOTHING);
	fk_advance(p->rig.fk, 60000);
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_DONE);
	phases_is_clean(p);
}

/* It was stopped a minute ago, and the night's backup begins. */
static void a_backup_picks_up_what_lingers(void **state)
{
	struct phases *p = open_lingering(state);
	unsigned touches = phases_touches(p);

	pve_lock(p, "100", "backup");
	pve_start(p, "100", &first_card);
	assert_int_equal(phases_touches(p), touches);
	pve_stop(p, "100");
	pve_unlock(p, "100");
	fk_advance(p->rig.fk, 120000);
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_DONE);
	phases_is_clean(p);
}

/* "Brought back when the backup is done": nobody reboots after it. */
static void after_a_backup_nothing_lingers(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST DETACH LINGER);

	phases_watcher(p);
	pve_lock(p, "100", "backup");
	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	pve_unlock(p, "100");
	phases_is_clean(p);
}

/* libvirt's daemon lives on, and its words are others; the rest is the same. */
static void a_domain_of_libvirts_lingers_too(void **state)
{
	struct phases *p = phases_open(state, "");
	unsigned touches = 0;

	phases_put(p, PROFILE "win11.ini", DEVICE_FIRST LINGER);
	phases_watcher(p);
	for (int i = 0; i < 3; i++) {
		char text[16];
		pid_t qemu;

		phases_silent(p, "win11", "prepare");
		assert_true(i == 0 || phases_touches(p) == touches);
		touches = phases_touches(p);
		qemu = fk_vm_open(p->rig.fk, first_card.group);
		(void)snprintf(text, sizeof(text), "%d", (int)qemu);
		fk_set(p->rig.fk, "run/libvirt/qemu/win11.pid", text);
		phases_silent(p, "win11", "started");
		assert_int_equal(phases_state(p, "win11"), VH_STATE_RUNNING);
		fk_process_exit(p->rig.fk, qemu);
		phases_silent(p, "win11", "release");
		assert_int_equal(phases_state(p, "win11"), VH_STATE_LINGERING);
	}
	fk_remove(p->rig.fk, "run/libvirt");
	fk_advance(p->rig.fk, 60000);
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_DONE);
	phases_is_clean(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PHASE_TEST(backup_of_a_stopped_vm_is_refused_by_default),
		PHASE_TEST(other_locks_are_no_backup),
		PHASE_TEST(detach_hands_over_for_the_backup_and_back),
		PHASE_TEST(a_backup_that_died_is_healed_by_another_vm),
		PHASE_TEST(skip_is_refused_while_the_host_uses_the_card),
		PHASE_TEST(skip_is_refused_for_the_second_function),
		PHASE_TEST(skip_leaves_a_card_of_nobodys_to_proxmox),
		PHASE_TEST(skip_is_refused_for_what_shares_the_group),
		PHASE_TEST(a_stop_for_a_backup_keeps_the_card),
		PHASE_TEST(a_stop_for_a_backup_without_post_stop_keeps_it_too),
		PHASE_TEST(a_stop_for_a_backup_waits_until_the_kernel_has_let_go),
		PHASE_TEST(a_stop_for_a_backup_lingers_as_long_as_the_profile_says),
		PHASE_TEST(a_stop_for_a_backup_that_does_not_go_on_ends_in_time),
		PHASE_TEST(a_stop_under_a_forgotten_lock_comes_back_in_time),
		PHASE_TEST(a_template_is_left_alone),
		PHASE_TEST(a_container_is_left_alone),
		PHASE_TEST(a_reboot_does_not_bounce_the_display),
		PHASE_TEST(without_a_watcher_nothing_lingers),
		PHASE_TEST(another_vm_that_wants_the_card_has_it_at_once),
		PHASE_TEST(another_vm_that_wants_nothing_leaves_it),
		PHASE_TEST(a_backup_picks_up_what_lingers),
		PHASE_TEST(after_a_backup_nothing_lingers),
		PHASE_TEST(a_domain_of_libvirts_lingers_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
