/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who needs an id in vfio-pci's list: the configuration, and functions that only the id holds. */

#include "lib/host/vfio_ids.h"
#include "tests/unit/handoff_rig.h"

#define CONF "etc/modprobe.d/vfio.conf"

static const struct vh_vfio_id gpu = {.vendor = 0x10de, .device = 0x2204};

/* One file more on the host; @where "" if it is not to name the GPU. */
static void expect(const char *path, const char *text, const char *where)
{
	FK_AUTO struct fakekernel *fk = fk_host("proxmox");
	char found[VH_PATH_MAX];
	int rc;

	fk_set(fk, path, text);
	rc = vh_vfio_id_configured(fk_sys(fk), &gpu, found, sizeof(found));
	if (rc != (where[0] != '\0') || (rc && strcmp(found, where) != 0)) {
		fail_msg("%d, %s: for /%s:\n%s", rc, found, path, text);
	}
}

static void kernel_command_line(void **state)
{
	static const char file[] = "proc/cmdline";
	static const char where[] = "/proc/cmdline";

	(void)state;
	expect(file, "quiet vfio-pci.ids=10de:2204 splash\n", where);
	expect(file, "vfio_pci.ids=10DE:2204\n", where);
	expect(file, "quiet vfio-pci.ids=8086:1234,10de:2204,10de:1aef\n", where);
	expect(file, "quiet \"vfio-pci.ids=10de:1aef,10de:2204\"\n", where);
	expect(file, "quiet vfio-pci.ids=\"10de:2204\" ro\n", where);
	expect(file, "vfio-pci.disable_vga=1 vfio-pci.ids=10de:2204\n", where);
	expect(file, "quiet\n", "");
	expect(file, "vfio-pci.ids= 10de:2204\n", "");
	expect(file, "vfio-pci.ids=10de:1aef\n", "");
	expect(file, "pci-stub.ids=10de:2204\n", "");
	expect(file, "vfio-pci.xids=10de:2204 xvfio-pci.ids=10de:2204\n", "");
	expect(file, "vfio-pci=ids=10de:2204 ids=10de:2204\n", "");
}

/* As the kernel reads them: drivers/vfio/pci/vfio_pci.c: vfio_pci_fill_ids */
static void forms_of_an_id(void **state)
{
	static const char file[] = "proc/cmdline";
	static const char where[] = "/proc/cmdline";

	(void)state;
	/* remove_id would take one with subsystem or class as well */
	expect(file, "vfio-pci.ids=10de:2204:1458:403b\n", where);
	expect(file, "vfio-pci.ids=10de:2204:ffffffff:ffffffff:030000:ff0000\n", where);
	expect(file, "vfio-pci.ids=0x10de:0x2204\n", where);
	expect(file, "vfio-pci.ids=,,10de:2204\n", where);
	expect(file, "vfio-pci.ids=nonsense,10de:2204\n", where);
	/* other entries of the list, which remove_id does not touch */
	expect(file, "vfio-pci.ids=10de:ffffffff\n", "");
	expect(file, "vfio-pci.ids=10de\n", "");
	expect(file, "vfio-pci.ids=10de:\n", "");
	expect(file, "vfio-pci.ids=10de:22040\n", "");
	expect(file, "vfio-pci.ids=110de:2204\n", "");
	expect(file, "vfio-pci.ids=1:10de:2204\n", "");
	expect(file, "vfio-pci.ids=2204:10de\n", "");
	expect(file, "vfio-pci.ids=-10de:2204\n", "");
}

static void options_of_modprobe(void **state)
{
	static const char where[] = "/" CONF;

	(void)state;
	expect(CONF, "options vfio-pci ids=10de:2204,10de:1aef disable_vga=1\n", where);
	expect(CONF, "# the GPU\n\n  options\tvfio_pci  disable_vga=1 ids=10DE:2204", where);
	expect(CONF, "options vfio-pci \\\n\tids=10de:1aef,\\\n10de:2204\n", where);
	expect(CONF, "options vfio-pci ids=\"10de:2204\"\n", where);
	expect(CONF, "#options vfio-pci ids=10de:2204\n", "");
	expect(CONF, "# options vfio-pci ids=10de:2204\n", "");
	expect(CONF, "options vfio ids=10de:2204\n", "");
	expect(CONF, "options vfio-pci-core ids=10de:2204\n", "");
	expect(CONF, "options snd_hda_intel ids=10de:2204\n", "");
	expect(CONF, "options vfio-pci xids=10de:2204\n", "");
	expect(CONF, "options vfio-pci\noptions ids=10de:2204\n", "");
	expect(CONF, "options\n\noptions vfio-pci\n", "");
	expect(CONF, "softdep nouveau pre: vfio-pci ids=10de:2204\n", "");
	expect(CONF, "vfio-pci ids=10de:2204\n", "");
	expect(CONF, "", "");
}

static void all_directories_of_modprobe(void **state)
{
	static const char text[] = "options vfio-pci ids=10de:2204\n";

	(void)state;
	expect("run/modprobe.d/a.conf", text, "/run/modprobe.d/a.conf");
	expect("usr/local/lib/modprobe.d/a.conf", text, "/usr/local/lib/modprobe.d/a.conf");
	expect("usr/lib/modprobe.d/a.conf", text, "/usr/lib/modprobe.d/a.conf");
	expect("lib/modprobe.d/a.conf", text, "/lib/modprobe.d/a.conf");
	expect("etc/modprobe.d/vfio.conf.dpkg-old", text, "");
	expect("etc/modprobe.d/conf", text, "");
	expect("etc/modprobe.d/dir.conf/a.conf", text, "");
}

static void modules_of_the_initramfs(void **state)
{
	static const char file[] = "etc/initramfs-tools/modules";

	(void)state;
	expect(file, "# early\nvfio_pci ids=10de:2204\n", "/etc/initramfs-tools/modules");
	expect(file, "#vfio_pci ids=10de:2204\nvfio\n", "");
	expect(file, "options vfio_pci ids=10de:2204\n", "");
}

/* Then it may be in there. */
static void a_file_that_cannot_be_read(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("proxmox");
	char where[VH_PATH_MAX];

	(void)state;
	fk_set(fk, CONF, "");
	fk_fault(fk, &(struct fk_fault){.op = FK_READ, .path_contains = CONF, .action = EIO});
	assert_int_equal(vh_vfio_id_configured(fk_sys(fk), &gpu, where, sizeof(where)), -EIO);
	assert_string_equal(where, "/" CONF);
	fk_no_faults(fk);
	fk_fault(fk, &(struct fk_fault){
			     .op = FK_LIST, .path_contains = "etc/modprobe.d", .action = EACCES});
	assert_int_equal(vh_vfio_id_configured(fk_sys(fk), &gpu, where, sizeof(where)), -EACCES);
	assert_string_equal(where, "/etc/modprobe.d");
}

static bool user(struct fakekernel *fk, char device[VH_PCI_ADDRESS_MAX])
{
	return vh_vfio_id_user(fk_sys(fk), &gpu, 1000, device, VH_PCI_ADDRESS_MAX);
}

static void a_function_that_only_the_id_holds(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("proxmox");
	char device[VH_PCI_ADDRESS_MAX];

	(void)state;
	assert_false(user(fk, device));
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/new_id", "10de 1aef"), 0);
	assert_int_equal(fk_write(fk, D AUDIO "/driver/unbind", AUDIO), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/bind", AUDIO), 0);
	assert_false(user(fk, device));
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/new_id", "10de 2204"), 0);
	assert_int_equal(fk_write(fk, D SECOND "/driver/unbind", SECOND), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/bind", SECOND), 0);
	assert_true(user(fk, device));
	assert_string_equal(device, SECOND);
	assert_int_equal(fk_write(fk, D SECOND "/driver_override", "vfio-pci"), 0);
	assert_false(user(fk, device));
	/* An override that does not answer in time is no reason to take the id away. */
	fk_fault(fk, &(struct fk_fault){.op = FK_READ,
					.path_contains = "driver_override",
					.action = ETIMEDOUT});
	assert_true(user(fk, device));
}

static void without_vfio_pci_there_is_no_user(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	char device[VH_PCI_ADDRESS_MAX];

	(void)state;
	assert_false(user(fk, device));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_command_line),
		cmocka_unit_test(forms_of_an_id),
		cmocka_unit_test(options_of_modprobe),
		cmocka_unit_test(all_directories_of_modprobe),
		cmocka_unit_test(modules_of_the_initramfs),
		cmocka_unit_test(a_file_that_cannot_be_read),
		cmocka_unit_test(a_function_that_only_the_id_holds),
		cmocka_unit_test(without_vfio_pci_there_is_no_user),
	};

	return cmocka_run_group_tests_name("vfio_ids", tests, NULL, NULL);
}
