/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which VM Proxmox has given a device to, and what follows from it. */

#include "lib/host/reservation.h"
#include "tests/support/cases.h"
#include "tests/unit/host_picture.h"

/* Of the fake clock, when a host is fresh. */
#define NOW_S (FK_EPOCH_S + 100)

static struct fakekernel *with(const char *reservations)
{
	struct fakekernel *fk = fk_host("proxmox");

	fk_set(fk, VH_RESERVATIONS, reservations);
	return fk;
}

/* "" if nobody has the GPU. */
static void expect(const char *reservations, const char *vmid)
{
	FK_AUTO struct fakekernel *fk = with(reservations);
	struct vh_reservation r = {0};
	int rc;

	assert_int_equal(fk_proxmox_qemu(fk, "101"), 40000);
	rc = vh_reservation_of(fk_sys(fk), GPU, &r);
	if (rc != (vmid[0] ? 0 : -ENOENT) || strcmp(r.vmid, vmid) != 0) {
		fail_msg("%d, VM '%s' for:\n%s", rc, r.vmid, reservations);
	}
}

static void of_a_running_vm(void **state)
{
	FK_AUTO struct fakekernel *fk = with(GPU " 101 pid:40000\n" AUDIO " 101 pid:40000\n");
	struct vh_reservation r;

	(void)state;
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), -ENOENT);
	assert_int_equal(fk_proxmox_qemu(fk, "101"), 40000);
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), 0);
	assert_string_equal(r.vmid, "101");
	assert_int_equal(r.qemu.pid, 40000);
	assert_int_not_equal(r.qemu.start_time, 0);
	assert_true(r.until_s == 0);
	assert_int_equal(vh_reservation_of(fk_sys(fk), AUDIO, &r), 0);
	assert_int_equal(vh_reservation_of(fk_sys(fk), SECOND, &r), -ENOENT);
	fk_process_exit(fk, 40000);
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), -ENOENT);
}

static void of_a_vm_that_starts(void **state)
{
	FK_AUTO struct fakekernel *fk = with(GPU " 102 time:1800000135\n");
	struct vh_reservation r;

	(void)state;
	assert_true(fk_sys(fk)->ops->time_s(fk_sys(fk)) == NOW_S);
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), 0);
	assert_string_equal(r.vmid, "102");
	assert_int_equal(r.qemu.pid, 0);
	assert_true(r.until_s == 1800000135);
	fk_advance(fk, 34000);
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), 0);
	fk_advance(fk, 1000);
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), -ENOENT);
}

static void stale_ones_hold_nothing(void **state)
{
	(void)state;
	expect(GPU " 101 pid:40001\n", ""); /* QEMU of that VM is another process by now */
	expect(GPU " 102 pid:40000\n", ""); /* that process is QEMU of another VM */
	expect(GPU " 101 pid:1302\n", "");
	expect(GPU " 101 pid:0\n", "");
	expect(GPU " 101 time:1800000100\n", "");
	expect(GPU " 101 time:0\n", "");
}

static void the_last_line_counts(void **state)
{
	(void)state;
	expect(GPU " 102 time:1800000200\n" GPU " 101 pid:40000\n", "101");
	expect(GPU " 101 pid:40000\n" GPU " 102 time:1800000200\n", "102");
	expect(GPU " 101 pid:40000\n" GPU " 102 time:1\n", "");
	expect(GPU " 101 pid:40000\n" GPU " 102 time:x\n", "101");
}

static void addresses_are_numbers(void **state)
{
	(void)state;
	expect("01:00.0 101 pid:40000\n", "101");
	expect("00000000:01:00.0 101 pid:40000\n", "101");
	expect("0001:01:00.0 101 pid:40000\n", "");
	expect("0000:01:00.1 101 pid:40000\n", "");
	expect("0000:10:00.0 101 pid:40000\n", "");
}

static void lines_that_are_none(void **state)
{
	static const char *const lines[] = {
		"",
		"\n\n",
		GPU,
		GPU " 101",
		GPU " 101 ",
		GPU " 101 40000",
		GPU " 101 pid:",
		GPU " 101 pid:-40000",
		GPU " 101 pid:40000x",
		GPU " 101 pid:40000 more",
		GPU " 101 pid:40000 ",
		GPU " 101 PID:40000",
		GPU " 101 pid: 40000",
		GPU "  101 pid:40000",
		" " GPU " 101 pid:40000",
		"#" GPU " 101 pid:40000",
		GPU " 0101 pid:40000",
		GPU " -101 pid:40000",
		GPU " 1 time:1800000200",
		GPU " 1010101010 time:1800000200",
		GPU " ../101 time:1800000200",
		GPU " 101 time:99999999999999999999",
		"0000:01:00 101 pid:40000",
		"0000:01:00.0.0 101 pid:40000",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(lines); i++) {
		VH_AUTO_TEXT struct vh_text text = {0};

		expect(lines[i], "");
		/* and they do not hide the next one */
		vh_text_addf(&text, "%s\n" GPU " 101 pid:40000", lines[i]);
		expect(vh_text_str(&text), "101");
	}
}

static void a_long_line_is_none(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	vh_text_add(&text, GPU " 101 pid:");
	for (size_t i = 0; i < 100000; i++) {
		vh_text_add(&text, "0");
	}
	vh_text_add(&text, "40000\n" AUDIO " 101 pid:40000\n");
	expect(vh_text_str(&text), "");
}

static void no_file_and_no_answer(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("proxmox");
	struct vh_reservation r;

	(void)state;
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), -ENOENT);
	fk_set(fk, VH_RESERVATIONS, "");
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), -ENOENT);
	assert_int_equal(vh_reservation_of(fk_sys(fk), "gpu", &r), -EINVAL);
	fk_fault(fk, &(struct fk_fault){
			     .op = FK_READ, .path_contains = "pci-id-reservations", .action = EIO});
	assert_int_equal(vh_reservation_of(fk_sys(fk), GPU, &r), -EIO);
}

static void the_picture_has_them(void **state)
{
	struct picture *p =
		picture_of(state, with(GPU " 101 pid:40000\n" SECOND " 102 time:1800000200\n"));

	assert_true(p->host.proxmox);
	assert_string_equal(function(p, GPU)->reserved, "");
	assert_string_equal(function(p, AUDIO)->reserved, "");
	assert_string_equal(function(p, SECOND)->reserved, "102");
	assert_true(function(p, SECOND)->reserved_starting);
	(void)fk_proxmox_qemu(p->fk, "101");
	take(p);
	assert_string_equal(function(p, GPU)->reserved, "101");
	assert_false(function(p, GPU)->reserved_starting);
}

static void a_node_is_known_by_its_directories(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	assert_false(p->host.proxmox);
	fk_set(p->fk, "etc/pve/nodes/pve1/pve-ssl.pem", "");
	fk_link(p->fk, "etc/pve/local", "nodes/pve1");
	take(p);
	assert_true(p->host.proxmox);
	fk_remove(p->fk, "etc/pve");
	fk_set(p->fk, "run/qemu-server/100.pid", "1\n");
	take(p);
	assert_true(p->host.proxmox);
}

/* Any device may be a VM's then: nothing is planned. */
static void no_picture_without_them(void **state)
{
	struct picture *p = picture_of(state, with(GPU " 101 pid:40000\n"));
	struct vh_host host;
	struct vh_error err = {0};

	fk_fault(p->fk, &(struct fk_fault){.op = FK_READ,
					   .path_contains = "pci-id-reservations",
					   .action = EIO});
	assert_int_equal(vh_host_load(fk_sys(p->fk), &host, &err), -EIO);
	assert_non_null(strstr(err.msg, "/run/qemu-server/pci-id-reservations"));
}

/* The group's node opens once: who looks while QEMU is about to open it fails that start. */
static void a_group_is_not_opened_while_its_vm_starts(void **state)
{
	struct picture *p = picture_of(state, with(GPU " 102 time:1800000200\n"));

	assert_int_equal(fk_write(p->fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(fk_write(p->fk, D GPU "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(p->fk, PCI "drivers/vfio-pci/bind", GPU), 0);
	fk_fault(p->fk, &(struct fk_fault){.op = FK_GROUP_STATUS, .action = EBUSY});
	take(p);
	assert_true(function(p, GPU)->is_vfio);
	assert_false(inspected(p, GPU)->vm_open);
	fk_advance(p->fk, 100000);
	take(p);
	assert_true(inspected(p, GPU)->vm_open);
}

static void plan_for(struct fakekernel *fk, const char *vm, struct vh_plan *ret)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};

	rig_profile(&profile, vm, GPU_PROFILE);
	test_case_plan(fk, &profile, ret);
}

static void it_refuses_everybody_but_its_vm(void **state)
{
	FK_AUTO struct fakekernel *fk = with(GPU " 101 pid:40000\n");
	VH_AUTO_PLAN struct vh_plan other = {0};
	VH_AUTO_PLAN struct vh_plan own = {0};

	(void)state;
	(void)fk_proxmox_qemu(fk, "101");
	plan_for(fk, "100", &other);
	assert_int_equal(other.refusal_count, 1);
	assert_int_equal(other.refusals[0].kind, VH_REFUSED_RESERVED);
	assert_string_equal(vh_refusal_word(other.refusals[0].kind), "reserved");
	assert_string_equal(other.refusals[0].device, GPU);
	plan_for(fk, "101", &own);
	assert_int_equal(own.refusal_count, 0);
}

/* One reason for one fact: the clearest. */
static void it_is_said_instead_of_what_follows_from_it(void **state)
{
	FK_AUTO struct fakekernel *fk = with(GPU " 101 pid:40000\n" AUDIO " 101 pid:40000\n");
	VH_AUTO_PLAN struct vh_plan plan = {0};

	(void)state;
	(void)fk_proxmox_qemu(fk, "101");
	assert_int_equal(fk_write(fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(fk_write(fk, D AUDIO "/driver/unbind", AUDIO), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/new_id", "10de 2204"), 0);
	assert_true(fk_vm_open(fk, 14) > 0);
	plan_for(fk, "100", &plan);
	assert_int_equal(plan.refusal_count, 2);
	assert_int_equal(plan.refusals[0].kind, VH_REFUSED_RESERVED);
	assert_int_equal(plan.refusals[1].kind, VH_REFUSED_RESERVED);
	/* Our own record says the same, and who wrote it. */
	fk_set(fk, "run/vfio-handoff/device/" GPU, "vm 101\n");
	vh_plan_done(&plan);
	plan_for(fk, "100", &plan);
	assert_int_equal(plan.refusals[0].kind, VH_REFUSED_CLAIMED);
	assert_int_equal(plan.refusals[1].kind, VH_REFUSED_RESERVED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_running_vm),
		cmocka_unit_test(of_a_vm_that_starts),
		cmocka_unit_test(stale_ones_hold_nothing),
		cmocka_unit_test(the_last_line_counts),
		cmocka_unit_test(addresses_are_numbers),
		cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(a_long_line_is_none),
		cmocka_unit_test(no_file_and_no_answer),
		PICTURE_TEST(the_picture_has_them),
		PICTURE_TEST(a_node_is_known_by_its_directories),
		PICTURE_TEST(no_picture_without_them),
		PICTURE_TEST(a_group_is_not_opened_while_its_vm_starts),
		cmocka_unit_test(it_refuses_everybody_but_its_vm),
		cmocka_unit_test(it_is_said_instead_of_what_follows_from_it),
	};

	return cmocka_run_group_tests_name("reservation", tests, NULL, NULL);
}
