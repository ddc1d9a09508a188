/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What doctor may not see it does not judge, and what it shows holds nothing for a terminal to obey. */

#include <ctype.h>
#include <errno.h>

#include "tests/unit/checks_rig.h"

#define GPU     "0000:01:00.0"
#define AT      "sys/bus/pci/devices/" GPU "/"
#define PROFILE "[device gpu]\naddress = " GPU "\n"
#define HOOK    "usr/sbin/vfio-handoff-hook"
#define LINK    "etc/libvirt/hooks/qemu.d/50-vfio-handoff"
#define LOCAL   "etc/apparmor.d/local/usr.sbin.libvirtd"

static struct checks *single_gpu(void **state)
{
	struct checks *c = checks_open(state, "single-gpu", "");

	fk_set(c->fk, "etc/libvirt/libvirtd.conf", "");
	checks_profile(c, "win11", PROFILE);
	return c;
}

static void refuse(struct checks *c, enum fk_op op, const char *path)
{
	const struct fk_fault fault = {.op = op, .path_contains = path, .action = EACCES};

	fk_fault(c->fk, &fault);
}

static const struct vh_sys_ops *real_ops;
static const char *unseen;

static int stat_unseen(struct vh_sys *sys, const char *path, struct vh_stat *ret)
{
	return unseen && strcmp(path, unseen) == 0 ? -EACCES : real_ops->stat(sys, path, ret);
}

/* stat() of @path is refused; NULL: of none any more. */
static void hide(struct checks *c, const char *path)
{
	static struct vh_sys_ops ops;
	struct vh_sys *sys = fk_sys(c->fk);

	if (sys->ops != &ops) {
		real_ops = sys->ops;
		ops = *real_ops;
		ops.stat = stat_unseen;
		sys->ops = &ops;
	}
	unseen = path;
}

static struct fakekernel *woken;

static int read_wakes(struct vh_sys *sys, const char *path, size_t max, unsigned timeout_ms,
		      char **ret, size_t *ret_len)
{
	if (strcmp(path, AT "config") == 0) {
		fk_set(woken, AT "power_state", "D0\n");
	}
	return real_ops->read(sys, path, max, timeout_ms, ret, ret_len);
}

/* drivers/pci/pci-sysfs.c: pci_read_config(): what sleeps without power is woken for it. */
static void the_look_itself_wakes_the_card(void **state)
{
	struct checks *c = single_gpu(state);
	struct vh_sys *sys = fk_sys(c->fk);
	struct vh_sys_ops ops = *sys->ops;

	real_ops = sys->ops;
	ops.read = read_wakes;
	sys->ops = &ops;
	woken = c->fk;
	fk_set(c->fk, AT "power_state", "D3cold\n");
	checks_profile(c, "win11", PROFILE "d3cold = keep\n");
	checks_run(c, "win11");
	assert_string_equal(fk_get(c->fk, AT "power_state"), "D0\n");
	checks_says(checks_get(c, "device.power", GPU, VH_WARNING), "D3cold");
	sys->ops = real_ops;
}

static bool is_plain(const char *text, bool lines)
{
	for (const char *c = text; *c; c++) {
		bool high = (unsigned char)c[0] == 0xc2 && ((unsigned char)c[1] & 0xe0) == 0x80;

		if (high || (iscntrl((unsigned char)*c) && !(lines && *c == '\n'))) {
			return false;
		}
	}
	return true;
}

static void nothing_reaches_a_terminal(void **state)
{
	static const char evil[] = "\033]0;x\a\033[2J\xc2\x9b"
				   "31m";
	struct checks *c = single_gpu(state);
	char text[256];

	(void)snprintf(text, sizeof(text), PROFILE "%s = 1\n", evil);
	checks_profile(c, "broken", text);
	(void)snprintf(text, sizeof(text), "etc/vfio-handoff/%s\n.ini", evil);
	fk_set(c->fk, text, PROFILE);
	(void)snprintf(text, sizeof(text), "etc/libvirt/hooks/qemu.d/%s", evil);
	fk_set(c->fk, text, "#!/bin/sh\nvirsh list\nmodprobe -r \033[31mnvidia\n");
	fk_set(c->fk, AT "power_state", "D3cold\033[31m\n");
	fk_set(c->fk, "proc/cmdline", "pcie_acs_override=\033[31m quiet vfio-pci.ids=\033[31m\n");
	for (int vm = 0; vm < 2; vm++) {
		checks_run(c, vm ? "win11" : NULL);
		for (size_t i = 0; i < c->d.count; i++) {
			const struct vh_finding *f = &c->d.items[i];

			if (!is_plain(f->subject, false) ||
			    !is_plain(vh_text_str(&f->title), false) ||
			    !is_plain(vh_text_str(&f->seen), true) ||
			    !is_plain(vh_text_str(&f->means), false) ||
			    !is_plain(vh_text_str(&f->remedy), false) ||
			    !is_plain(vh_text_str(&f->command), false)) {
				fail_msg("%s has control characters in it", f->id);
			}
		}
	}
	checks_run(c, NULL);
	(void)checks_get(c, "profile.all", "?]0;x??[2J??31m?", VH_FAILURE);
}

/* /sys is root's alone on hardened hosts. */
static void groups_that_are_hidden(void **state)
{
	struct checks *c = single_gpu(state);

	c->doctor.is_root = false;
	refuse(c, FK_LIST, "sys/kernel/iommu_groups");
	checks_run(c, "win11");
	assert_false(checks_get(c, "iommu.active", "", VH_UNKNOWN)->breaks);
	checks_none(c, "groups.exist");
	checks_are_whole(c, "iommu.");
}

static void devices_that_are_hidden(void **state)
{
	struct checks *c = single_gpu(state);

	c->doctor.is_root = false;
	refuse(c, FK_LIST, "sys/bus/pci/devices");
	checks_run(c, "win11");
	(void)checks_get(c, "profile.device", "", VH_UNKNOWN);
	checks_are_whole(c, "profile.");
}

static void a_profile_that_is_hidden(void **state)
{
	struct checks *c = single_gpu(state);

	refuse(c, FK_READ, "etc/vfio-handoff/win11.ini");
	checks_run(c, "win11");
	(void)checks_get(c, "profile.load", "", VH_FAILURE);
	/* Whoever looks at a tree has what permissions its unpacker left. */
	c->doctor.captured = true;
	checks_run(c, "win11");
	(void)checks_get(c, "profile.load", "", VH_UNKNOWN);
	c->doctor.captured = false;
	c->doctor.is_root = false;
	checks_run(c, NULL);
	(void)checks_get(c, "profile.all", "win11", VH_UNKNOWN);
	checks_says(checks_get(c, "leftovers.files", "", VH_UNKNOWN), "Permission denied");
	checks_are_whole(c, "profile.");
}

/* VMs may have any name; that of a profile's file is not changed. */
static void a_percent_sign_in_a_name(void **state)
{
	struct checks *c = single_gpu(state);

	checks_profile(c, "50%25", PROFILE);
	checks_run(c, NULL);
	checks_says(checks_get(c, "profile.all", "", VH_PASS), "50%25");
}

static void a_hook_that_is_hidden(void **state)
{
	struct checks *c = single_gpu(state);

	c->doctor.is_root = false;
	hide(c, HOOK);
	checks_run(c, NULL);
	(void)checks_get(c, "hook.installed", "/" HOOK, VH_UNKNOWN);
	checks_are_whole(c, "hook.installed");
}

/* /etc/libvirt/qemu is root's: that a VM is not in it cannot be seen by others. */
static void a_vm_that_may_be_the_systems(void **state)
{
	struct checks *c = single_gpu(state);

	fk_set(c->fk, "home/ann/.config/libvirt/qemu/win11.xml", "<domain/>\n");
	c->doctor.is_root = false;
	hide(c, "etc/libvirt/qemu/win11.xml");
	checks_run(c, "win11");
	checks_none(c, "hook.session");
	hide(c, NULL);
	checks_run(c, "win11");
	(void)checks_get(c, "hook.session", "", VH_FAILURE);
}

static void rules_below_a_comment(void **state)
{
	static const char elsewhere[] = "/opt/vfio-handoff-hook";
	struct checks *c = single_gpu(state);

	fk_set(c->fk, "sys/module/apparmor/parameters/enabled", "Y\n");
	fk_set(c->fk, "sys/kernel/security/apparmor/profiles", "libvirtd (enforce)\n");
	fk_set(c->fk, elsewhere + 1, "#!/bin/sh\n");
	fk_chmod(c->fk, elsewhere + 1, 0755, 0);
	fk_link(c->fk, LINK, elsewhere);
	fk_set(c->fk, LOCAL, "# Site-specific additions\n\n  # none\n");
	checks_run(c, NULL);
	(void)checks_get(c, "confined.apparmor", elsewhere, VH_FAILURE);
	fk_set(c->fk, LOCAL, "# Site-specific additions\n  /opt/* PUx,\n");
	checks_run(c, NULL);
	(void)checks_get(c, "confined.apparmor", elsewhere, VH_WARNING);
}

/* Who compares with a line that it cannot read finds that all of it is new. */
static void a_command_line_that_is_hidden(void **state)
{
	struct checks *c = single_gpu(state);

	fk_set(c->fk, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"iommu=pt\"\n");
	fk_set(c->fk, "boot/grub/grub.cfg", "linux /vmlinuz root=/dev/sda1 iommu=pt\n");
	fk_set(c->fk, "proc/cmdline", "root=/dev/sda1\n");
	checks_run(c, NULL);
	(void)checks_get(c, "iommu.next-boot", "", VH_WARNING);
	c->doctor.is_root = false;
	refuse(c, FK_READ, "proc/cmdline");
	checks_run(c, NULL);
	checks_none(c, "iommu.next-boot");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(the_look_itself_wakes_the_card),
		CHECKS_TEST(nothing_reaches_a_terminal),
		CHECKS_TEST(groups_that_are_hidden),
		CHECKS_TEST(devices_that_are_hidden),
		CHECKS_TEST(a_profile_that_is_hidden),
		CHECKS_TEST(a_percent_sign_in_a_name),
		CHECKS_TEST(a_hook_that_is_hidden),
		CHECKS_TEST(a_vm_that_may_be_the_systems),
		CHECKS_TEST(rules_below_a_comment),
		CHECKS_TEST(a_command_line_that_is_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
