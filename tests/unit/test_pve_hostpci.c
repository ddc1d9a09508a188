/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The hostpci lines of a patched VM: one for each card, merged into what is there. */

#include "tests/unit/pve_patch_rig.h"

#define Q35 "machine: q35\n"

/* The set with the graphics card. */
#define GPU_SET(name)                                     \
	VH_AUTO_GUEST_SET struct vh_guest_set name = {0}; \
	struct vh_guest_device *gpu = rig_gpu(&name);     \
	(void)state

static void a_card_gets_the_first_free_line(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set, "cores: 2\n", "hostpci0 0000:01:00\n",
		    "0 hostpci0: host=0000:01:00 ([device gpu])\n");
	rig_patches(&set, Q35 "hostpci0: 02:00\nhostpci2: 03:00\n", "hostpci1 0000:01:00,pcie=1\n",
		    "0 hostpci1: host=0000:01:00 ([device gpu])\n"
		    "0 hostpci1: pcie=1 ([device gpu])\n");
}

static void sixteen_lines_are_all_there_are(void **state)
{
	VH_AUTO_TEXT struct vh_text conf = {0};
	GPU_SET(set);

	(void)gpu;
	for (unsigned i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		vh_text_addf(&conf, "hostpci%u: %02x:00\n", i, 0x20 + i);
	}
	rig_refuses(&set, vh_text_str(&conf),
		    "100.conf: hostpci15: no line is free for [device gpu]");
}

static void what_a_line_says_of_the_card_stays(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set, Q35 "hostpci4: 01:00,pcie=1\n", "", "");
	rig_patches(&set, Q35 "hostpci4: pcie=on,host=0000:01:00,x-future=7\n", "", "");
	rig_patches(&set, Q35 "hostpci4: rombar=0,01:00,mapping_x=1\n",
		    "hostpci4 rombar=0,01:00,mapping_x=1,pcie=1\n",
		    "2 hostpci4: pcie=1 ([device gpu])\n");
	rig_patches(&set, "hostpci0: 01:00.0;01:00.1,device-id=0x2204\n", "", "");
}

static void a_part_of_the_card_becomes_all_of_it(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set, "hostpci0: 01:00.0,rombar=0\n", "hostpci0 0000:01:00,rombar=0\n",
		    "1 hostpci0: host=01:00.0 -> 0000:01:00 ([device gpu])\n");
	rig_patches(&set, "hostpci0: host=01:00.1;01:00.0\n", "hostpci0 host=0000:01:00\n", NULL);
}

static void options_of_the_set_are_merged(void **state)
{
	GPU_SET(set);

	set.x_vga = true;
	set.rom_bar = VH_ROM_BAR_OFF;
	(void)rig_card(&set, "[device usb]", "0000:05:00.0", 1);
	gpu = &set.devices[0];
	(void)vh_copy(gpu->rom, sizeof(gpu->rom), "/usr/share/kvm/cards/a b.rom");
	rig_patches(&set,
		    Q35 "hostpci0: 05:00.0,driver=keep\nhostpci1: 01:00,romfile=old.rom,rombar=1\n",
		    "hostpci0 05:00.0,driver=keep,pcie=1\n"
		    "hostpci1 01:00,romfile=cards/a b.rom,rombar=0,pcie=1,x-vga=1\n",
		    "3 hostpci1: pcie=1 ([device gpu])\n"
		    "3 hostpci1: x-vga=1 (x-vga)\n"
		    "3 hostpci1: rombar=1 -> 0 (rom-bar)\n"
		    "3 hostpci1: romfile=old.rom -> cards/a b.rom ([device gpu])\n"
		    "2 hostpci0: pcie=1 ([device usb])\n"
		    "note: hostpci1: rombar=0 hides the ROM file from the guest; 'rom-bar = on' "
		    "shows it\n");
	set.rom_bar = VH_ROM_BAR_ON;
	gpu->rom[0] = '\0';
	rig_patches(&set, Q35 "hostpci0: 05:00.0,pcie=1\nhostpci1: 01:00,pcie=1,x-vga=1\n", "", "");
	rig_patches(&set,
		    Q35 "hostpci0: 05:00.0,pcie=1\nhostpci1: 01:00,pcie=1,rombar=off,x-vga=1\n",
		    "hostpci1 01:00,pcie=1,rombar=1,x-vga=1\n", NULL);
}

static void two_lines_of_one_card_become_one(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set, Q35 "hostpci0: 01:00,pcie=1,x-vga=1\nhostpci1: 01:00.1\n",
		    "hostpci1 deleted\n", "3 hostpci1: folded into hostpci0 ([device gpu])\n");
	rig_patches(&set, "hostpci0: 01:00.1,rombar=0\nhostpci3: 01:00.0,x-vga=1,rombar=off\n",
		    "hostpci0 0000:01:00,x-vga=1,rombar=off\nhostpci3 deleted\n",
		    "1 hostpci0: host=01:00.1 -> 0000:01:00 ([device gpu])\n"
		    "2 hostpci3: folded into hostpci0 ([device gpu])\n"
		    "note: hostpci0: rombar=0 was about function 1 alone; Proxmox gives it to the "
		    "first function of a line only, so it is left out\n");
	rig_patches(&set, "hostpci0: 01:00\nhostpci1: 0000:01:00\nhostpci2: 01:00.0;01:00.1\n",
		    "hostpci1 deleted\nhostpci2 deleted\n", NULL);
}

/* rombar=0 of the sound must not hide the ROM of the display. */
static void what_is_said_of_another_function_is_not_said_of_the_first(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set,
		    "hostpci0: 01:00.0,romfile=a.rom\nhostpci1: 01:00.1,rombar=0,device-id=0x10f0\n",
		    "hostpci0 0000:01:00,romfile=a.rom\nhostpci1 deleted\n", NULL);
	rig_patches(&set, "hostpci0: 01:00.1,romfile=b.rom\nhostpci1: 01:00.0,romfile=a.rom\n",
		    "hostpci0 0000:01:00,romfile=a.rom\nhostpci1 deleted\n", NULL);
	rig_patches(&set, "hostpci0: 01:00.2,rombar=0\nhostpci1: 01:00.1\nhostpci2: 01:00.0\n",
		    "hostpci0 0000:01:00\nhostpci1 deleted\nhostpci2 deleted\n", NULL);
	rig_patches(&set, "hostpci0: 01:00.0\nhostpci1: 01:00.1,driver=keep\n",
		    "hostpci0 0000:01:00,driver=keep\nhostpci1 deleted\n", NULL);
}

/* As a chipset's USB controller, beside which the host's network adapter is. */
static void what_stays_with_the_host_is_not_named_by_the_slot(void **state)
{
	static const char both[] = "hostpci0 0000:00:14.0;0000:00:14.2\n";
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_guest_device *usb = rig_card(&set, "[device usb]", "0000:00:14.0", 2);

	(void)state;
	usb->functions[1].function = 2;
	usb->is_part = true;
	rig_patches(&set, "cores: 2\n", both,
		    "0 hostpci0: host=0000:00:14.0;0000:00:14.2 ([device usb])\n");
	rig_patches(&set, "hostpci0: 00:14.0\n", both,
		    "1 hostpci0: host=00:14.0 -> 0000:00:14.0;0000:00:14.2 ([device usb])\n");
	rig_patches(&set, "hostpci0: 00:14.2;00:14.0\n", both, NULL);
	rig_patches(&set, "hostpci0: 00:14.0;00:14.2\nhostpci1: 00:14.3\n", "", "");
	rig_patches(&set, "hostpci0: 00:14\n", "", "");
	rig_patches(&set, "hostpci0: 00:14.2\nhostpci1: 00:14.3\nhostpci2: 00:14.0\n",
		    "hostpci0 0000:00:14.0;0000:00:14.2\nhostpci2 deleted\n", NULL);
	rig_patches(&set, "hostpci0: 00:14.3;00:14.0\n",
		    "hostpci0 0000:00:14.0;0000:00:14.2;0000:00:14.3\n", NULL);
}

/* Proxmox takes a line that goes out of the boot order. */
static void the_boot_order_follows_the_card(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set, "boot: order=net0;hostpci1;scsi0\nhostpci0: 01:00\nhostpci1: 01:00.1\n",
		    "hostpci1 deleted\nboot order=net0;hostpci0;scsi0\n",
		    "3 hostpci1: folded into hostpci0 ([device gpu])\n"
		    "1 boot: order=net0;hostpci1;scsi0 -> net0;hostpci0;scsi0 (one line for each "
		    "card)\n");
	rig_patches(&set,
		    "boot: order=hostpci1;hostpci0;hostpci2\nhostpci0: 01:00\n"
		    "hostpci1: 01:00.1\nhostpci2: 01:00.2\n",
		    "hostpci1 deleted\nhostpci2 deleted\nboot order=hostpci0\n", NULL);
	rig_patches(&set, "boot: order=scsi0\nhostpci0: 01:00\nhostpci1: 01:00.1\n",
		    "hostpci1 deleted\n", NULL);
	rig_patches(&set, "boot: cdn\nhostpci0: 01:00\nhostpci1: 01:00.1\n", "hostpci1 deleted\n",
		    NULL);
}

static void lines_that_contradict_each_other_are_refused(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_refuses(&set, "hostpci0: 01:00,pcie=1\nhostpci1: 01:00.1,pcie=0\n",
		    "100.conf:2: hostpci1: it gives the card of hostpci0 again, with another "
		    "'pcie': remove one of the two lines");
	/* What the set decides is no contradiction. */
	rig_patches(&set, Q35 "hostpci0: 01:00,pcie=0\nhostpci1: 01:00.1,pcie=1\n",
		    "hostpci0 01:00,pcie=1\nhostpci1 deleted\n", NULL);
	rig_refuses(
		&set, "hostpci0: 01:00;02:00\nhostpci1: 01:00.1\n",
		"100.conf:2: hostpci1: hostpci0 gives a function of it, too, and there are other "
		"cards in these lines: make one line of each card");
	rig_refuses(&set, "hostpci0: 01:00;02:00\n",
		    "100.conf:1: hostpci0: it gives [device gpu] and other cards, as functions of "
		    "one: make one line of each card");
}

static void cards_of_no_profile_are_only_folded(void **state)
{
	struct vh_guest_set set = {0};

	(void)state;
	rig_patches(&set, Q35 "hostpci0: 01:00.1\nhostpci1: 01:00\nhostpci2: 02:00\n",
		    "hostpci0 0000:01:00\nhostpci1 deleted\n",
		    "2 hostpci0: host=01:00.1 -> 0000:01:00 (one line for each card)\n"
		    "3 hostpci1: folded into hostpci0 (one line for each card)\n");
	/* The whole slot comes last, and takes in what stood before it. */
	rig_patches(&set,
		    "hostpci0: 01:00.0\nhostpci1: 01:00.1\nhostpci2: 01:00.1\nhostpci5: 01:00\n",
		    "hostpci0 0000:01:00\nhostpci1 deleted\nhostpci2 deleted\nhostpci5 deleted\n",
		    NULL);
	/* Two virtual functions, or a card in two parts on purpose. */
	rig_patches(&set, "hostpci0: 03:10.0\nhostpci1: 03:10.2\n", "", "");
	rig_refuses(&set, "hostpci0: 03:10.0;03:10.1\nhostpci1: 03:10.1;03:10.2\n",
		    "100.conf:2: hostpci1: hostpci0 gives a function of it, too: make one line of "
		    "the two");
}

static void virtual_functions_keep_their_number(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	(void)rig_card(&set, "[device a]", "0000:03:10.0", 1);
	(void)rig_card(&set, "[device b]", "0000:03:10.2", 1);
	rig_patches(&set, "cores: 1\n", "hostpci0 0000:03:10.0\nhostpci1 0000:03:10.2\n", NULL);
	rig_patches(&set, "hostpci0: 03:10.2\n", "hostpci1 0000:03:10.0\n", NULL);
	rig_patches(&set, "hostpci0: 03:10.2\nhostpci1: 03:10.0,rombar=0\n", "", "");
}

static void a_mapping_may_be_the_card(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(
		&set, Q35 "hostpci0: mapping=gpu,pcie=1\n", "",
		"note: [device gpu]: 100.conf:2 gives a card of a resource mapping, which may be "
		"this one; so no line is added for it, and that line stays as it is. A profile "
		"without [device] follows the VM's own lines\n");
	rig_patches(&set, Q35 "hostpci0: mapping=nic\nhostpci1: 01:00\n", "hostpci1 01:00,pcie=1\n",
		    "3 hostpci1: pcie=1 ([device gpu])\n");
}

/* A device that was found by way of the VM's own line. */
static void a_mapping_that_is_the_card_is_merged(void **state)
{
	GPU_SET(set);

	gpu->line = 3;
	set.x_vga = true;
	(void)vh_copy(gpu->rom, sizeof(gpu->rom), "/usr/share/kvm/a.rom");
	rig_patches(&set, Q35 "hostpci0: mapping=nic\nhostpci1: mapping=gpu,rombar=1\n",
		    "hostpci1 mapping=gpu,rombar=1,pcie=1,x-vga=1,romfile=a.rom\n",
		    "3 hostpci1: pcie=1 ([device gpu])\n"
		    "3 hostpci1: x-vga=1 (x-vga)\n"
		    "3 hostpci1: romfile=a.rom ([device gpu])\n");
	/* Two cards of one mapping. */
	rig_card(&set, "[device second]", "0000:02:00.0", 1)->line = 3;
	rig_patches(&set, Q35 "hostpci0: 03:00\nhostpci1: mapping=gpu\n", "", NULL);
}

static void a_slice_is_not_the_card(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_refuses(&set, "hostpci0: 01:00.0,mdev=nvidia-65\n",
		    "100.conf:1: hostpci0: it gives a slice (mdev) of [device gpu], which is to go "
		    "to the VM as a whole");
	rig_patches(&set, "hostpci0: 02:00.0,mdev=nvidia-65\nhostpci1: 02:00.0,mdev=nvidia-65\n",
		    "hostpci2 0000:01:00\n", NULL);
}

static void an_igd_that_is_the_only_display_stays_on_i440fx(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set, "hostpci0: 01:00,legacy-igd=1\n", "", "");
	set.x_vga = true;
	rig_refuses(&set, "hostpci0: 01:00,legacy-igd=1\n",
		    "100.conf:1: hostpci0: legacy-igd=1 goes neither with q35 nor with x-vga");
	set.x_vga = false;
	set.q35 = true;
	rig_refuses(&set, "hostpci0: 01:00,legacy-igd=1\n",
		    "100.conf:1: hostpci0: legacy-igd=1 goes neither with q35 nor with x-vga");
}

static void a_rom_is_where_proxmox_reads_it(void **state)
{
	static const char *const wrong[] = {"/root/a.rom", "/usr/share/kvm/", "/usr/share/kvm/a,b",
					    "/usr/share/kvm/../a.rom"};
	GPU_SET(set);

	for (size_t i = 0; i < VH_ARRAY_SIZE(wrong); i++) {
		VH_AUTO_TEXT struct vh_text msg = {0};

		(void)vh_copy(gpu->rom, sizeof(gpu->rom), wrong[i]);
		vh_text_addf(&msg,
			     "[device gpu]: rom = %s: Proxmox reads ROM files only below "
			     "/usr/share/kvm/, without ',', ';' and '..' in the name",
			     wrong[i]);
		rig_refuses(&set, "hostpci0: 01:00\n", vh_text_str(&msg));
	}
}

static void without_a_device_the_only_card_is_meant(void **state)
{
	struct vh_guest_set set = {.rom = "/usr/share/kvm/a.rom"};

	(void)state;
	rig_patches(&set, Q35 "hostpci2: 01:00\n", "hostpci2 01:00,romfile=a.rom\n",
		    "2 hostpci2: romfile=a.rom (--rom)\n");
	rig_patches(&set, "hostpci0: mapping=gpu\n", "hostpci0 mapping=gpu,romfile=a.rom\n", NULL);
	rig_patches(&set, "hostpci0: 01:00.0\nhostpci1: 01:00\n",
		    "hostpci0 0000:01:00,romfile=a.rom\nhostpci1 deleted\n", NULL);
	rig_refuses(&set, "hostpci0: 01:00\nhostpci1: 02:00\n",
		    "100.conf: the VM has 2 cards; which one is meant?");
	rig_refuses(&set, "cores: 2\n", "100.conf: the VM has 0 cards; which one is meant?");
}

static void pci_express_without_q35_is_said(void **state)
{
	GPU_SET(set);

	(void)gpu;
	rig_patches(&set, "hostpci0: 01:00,pcie=1\n", "",
		    "note: hostpci0: pcie=1 needs a q35 machine, or the VM does not start; 'machine "
		    "= q35' makes it one\n");
	set.q35 = true;
	rig_patches(&set, "hostpci0: 01:00,pcie=1\n", "machine q35\n", NULL);
}

static void only_the_first_display_is_the_primary(void **state)
{
	GPU_SET(set);

	(void)gpu;
	set.x_vga = true;
	rig_card(&set, "[device second]", "0000:02:00.0", 2)->is_display = true;
	rig_patches(&set, "vga: std\n", "hostpci0 0000:01:00,x-vga=1\nhostpci1 0000:02:00\n",
		    "0 hostpci0: host=0000:01:00 ([device gpu])\n"
		    "0 hostpci0: x-vga=1 (x-vga)\n"
		    "0 hostpci1: host=0000:02:00 ([device second])\n"
		    "note: x-vga: 100.conf:1 gives the guest an emulated display besides; 'video = "
		    "none' takes it out\n");
}

static void without_a_display_there_is_no_primary(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {.x_vga = true};

	(void)state;
	(void)rig_card(&set, "[device nvme]", "0000:03:00.0", 1);
	rig_patches(&set, "hostpci0: 03:00.0\n", "",
		    "note: x-vga: none of the VM's devices is a display card\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_card_gets_the_first_free_line),
		cmocka_unit_test(sixteen_lines_are_all_there_are),
		cmocka_unit_test(what_a_line_says_of_the_card_stays),
		cmocka_unit_test(a_part_of_the_card_becomes_all_of_it),
		cmocka_unit_test(options_of_the_set_are_merged),
		cmocka_unit_test(two_lines_of_one_card_become_one),
		cmocka_unit_test(what_is_said_of_another_function_is_not_said_of_the_first),
		cmocka_unit_test(what_stays_with_the_host_is_not_named_by_the_slot),
		cmocka_unit_test(the_boot_order_follows_the_card),
		cmocka_unit_test(lines_that_contradict_each_other_are_refused),
		cmocka_unit_test(cards_of_no_profile_are_only_folded),
		cmocka_unit_test(virtual_functions_keep_their_number),
		cmocka_unit_test(a_mapping_may_be_the_card),
		cmocka_unit_test(a_mapping_that_is_the_card_is_merged),
		cmocka_unit_test(a_slice_is_not_the_card),
		cmocka_unit_test(an_igd_that_is_the_only_display_stays_on_i440fx),
		cmocka_unit_test(a_rom_is_where_proxmox_reads_it),
		cmocka_unit_test(without_a_device_the_only_card_is_meant),
		cmocka_unit_test(pci_express_without_q35_is_said),
		cmocka_unit_test(only_the_first_display_is_the_primary),
		cmocka_unit_test(without_a_display_there_is_no_primary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
