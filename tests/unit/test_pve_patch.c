/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A set and a Proxmox VM's configuration in, the options of one `qm set` out. */

#include "tests/unit/pve_patch_rig.h"

/* What the guide's commands leave: two lines for one card, and an -cpu that undoes `hidden`. */
static const char guide[] = "agent: 1\n"
			    "args: -cpu 'host,hv_vendor_id=NV43FIX,hv_relaxed'\n"
			    "bios: ovmf\n"
			    "boot: order=scsi0;ide2;net0\n"
			    "cores: 8\n"
			    "cpu: host,hidden=1,flags=+pcid\n"
			    "efidisk0: local-zfs:vm-100-disk-0,format=raw,size=1M\n"
			    "hostpci0: 01:00,pcie=1,x-vga=1\n"
			    "hostpci1: 01:00.1\n"
			    "machine: q35\n"
			    "memory: 16384\n"
			    "name: win10\n"
			    "net0: virtio=BC:24:11:5C:1D:7A,bridge=vmbr0,firewall=1\n"
			    "ostype: win10\n"
			    "scsi0: local-zfs:vm-100-disk-1,iothread=1,size=120G\n"
			    "scsihw: virtio-scsi-single\n"
			    "smbios1: uuid=ba4b0c1e-7a5b-4bb5-9d54-0f0ac2b80d10\n"
			    "vga: none\n";

/* As the installer's wizard leaves it, with a snapshot and something pending. */
static const char wizard[] = "#a%3A b\n"
			     "balloon: 2048\n"
			     "boot: order=ide2;scsi0\n"
			     "cores: 4\n"
			     "cpu: x86-64-v2-AES\n"
			     "hostpci3: 0000:05:00.0,rombar=0\n"
			     "ide2: local:iso/debian-12.iso,media=cdrom,size=630M\n"
			     "memory: 8192\n"
			     "ostype: l26\n"
			     "scsi0: ceph:vm-101-disk-0,size=32G\n"
			     "\n"
			     "[PENDING]\n"
			     "cpu: host,flags=+aes;-pcid\n"
			     "delete: balloon,hostpci3\n"
			     "\n"
			     "[before-update]\n"
			     "cpu: qemu64,hidden=0\n"
			     "hostpci0: 01:00\n"
			     "hostpci1: 01:00.1\n"
			     "machine: pc-q35-8.1\n";

static void everything(struct vh_guest_set *set)
{
	set->hide_kvm = true;
	(void)vh_copy(set->vendor_id, sizeof(set->vendor_id), "randomid");
	set->host_cpu = true;
	set->no_video = true;
	set->x_vga = true;
	set->no_balloon = true;
	set->q35 = true;
	set->uefi = true;
	(void)rig_gpu(set);
}

static void the_guides_vm_is_mended(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	everything(&set);
	set.fix_args = true;
	rig_patches(&set, guide,
		    "args deleted\n"
		    "balloon 0\n"
		    "cpu host,hidden=1,flags=+pcid,hv-vendor-id=randomid\n"
		    "hostpci1 deleted\n",
		    "2 args: without -cpu (hide-kvm, vendor-id)\n"
		    "0 balloon: 0 (balloon)\n"
		    "6 cpu: hv-vendor-id=randomid (vendor-id)\n"
		    "9 hostpci1: folded into hostpci0 ([device gpu])\n"
		    "note: args: 100.conf:2 has '-cpu host,hv_vendor_id=NV43FIX,hv_relaxed'. QEMU "
		    "takes the last -cpu, so the VM's 'cpu' does not count, and this is lost: "
		    "hide-kvm, vendor-id\n");
}

static void the_current_part_with_what_is_pending_counts(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	everything(&set);
	rig_patches(&set, wizard,
		    "balloon 0\n"
		    "bios ovmf\n"
		    "cpu host,flags=+aes;-pcid,hidden=1,hv-vendor-id=randomid\n"
		    "efidisk0 ceph:1,efitype=4m,pre-enrolled-keys=1\n"
		    "hostpci0 0000:01:00,pcie=1,x-vga=1\n"
		    "machine q35\n"
		    "vga none\n",
		    NULL);
}

static void nothing_asked_for_is_nothing_changed(void **state)
{
	struct vh_guest_set set = {0};

	(void)state;
	rig_patches(&set, wizard, "", "");
	rig_patches(&set, "", "", "");
}

static void a_cpu_keeps_its_options(void **state)
{
	struct vh_guest_set set = {.hide_kvm = true};

	(void)state;
	rig_patches(&set, "cpu: host\n", "cpu host,hidden=1\n", "1 cpu: hidden=1 (hide-kvm)\n");
	rig_patches(&set, "cpu: cputype=host,hidden=0,phys-bits=host\n",
		    "cpu cputype=host,hidden=1,phys-bits=host\n",
		    "1 cpu: hidden=0 -> 1 (hide-kvm)\n");
	rig_patches(&set, "cpu: flags=+aes,Skylake-Client\n",
		    "cpu flags=+aes,Skylake-Client,hidden=1\n", NULL);
	rig_patches(&set, "cpu: host,hidden=on\n", "", "");
	rig_patches(&set, "cpu: custom-bare\n", "cpu custom-bare,hidden=1\n", NULL);
	set = (struct vh_guest_set){.host_cpu = true};
	rig_patches(&set, "cpu: kvm64,flags=+aes\n", "cpu host,flags=+aes\n",
		    "1 cpu: cputype=kvm64 -> host (cpu)\n");
	rig_patches(&set, "cpu: cputype=host\n", "", "");
	rig_patches(&set, "cpu: custom-bare\n", "",
		    "note: cpu = host-passthrough: the VM has a custom CPU model, which stays; its "
		    "'reported-model' is in /etc/pve/virtual-guest/cpu-models.conf\n");
}

/* Proxmox takes no cpu line without a type. */
static void a_new_cpu_line_names_the_default(void **state)
{
	struct vh_guest_set set = {.hide_kvm = true};

	(void)state;
	rig_patches(&set, "cores: 2\n", "cpu kvm64,hidden=1\n",
		    "0 cpu: hidden=1 (hide-kvm)\n"
		    "0 cpu: cputype=kvm64 (Proxmox's default, which has to be named)\n");
	set.host_cpu = true;
	rig_patches(&set, "cores: 2\n", "cpu host,hidden=1\n", NULL);
}

static void a_line_that_proxmox_ignores_is_refused(void **state)
{
	struct vh_guest_set set = {.hide_kvm = true};

	(void)state;
	rig_refuses(&set, "cores: 2\ncpu: hidden=1\n",
		    "100.conf:2: cpu: it names no type, so Proxmox ignores the line");
	rig_refuses(&set, "cpu: host,hidden=1,hidden=1\n",
		    "100.conf:1: cpu: 'hidden' is set twice, so Proxmox ignores the line");
	rig_refuses(&set, "cpu: host,cputype=host\n",
		    "100.conf:1: cpu: 'cputype' is set twice, so Proxmox ignores the line");
	rig_refuses(&set, "cpu: host, hidden=1\n",
		    "100.conf:1: cpu: there is a blank around an option");
	rig_refuses(&set, "cpu: host,=1\n", "100.conf:1: cpu: an option is 'name=value'");
	set = (struct vh_guest_set){0};
	rig_refuses(&set, "hostpci0: pcie=1\n",
		    "100.conf:1: hostpci0: it needs either an address or a mapping");
	rig_refuses(&set, "hostpci0: 01:0A\n",
		    "100.conf:1: hostpci0: '01:0A' is no list of PCI addresses");
	rig_refuses(&set, "hostpci0: 01:00;01:00.1\n",
		    "100.conf:1: hostpci0: it names 0000:01:00.1 twice");
}

static void a_vendor_id_has_an_effect_on_windows_only(void **state)
{
	struct vh_guest_set set = {.vendor_id = "abc123"};

	(void)state;
	rig_patches(&set, "cpu: host\nostype: win11\n", "cpu host,hv-vendor-id=abc123\n",
		    "1 cpu: hv-vendor-id=abc123 (vendor-id)\n");
	rig_patches(&set, "cpu: host\nostype: l26\n", "cpu host,hv-vendor-id=abc123\n",
		    "1 cpu: hv-vendor-id=abc123 (vendor-id)\n"
		    "note: vendor-id has no effect: Proxmox gives it to Windows guests only, and "
		    "100.conf:2 says 'ostype: l26'\n");
	rig_patches(&set, "cpu: host\n", "cpu host,hv-vendor-id=abc123\n",
		    "1 cpu: hv-vendor-id=abc123 (vendor-id)\n"
		    "note: vendor-id has no effect: Proxmox gives it to Windows guests only, and "
		    "100.conf has no line 'ostype: win11' or the like\n");
	rig_patches(&set, "cpu: host\nostype: win7\n", "cpu host,hv-vendor-id=abc123\n",
		    "1 cpu: hv-vendor-id=abc123 (vendor-id)\n");
	rig_patches(&set, "bios: ovmf\ncpu: host,hv-vendor-id=abc123\nostype: win7\n", "",
		    "note: vendor-id has no effect: with OVMF Proxmox gives it to guests from "
		    "Windows 8 on, and 100.conf:3 says 'ostype: win7'\n");
}

static void a_vendor_id_has_letters_and_digits(void **state)
{
	struct vh_guest_set set = {.vendor_id = "NV-43"};

	(void)state;
	rig_refuses(&set, "", "vendor-id 'NV-43': Proxmox takes 1 to 12 letters and digits");
}

static void the_hypervisor_bit_is_for_a_custom_model(void **state)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_guest_set set = {.hide_hypervisor = true};
	struct vh_pve_text config = rig_text("cpu: host\n");
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_pve_patch(&set, &config, "", &edit, &report, &err), 0);
	assert_int_equal(report.change_count, 1);
	assert_int_equal(report.changes[0].line, 1);
	assert_string_equal(report.changes[0].why, "hide-hypervisor");
	assert_int_equal(report.note_count, 1);
	assert_non_null(strstr(report.notes[0], "/etc/pve/virtual-guest/cpu-models.conf"));
	assert_non_null(strstr(report.notes[0], "'flags -hypervisor'"));
	rig_patches(&set, "cpu: custom-bare\n", "",
		    "note: hide-hypervisor: whether the custom CPU model has 'flags -hypervisor' is "
		    "in /etc/pve/virtual-guest/cpu-models.conf\n");
	rig_patches(&set, "args: -cpu host,-hypervisor,kvm=off\ncpu: host\n", "", "");
}

static void arguments_that_do_no_harm_stay(void **state)
{
	struct vh_guest_set set = {.hide_kvm = true, .fix_args = true};

	(void)state;
	rig_patches(&set, "args: -device foo\ncpu: host,hidden=1\n", "", "");
	rig_patches(&set, "args: -cpu host,kvm=off\ncpu: host,hidden=1\n", "", "");
	rig_patches(&set, "args: -cpu host -cpu 'max,kvm=off'\ncpu: host,hidden=1\n", "", "");
	rig_patches(&set, "args: -device -cpuid -name=-cpu\ncpu: host,hidden=1\n", "", "");
	set = (struct vh_guest_set){.fix_args = true};
	rig_patches(&set, "args: -cpu host\n", "", "");
}

static void arguments_that_undo_the_set_go_alone(void **state)
{
	struct vh_guest_set set = {.hide_kvm = true, .fix_args = true};
	static const struct {
		const char *args;
		const char *left;
	} cases[] = {
		{"-cpu host", "deleted"},
		{"--cpu host", "deleted"},
		{"-cpu", "deleted"},
		{"-smbios 'type=0,vendor=a  b' -cpu host,+x  -device \"x,y='z'\"",
		 "-smbios 'type=0,vendor=a  b' -device \"x,y='z'\""},
		{"-cpu host -a b -cpu max c\\ d", "-a b c\\ d"},
		{"-a 'b\\'c' \"-cpu\" 'host,hv_vendor_id=x y'", "-a 'b\\'c'"},
		{"-c\"pu\" host\t-name 'it\"s'", "-name 'it\"s'"},
		{"-a -\\cpu host", "-a"},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		VH_AUTO_TEXT struct vh_text conf = {0};
		VH_AUTO_TEXT struct vh_text wanted = {0};

		vh_text_addf(&conf, "args: %s\ncpu: host,hidden=1\n", cases[i].args);
		vh_text_addf(&wanted, "args %s\n", cases[i].left);
		rig_patches(&set, vh_text_str(&conf), vh_text_str(&wanted), NULL);
	}
}

static void arguments_are_only_explained_unless_asked(void **state)
{
	struct vh_guest_set set = {.hide_kvm = true};

	(void)state;
	rig_patches(&set, "args: -cpu host\ncpu: host,hidden=1\n", "",
		    "note: args: 100.conf:1 has '-cpu host'. QEMU takes the last -cpu, so the VM's "
		    "'cpu' does not count, and this is lost: hide-kvm. --fix-args takes it out and "
		    "leaves the other arguments\n");
	set.fix_args = true;
	rig_patches(&set, "args: -cpu 'host\ncpu: host,hidden=1\n", "",
		    "note: args: 100.conf:1 has a quote that is not closed, so Proxmox gives QEMU "
		    "none of it\n");
	rig_refuses(&set, "args: a\\  -cpu host\n",
		    "100.conf:1: args: without its -cpu, what is left ends in a backslash");
}

static void the_firmware_gets_a_disk_beside_the_first(void **state)
{
	struct vh_guest_set set = {.uefi = true};

	(void)state;
	rig_patches(&set, "bios: ovmf\nefidisk0: a:vm-1-disk-0\n", "", "");
	rig_patches(&set, "bios: ovmf\nsata0: tank:vm-100-disk-0\n",
		    "efidisk0 tank:1,efitype=4m,pre-enrolled-keys=1\n",
		    "0 efidisk0: tank:1,efitype=4m,pre-enrolled-keys=1 (firmware)\n");
	rig_patches(&set,
		    "boot: order=net0;ide2;virtio1\nbios: seabios\nefidisk0: aa:1\n"
		    "ide2: local:iso/a.iso,media=cdrom\nvirtio1: bb:vm-100-disk-1\n",
		    "bios ovmf\n",
		    "2 bios: seabios -> ovmf (firmware)\n"
		    "note: bios: a system that was installed under SeaBIOS may not start under "
		    "OVMF\n");
	rig_patches(&set,
		    "bios: ovmf\nboot: order=net0;ide2;virtio1\nide2: none,media=cdrom\n"
		    "scsi0: aa:vm-100-disk-0\nvirtio1: file=bb:vm-100-disk-1\n",
		    "efidisk0 bb:1,efitype=4m,pre-enrolled-keys=1\n", NULL);
	rig_patches(&set, "bios: ovmf\nboot: cdn\nbootdisk: scsi1\nscsi0: aa:x-1\nscsi1: bb:x-2\n",
		    "efidisk0 bb:1,efitype=4m,pre-enrolled-keys=1\n", NULL);
	rig_refuses(&set, "bios: ovmf\nscsi0: /dev/disk/by-id/x\nide2: cdrom,media=cdrom\n",
		    "100.conf: efidisk0: OVMF needs a small disk, and no disk of the VM shows on "
		    "which storage");
}

static void a_storage_can_be_named(void **state)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_guest_set set = {.uefi = true};
	struct vh_pve_text config = rig_text("bios: ovmf\nscsi0: a1:vm-100-disk-0\n");
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_pve_patch(&set, &config, "fast", &edit, &report, &err), 1);
	assert_string_equal(edit.items[0].value, "fast:1,efitype=4m,pre-enrolled-keys=1");
	vh_pve_edit_done(&edit);
	assert_int_equal(vh_pve_patch(&set, &config, "a b", &edit, &report, &err), -EINVAL);
	assert_string_equal(err.msg, "100.conf: efidisk0: 'a b' is no name of a storage");
}

static void a_machine_keeps_its_options(void **state)
{
	struct vh_guest_set set = {.q35 = true};

	(void)state;
	rig_patches(&set, "machine: q35\n", "", "");
	rig_patches(&set, "machine: pc-q35-9.0+pve1,viommu=intel\n", "", "");
	rig_patches(&set, "machine: pc-i440fx-8.1,viommu=virtio\n", "machine q35,viommu=virtio\n",
		    "1 machine: type=pc-i440fx-8.1 -> q35 (machine)\n"
		    "note: machine: on q35 the guest's devices have other addresses; a network card "
		    "may have another name in it\n");
	rig_patches(&set, "machine: viommu=virtio\n", "machine q35,viommu=virtio\n", NULL);
	rig_patches(&set, "machine: enable-s3=1,type=pc\n", "machine enable-s3=1,type=q35\n", NULL);
}

static void another_architecture_is_refused(void **state)
{
	struct vh_guest_set set = {.hide_kvm = true};

	(void)state;
	rig_refuses(&set, "cores: 2\narch: aarch64\n",
		    "100.conf:2: arch: 'aarch64' has neither a KVM signature nor a q35 machine; "
		    "only x86_64 has");
	rig_patches(&set, "arch: x86_64\ncpu: host\n", "cpu host,hidden=1\n", NULL);
	set = (struct vh_guest_set){.no_balloon = true};
	rig_patches(&set, "arch: aarch64\n", "balloon 0\n", NULL);
}

static void the_emulated_display_goes(void **state)
{
	struct vh_guest_set set = {.no_video = true};

	(void)state;
	rig_patches(&set, "vga: qxl2,memory=32\n", "vga none\n",
		    "1 vga: qxl2,memory=32 -> none (video)\n");
	rig_patches(&set, "", "vga none\n", NULL);
	rig_patches(&set, "vga: none\n", "", "");
	rig_patches(&set, "vga: type=none,memory=16\n", "", "");
	rig_patches(&set, "vga: serial1\n", "", "");
}

static void bytes_that_are_no_configuration_are_refused(void **state)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_guest_set set = {.hide_kvm = true};
	struct vh_pve_text config = {"100.conf", "cpu: host\0\n", 11};
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_pve_patch(&set, &config, "", &edit, &report, &err), -EINVAL);
	assert_string_equal(err.msg, "100.conf: there is a NUL byte in it");
	config.len = VH_PVE_CONFIG_BYTES + 1;
	assert_int_equal(vh_pve_patch(&set, &config, "", &edit, &report, &err), -EINVAL);
	assert_string_equal(err.msg, "100.conf: larger than 1 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guides_vm_is_mended),
		cmocka_unit_test(the_current_part_with_what_is_pending_counts),
		cmocka_unit_test(nothing_asked_for_is_nothing_changed),
		cmocka_unit_test(a_cpu_keeps_its_options),
		cmocka_unit_test(a_new_cpu_line_names_the_default),
		cmocka_unit_test(a_line_that_proxmox_ignores_is_refused),
		cmocka_unit_test(a_vendor_id_has_an_effect_on_windows_only),
		cmocka_unit_test(a_vendor_id_has_letters_and_digits),
		cmocka_unit_test(the_hypervisor_bit_is_for_a_custom_model),
		cmocka_unit_test(arguments_that_do_no_harm_stay),
		cmocka_unit_test(arguments_that_undo_the_set_go_alone),
		cmocka_unit_test(arguments_are_only_explained_unless_asked),
		cmocka_unit_test(the_firmware_gets_a_disk_beside_the_first),
		cmocka_unit_test(a_storage_can_be_named),
		cmocka_unit_test(a_machine_keeps_its_options),
		cmocka_unit_test(another_architecture_is_refused),
		cmocka_unit_test(the_emulated_display_goes),
		cmocka_unit_test(bytes_that_are_no_configuration_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
