/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command on a Proxmox VE node: a VM is a number and a name, and its devices are in its own file. */
#include "lib/engine/handoff.h"
#include "lib/proxmox/proxmox.h"
#include "tests/cli/cli_rig.h"

#define QEMU_PID 4711

/* VM 100 of the host runs, and its start task is over. */
static struct fakekernel *running(struct vh_journal *j, const char *profile_text)
{
	struct fakekernel *fk = fk_host_with("proxmox", "process 4711 kvm start=99");
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_process task = {0};
	struct vh_process qemu = {.pid = QEMU_PID, .start_time = 99};
	struct vh_log log = {0};
	struct vh_error err = {0};
	struct vh_engine e = {.sys = fk_sys(fk), .log = &log, .lock_timeout_ms = 1000};

	fk_set(fk, "etc/vfio-handoff/100.ini", profile_text);
	if (vh_profile_of_vm(e.sys, "100", &profile, &err) ||
	    vh_detach(&e, &profile, VH_ORIGIN_PROXMOX, &task, &err) != VH_OUTCOME_DONE ||
	    vh_adopt(&e, "100", VH_ORIGIN_PROXMOX, &qemu, &task, &err) != VH_OUTCOME_DONE ||
	    vh_journal_load(e.sys, "100", false, j, &err)) {
		fail_msg("%s", err.msg);
	}
	return fk;
}

static void status_shows_number_and_name(void **state)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct cli_rig *r = cli_open(state, running(&j, "; from hostpci\n"));
	struct json_object *o;
	struct json_object *vm;

	cli_expect(r, cli_run(r, "status"), 0);
	cli_out_has(r, "100 (win11): running, QEMU is process 4711");
	cli_out_has(r, "0000:01:00.1  driver vfio-pci");
	cli_expect(r, cli_run(r, "--json", "status"), 0);
	o = cli_json(r);
	vm = json_object_array_get_idx(o, 0);
	assert_string_equal(cli_string(vm, "vm"), "100");
	assert_string_equal(cli_string(vm, "name"), "win11");
	assert_string_equal(cli_string(vm, "state"), "running");
	json_object_put(o);
}

/* The VM was destroyed meanwhile: what it has of the host is shown all the same. */
static void status_of_a_vm_without_configuration_shows_its_number(void **state)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct fakekernel *fk = running(&j, "; from hostpci\n");
	struct cli_rig *r;

	fk_remove(fk, "etc/pve/nodes/pve1/qemu-server/100.conf");
	r = cli_open(state, fk);
	cli_expect(r, cli_run(r, "status"), 0);
	cli_out_has(r, "100: running");
}

static void status_says_how_long_a_card_lingers(void **state)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct fakekernel *fk = running(&j, "[host]\nlinger = 10m\n");
	struct vh_error err = {0};
	struct json_object *o;
	struct cli_rig *r;

	fk_process_exit(fk, QEMU_PID);
	/* The command reads this machine's own clock, which is somewhere in its uptime. */
	assert_int_equal(vh_journal_lingering(fk_sys(fk), &j, UINT64_MAX / 2, &err), 0);
	r = cli_open(state, fk);
	cli_expect(r, cli_run(r, "status"), 0);
	cli_out_has(r, "100 (win11): lingering");
	cli_out_has(r, "'vfio-handoff reattach' with its name brings them back now");
	cli_expect(r, cli_run(r, "--json", "status"), 0);
	o = cli_json(r);
	assert_string_equal(cli_string(json_object_array_get_idx(o, 0), "state"), "lingering");
	assert_true(json_object_get_int64(
			    cli_member(json_object_array_get_idx(o, 0), "lingers_ms")) > 0);
	json_object_put(o);
}

static void nobody_watching_is_said_where_systemd_could(void **state)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct cli_rig *r = cli_open(state, running(&j, "; from hostpci\n"));

	cli_expect(r, cli_run(r, "status"), 0);
	assert_null(strstr(r->run.out, "nobody watches"));
	cli_put(r, "run/systemd/system/x", "");
	cli_expect(r, cli_run(r, "status"), 0);
	cli_out_has(r, "systemctl enable --now vfio-handoff-recover.path");
}

static void the_plan_follows_the_vms_own_configuration(void **state)
{
	struct fakekernel *fk = fk_host("proxmox");
	struct cli_rig *r;

	fk_set(fk, "etc/vfio-handoff/100.ini", "; from hostpci\n");
	r = cli_open(state, fk);
	cli_expect(r, cli_run(r, "plan", "100", "detach"), 0);
	cli_out_has(r, "0000:01:00.0");
	cli_out_has(r, "0000:01:00.1");
	cli_put(r, "etc/vfio-handoff/100.ini", "[device gpu]\naddress = 0000:02:00.0\n");
	cli_expect(r, cli_run(r, "plan", "100", "detach"), 2);
	cli_err_has(r, "0000:02:00.0");
	cli_err_has(r, "hostpci0");
}

static void watching_is_only_for_recover_and_for_all(void **state)
{
	struct cli_rig *r = cli_open(state, fk_host("proxmox"));

	cli_expect(r, cli_run(r, "status", "--watch"), 2);
	cli_err_has(r, "unknown option '--watch'");
	cli_expect(r, cli_run(r, "recover", "100", "--watch"), 2);
	cli_err_has(r, "usage: vfio-handoff recover [VM | --watch]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(status_shows_number_and_name),
		CLI_TEST(status_of_a_vm_without_configuration_shows_its_number),
		CLI_TEST(status_says_how_long_a_card_lingers),
		CLI_TEST(nobody_watching_is_said_where_systemd_could),
		CLI_TEST(the_plan_follows_the_vms_own_configuration),
		CLI_TEST(watching_is_only_for_recover_and_for_all),
	};

	return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
