/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which process is a VM's QEMU: libvirt's pid files, and Proxmox's, which outlive their process. */

#include "lib/host/hypervisor.h"
#include "tests/unit/handoff_rig.h"

#define PID_FILE "run/qemu-server/101.pid"

static pid_t libvirt(struct fakekernel *fk, const char *vm)
{
	return vh_qemu_of_libvirt(fk_sys(fk), vm).pid;
}

static pid_t proxmox(struct fakekernel *fk, const char *vmid)
{
	return vh_qemu_of_proxmox(fk_sys(fk), vmid).pid;
}

/* The process 2399 with these arguments, and VM 101's pid file that names it. */
static struct fakekernel *with_arguments(const char *cmdline)
{
	VH_AUTO_TEXT struct vh_text lines = {0};

	vh_text_addf(&lines, "process 2399 kvm start=77 cmdline=\"%s\"\nfile " PID_FILE " 2399\n",
		     cmdline);
	return fk_host_with("proxmox", vh_text_str(&lines));
}

static void expect_arguments(const char *cmdline, pid_t pid)
{
	FK_AUTO struct fakekernel *fk = with_arguments(cmdline);

	if (proxmox(fk, "101") != pid) {
		fail_msg("pid %jd for: %s", (intmax_t)proxmox(fk, "101"), cmdline);
	}
}

static void libvirt_writes_it_down(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	static const char *const no_files[] = {NULL};
	pid_t pid = fk_add_process(fk, "qemu-system-x86", no_files);
	char text[32];

	(void)state;
	assert_int_equal(libvirt(fk, "win11"), 0);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	fk_set(fk, "run/libvirt/qemu/win11.pid", text);
	assert_int_equal(libvirt(fk, "win11"), pid);
	assert_int_not_equal(vh_qemu_of_libvirt(fk_sys(fk), "win11").start_time, 0);
	fk_set(fk, "run/libvirt/qemu/a b.pid", text);
	assert_int_equal(libvirt(fk, "a b"), pid);
	fk_process_exit(fk, pid);
	assert_int_equal(libvirt(fk, "win11"), 0);
}

static void names_that_are_no_file_name(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("proxmox");
	char name[VH_PATH_MAX];

	(void)state;
	fk_set(fk, "run/libvirt/x.pid", "1302\n");
	assert_int_equal(libvirt(fk, "../x"), 0);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(libvirt(fk, name), 0);
	fk_set(fk, "run/100.pid", "1302\n");
	assert_int_equal(proxmox(fk, "../100"), 0);
	assert_int_equal(proxmox(fk, ""), 0);
	assert_int_equal(proxmox(fk, "99"), 0);
	assert_int_equal(proxmox(fk, "0100"), 0);
}

static void pid_files_that_hold_no_pid(void **state)
{
	static const char *const texts[] = {"",     "\n",         "0\n",
					    "-1\n", "2399 2\n",   "pid 2399\n",
					    "40\n", "4294969695", "99999999999999999999"};
	FK_AUTO struct fakekernel *fk = with_arguments("kvm -pidfile /run/qemu-server/101.pid");

	(void)state;
	assert_int_equal(proxmox(fk, "101"), 2399);
	for (size_t i = 0; i < VH_ARRAY_SIZE(texts); i++) {
		fk_set(fk, PID_FILE, texts[i]);
		fk_set(fk, "run/libvirt/qemu/101.pid", texts[i]);
		assert_int_equal(proxmox(fk, "101"), 0);
		assert_int_equal(libvirt(fk, "101"), 0);
	}
}

static void proxmox_is_known_by_its_pid_file_argument(void **state)
{
	(void)state;
	expect_arguments("/usr/bin/kvm -id 101 -pidfile /run/qemu-server/101.pid -daemonize", 2399);
	expect_arguments("/usr/bin/kvm -pidfile /var/run/qemu-server/101.pid", 2399);
	expect_arguments("/usr/bin/kvm --pidfile /run/qemu-server/101.pid", 2399);
	expect_arguments("/usr/bin/kvm -pidfile=/run/qemu-server/101.pid -S", 2399);
	expect_arguments("/usr/bin/kvm --pidfile=/var/run/qemu-server/101.pid", 2399);
}

/* A pid is used again: by another VM, by anything. */
static void proxmox_anything_else_with_its_pid_is_not_it(void **state)
{
	(void)state;
	expect_arguments("", 0);
	expect_arguments("/usr/bin/kvm -id 101", 0);
	expect_arguments("/usr/bin/kvm -id 102 -pidfile /run/qemu-server/102.pid", 0);
	expect_arguments("/usr/bin/kvm -pidfile /run/qemu-server/1011.pid", 0);
	expect_arguments("/usr/bin/kvm -pidfile /run/qemu-server/101.pid.old", 0);
	expect_arguments("/usr/bin/kvm -pidfile /srv/run/qemu-server/101.pid", 0);
	expect_arguments("/usr/bin/kvm -pidfiles /run/qemu-server/101.pid", 0);
	expect_arguments("/usr/bin/kvm -pidfile", 0);
	expect_arguments("cat /run/qemu-server/101.pid", 0);
	expect_arguments("vi -pidfile -x /run/qemu-server/101.pid", 0);
}

static void proxmox_leaves_the_file_behind(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("proxmox");
	pid_t pid = fk_proxmox_qemu(fk, "101");
	struct vh_process qemu = vh_qemu_of_proxmox(fk_sys(fk), "101");

	(void)state;
	assert_int_equal(qemu.pid, pid);
	assert_true(vh_sys_process_alive(fk_sys(fk), &qemu));
	assert_int_equal(proxmox(fk, "102"), 0);
	fk_process_exit(fk, pid);
	assert_true(fk_exists(fk, PID_FILE));
	assert_int_equal(proxmox(fk, "101"), 0);
}

static void proxmox_command_line_that_cannot_be_read(void **state)
{
	FK_AUTO struct fakekernel *fk = with_arguments("kvm -pidfile /run/qemu-server/101.pid");

	(void)state;
	fk_fault(fk, &(struct fk_fault){
			     .op = FK_READ, .path_contains = "2399/cmdline", .action = EACCES});
	assert_int_equal(proxmox(fk, "101"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvirt_writes_it_down),
		cmocka_unit_test(names_that_are_no_file_name),
		cmocka_unit_test(pid_files_that_hold_no_pid),
		cmocka_unit_test(proxmox_is_known_by_its_pid_file_argument),
		cmocka_unit_test(proxmox_anything_else_with_its_pid_is_not_it),
		cmocka_unit_test(proxmox_leaves_the_file_behind),
		cmocka_unit_test(proxmox_command_line_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("hypervisor", tests, NULL, NULL);
}
