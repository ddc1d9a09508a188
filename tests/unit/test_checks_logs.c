/* SPDX-License-Identifier: GPL-2.0-or-later */

/* doctor: known lines of logs and their causes, the unknown last ones (guide G18, G19, G20). */

#include <errno.h>

#include "lib/checks/logs_match.h"
#include "tests/unit/checks_rig.h"

#define LOG     "var/log/libvirt/qemu/win11.log"
#define PROFILE "[device gpu]\naddress = 0000:01:00.0\n\n[device audio]\naddress = 0000:01:00.1\n"

#define STARTING                                                                                  \
	"2026-11-20 10:00:00.123+0000: starting up libvirt version: 9.0.0, qemu version: 7.2.0\n" \
	"LC_ALL=C \\\nPATH=/usr/bin \\\n/usr/bin/qemu-system-x86_64 \\\n-name guest=win11 \\\n"   \
	"-msg timestamp=on\n"
#define FAILED "2026-11-20 10:00:01.123+0000: shutting down, reason=failed\n"

/* What stands in each log, with a line of the machine's own around it. */
static const struct {
	const char *id;
	enum vh_log log;
	const char *line;
} lines[] = {
	{"logs.not-viable", VH_LOG_QEMU,
	 "qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: group 14 is not "
	 "viable"},
	{"logs.group-busy", VH_LOG_QEMU,
	 "vfio 0000:01:00.0: failed to open /dev/vfio/14: Device or resource busy"},
	{"logs.group-busy", VH_LOG_QEMU, "Could not open '/dev/vfio/14': Device or resource busy"},
	{"logs.group-forbidden", VH_LOG_QEMU,
	 "vfio 0000:01:00.0: failed to open /dev/vfio/14: Permission denied"},
	{"logs.no-group-node", VH_LOG_TASK,
	 "kvm: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/14: No "
	 "such file or directory"},
	{"logs.no-group", VH_LOG_QEMU,
	 "vfio 0000:01:00.0: no iommu_group found: No such file or directory"},
	{"logs.remapping", VH_LOG_QEMU,
	 "vfio 0000:01:00.0: failed to setup container for group 14: Failed to set iommu for "
	 "container: Operation not permitted"},
	{"logs.one-to-one", VH_LOG_QEMU,
	 "vfio 0000:01:00.0: failed to setup container for group 14: Failed to set group container: "
	 "Invalid argument"},
	{"logs.memlock", VH_LOG_QEMU,
	 "vfio 0000:01:00.0: failed to setup container for group 14: memory listener initialization "
	 "failed: Region pc.ram: vfio_dma_map(0x55, 0x0, 0x80000000, 0x7f) = -12 (Cannot allocate "
	 "memory)"},
	{"logs.memlock", VH_LOG_QEMU, "qemu: VFIO_MAP_DMA failed: Cannot allocate memory"},
	{"logs.dma-window", VH_LOG_QEMU,
	 "Region pc.ram: vfio_dma_map(0x55ba, 0x100000000, 0xff30000000, 0x7e) = -22 (Invalid argument)"},
	{"logs.hugepages", VH_LOG_QEMU,
	 "qemu-system-x86_64: unable to map backing store for guest RAM: Cannot allocate memory"},
	{"logs.no-reset", VH_LOG_QEMU,
	 "vfio: Cannot reset device 0000:01:00.1, no available reset mechanism."},
	{"logs.reset-group", VH_LOG_QEMU,
	 "vfio: Cannot reset device 0000:01:00.1, depends on group 15 which is not owned."},
	{"logs.d3cold", VH_LOG_QEMU, "vfio: Unable to power on device, stuck in D3"},
	{"logs.header-127", VH_LOG_DAEMON,
	 "internal error: Unknown PCI header type '127' for device '0000:01:00.0'"},
	{"logs.rom-missing", VH_LOG_QEMU, "vfio-pci: failed to find romfile \"/root/gpu.rom\""},
	{"logs.bar-slow", VH_LOG_QEMU, "Failed to mmap 0000:01:00.0 BAR 1. Performance may be slow"},
	{"logs.x-vga", VH_LOG_QEMU,
	 "vfio 0000:01:00.1: device does not support requested feature x-vga"},
	{"logs.firmware", VH_LOG_QEMU,
	 "qemu: could not load PC BIOS '/usr/share/OVMF/OVMF_CODE.fd'"},
	{"logs.image", VH_LOG_QEMU, "Could not open '/vms/a.qcow2': No such file or directory"},
	{"logs.hook", VH_LOG_DAEMON,
	 "Hook script execution failed: internal error: Child process (LC_ALL=C "
	 "/etc/libvirt/hooks/qemu.d/50-vfio-handoff win11 prepare begin -) unexpected exit status 1"},
	{"logs.hook", VH_LOG_TASK,
	 "TASK ERROR: hookscript error for 100 on pre-start: command '/var/lib/vz/snippets/x 100 "
	 "pre-start' failed: exit code 1"},
	{"logs.taken", VH_LOG_TASK,
	 "TASK ERROR: PCI device '0000:01:00.0' already in use by VMID '101'"},
	{"logs.no-bind", VH_LOG_TASK, "TASK ERROR: Cannot bind 0000:01:00.0 to vfio"},
	{"logs.no-bind", VH_LOG_TASK,
	 "error writing '0000:01:00.0' to '/sys/bus/pci/drivers/vfio-pci/bind': Invalid argument"},
	{"logs.no-iommu", VH_LOG_TASK,
	 "TASK ERROR: cannot prepare PCI pass-through, IOMMU not present"},
	{"logs.no-iommu", VH_LOG_DAEMON,
	 "unsupported configuration: host doesn't support passthrough of host PCI devices"},
	{"logs.timeout", VH_LOG_TASK,
	 "TASK ERROR: start failed: command '/usr/bin/kvm -id 100' failed: got timeout"},
	{"logs.nvidia-in-use", VH_LOG_KERNEL,
	 "NVRM: Attempting to remove device 0000:01:00.0 with non-zero usage count!"},
	{"logs.fell-off", VH_LOG_KERNEL,
	 "NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', GPU has fallen off the bus."},
	{"logs.wpr2", VH_LOG_KERNEL,
	 "NVRM: GPU0 _kgspBootGspRm: unexpected WPR2 already up, cannot proceed with booting GSP"},
	{"logs.d3cold", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: Unable to change power state from D3cold to D0, device inaccessible"},
	{"logs.d3cold", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: can't change power state from D3cold to D0 (config space "
	 "inaccessible)"},
	{"logs.reset-failed", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: not ready 65535ms after FLR; giving up"},
	{"logs.reset-slow", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: not ready 1023ms after bus reset; waiting"},
	{"logs.remapping", VH_LOG_KERNEL,
	 "vfio_iommu_type1_attach_group: No interrupt remapping support.  Use the module param "
	 "\"allow_unsafe_interrupts\" to enable VFIO IOMMU support on this platform"},
	{"logs.bar-busy", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xc0000000-0xcfffffff 64bit pref]"},
	{"logs.rom-signature", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff"},
	{"logs.blocked-by-user", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: No device request channel registered, blocked until released by user"},
	{"logs.one-to-one", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, "
	 "rejecting configuring the device without a 1:1 mapping. Contact your platform vendor."},
	{"logs.one-to-one", VH_LOG_KERNEL,
	 "vfio-pci 0000:01:00.0: DMAR: Device is ineligible for IOMMU domain attach due to platform "
	 "RMRR requirement.  Contact your platform vendor."},
	{"logs.iommu-fault", VH_LOG_KERNEL,
	 "DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0xdead000 [fault reason 0x06]"},
	{"logs.iommu-fault", VH_LOG_KERNEL,
	 "AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0 domain=0x000a address=0xdead000]"},
	{"logs.amdgpu-reset", VH_LOG_KERNEL, "amdgpu 0000:01:00.0: amdgpu: GPU reset(1) failed"},
	{"logs.intx", VH_LOG_KERNEL,
	 "genirq: Flags mismatch irq 16. 00000000 (vfio-intx(0000:01:00.0)) vs. 00000080 (i801_smbus)"},
	{"logs.apparmor-hook", VH_LOG_KERNEL,
	 "audit: type=1400 audit(1.2:3): apparmor=\"DENIED\" operation=\"exec\" profile=\"libvirtd\" "
	 "name=\"/usr/local/sbin/vfio-handoff-hook\" pid=1"},
	{"logs.apparmor-guest", VH_LOG_KERNEL,
	 "audit: type=1400 audit(1.2:3): apparmor=\"DENIED\" operation=\"open\" "
	 "profile=\"libvirt-1b2c\" name=\"/root/gpu.rom\" pid=1"},
	{"logs.selinux", VH_LOG_KERNEL,
	 "audit: type=1400 audit(1.2:3): avc:  denied  { write } for comm=\"vfio-handoff-ho\" "
	 "scontext=system_u:system_r:virtqemud_t:s0 permissive=1"},
};

static void known_lines_have_their_cause(void **state)
{
	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(lines); i++) {
		VH_AUTO_LOG_HITS struct vh_log_hits hits = {0};
		VH_AUTO_TEXT struct vh_text text = {0};

		vh_text_addf(&text, "something else\n%s\nthe end\n", lines[i].line);
		vh_log_match(vh_text_str(&text), lines[i].log, NULL, NULL, &hits);
		if (hits.count != 1 || strcmp(hits.items[0].cause->id, lines[i].id) != 0) {
			fail_msg("%s is %s: %s", lines[i].id,
				 hits.count > 0 ? hits.items[0].cause->id : "not known",
				 lines[i].line);
		}
	}
}

/* What many machines say that work. */
static void harmless_lines_have_none(void **state)
{
	static const char *const harmless[] = {
		"vfio-pci 0000:01:00.0: enabling device (0000 -> 0003)",
		"vfio-pci 0000:01:00.0: vgaarb: deactivate vga console",
		"vfio-pci 0000:01:00.0: vfio_ecap_init: hiding ecap 0x19@0x900",
		"vfio-pci 0000:01:00.0: ready 1023ms after FLR",
		"kvm: ignored rdmsr: 0x10f data 0x0",
		"2026-11-20: Domain id=1 is tainted: host-cpu",
		"char device redirected to /dev/pts/3 (label charserial0)",
		"amdgpu 0000:01:00.0: amdgpu: GPU reset succeeded, trying to resume",
		"BUG: soft lockup - CPU#3 stuck for 22s! [kworker/3:1]",
		"DMAR: Intel(R) Virtualization Technology for Directed I/O",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(harmless); i++) {
		for (unsigned log = VH_LOG_QEMU; log <= VH_LOG_KERNEL; log <<= 1) {
			VH_AUTO_LOG_HITS struct vh_log_hits hits = {0};

			vh_log_match(harmless[i], log, NULL, NULL, &hits);
			if (hits.count > 0) {
				fail_msg("%s: %s", hits.items[0].cause->id, harmless[i]);
			}
		}
	}
}

static void every_cause_says_what_to_do(void **state)
{
	static const struct vh_log_cause *const tables[] = {vh_log_causes, vh_log_kernel_causes};

	(void)state;
	for (size_t t = 0; t < VH_ARRAY_SIZE(tables); t++) {
		for (const struct vh_log_cause *c = tables[t]; c->id; c++) {
			assert_int_equal(strncmp(c->id, "logs.", 5), 0);
			assert_true(c->verdict == VH_FAILURE || c->verdict == VH_WARNING);
			assert_non_null(c->patterns[0]);
			assert_true(c->logs != 0);
			assert_true(c->title && c->means && c->remedy);
			assert_true(!c->title || c->title[strlen(c->title) - 1] != '.');
		}
	}
}

static struct checks *host(void **state)
{
	struct checks *c = checks_open(state, "two-gpus", "dir etc/libvirt\n");

	checks_profile(c, "win11", PROFILE);
	c->doctor.all = true;
	return c;
}

static void a_last_start_that_failed(void **state)
{
	struct checks *c = host(state);
	const struct vh_finding *f;

	fk_set(c->fk, LOG,
	       STARTING "vfio: Unable to power on device, stuck in D3\n" FAILED STARTING
			"vfio 0000:01:00.0: group 14 is not viable\n"
			"Please ensure all devices within the iommu_group are bound\n" FAILED);
	checks_run(c, "win11");
	f = checks_get(c, "logs.not-viable", "0000:01:00.0", VH_FAILURE);
	checks_says(f, "/" LOG ": vfio 0000:01:00.0: group 14");
	/* Of the start before nobody wants to know. */
	checks_none(c, "logs.d3cold");
	checks_none(c, "logs.unknown");
	checks_are_whole(c, "logs.");
}

static void a_last_start_that_failed_for_an_unknown_reason(void **state)
{
	struct checks *c = host(state);
	const struct vh_finding *f;

	fk_set(c->fk, LOG, STARTING "one\ntwo\n\033[31mthree\nfour\nfive\n" FAILED);
	checks_run(c, "win11");
	f = checks_get(c, "logs.unknown", "", VH_WARNING);
	checks_says(f, "two\n?[31mthree\nfour\nfive\n");
	checks_says(f, "reason=failed");
	assert_false(checks_has(f, "-msg timestamp"));
	assert_null(strstr(vh_text_str(&f->seen), "one"));
	checks_are_whole(c, "logs.");
}

/* It came up in spite of it, so it is no more than a warning. */
static void a_last_start_that_succeeded(void **state)
{
	struct checks *c = host(state);

	fk_set(c->fk, LOG,
	       STARTING "vfio: Cannot reset device 0000:01:00.1, no available reset "
			"mechanism.\n"
			"vfio: Cannot reset device 0000:01:00.1, no available reset "
			"mechanism.\n"
			"2026: shutting down, reason=shutdown\n");
	checks_run(c, "win11");
	checks_says(checks_get(c, "logs.no-reset", "0000:01:00.1", VH_WARNING), "2 such lines");
	fk_set(c->fk, LOG, STARTING "vfio: Unable to power on device, stuck in D3\n");
	checks_run(c, "win11");
	(void)checks_get(c, "logs.d3cold", NULL, VH_WARNING);
	fk_set(c->fk, LOG, FAILED STARTING "char device redirected to /dev/pts/3\n");
	checks_run(c, "win11");
	(void)checks_get(c, "logs.qemu", "", VH_PASS);
}

/* What a host that lost its power leaves in a file. */
static void a_log_with_zeros_in_it(void **state)
{
	struct checks *c = host(state);
	static const char text[] = STARTING "fine\n\0\0\0" STARTING
					    "vfio 0000:01:00.0: group 14 is not viable\n" FAILED;

	fk_set_bytes(c->fk, LOG, text, sizeof(text) - 1);
	checks_run(c, "win11");
	(void)checks_get(c, "logs.not-viable", NULL, VH_FAILURE);
}

static void a_log_that_is_not_to_be_seen(void **state)
{
	struct checks *c = host(state);

	c->doctor.is_root = false;
	checks_run(c, "win11");
	checks_says(checks_get(c, "logs.qemu", "", VH_UNKNOWN), "as root");
	c->doctor.is_root = true;
	checks_run(c, "win11");
	(void)checks_get(c, "logs.qemu", "", VH_NOT_APPLICABLE);
	fk_set(c->fk, LOG, "x\n");
	fk_chmod(c->fk, LOG, 0, 0);
	c->doctor.is_root = false;
	checks_run(c, "win11");
	checks_says(checks_get(c, "logs.qemu", "", VH_UNKNOWN), "Permission denied");
	checks_are_whole(c, "logs.");
}

/* --- the journal and the kernel */

struct answers {
	const char *journal;
	const char *dmesg;
};

static int answer(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	const struct answers *a = arg;
	const char *said = strstr(command->argv[0], "dmesg") ? a->dmesg : a->journal;

	(void)fk;
	if (!said) {
		return 1;
	}
	if (command->out) {
		vh_text_add(command->out, said);
	}
	return 0;
}

static struct checks *answering(void **state, struct answers *a)
{
	struct checks *c = host(state);

	fk_set(c->fk, "usr/bin/dmesg", "0\n");
	fk_chmod(c->fk, "usr/bin/dmesg", 0755, 0);
	fk_set(c->fk, "usr/bin/journalctl", "0\n");
	fk_chmod(c->fk, "usr/bin/journalctl", 0755, 0);
	fk_programs(c->fk, answer, a);
	return c;
}

static void the_journal_of_the_daemon(void **state)
{
	struct answers a = {.dmesg = ""};
	struct checks *c = answering(state, &a);

	a.journal =
		"2026-11-20T10:00:00 host libvirtd[7]: Hook script execution failed: internal error: "
		"Child process (/etc/libvirt/hooks/qemu.d/50-vfio-handoff win11 prepare begin -) "
		"unexpected exit status 1: sddm has the card open\n"
		"2026-11-20T11:00:00 host libvirtd[7]: Hook script execution failed: internal error: "
		"Child process (/etc/libvirt/hooks/qemu.d/50-vfio-handoff win11-old prepare begin -)\n";
	checks_run(c, "win11");
	checks_says(checks_get(c, "logs.hook", NULL, VH_WARNING), "sddm has the card open");
	checks_says(checks_get(c, "logs.hook", NULL, VH_WARNING), "vfio-handoff plan win11 detach");
	checks_run(c, "steam");
	checks_none(c, "logs.hook");
	(void)checks_get(c, "logs.daemon", "", VH_PASS);
	a.journal = NULL;
	checks_run(c, "win11");
	(void)checks_get(c, "logs.daemon", "", VH_UNKNOWN);
	checks_are_whole(c, "logs.");
}

static void the_kernel_about_our_devices_only(void **state)
{
	struct answers a = {.journal = ""};
	struct checks *c = answering(state, &a);

	a.dmesg = "vfio-pci 0000:02:00.0: not ready 65535ms after FLR; giving up\n"
		  "DMAR: [DMA Read] Request device [02:00.0] fault addr 0x0\n"
		  "NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.\n"
		  "vfio-pci 0000:01:00.1: not ready 1023ms after FLR; waiting\n"
		  "vfio-pci 0000:01:00.1: not ready 2047ms after FLR; waiting\n";
	checks_run(c, "win11");
	checks_none(c, "logs.reset-failed");
	checks_none(c, "logs.iommu-fault");
	(void)checks_get(c, "logs.fell-off", NULL, VH_FAILURE);
	checks_says(checks_get(c, "logs.reset-slow", "0000:01:00.1", VH_WARNING), "2047ms");
	/* The newest first. */
	assert_true(checks_find(c, "logs.reset-slow", NULL) < checks_find(c, "logs.fell-off", NULL));
	checks_run(c, NULL);
	(void)checks_get(c, "logs.reset-failed", "0000:02:00.0", VH_FAILURE);
	(void)checks_get(c, "logs.iommu-fault", NULL, VH_WARNING);
	a.dmesg = "Linux version 6.1.0\n";
	checks_run(c, "win11");
	(void)checks_get(c, "logs.kernel", "", VH_PASS);
	a.dmesg = NULL;
	c->doctor.is_root = false;
	checks_run(c, "win11");
	checks_says(checks_get(c, "logs.kernel", "", VH_UNKNOWN), "dmesg_restrict");
	checks_are_whole(c, "logs.");
}

/* LookingGlass#184, ilayna#8: AppArmor keeps QEMU from a ROM file; of this VM's QEMU. */
static void apparmor_about_this_guest(void **state)
{
	struct answers a = {.journal = ""};
	struct checks *c = answering(state, &a);

	fk_set(c->fk, "etc/libvirt/qemu/win11.xml",
	       "<domain type='kvm'><uuid>1b2c0000-0000-4000-8000-000000000001</uuid></domain>");
	a.dmesg =
		"audit: type=1400 audit(1.2:3): apparmor=\"DENIED\" operation=\"open\" "
		"profile=\"libvirt-1b2c0000-0000-4000-8000-000000000002\" name=\"/root/gpu.rom\"\n";
	checks_run(c, "win11");
	checks_none(c, "logs.apparmor-guest");
	a.dmesg =
		"audit: type=1400 audit(1.2:3): apparmor=\"DENIED\" operation=\"open\" "
		"profile=\"libvirt-1b2c0000-0000-4000-8000-000000000001\" name=\"/root/gpu.rom\"\n";
	checks_run(c, "win11");
	checks_says(checks_get(c, "logs.apparmor-guest", "", VH_WARNING), "/root/gpu.rom");
}

/* ilayna/Single-GPU-passthrough-amd-nvidia#21, QaidVoid#44: a trace counts by what is in it. */
static void a_crash_counts_by_its_trace(void **state)
{
	struct answers a = {.journal = ""};
	struct checks *c = answering(state, &a);

	a.dmesg = "BUG: kernel NULL pointer dereference, address: 0000000000000020\n"
		  "#PF: supervisor read access\nCall Trace:\n ext4_lookup+0x1/0x2 [ext4]\n";
	checks_run(c, "win11");
	checks_none(c, "logs.oops");
	a.dmesg =
		"BUG: kernel NULL pointer dereference, address: 0000000000000020\n"
		"#PF: supervisor read access\nCall Trace:\n amdgpu_device_fini_hw+0x1/0x2 [amdgpu]\n"
		"INFO: task modprobe:1660 blocked for more than 120 seconds.\n"
		"Call Trace:\n vfio_unregister_group_dev+0x1/0x2 [vfio]\n";
	checks_run(c, "win11");
	(void)checks_get(c, "logs.oops", "", VH_FAILURE);
	(void)checks_get(c, "logs.hung", "", VH_FAILURE);
}

/* --- Proxmox */

#define UPID    "UPID:pve1:00001A2B:0003C4D5:6560A1BF:qmstart:100:root@pam:"
#define EARLIER "UPID:pve1:00001A00:0003C400:6560A1B0:qmstart:100:root@pam:"
#define OTHER   "UPID:pve1:00001A2C:0003C4D6:6560A1C0:qmstart:101:root@pam:"
#define STOP    "UPID:pve1:00001A2D:0003C4D7:6560A1C1:qmstop:100:root@pam:"

static struct checks *node(void **state)
{
	struct checks *c = checks_open(state, "proxmox", "");

	c->doctor.all = true;
	fk_set(c->fk, "var/log/pve/tasks/index.1", EARLIER " 6560A1B2 OK\n");
	fk_set(c->fk, "var/log/pve/tasks/index",
	       UPID " 6560A1C2 PCI device '0000:01:00.0' already in use by VMID '101'\n" OTHER
		    " 6560A1C3 OK\n" STOP " 6560A1C4 OK\n");
	return c;
}

static void the_task_log_of_the_last_start(void **state)
{
	struct checks *c = node(state);

	fk_set(c->fk, "var/log/pve/tasks/F/" UPID,
	       "TASK ERROR: PCI device '0000:01:00.0' already in use by VMID '101'\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "logs.taken", "0000:01:00.0", VH_FAILURE),
		    "/var/log/pve/tasks/F/" UPID ": TASK ERROR");
	fk_set(c->fk, "var/log/pve/tasks/F/" UPID, "swtpm_setup: done\nTASK ERROR: what is this?\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "logs.unknown", "", VH_WARNING), "TASK ERROR: what is this?");
	checks_are_whole(c, "logs.");
	/* The list alone says enough. */
	fk_remove(c->fk, "var/log/pve/tasks/F/" UPID);
	checks_run(c, "100");
	(void)checks_get(c, "logs.taken", NULL, VH_FAILURE);
}

static void a_newer_task_is_in_another_list(void **state)
{
	struct checks *c = node(state);
	static const char newer[] = "UPID:pve1:00001A2E:0003C4D8:6560A1D0:qmstart:100:root@pam:";
	char text[256];

	(void)snprintf(text, sizeof(text), "%s 1 6560A1D4 WARNINGS: 1\n", newer);
	fk_set(c->fk, "var/log/pve/tasks/active", text);
	(void)snprintf(text, sizeof(text), "var/log/pve/tasks/0/%s", newer);
	fk_set(c->fk, text,
	       "WARN: no efidisk configured!\n"
	       "kvm: vfio: Cannot reset device 0000:01:00.1, no available reset mechanism.\n"
	       "TASK WARNINGS: 1\n");
	checks_run(c, "100");
	(void)checks_get(c, "logs.no-reset", "0000:01:00.1", VH_WARNING);
	checks_none(c, "logs.taken");
	checks_none(c, "logs.unknown");
}

static void no_task_at_all(void **state)
{
	struct checks *c = node(state);

	fk_remove(c->fk, "var/log/pve");
	checks_run(c, "100");
	(void)checks_get(c, "logs.task", "", VH_NOT_APPLICABLE);
	fk_set(c->fk, "var/log/pve/tasks/index",
	       "garbage\n::::::\nUPID:\nUPID:a:b:c:zz:qmstart:100:\n");
	checks_run(c, "100");
	(void)checks_get(c, "logs.task", "", VH_NOT_APPLICABLE);
	fk_chmod(c->fk, "var/log/pve/tasks/index", 0, 0);
	checks_run(c, "100");
	(void)checks_get(c, "logs.task", "", VH_UNKNOWN);
	checks_are_whole(c, "logs.");
}

/* --- text */

static void what_is_shown_is_harmless(void **state)
{
	VH_AUTO_TEXT struct vh_text shown = {0};
	VH_AUTO_TEXT struct vh_text filled = {0};
	char line[400];
	char device[32];

	(void)state;
	memset(line, 'a', sizeof(line));
	line[3] = '\033';
	line[299] = '\xc3';
	line[300] = '\xa4';
	vh_log_show(line, sizeof(line), &shown);
	assert_int_equal(shown.len, 299 + strlen("..."));
	assert_int_equal(vh_text_str(&shown)[3], '?');
	vh_log_device("x 000:01 0000:0g:00.0 at 0000:0a:00.1,", 38, device, sizeof(device));
	assert_string_equal(device, "0000:0a:00.1");
	vh_log_fill("{vm} {device} {x} {", "win11", "", &filled);
	assert_string_equal(vh_text_str(&filled), "win11 ADDRESS {x} {");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_lines_have_their_cause),
		cmocka_unit_test(harmless_lines_have_none),
		cmocka_unit_test(every_cause_says_what_to_do),
		CHECKS_TEST(a_last_start_that_failed),
		CHECKS_TEST(a_last_start_that_failed_for_an_unknown_reason),
		CHECKS_TEST(a_last_start_that_succeeded),
		CHECKS_TEST(a_log_with_zeros_in_it),
		CHECKS_TEST(a_log_that_is_not_to_be_seen),
		CHECKS_TEST(the_journal_of_the_daemon),
		CHECKS_TEST(the_kernel_about_our_devices_only),
		CHECKS_TEST(apparmor_about_this_guest),
		CHECKS_TEST(a_crash_counts_by_its_trace),
		CHECKS_TEST(the_task_log_of_the_last_start),
		CHECKS_TEST(a_newer_task_is_in_another_list),
		CHECKS_TEST(no_task_at_all),
		cmocka_unit_test(what_is_shown_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
