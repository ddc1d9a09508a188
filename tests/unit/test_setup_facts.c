/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which boot loader and which initramfs a host uses, by the files it has. */

#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/setup/facts.h"
#include "tests/unit/fake_host.h"

#define MAX_FILES 10

/**
 * struct layout - a host in a few files, and what is made of it
 * @files: path, or "path=content"
 * @grub, @lines, @entries: the files with the kernel's command line, blanks between
 * @generators: of the boot loader, then of the initramfs, then the late ones; '|' between
 */
static const struct layout {
	const char *files[MAX_FILES];
	const char *boot;
	const char *grub;
	const char *lines;
	const char *entries;
	enum vh_initramfs initramfs;
	const char *generators;
} layouts[] = {
	{.files = {"etc/default/grub", "boot/grub/grub.cfg", "usr/sbin/update-grub",
		   "etc/default/grub.d/b.cfg", "etc/default/grub.d/a.cfg",
		   "etc/default/grub.d/a.old", "usr/sbin/update-initramfs",
		   "etc/initramfs-tools/modules"},
	 .boot = "GRUB",
	 .grub = "etc/default/grub etc/default/grub.d/a.cfg etc/default/grub.d/b.cfg",
	 .initramfs = VH_INITRAMFS_TOOLS,
	 .generators = "/usr/sbin/update-grub|/usr/sbin/update-initramfs -u -k all"},
	/* Debian with dracut: the other's configuration is still there. */
	{.files = {"etc/default/grub", "boot/grub/grub.cfg", "usr/sbin/update-grub",
		   "etc/initramfs-tools/modules", "usr/bin/dracut", "usr/lib/dracut/dracut.sh"},
	 .boot = "GRUB",
	 .grub = "etc/default/grub",
	 .initramfs = VH_INITRAMFS_DRACUT,
	 .generators = "/usr/sbin/update-grub|/usr/bin/dracut -f --regenerate-all"},
	/* Arch with GRUB. */
	{.files = {"etc/default/grub", "boot/grub/grub.cfg", "usr/bin/grub-mkconfig",
		   "etc/mkinitcpio.conf", "usr/bin/mkinitcpio"},
	 .boot = "GRUB",
	 .grub = "etc/default/grub",
	 .initramfs = VH_INITRAMFS_MKINITCPIO,
	 .generators = "/usr/bin/grub-mkconfig -o /boot/grub/grub.cfg|/usr/bin/mkinitcpio -P"},
	/* openSUSE. */
	{.files = {"etc/default/grub", "boot/grub2/grub.cfg", "usr/sbin/grub2-mkconfig",
		   "usr/bin/dracut", "usr/lib/dracut/dracut.sh"},
	 .boot = "GRUB",
	 .grub = "etc/default/grub",
	 .initramfs = VH_INITRAMFS_DRACUT,
	 .generators = "/usr/sbin/grub2-mkconfig -o /boot/grub2/grub.cfg|"
		       "/usr/bin/dracut -f --regenerate-all"},
	/* Proxmox on ZFS, started by BIOS: GRUB on the system partitions. */
	{.files = {"etc/kernel/proxmox-boot-uuids", "etc/default/grub", "boot/grub/grub.cfg",
		   "usr/sbin/update-grub", "etc/kernel/cmdline"},
	 .boot = "GRUB, by proxmox-boot-tool",
	 .grub = "etc/default/grub",
	 .generators = "/usr/sbin/proxmox-boot-tool refresh"},
	/* By UEFI, and nobody says which of the two it was: Secure Boot has GRUB. */
	{.files = {"etc/kernel/proxmox-boot-uuids", "etc/default/grub", "sys/firmware/efi/systab",
		   "etc/kernel/cmdline"},
	 .boot = "proxmox-boot-tool",
	 .grub = "etc/default/grub",
	 .lines = "etc/kernel/cmdline",
	 .generators = "/usr/sbin/proxmox-boot-tool refresh"},
	/* Debian's systemd-boot. */
	{.files = {"boot/efi/loader/entries/x-6.1.conf=options a\n", "etc/kernel/cmdline"},
	 .boot = "systemd-boot",
	 .lines = "etc/kernel/cmdline",
	 .entries = "boot/efi/loader/entries/x-6.1.conf"},
	{.files = {"etc/kernel/cmdline", "usr/bin/mkinitcpio", "etc/mkinitcpio.conf"},
	 .boot = "unified kernel images of mkinitcpio",
	 .lines = "etc/kernel/cmdline",
	 .initramfs = VH_INITRAMFS_MKINITCPIO,
	 .generators = "/usr/bin/mkinitcpio -P|/usr/bin/mkinitcpio -P"},
	/* GRUB's configuration from before somebody took GRUB away. */
	{.files = {"etc/default/grub", "boot/limine.conf"}, .boot = ""},
};

static void make(struct fakekernel *fk, const struct layout *layout)
{
	for (size_t i = 0; i < MAX_FILES && layout->files[i]; i++) {
		const char *equals = strchr(layout->files[i], '=');
		char path[256];

		(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(layout->files[i], "="),
			       layout->files[i]);
		fk_set(fk, path, equals ? equals + 1 : "");
	}
}

static void join(struct vh_text *t, const struct vh_list *list, const char *between)
{
	for (size_t i = 0; i < list->count; i++) {
		vh_text_addf(t, "%s%s", t->len > 0 ? between : "", list->items[i]);
	}
}

static void expect(const struct vh_list *list, const char *wanted)
{
	VH_AUTO_TEXT struct vh_text t = {0};

	join(&t, list, " ");
	assert_string_equal(vh_text_str(&t), wanted ? wanted : "");
}

static void layouts_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(layouts); i++) {
		FK_AUTO struct fakekernel *fk = fk_parse("layout", "kernel 6.1.0\n");
		VH_AUTO_TEXT struct vh_text generators = {0};
		const struct layout *layout = &layouts[i];
		struct vh_setup_facts facts;

		make(fk, layout);
		assert_int_equal(vh_setup_facts_load(fk_sys(fk), &facts), 0);
		assert_string_equal(facts.boot, layout->boot);
		expect(&facts.grub_files, layout->grub);
		expect(&facts.line_files, layout->lines);
		expect(&facts.entries, layout->entries);
		assert_int_equal(facts.initramfs, layout->initramfs);
		join(&generators, &facts.boot_generators, "|");
		join(&generators, &facts.initramfs_generators, "|");
		join(&generators, &facts.late_generators, "|");
		assert_string_equal(vh_text_str(&generators),
				    layout->generators ? layout->generators : "");
		vh_setup_facts_done(&facts);
	}
}

static void entries_with_a_variable(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_parse("indirect", "kernel 4.18.0\n");
	struct vh_setup_facts facts;

	(void)state;
	fk_set(fk, "etc/default/grub", "GRUB_ENABLE_BLSCFG=true\n");
	fk_set(fk, "boot/grub2/grub.cfg", "");
	fk_set(fk, "boot/loader/entries/x.conf", "title x\noptions $kernelopts\n");
	assert_int_equal(vh_setup_facts_load(fk_sys(fk), &facts), 0);
	assert_true(facts.indirect);
	vh_setup_facts_done(&facts);
}

static void kernel_says_whether_it_is_on_by_itself(void **state)
{
	static const struct {
		const char *config;
		int wanted;
	} cases[] = {
		{"A=y\nCONFIG_INTEL_IOMMU_DEFAULT_ON=y\n", 1},
		{"A=y\nCONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n", 1},
		{"A=y\n# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set\n", 0},
		{NULL, -1},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		FK_AUTO struct fakekernel *fk = fk_parse("config", "kernel 6.1.0-x\n");
		struct vh_setup_facts facts;

		if (cases[i].config) {
			fk_set(fk, "boot/config-6.1.0-x", cases[i].config);
		}
		assert_int_equal(vh_setup_facts_load(fk_sys(fk), &facts), 0);
		assert_int_equal(facts.default_on, cases[i].wanted);
		assert_int_equal(facts.kernel_major, 6);
		assert_int_equal(facts.kernel_minor, 1);
		vh_setup_facts_done(&facts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_told_apart),
		cmocka_unit_test(entries_with_a_variable),
		cmocka_unit_test(kernel_says_whether_it_is_on_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
