/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The options of `qm create` for a VM that does not exist yet. */

#include "tests/unit/pve_patch_rig.h"

static void creates(const struct vh_guest_set *set, const struct vh_pve_new *machine,
		    const char *wanted)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	VH_AUTO_TEXT struct vh_text conf = {0};
	struct vh_error err = {0};

	if (vh_pve_create(set, machine, &edit, &report, &err)) {
		fail_msg("%s", err.msg);
	}
	rig_print(&edit, &got);
	assert_string_equal(vh_text_str(&got), wanted);
	/* What it made needs no patch. */
	pve_qm_run("", 0, &edit, false, &conf);
	rig_is_settled(set, &conf);
}

static void refuses(const struct vh_guest_set *set, const struct vh_pve_new *machine,
		    const char *msg)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	int rc = vh_pve_create(set, machine, &edit, &report, &err);

	assert_string_equal(err.msg, msg);
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(edit.count, 0);
}

static void all_that_the_guide_asks_for(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {
		.hide_kvm = true,
		.vendor_id = "abc",
		.no_video = true,
		.x_vga = true,
	};
	struct vh_pve_new machine = {.vmid = "120", .name = "win11", .storage = ""};
	struct vh_guest_device *gpu = rig_gpu(&set);

	(void)state;
	(void)vh_copy(gpu->rom, sizeof(gpu->rom), "/usr/share/kvm/a.rom");
	(void)rig_card(&set, "[device usb]", "0000:05:00.0", 1);
	rig_card(&set, "[device sata]", "0000:00:17.0", 2)->is_part = true;
	creates(&set, &machine,
		"name win11\n"
		"machine q35\n"
		"bios ovmf\n"
		"efidisk0 local-lvm:1,efitype=4m,pre-enrolled-keys=1\n"
		"cpu host,hidden=1,hv-vendor-id=abc\n"
		"memory 8192\n"
		"balloon 0\n"
		"cores 4\n"
		"scsihw virtio-scsi-single\n"
		"scsi0 local-lvm:64\n"
		"net0 virtio,bridge=vmbr0\n"
		"ostype l26\n"
		"hostpci0 0000:01:00,pcie=1,x-vga=1,romfile=a.rom\n"
		"hostpci1 0000:05:00.0,pcie=1\n"
		"hostpci2 0000:00:17.0;0000:00:17.1,pcie=1\n"
		"vga none\n");
}

static void the_smallest_that_should_start(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_pve_new machine = {.vmid = "100", .name = "", .minimal = true, .storage = "tank"};

	(void)state;
	(void)rig_gpu(&set);
	creates(&set, &machine,
		"machine q35\n"
		"bios ovmf\n"
		"efidisk0 tank:1,efitype=4m,pre-enrolled-keys=1\n"
		"cpu host\n"
		"memory 4096\n"
		"balloon 0\n"
		"cores 2\n"
		"ostype l26\n"
		"hostpci0 0000:01:00,pcie=1\n");
	machine = (struct vh_pve_new){
		.vmid = "100",
		.name = "",
		.minimal = true,
		.storage = "tank",
		.memory_mib = 1024,
		.vcpus = 1,
		.disk_gib = 8,
	};
	set.device_count = 0;
	set.rom_bar = VH_ROM_BAR_KEEP;
	creates(&set, &machine,
		"machine q35\n"
		"bios ovmf\n"
		"efidisk0 tank:1,efitype=4m,pre-enrolled-keys=1\n"
		"cpu host\n"
		"memory 1024\n"
		"balloon 0\n"
		"cores 1\n"
		"scsihw virtio-scsi-single\n"
		"scsi0 tank:8\n"
		"ostype l26\n");
}

static void names_that_proxmox_does_not_take_are_refused(void **state)
{
	struct vh_guest_set set = {0};
	struct vh_pve_new machine = {.vmid = "99", .name = "", .storage = ""};

	(void)state;
	refuses(&set, &machine, "'99' is no VMID: a number from 100 to 999999999");
	machine.vmid = "100";
	machine.name = "my vm";
	refuses(&set, &machine, "'my vm' is no name for a VM: Proxmox takes names of the DNS");
	machine.name = "-vm";
	refuses(&set, &machine, "'-vm' is no name for a VM: Proxmox takes names of the DNS");
	machine.name = "a..b";
	refuses(&set, &machine, "'a..b' is no name for a VM: Proxmox takes names of the DNS");
	machine.name = "a.b-c";
	machine.storage = "x";
	refuses(&set, &machine, "'x' is no name of a storage");
	machine.storage = "";
	set = (struct vh_guest_set){.vendor_id = "a b"};
	refuses(&set, &machine, "vendor-id 'a b': Proxmox takes 1 to 12 letters and digits");
}

static void the_hypervisor_bit_is_explained(void **state)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_guest_set set = {.hide_hypervisor = true};
	struct vh_pve_new machine = {.vmid = "100", .name = "", .minimal = true, .storage = "tank"};
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_pve_create(&set, &machine, &edit, &report, &err), 0);
	assert_int_equal(report.note_count, 1);
	assert_non_null(strstr(report.notes[0], "/etc/pve/virtual-guest/cpu-models.conf"));
}

static void a_rom_elsewhere_is_refused(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {.rom = "/root/a.rom"};
	struct vh_pve_new machine = {.vmid = "100", .name = "", .storage = ""};

	(void)state;
	(void)rig_gpu(&set);
	refuses(&set, &machine,
		"[device gpu]: rom = /root/a.rom: Proxmox reads ROM files only below "
		"/usr/share/kvm/, without ',', ';' and '..' in the name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_the_guide_asks_for),
		cmocka_unit_test(the_smallest_that_should_start),
		cmocka_unit_test(names_that_proxmox_does_not_take_are_refused),
		cmocka_unit_test(the_hypervisor_bit_is_explained),
		cmocka_unit_test(a_rom_elsewhere_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
