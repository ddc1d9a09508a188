/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The proof of return: connectors that answer, the text console where it was; and what a person is
 * told when it is not so, or when it was the VM that failed.
 */

#include "tests/unit/handoff_rig.h"

#define STATUS "card0-HDMI-A-1/status"

static const char *found_of(struct rig *r, const char *device)
{
	static struct vh_step step;
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_journal_load(fk_sys(r->fk), "win11", false, &j, &err), 0);
	for (size_t i = 0; i < j.count; i++) {
		step = j.entries[i].step;
		if (step.kind == VH_STEP_RETURN && strcmp(step.device, device) == 0) {
			return step.found;
		}
	}
	return "";
}

static void connectors_and_console_are_noted(void **state)
{
	struct rig *r = rig_open(state, "two-gpus-idle", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_string_equal(found_of(r, GPU), "drm=1,fb=1,connector=1,console=1");
	assert_string_equal(found_of(r, AUDIO), "sound=1");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void a_card_without_the_console_is_not_asked_for_it(void **state)
{
	struct rig *r =
		rig_open(state, "two-gpus-idle", "", "[device gpu]\naddress = " SECOND "\n");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_string_equal(found_of(r, SECOND), "drm=1,fb=1,connector=1");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* joeknock90#49, BigAnteater#35: the nodes are there, and the screen is black. */
static void peers_3_3_connector_that_does_not_answer_is_named(void **state)
{
	static const int failures[] = {EIO, FK_HANG};

	for (size_t i = 0; i < VH_ARRAY_SIZE(failures); i++) {
		struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

		rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
		rig_fault(r, FK_READ, STATUS, failures[i]);
		rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
		rig_says(r, "its connector card0-HDMI-A-1 does not answer");
		rig_driver(r, GPU, "bochs-drm");
		rig_has_no_records(r);
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

/* Those behind a hub come and go with its cable. */
static void a_screen_unplugged_meanwhile_is_no_failure(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 "file sys/bus/pci/devices/" GPU "/drm/card0/card0-DP-3/status "
				 "connected\n",
				 GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_string_equal(found_of(r, GPU), "drm=1,fb=1,connector=2,console=1");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_false(fk_exists(r->fk, D GPU "/drm/card0/card0-DP-3"));
}

/* Another card's frame buffer came meanwhile, got the number, and with it the console. */
static void trap_17_console_on_the_other_card_is_said(void **state)
{
	struct rig *r = rig_open(state, "two-gpus-idle",
				 "driver radeon\npci 0000:07:00.0 1002:6779 class=030000 "
				 "native=radeon group=21 drm=card5 fb=fb5\n",
				 GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_write(r->fk, PCI "drivers/radeon/bind", "0000:07:00.0"), 0);
	assert_true(fk_exists(r->fk, D "0000:07:00.0/graphics/fb0"));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "the text console is not on it but on fb0 (0000:07:00.0); con2fbmap moves it");
	rig_has_no_records(r);
}

/* A write that has no effect: it stays to be done, and is said once. */
static void trap_17_console_that_stays_on_dummy_is_left(void **state)
{
	struct rig *r = rig_open(state, "two-gpus-idle", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_VTCON, NULL, FK_SILENT);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "vtcon1 took the write but is not bound");
	assert_null(strstr(r->err.msg, "the text console is not on it"));
	fk_no_faults(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* What a person needs who sits in front of a black screen, with a phone in hand. */
static void peers_3_3_black_screen_comes_with_what_to_do_over_ssh(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_BIND, "bochs-drm/bind=" GPU, EIO);
	rig_fault(r, FK_PROBE, GPU, EIO);
	rig_fault(r, FK_DRIVER_PROBE, "bochs-drm " GPU, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "not undone");
	rig_has_logged(r, "win11: back on the host: " AUDIO "; not back: " GPU
			  "; the host's screen may stay dark");
	assert_non_null(strstr(r->err.hint, "Over ssh: 'vfio-handoff recover' tries again"));
	assert_non_null(strstr(r->err.hint, "journalctl -b -t vfio-handoff"));
	assert_non_null(strstr(r->err.hint, "a reboot brings the card back"));
}

static void a_screen_that_is_back_but_dark_has_nothing_to_recover(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_READ, STATUS, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "back, but not working");
	rig_has_logged(r, "win11: back on the host: " AUDIO "; back, but not working: " GPU
			  "; the host's screen may stay dark");
	assert_non_null(strstr(r->err.hint, "Over ssh: 'journalctl"));
	assert_null(strstr(r->err.hint, "recover"));
}

static void a_network_card_says_nothing_of_screens(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "",
				 "[device nic]\naddress = " NIC "\n[host]\ntimeout = 2s\n");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_BIND, "e1000e/bind=" NIC, EIO);
	rig_fault(r, FK_PROBE, NIC, EIO);
	rig_fault(r, FK_DRIVER_PROBE, "e1000e " NIC, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_has_logged(r, "win11: back on the host: nothing; not back: " NIC);
	assert_null(strstr(vh_text_str(&r->lines.text), "dark"));
	assert_null(strstr(r->err.hint, "screen"));
}

static enum vh_outcome release(struct rig *r)
{
	struct vh_engine e = rig_engine(r);

	return vh_release(&e, "win11", 0, &r->err);
}

/* BigAnteater#13: QEMU failed at once, and people took the hook for broken. */
static void peers_3_3_vm_that_fails_at_once_is_told_from_the_handover(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, release(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "the VM failed and not the hand-over: "
			  "/var/log/libvirt/qemu/win11.log tells why");
	rig_is_clean(r);
}

static void peers_3_3_vm_that_never_ran_is_told_too(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, release(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "/var/log/libvirt/qemu/win11.log");
	rig_is_clean(r);
}

static void a_vm_that_ran_is_not_blamed(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	pid_t qemu = rig_run_vm(r, 6);

	fk_advance(r->fk, 60000);
	fk_process_exit(r->fk, qemu);
	rig_expect(r, release(r), VH_OUTCOME_DONE);
	assert_null(strstr(vh_text_str(&r->lines.text), "libvirt/qemu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(connectors_and_console_are_noted),
		RIG_TEST(a_card_without_the_console_is_not_asked_for_it),
		RIG_TEST(peers_3_3_connector_that_does_not_answer_is_named),
		RIG_TEST(a_screen_unplugged_meanwhile_is_no_failure),
		RIG_TEST(trap_17_console_on_the_other_card_is_said),
		RIG_TEST(trap_17_console_that_stays_on_dummy_is_left),
		RIG_TEST(peers_3_3_black_screen_comes_with_what_to_do_over_ssh),
		RIG_TEST(a_screen_that_is_back_but_dark_has_nothing_to_recover),
		RIG_TEST(a_network_card_says_nothing_of_screens),
		RIG_TEST(peers_3_3_vm_that_fails_at_once_is_told_from_the_handover),
		RIG_TEST(peers_3_3_vm_that_never_ran_is_told_too),
		RIG_TEST(a_vm_that_ran_is_not_blamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
