/* SPDX-License-Identifier: GPL-2.0-or-later */

/* profile new: G6; peers 3.6: vm-curator#58, NVIDIA/gpu-operator#1328, bryansteiner#30. */

#include <errno.h>
#include <json-c/json.h>

#include "tests/cli/here_rig.h"

#define INI "etc/vfio-handoff/win11.ini"
#define GPU "0000:01:00.0"
#define DOMAIN_OF(hostdev)                                                       \
	"<domain type='kvm'><name>win11</name><memory>1</memory>"                \
	"<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>" hostdev \
	"</devices></domain>\n"
#define HOSTDEV(bus)                                                                           \
	"<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' " \
	"bus='" bus "' slot='0x00' function='0x0'/></source></hostdev>"

static void one_card_and_no_question(void **state)
{
	struct here r;

	(void)state;
	here_open(&r, fk_host("nvidia-idle"));
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_OK);
	here_has(fk_get(r.fk, INI), "[device gpu]\n");
	here_has(fk_get(r.fk, INI), "address = " GPU "\nid      = 10de:");
	assert_non_null(strstr(fk_operation_log(r.fk), "publish " INI));
	here_has(r.out, "a start of win11 would now do this");
	here_has(r.err, "written: /" INI);
	/* The profile that is there stays. */
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "has a profile already");
	here_run(&r, cli_profile, "profile", "new", "--print", "win11");
	here_expect(&r, CLI_OK);
	assert_string_equal(r.out, fk_get(r.fk, INI));
	here_close(&r);
}

static void several_cards_are_listed(void **state)
{
	struct here r;

	(void)state;
	here_open(&r, fk_host("two-gpus"));
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_FAILED);
	assert_string_equal(r.out, "");
	here_has(r.err, "--device " GPU "  ");
	here_has(r.err, "the machine booted with it");
	here_has(r.err, "--device 0000:02:00.0  ");
	assert_false(fk_exists(r.fk, INI));
	r.cli.json = true;
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "\"candidates\": [");
	r.cli.json = false;
	here_run(&r, cli_profile, "profile", "new", "win11", "--device", "02:00.0", "--device", GPU);
	here_expect(&r, CLI_OK);
	here_has(fk_get(r.fk, INI), "[device gpu]\n");
	here_has(fk_get(r.fk, INI), "[device gpu2]\n");
	here_close(&r);
}

static void the_definitions_devices_come_first(void **state)
{
	static const char domain[] = DOMAIN_OF(HOSTDEV("0x02") HOSTDEV("0x77"));
	struct here r;

	(void)state;
	here_open(&r, fk_host("two-gpus"));
	fk_set(r.fk, "etc/libvirt/qemu/win11.xml", domain);
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_OK);
	here_has(fk_get(r.fk, INI), "address = 0000:02:00.0\n");
	here_has_not(fk_get(r.fk, INI), "0000:01:00.0");
	here_has(r.err, "names 0000:77:00.0, and there is no such device");
	here_has(r.err, "of its <hostdev>s");
	here_close(&r);
}

static void without_hostdevs_it_is_as_if_it_were_not_there(void **state)
{
	struct here r;

	(void)state;
	here_open(&r, fk_host("nvidia-idle"));
	fk_set(r.fk, "etc/libvirt/qemu/win11.xml", DOMAIN_OF(""));
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_OK);
	here_has(fk_get(r.fk, INI), "address = " GPU "\n");
	here_close(&r);
}

/* Nothing of the host's is added by itself: it may be its disk. */
static void others_in_the_group_are_told(void **state)
{
	struct here r;

	(void)state;
	here_open(&r, fk_host("shared-group"));
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_OK);
	here_has(r.err, "warning: IOMMU group 1 also holds 0000:02:00.0");
	here_has(r.err, "--device " GPU " --device 0000:02:00.0");
	here_has(fk_get(r.fk, INI),
		 "; in the same IOMMU group 1, and not handed over: 0000:02:00.0");
	here_has_not(fk_get(r.fk, INI), "address = 0000:02:00.0");
	here_has(r.out, "refused: ");
	here_close(&r);
}

/* An Arc's sound has another bus number. */
static void what_is_behind_the_cards_own_switch(void **state)
{
	struct here r;

	(void)state;
	here_open(&r, fk_host_with("single-gpu",
				   "bridge 0000:00:01.0 8086:460d group=20\n"
				   "bridge 0000:0a:00.0 8086:4fa0 parent=0000:00:01.0 group=21\n"
				   "bridge 0000:0b:01.0 8086:4fa4 parent=0000:0a:00.0 group=22\n"
				   "bridge 0000:0b:04.0 8086:4fa4 parent=0000:0a:00.0 group=23\n"
				   "pci 0000:0c:00.0 8086:56a0 class=030000 group=24 "
				   "parent=0000:0b:01.0\n"
				   "pci 0000:0d:00.0 8086:4f90 class=040300 group=25 "
				   "parent=0000:0b:04.0\n"));
	here_run(&r, cli_profile, "profile", "new", "win11", "--device", "0c:00.0");
	here_expect(&r, CLI_OK);
	here_has(fk_get(r.fk, INI), "[device gpu-audio]\n");
	here_has(fk_get(r.fk, INI), "address = 0000:0d:00.0\nid      = 8086:4f90\n");
	here_close(&r);
}

static void proxmox_has_the_devices_itself(void **state)
{
	struct here r;

	(void)state;
	here_open(&r, fk_host("proxmox"));
	here_run(&r, cli_profile, "profile", "new", "100");
	here_expect(&r, CLI_OK);
	here_has_not(fk_get(r.fk, "etc/vfio-handoff/100.ini"), "\n[device");
	here_has(r.err, "the profile needs none");
	here_has(r.out, GPU ": host driver lets go");
	fk_set(r.fk, "etc/pve/nodes/pve1/lxc/300.conf", "arch: amd64\n");
	here_run(&r, cli_profile, "profile", "new", "300");
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "is a container");
	here_close(&r);
}

static void wrong_calls(void **state)
{
	static const char *const devices[][2] = {
		{"gpu", "is no PCI address"},
		{"0000:77:00.0", "no PCI device at"},
		{"0000:00:10.0", "is a bridge"},
	};
	struct here r;

	(void)state;
	here_open(&r, fk_host("single-gpu"));
	here_run(&r, cli_profile, "profile", "new");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_profile, "profile", "new", "a/b");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_profile, "profile", "new", "..", "--print");
	here_expect(&r, CLI_USAGE);
	for (size_t i = 0; i < VH_ARRAY_SIZE(devices); i++) {
		here_run(&r, cli_profile, "profile", "new", "win11", "--device", devices[i][0]);
		assert_int_not_equal(r.status, CLI_OK);
		here_has(r.err, devices[i][1]);
	}
	assert_false(fk_exists(r.fk, "etc/vfio-handoff"));
	here_close(&r);
}

static void nothing_is_left_half_written(void **state)
{
	struct fk_fault fault = {.op = FK_PUBLISH, .action = ENOSPC};
	struct here r;

	(void)state;
	here_open(&r, fk_host("single-gpu"));
	fk_fault(r.fk, &fault);
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "No space left");
	assert_false(fk_exists(r.fk, INI));
	/* Another tree is only looked at. */
	fk_no_faults(r.fk);
	fault.action = EROFS;
	fk_fault(r.fk, &fault);
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_OK);
	here_has(r.err, "not written");
	here_has(r.out, "[device gpu]");
	here_close(&r);
}

static const struct vh_sys_ops *real_ops;
static struct fakekernel *host;

/* Another run was faster, and has ended. */
static int lock_late(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	fk_set(host, INI, "[device other]\n");
	return real_ops->lock(sys, path, timeout_ms);
}

static void of_two_at_once_the_first_stays(void **state)
{
	struct vh_sys_ops ops;
	struct vh_sys *sys;
	struct here r;

	(void)state;
	here_open(&r, fk_host("single-gpu"));
	host = r.fk;
	sys = fk_sys(r.fk);
	real_ops = sys->ops;
	ops = *real_ops;
	ops.lock = lock_late;
	sys->ops = &ops;
	here_run(&r, cli_profile, "profile", "new", "win11");
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "File exists");
	assert_string_equal(fk_get(r.fk, INI), "[device other]\n");
	sys->ops = real_ops;
	here_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_card_and_no_question),
		cmocka_unit_test(several_cards_are_listed),
		cmocka_unit_test(the_definitions_devices_come_first),
		cmocka_unit_test(without_hostdevs_it_is_as_if_it_were_not_there),
		cmocka_unit_test(others_in_the_group_are_told),
		cmocka_unit_test(what_is_behind_the_cards_own_switch),
		cmocka_unit_test(proxmox_has_the_devices_itself),
		cmocka_unit_test(wrong_calls),
		cmocka_unit_test(of_two_at_once_the_first_stays),
		cmocka_unit_test(nothing_is_left_half_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
