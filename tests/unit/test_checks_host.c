/* SPDX-License-Identifier: GPL-2.0-or-later */

/* doctor's checks of the host itself: IOMMU, kernel, leftovers. */

#include "tests/support/setup_host.h"
#include "tests/unit/checks_rig.h"

#define CPUINFO    "proc/cpuinfo"
#define INTERRUPTS "proc/interrupts"
#define TABLES     "sys/firmware/acpi/tables/"
#define RELEASE    "6.12.107-amd64" /* of two-gpus */
#define MODULES    "lib/modules/" RELEASE "/"

#define INTEL "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n"
#define AMD   "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n"

#define REMAPPED "   0:  42  IR-IO-APIC    2-edge   timer\n"
#define PLAIN    "   0:  42  IO-APIC    2-edge   timer\n"

/* A host on which all is well. */
static struct checks *good_host(void **state)
{
	struct checks *c = checks_open(state, "two-gpus", "");

	fk_set(c->fk, CPUINFO, INTEL);
	fk_set(c->fk, "dev/kvm", "");
	fk_set(c->fk, INTERRUPTS, REMAPPED);
	fk_set(c->fk, TABLES "DMAR", "");
	fk_set(c->fk, TABLES "FACP", "");
	fk_set(c->fk, MODULES "modules.dep",
	       "kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/drivers/vfio/vfio.ko.xz\n"
	       "kernel/drivers/vfio/vfio_iommu_type1.ko.xz:\n"
	       "kernel/arch/x86/kvm/kvm.ko.xz:\n");
	fk_set(c->fk, MODULES "modules.builtin", "kernel/fs/ext4/ext4.ko\n");
	return c;
}

/* The same without an IOMMU; @table: what the firmware has, or NULL. */
static struct checks *host_without(void **state, const char *cpuinfo, const char *table)
{
	struct checks *c = checks_open(state, "no-iommu", "");

	fk_set(c->fk, CPUINFO, cpuinfo);
	fk_set(c->fk, TABLES "FACP", "");
	if (table) {
		fk_set(c->fk, table, "");
	}
	return c;
}

static const struct vh_finding *no_iommu(struct checks *c)
{
	const struct vh_finding *f;

	checks_run(c, NULL);
	checks_are_whole(c, "iommu.");
	f = checks_get(c, "iommu.active", "", VH_FAILURE);
	assert_true(f->breaks);
	assert_true(c->d.stopped);
	assert_int_equal(c->d.last, VH_STAGE_IOMMU);
	return f;
}

/* --- G1, G3: CPU, firmware, IOMMU */

static void all_is_well(void **state)
{
	static const char *const passed[] = {
		"iommu.cpu",       "iommu.firmware",  "iommu.active",
		"iommu.remapping", "kernel.release",  "kernel.modules",
		"kernel.vfio",     "leftovers.files", "records.journal"};
	struct checks *c = good_host(state);

	checks_run(c, NULL);
	for (size_t i = 0; i < VH_ARRAY_SIZE(passed); i++) {
		(void)checks_get(c, passed[i], "", VH_PASS);
	}
	checks_says(checks_find(c, "iommu.active", ""), "dmar0");
	checks_none(c, "iommu.nested");
	checks_none(c, "iommu.next-boot");
	checks_none(c, "iommu.unsafe-interrupts");
	checks_none(c, "iommu.identity");
	checks_are_whole(c, "iommu.");
	checks_are_whole(c, "kernel.");
	checks_are_whole(c, "leftovers.");
	checks_are_whole(c, "records.");
	assert_false(c->d.stopped);
}

static void firmware_switch_has_the_vendors_name(void **state)
{
	struct checks *c = host_without(state, INTEL, NULL);
	const struct vh_finding *f = no_iommu(c);

	checks_says(f, "the firmware offers none");
	checks_says(f, "VT-d");
	checks_says(f, "neither DMAR nor IVRS");
	fk_set(c->fk, CPUINFO, AMD);
	f = no_iommu(c);
	checks_says(f, "AMD-Vi");
	assert_false(checks_has(f, "VT-d"));
}

static void command_line_that_switches_it_off_is_named(void **state)
{
	struct checks *c = host_without(state, AMD, TABLES "IVRS");

	fk_set(c->fk, "proc/cmdline", "root=/dev/sda1 amd_iommu=off quiet\n");
	checks_says(no_iommu(c), "amd_iommu=off switches it off");
	checks_says(checks_find(c, "iommu.active", ""), "/proc/cmdline: amd_iommu=off");
}

/* G2: the word that this kernel needs, by what setup would do. */
static void intel_kernel_that_wants_to_be_told(void **state)
{
	struct checks *c = checks_open_host(state, setup_host("debian12-intel"));
	const struct vh_finding *f = no_iommu(c);

	checks_says(f, "only when it is told to");
	checks_says(f, "add intel_iommu=on to the kernel's command line in /etc/default/grub.");
	assert_string_equal(vh_text_str(&f->command), "vfio-handoff setup");
}

/* The remedy is there already, and waits for its boot. */
static void change_that_waits_for_a_reboot(void **state)
{
	struct checks *c = checks_open_host(state, setup_host("debian12-intel"));

	fk_set(c->fk, "etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on\"\n");
	checks_says(no_iommu(c), "works from the next boot on");
	checks_says(checks_get(c, "iommu.next-boot", "", VH_WARNING),
		    "not in /proc/cmdline: intel_iommu=on");
}

/* Who has edited the file and forgotten update-grub may reboot as often as he likes. */
static void menu_that_was_not_made_anew(void **state)
{
	struct checks *c = checks_open_host(state, setup_host("debian12-intel"));
	const struct vh_finding *f;

	fk_set(c->fk, "etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on\"\n");
	fk_set(c->fk, "boot/grub/grub.cfg", "\tlinux\t/vmlinuz root=/dev/sda1 ro quiet\n");
	checks_run(c, NULL);
	f = checks_get(c, "iommu.boot-menu", "", VH_WARNING);
	checks_says(f, "intel_iommu=on");
	assert_string_equal(vh_text_str(&f->command), "/usr/sbin/update-grub");
	checks_none(c, "iommu.next-boot");
	checks_are_whole(c, "iommu.");
	fk_set(c->fk, "boot/grub/grub.cfg",
	       "\tlinux\t/vmlinuz root=/dev/sda1 quiet intel_iommu=on\n");
	checks_run(c, NULL);
	checks_none(c, "iommu.boot-menu");
	(void)checks_get(c, "iommu.next-boot", "", VH_WARNING);
}

static void word_of_this_boot_alone(void **state)
{
	struct checks *c = checks_open_host(state, setup_host("debian12-guide"));

	fk_set(c->fk, "proc/cmdline", "root=/dev/sda1 iommu=pt\n");
	fk_set(c->fk, "etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
	fk_remove(c->fk, "etc/default/grub.d/serial.cfg");
	checks_run(c, NULL);
	checks_says(checks_get(c, "iommu.next-boot", "", VH_WARNING),
		    "in none of the boot loader's files: iommu=pt");
}

static void table_and_no_reason(void **state)
{
	struct checks *c = host_without(state, AMD, TABLES "IVRS");
	const struct vh_finding *f = no_iommu(c);

	checks_says(f, "though the firmware offers one");
	checks_says(f, "dmesg");
}

static void host_that_is_a_vm(void **state)
{
	static const char nested[] = "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx hypervisor\n";
	struct checks *c = host_without(state, nested, NULL);
	const struct vh_finding *f;

	fk_set(c->fk, "sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n");
	f = no_iommu(c);
	checks_says(f, "the hypervisor below offers none");
	assert_false(checks_has(f, "firmware setup"));
	checks_says(checks_get(c, "iommu.nested", "", VH_PASS), "Q35");
}

static void tables_that_cannot_be_seen(void **state)
{
	struct checks *c = checks_open(state, "no-iommu", "");

	checks_says(no_iommu(c), "cannot be listed");
	(void)checks_get(c, "iommu.cpu", "", VH_UNKNOWN);
}

static void cpu_without_virtualisation(void **state)
{
	struct checks *c = good_host(state);

	fk_set(c->fk, CPUINFO, "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svmx\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "iommu.cpu", "", VH_FAILURE), "SVM Mode");
	fk_set(c->fk, CPUINFO, "vendor_id\t: GenuineIntel\nflags\t\t: fpu\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "iommu.cpu", "", VH_FAILURE), "VT-x");
	fk_set(c->fk, CPUINFO, "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "iommu.cpu", "", VH_WARNING), "nested virtualisation");
	fk_set(c->fk, CPUINFO, "processor\t: 0\nFeatures\t: fp asimd\n");
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.cpu", "", VH_NOT_APPLICABLE);
	checks_none(c, "iommu.remapping");
}

static void kvm_is_not_loaded(void **state)
{
	struct checks *c = good_host(state);
	const struct vh_finding *f;

	fk_remove(c->fk, "dev/kvm");
	checks_run(c, NULL);
	f = checks_get(c, "iommu.cpu", "", VH_FAILURE);
	assert_string_equal(vh_text_str(&f->command), "modprobe kvm_intel");
	c->doctor.captured = true;
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.cpu", "", VH_UNKNOWN);
	fk_set(c->fk, "sys/module/kvm_intel/refcnt", "0\n");
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.cpu", "", VH_PASS);
}

static void tree_without_a_sysfs(void **state)
{
	struct checks *c =
		checks_open_host(state, fk_parse("bare", "kernel 6.1.0\nfile proc/cpuinfo x\n"));

	fk_remove(c->fk, "sys/bus/pci/devices");
	c->doctor.captured = true;
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.active", "", VH_UNKNOWN);
	checks_are_whole(c, "iommu.");
}

/* --- interrupts and unsafe modes */

static void interrupts_that_are_not_remapped(void **state)
{
	struct checks *c = good_host(state);

	fk_set(c->fk, INTERRUPTS, PLAIN);
	checks_run(c, NULL);
	checks_says(checks_get(c, "iommu.remapping", "", VH_FAILURE), "Operation not permitted");
	fk_set(c->fk, "proc/cmdline", "root=/dev/sda1 intremap=off\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "iommu.remapping", "", VH_FAILURE), "Take intremap=off out");
	fk_set(c->fk, "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.remapping", "", VH_WARNING);
	checks_none(c, "iommu.unsafe-interrupts");
	checks_are_whole(c, "iommu.");
	fk_remove(c->fk, INTERRUPTS);
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.remapping", "", VH_UNKNOWN);
	checks_are_whole(c, "iommu.");
}

static void modes_that_are_unsafe(void **state)
{
	struct checks *c = good_host(state);

	fk_set(c->fk, "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
	fk_set(c->fk, "sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.unsafe-interrupts", "", VH_WARNING);
	(void)checks_get(c, "iommu.no-iommu-mode", "", VH_FAILURE);
	checks_are_whole(c, "iommu.");
	fk_set(c->fk, "sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n");
	checks_run(c, NULL);
	checks_none(c, "iommu.no-iommu-mode");
}

/* The groups of that mode are not those of an IOMMU. */
static void groups_without_an_iommu(void **state)
{
	struct checks *c = host_without(state, INTEL, NULL);

	fk_set(c->fk, "sys/kernel/iommu_groups/0/name", "vfio-noiommu\n");
	(void)no_iommu(c);
}

static void identity_groups_are_fine(void **state)
{
	struct checks *c = good_host(state);

	fk_set(c->fk, "sys/kernel/iommu_groups/7/type", "identity\n");
	fk_set(c->fk, "sys/kernel/iommu_groups/6/type", "DMA-FQ\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "iommu.identity", "", VH_PASS), "1 of 4 groups");
}

/* --- the kernel */

static void release(struct checks *c, const char *text)
{
	fk_set(c->fk, "proc/sys/kernel/osrelease", text);
	checks_run(c, NULL);
}

/* zen-kernel/zen-kernel#380 */
static void kernels_that_break_the_reset(void **state)
{
	struct checks *c = good_host(state);

	release(c, "6.14.2-zen1-1-zen\n");
	checks_says(checks_get(c, "kernel.release", "0000:01:00.0", VH_WARNING), "#380");
	checks_are_whole(c, "kernel.");
	release(c, "6.12.23-1-lts\n");
	(void)checks_get(c, "kernel.release", "0000:01:00.0", VH_WARNING);
	release(c, "6.14.21-generic\n");
	(void)checks_get(c, "kernel.release", "", VH_PASS);
	release(c, "6.12.24\n");
	(void)checks_get(c, "kernel.release", "", VH_PASS);
}

/* void-linux/void-packages#56829: RDNA 3 from 6.15 on, and no other card. */
static void kernels_that_break_rdna3(void **state)
{
	struct checks *c = good_host(state);

	release(c, "6.15.9_1\n");
	(void)checks_get(c, "kernel.release", "", VH_PASS);
	fk_set(c->fk, "sys/bus/pci/devices/0000:02:00.0/device", "0x744c\n");
	release(c, "6.15.9_1\n");
	checks_says(checks_get(c, "kernel.release", "0000:02:00.0", VH_WARNING), "#56829");
	release(c, "6.14.11_1\n");
	(void)checks_get(c, "kernel.release", "", VH_PASS);
}

static void kernel_that_was_upgraded_away(void **state)
{
	struct checks *c = good_host(state);

	fk_remove(c->fk, MODULES "modules.dep");
	fk_remove(c->fk, MODULES "modules.builtin");
	fk_remove(c->fk, "lib/modules/" RELEASE);
	fk_set(c->fk, "lib/modules/6.12.110-amd64/modules.dep", "");
	checks_run(c, NULL);
	checks_says(checks_get(c, "kernel.modules", "", VH_FAILURE), "Reboot into the new kernel");
	checks_none(c, "kernel.vfio");
	checks_are_whole(c, "kernel.");
}

/* G7 */
static void kernel_without_vfio(void **state)
{
	struct checks *c = good_host(state);

	fk_set(c->fk, MODULES "modules.dep",
	       "kernel/drivers/vfio/vfio_iommu_type1.ko:\nkernel/arch/x86/kvm/kvm.ko:\n"
	       "kernel/drivers/vfio/pci/xvfio-pci.ko:\nkernel/drivers/vfio/pci/vfio-pci-core.ko:\n");
	checks_run(c, NULL);
	(void)checks_get(c, "kernel.vfio", "vfio_pci", VH_FAILURE);
	assert_int_equal(checks_count(c, "kernel.vfio", VH_FAILURE), 1);
	fk_set(c->fk, MODULES "modules.builtin", "kernel/drivers/vfio/pci/vfio-pci.ko\n");
	checks_run(c, NULL);
	(void)checks_get(c, "kernel.vfio", "", VH_PASS);
	fk_set(c->fk, MODULES "modules.dep",
	       "kernel/drivers/iommu/iommufd/iommufd.ko:\nkernel/arch/x86/kvm/kvm.ko:\n");
	checks_run(c, NULL);
	(void)checks_get(c, "kernel.vfio", "vfio_iommu_type1", VH_WARNING);
	fk_remove(c->fk, MODULES "modules.dep");
	checks_run(c, NULL);
	(void)checks_get(c, "kernel.vfio", "", VH_UNKNOWN);
	checks_are_whole(c, "kernel.");
}

static void options_that_surprise(void **state)
{
	struct checks *c = good_host(state);

	fk_set(c->fk, "sys/module/vfio_pci/parameters/disable_vga", "Y\n");
	fk_set(c->fk, "sys/module/vfio_pci/parameters/disable_idle_d3", "Y\n");
	fk_set(c->fk, "sys/module/vfio_pci/parameters/nointxmask", "N\n");
	checks_run(c, NULL);
	(void)checks_get(c, "kernel.vfio-options", "disable_vga", VH_WARNING);
	assert_int_equal(checks_count(c, "kernel.vfio-options", VH_WARNING), 1);
	checks_are_whole(c, "kernel.");
}

/* G9 */
static void initramfs_older_than_modprobe_d(void **state)
{
	static const char image[] = "boot/initrd.img-6.12.9+bpo-amd64";
	struct checks *c = checks_open_host(state, setup_host("debian12-guide"));
	const struct vh_finding *f;

	checks_run(c, NULL);
	checks_none(c, "kernel.initramfs");
	fk_set(c->fk, image, "");
	fk_set(c->fk, "etc/modprobe.d/sound.conf", "options snd_hda_intel power_save=1\n");
	fk_set_mtime(c->fk, image, 5000);
	fk_set_mtime(c->fk, "etc/modprobe.d/sound.conf", 9000);
	fk_set_mtime(c->fk, "etc/modprobe.d/vfio.conf", 4000);
	fk_set_mtime(c->fk, "etc/modprobe.d/blacklist.conf", 4000);
	checks_run(c, NULL);
	(void)checks_get(c, "kernel.initramfs", "", VH_PASS);
	fk_set_mtime(c->fk, "etc/modprobe.d/vfio.conf", 6000);
	checks_run(c, NULL);
	f = checks_get(c, "kernel.initramfs", "", VH_WARNING);
	checks_says(f, "/etc/modprobe.d/vfio.conf");
	assert_string_equal(vh_text_str(&f->command), "/usr/sbin/update-initramfs -u -k all");
	checks_are_whole(c, "kernel.");
}

/* --- G8: what guides leave behind */

static void leftovers_of_a_guide(void **state)
{
	struct checks *c = checks_open_host(state, setup_host("debian12-guide"));
	const struct vh_finding *f;

	checks_run(c, NULL);
	f = checks_get(c, "leftovers.files", NULL, VH_WARNING);
	assert_string_equal(vh_text_str(&f->command), "vfio-handoff setup --clean");
	f = checks_get(c, "leftovers.files", "/etc/modprobe.d/blacklist.conf:2", VH_WARNING);
	checks_says(f, "win11.ini wants");
	assert_true(checks_count(c, "leftovers.files", VH_WARNING) > 3);
	assert_int_equal(checks_count(c, "leftovers.files", VH_PASS), 0);
	checks_are_whole(c, "leftovers.");
}

static void setup_that_refuses(void **state)
{
	struct checks *c = checks_open_host(state, setup_host("debian12-guide"));

	fk_set(c->fk, "var/lib/vfio-handoff/setup/record", "nonsense\n");
	checks_run(c, NULL);
	(void)checks_get(c, "leftovers.files", "", VH_UNKNOWN);
	checks_none(c, "leftovers.setup-run");
	checks_are_whole(c, "leftovers.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(all_is_well),
		CHECKS_TEST(firmware_switch_has_the_vendors_name),
		CHECKS_TEST(command_line_that_switches_it_off_is_named),
		CHECKS_TEST(intel_kernel_that_wants_to_be_told),
		CHECKS_TEST(change_that_waits_for_a_reboot),
		CHECKS_TEST(menu_that_was_not_made_anew),
		CHECKS_TEST(word_of_this_boot_alone),
		CHECKS_TEST(table_and_no_reason),
		CHECKS_TEST(host_that_is_a_vm),
		CHECKS_TEST(tables_that_cannot_be_seen),
		CHECKS_TEST(cpu_without_virtualisation),
		CHECKS_TEST(kvm_is_not_loaded),
		CHECKS_TEST(tree_without_a_sysfs),
		CHECKS_TEST(interrupts_that_are_not_remapped),
		CHECKS_TEST(modes_that_are_unsafe),
		CHECKS_TEST(groups_without_an_iommu),
		CHECKS_TEST(identity_groups_are_fine),
		CHECKS_TEST(kernels_that_break_the_reset),
		CHECKS_TEST(kernels_that_break_rdna3),
		CHECKS_TEST(kernel_that_was_upgraded_away),
		CHECKS_TEST(kernel_without_vfio),
		CHECKS_TEST(options_that_surprise),
		CHECKS_TEST(initramfs_older_than_modprobe_d),
		CHECKS_TEST(leftovers_of_a_guide),
		CHECKS_TEST(setup_that_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
