/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a guest's definition says, in the words of neither platform. Of what a start would use now: on
 * Proxmox with the pending changes. Room: checks/ only.
 */

#include "lib/base/guest_value.h"
#include "lib/checks/checkup.h"
#include "lib/guest/domain.h"

#define VH_GIVEN_MAX      256 /* more than a guest has PCI slots for */
#define VH_PAGE_SIZES_MAX 4

enum vh_chipset {
	VH_CHIPSET_OTHER, /* or it cannot be told */
	VH_CHIPSET_I440FX,
	VH_CHIPSET_Q35,
};

enum vh_firmware {
	VH_FIRMWARE_OTHER, /* or it cannot be told */
	VH_FIRMWARE_BIOS,
	VH_FIRMWARE_UEFI,
};

/**
 * struct vh_given - one function of this host that the guest gets
 * @where:   "<hostdev> in line 40", "hostpci0"
 * @rom:     absolute path of its ROM file, "" for none
 * @bar_off: the guest does not see a ROM of it
 * @managed: the platform takes it from its driver itself
 * @twice:   it was named before
 */
struct vh_given {
	struct vh_pci_address address;
	char where[48];
	char rom[VH_GUEST_ROM_MAX];
	bool bar_off;
	bool managed;
	bool twice;
};

/**
 * struct vh_guest_facts - all of it; zero is what is not said
 * @name:        of the definition: "/etc/pve/nodes/pve1/qemu-server/100.conf", "the definition of win11"
 * @given_error: why @given is not known; code 0 if it is
 * @machine:     as written
 * @emulated:    without KVM
 * @memory_kib:  the most it can have; @now_kib: what it starts with, less with a balloon
 * @balloons:    it has a balloon, and it starts with less than it can have
 * @limit_kib:   what its process may have, and lock, 0 for no such limit
 * @hugepages:   its memory is in them; @page_kib: their sizes, 0 for the host's default
 * @vcpus:       how many it can have, in so many @sockets; 0: not to be read
 * @cpu:         as written: "host-passthrough", "x86-64-v2-AES"; @host_cpu: it is the host's
 * @hides_kvm:   no KVM signature
 * @vendor_id:   what it reads as the hypervisor's, "" for the platform's own choice
 * @is_windows:  by its ostype; Proxmox only
 * @adapters:    emulated displays; @adapter the first of them
 * @x_vga:       QEMU's x-vga
 * @wants_pcie:  a hostpci line says pcie=1
 * @cpus, @nodes: of the host, that it is bound to, as lists: "0-3,8"; "" for all
 * @onboot:      it starts with the host; Proxmox only
 */
struct vh_guest_facts {
	char name[VH_PATH_MAX];
	struct vh_given *given;
	size_t given_count;
	struct vh_error given_error;
	char machine[64];
	enum vh_chipset chipset;
	enum vh_firmware firmware;
	uint64_t memory_kib;
	uint64_t now_kib;
	uint64_t limit_kib;
	uint64_t page_kib[VH_PAGE_SIZES_MAX];
	size_t page_count;
	uint64_t vcpus;
	uint64_t sockets;
	char cpu[64];
	char vendor_id[64];
	char ostype[16];
	char adapter[64];
	unsigned adapters;
	bool is_pve;
	bool emulated;
	bool balloons;
	bool hugepages;
	bool host_cpu;
	bool hides_kvm;
	bool is_windows;
	bool x_vga;
	bool wants_pcie;
	bool onboot;
	struct vh_text cpus;
	struct vh_text nodes;
};

/**
 * vh_guest_facts_read() - of the VM that @c is about
 *
 * Return: 0; -EINVAL: the definition makes no sense; -ENOENT: there is none, or it is a container's;
 * -errno. Owner: release with vh_guest_facts_done() in any case.
 */
int vh_guest_facts_read(struct vh_checkup *c, struct vh_guest_facts *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
void vh_guest_facts_done(struct vh_guest_facts *facts) __attribute__((nonnull));
#define VH_AUTO_GUEST_FACTS __attribute__((cleanup(vh_guest_facts_done)))

/* Its two halves. guest_xml.c, guest_pve.c */
int vh_guest_facts_xml(struct vh_checkup *c, struct vh_guest_facts *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
int vh_guest_facts_pve(struct vh_checkup *c, struct vh_guest_facts *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_guest_hostdevs() - the functions that a libvirt definition gives its guest
 * @name: for messages
 *
 * Return: 0; -EINVAL, -EFBIG, -ENOMEM. Owner: the caller frees *@ret.
 */
int vh_guest_hostdevs(const struct vh_domain_xml *domain, struct vh_given **ret, size_t *ret_count,
		      struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* A further one of @facts, or NULL: no memory, or more than VH_GIVEN_MAX. */
struct vh_given *vh_given_add(struct vh_given **items, size_t *count,
			      const struct vh_pci_address *address) __attribute__((nonnull));

/* The function of this host, or NULL. */
const struct vh_function *vh_given_function(const struct vh_checkup *c,
					    const struct vh_given *given) __attribute__((nonnull));

/* Is any of them a display, or of a vendor? NULL: none. @vendor 0: any. */
const struct vh_given *vh_given_display(const struct vh_checkup *c,
					const struct vh_guest_facts *facts, uint16_t vendor)
	__attribute__((nonnull));

/* QEMU of the VM runs now, by the platform's pid file. */
bool vh_guest_runs(const struct vh_checkup *c) __attribute__((nonnull));

/* A value in kiB of /proc/meminfo. Return: 0; -errno: it is not known. */
int vh_meminfo(struct vh_sys *sys, const char *key, uint64_t *ret_kib)
	__attribute__((nonnull, warn_unused_result));

/* What `patch --check` says is missing of @set. Return: as vh_domain_patch(), vh_pve_patch(). */
int vh_guest_patch_report(struct vh_checkup *c, struct vh_guest_set *set, struct vh_report *report,
			  struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* A change, without the other arguments of QEMU, which may hold passwords. */
void vh_seen_change(struct vh_finding *f, const struct vh_change *change) __attribute__((nonnull));

/* The checks of vh_checks_guest[], by the file they are in. */
void vh_check_guest_devices(struct vh_checkup *c) __attribute__((nonnull)); /* guest_devices.c */
void vh_check_guest_machine(struct vh_checkup *c) __attribute__((nonnull)); /* guest_machine.c */
void vh_check_guest_firmware(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_display(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_args(struct vh_checkup *c) __attribute__((nonnull)); /* guest_cpu.c */
void vh_check_guest_hidden(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_vendor_id(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_rom(struct vh_checkup *c) __attribute__((nonnull)); /* guest_rom.c */
void vh_check_guest_rom_bar(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_shadow(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_memory(struct vh_checkup *c) __attribute__((nonnull)); /* guest_memory.c */
void vh_check_guest_limit(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_hugepages(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_guest_balloon(struct vh_checkup *c) __attribute__((nonnull));
