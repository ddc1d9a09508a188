/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ROM files: could QEMU read them? peers 3.7: LookingGlass#184, BigAnteater#39, ilayna#8; 4, item 21. */

#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/host/rom_file.h"
#include "tests/unit/fake_host.h"

#define ROM      "usr/share/vgabios/gpu.rom"
#define IN_HOME  "home/ann/gpu.rom"
#define CONF     "etc/libvirt/qemu.conf"
#define APPARMOR "sys/module/apparmor/parameters/enabled"
#define RULES    "etc/apparmor.d/abstractions/libvirt-qemu"
#define LOCAL    "etc/apparmor.d/local/abstractions/libvirt-qemu"

static struct fakekernel *host(void)
{
	struct fakekernel *fk = fk_host("single-gpu");

	fk_set(fk, "etc/passwd",
	       "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n"
	       "libvirt-qemu:x:64055:107:Libvirt Qemu,,,:/var/lib/libvirt:/usr/sbin/nologin\n");
	fk_set(fk, "etc/group",
	       "kvm:x:107:\nlibvirt-qemu:x:64055:libvirt-qemu\nroms:x:400:ann,libvirt-qemu\n");
	fk_set(fk, ROM, "rom");
	fk_set(fk, IN_HOME, "rom");
	fk_chmod(fk, ROM, 0644, 0);
	fk_chmod(fk, IN_HOME, 0644, 1000);
	fk_chmod(fk, "home/ann", 0700, 1000);
	return fk;
}

static void expect(struct fakekernel *fk, const char *path, int wanted, const char *part)
{
	struct vh_error err = {0};
	int rc = vh_rom_file_readable(fk_sys(fk), path, &err);

	if (rc != wanted || !strstr(err.msg, part)) {
		fail_msg("%s: %d, '%s'", path, rc, err.msg);
	}
}

static void modes_of_file_and_directories(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	expect(fk, "/" ROM, 1, "");
	fk_chmod(fk, ROM, 0600, 0);
	expect(fk, "/" ROM, 0, "libvirt-qemu may not read /" ROM ": mode 0600, and other users' r");
	fk_chmod(fk, ROM, 0600, 64055);
	expect(fk, "/" ROM, 1, "");
	fk_chmod(fk, ROM, 0044, 64055);
	expect(fk, "/" ROM, 0, "its owner's r");
	expect(fk, "/" IN_HOME, 0, "may not pass the directory /home/ann: mode 0700");
	fk_chmod(fk, "home/ann", 0711, 1000);
	expect(fk, "/" IN_HOME, 1, "");
	expect(fk, "/nowhere/gpu.rom", -ENOENT, "");
}

static void who_qemu_is(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_set(fk, CONF, "#user = \"nobody\"\nuser = \"+0\" # as root\n");
	expect(fk, "/" IN_HOME, 1, "");
	fk_set(fk, CONF, "user = 'ann'\n");
	expect(fk, "/" IN_HOME, 1, "");
	fk_set(fk, CONF, "user=\"1000\"\ngroup = \"+1000\"\nuser_agent = \"x\"\n");
	expect(fk, "/" IN_HOME, 1, "");
	fk_set(fk, CONF, "user = \"gone\"\n");
	expect(fk, "/" ROM, -ENOENT, "'gone'");
	fk_chmod(fk, CONF, 0, 0);
	expect(fk, "/" ROM, -EACCES, "which user");
	fk_remove(fk, CONF);
	fk_set(fk, "etc/passwd", "qemu:x:107:107::/:/sbin/nologin\n");
	expect(fk, "/" IN_HOME, 0, "user qemu");
	fk_set(fk, "etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
	expect(fk, "/" ROM, -ENOENT, "no user");
}

/* On Proxmox QEMU is root's. */
static void on_proxmox(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_link(fk, "etc/pve/local", "nodes/pve1");
	expect(fk, "/" IN_HOME, 1, "");
}

static void links_are_followed(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_link(fk, "srv/gpu.rom", "/" IN_HOME);
	expect(fk, "/srv/gpu.rom", 0, "/home/ann");
	fk_link(fk, "srv/other.rom", "../usr/./share/vgabios/../vgabios/gpu.rom");
	expect(fk, "/srv/other.rom", 1, "");
	fk_link(fk, "srv/round.rom", "round.rom");
	expect(fk, "/srv/round.rom", -ELOOP, "");
	fk_link(fk, "srv/nowhere.rom", "gone.rom");
	expect(fk, "/srv/nowhere.rom", -ENOENT, "");
}

static int confined(struct fakekernel *fk, const char *path)
{
	struct vh_error err = {0};
	int rc = vh_rom_file_confined(fk_sys(fk), path, &err);

	assert_int_equal(rc, err.msg[0] != '\0');
	return rc;
}

static void where_apparmor_lets_qemu(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	assert_int_equal(confined(fk, "/" IN_HOME), 0);
	fk_set(fk, APPARMOR, "Y\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 1);
	assert_int_equal(confined(fk, "/" ROM), 0);
	fk_link(fk, "usr/share/vgabios/link.rom", "/" IN_HOME);
	assert_int_equal(confined(fk, "/usr/share/vgabios/link.rom"), 1);
	fk_set(fk, APPARMOR, "N\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 0);
}

static void by_the_rules_that_are_there(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_set(fk, APPARMOR, "Y\n");
	fk_set(fk, RULES, "  # /home/** r,\n  /usr/share/{OVMF,kvm}/** rk,\n  #include <x>\n");
	assert_int_equal(confined(fk, "/" ROM), 1);
	assert_int_equal(confined(fk, "/usr/share/kvm/a/b.rom"), 0);
	fk_set(fk, LOCAL, "/home/*/gpu.rom r,\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 0);
	assert_int_equal(confined(fk, "/home/ann/roms/gpu.rom"), 1);
	fk_set(fk, LOCAL, "/home/** r,\ndeny /home/ann/** rw,\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 1);
	fk_set(fk, LOCAL, "/home/** w,\nowner /home/** r,\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 1);
	fk_set(fk, LOCAL, "\"/home/ann/gpu.rom\" r,\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 0);
	fk_remove(fk, LOCAL);
	fk_set(fk, "etc/apparmor.d/abstractions/libvirt-qemu.d/roms", "/home/ann/?pu.rom r,\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 0);
}

static void not_where_it_is_switched_off(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_set(fk, APPARMOR, "Y\n");
	fk_set(fk, CONF, "security_driver = \"none\"\n");
	assert_int_equal(confined(fk, "/" IN_HOME), 0);
	fk_remove(fk, CONF);
	fk_link(fk, "etc/pve/local", "nodes/pve1");
	assert_int_equal(confined(fk, "/" IN_HOME), 0);
}

static void what_can_be_read(void **state)
{
	FK_AUTO struct fakekernel *fk = host();
	VH_AUTO_FREE uint8_t *data = NULL;
	struct vh_error err = {0};
	size_t len;

	(void)state;
	fk_set_bytes(fk, ROM, "U\252\0x", 4);
	assert_int_equal(vh_rom_file_read(fk_sys(fk), "/" ROM, &data, &len, &err), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(data, "U\252\0x", 4);
	free(data);
	assert_int_equal(vh_rom_file_read(fk_sys(fk), "/nowhere", &data, &len, &err), -ENOENT);
	assert_null(data);
	assert_int_equal(vh_rom_file_read(fk_sys(fk), "/usr/share", &data, &len, &err), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_of_file_and_directories),
		cmocka_unit_test(who_qemu_is),
		cmocka_unit_test(on_proxmox),
		cmocka_unit_test(links_are_followed),
		cmocka_unit_test(where_apparmor_lets_qemu),
		cmocka_unit_test(by_the_rules_that_are_there),
		cmocka_unit_test(not_where_it_is_switched_off),
		cmocka_unit_test(what_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
