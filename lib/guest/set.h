/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a guest's definition shall say, for every hypervisor alike: the [guest] section and the
 * devices of a profile, or options of the command line, or annotations of a KubeVirt VMI. What is
 * not asked for is left as it is. Pure values; lib/definition/ makes them.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/guest_value.h"
#include "lib/base/pci_address.h"

#define VH_GUEST_FUNCTIONS_MAX 8

/**
 * struct vh_guest_device - one card the guest shall have
 * @title:      what messages call it: "[device gpu]"
 * @functions:  all that go to the guest, ascending, at least one
 * @is_display: one of them is a display controller (base class 03)
 * @is_part:    their slot has others, which stay with the host
 * @line:       of the VM's own configuration, which gives it already; 0 where a profile names it
 * @rom:        absolute path of its ROM file, "" to leave it
 */
struct vh_guest_device {
	char title[80];
	struct vh_pci_address functions[VH_GUEST_FUNCTIONS_MAX];
	size_t function_count;
	bool is_display;
	bool is_part;
	unsigned line;
	char rom[VH_GUEST_ROM_MAX];
};

/**
 * struct vh_guest_set - the set
 * @hide_kvm:        no KVM signature in CPUID, and the kernel's I/O APIC, which it needs
 * @hide_hypervisor: no hypervisor bit in CPUID
 * @vendor_id:       the hypervisor's vendor id the guest reads, "" to leave it
 * @host_cpu:        the host's CPU passed through
 * @no_video:        no emulated display
 * @x_vga:           QEMU's x-vga on the display card
 * @no_balloon:      no balloon device: VFIO pins all memory anyway
 * @q35, @uefi:      chipset and firmware; only Proxmox can change them in place
 * @fix_args:        take out QEMU arguments that undo the set
 * @rom:             ROM file for the guest's only card, where no device is named; "" for none
 * @rom_bar:         whether the guest sees the ROMs of the display cards
 * @devices:         the cards; none means: those the definition has stay
 */
struct vh_guest_set {
	bool hide_kvm;
	bool hide_hypervisor;
	char vendor_id[VH_VENDOR_ID_MAX + 1];
	bool host_cpu;
	bool no_video;
	bool x_vga;
	bool no_balloon;
	bool q35;
	bool uefi;
	bool fix_args;
	char rom[VH_GUEST_ROM_MAX];
	enum vh_rom_bar rom_bar;
	struct vh_guest_device *devices;
	size_t device_count;
};

void vh_guest_set_done(struct vh_guest_set *set) __attribute__((nonnull));
#define VH_AUTO_GUEST_SET __attribute__((cleanup(vh_guest_set_done)))

/* A further device, zeroed; NULL: no memory. Owner: the set. */
struct vh_guest_device *vh_guest_set_add(struct vh_guest_set *set) __attribute__((nonnull));

/**
 * vh_guest_vendor_id() - take a vendor id into @set, if vh_check_vendor_id() takes it
 *
 * Return: 0; -EINVAL with the reason alone: "it has 13 bytes, at most 12 fit".
 */
int vh_guest_vendor_id(struct vh_guest_set *set, const char *id, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* The same for the path of a ROM file and vh_check_rom_path(). */
int vh_guest_rom_path(char ret[VH_GUEST_ROM_MAX], const char *path, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
