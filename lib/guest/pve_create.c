/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new VM: what the guide asks for, in the words of `qm create`. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/pve_edit.h"

/* What the installer of Proxmox VE makes on LVM. */
#define STORAGE "local-lvm"

#define MEMORY_MIB 8192U
#define VCPUS      4U
#define DISK_GIB   64U

#define MINIMAL_MEMORY_MIB 4096U
#define MINIMAL_VCPUS      2U

/**
 * struct maker - a VM on its way
 */
struct maker {
	const struct vh_guest_set *set;
	const struct vh_pve_new *machine;
	const char *storage;
	struct vh_pve_edit edit;
	struct vh_report *report;
	struct vh_error *err;
};

__attribute__((format(printf, 3, 4))) static int give(struct maker *m, const char *key,
						      const char *fmt, ...)
{
	VH_AUTO_FREE char *value = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (n < 0) {
		value = NULL;
		return vh_error_set(m->err, ENOMEM, NULL, "out of memory");
	}
	return vh_pve_edit_add(&m->edit, key, value, m->err);
}

/* A name of the DNS. Source: pve-common src/PVE/JSONSchema.pm: pve_verify_dns_name */
static bool is_vm_name(const char *name)
{
	static const char edge[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char inner[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	size_t total = 0;

	while (true) {
		size_t len = strspn(name, inner);

		total += len + 1;
		if (len == 0 || len > 63 || total > 254 || !strchr(edge, name[0]) ||
		    !strchr(edge, name[len - 1])) {
			return false;
		}
		if (name[len] != '.') {
			return name[len] == '\0';
		}
		name += len + 1;
	}
}

static int check(const struct maker *m)
{
	int rc = vh_pve_check_vendor_id(m->set, m->err);

	if (rc) {
		return rc;
	}
	if (!vh_is_vmid(m->machine->vmid)) {
		return vh_error_set(m->err, EINVAL, NULL,
				    "'%.64s' is no VMID: a number from 100 to 999999999",
				    m->machine->vmid);
	}
	if (m->machine->name[0] && !is_vm_name(m->machine->name)) {
		return vh_error_set(m->err, EINVAL, NULL,
				    "'%.64s' is no name for a VM: Proxmox takes names of the DNS",
				    m->machine->name);
	}
	if (!vh_pve_is_storage(m->storage)) {
		return vh_error_set(m->err, EINVAL, NULL, "'%.64s' is no name of a storage",
				    m->storage);
	}
	return 0;
}

static int give_cpu(struct maker *m)
{
	bool named = m->set->vendor_id[0];

	return give(m, "cpu", "host%s%s%s", m->set->hide_kvm ? ",hidden=1" : "",
		    named ? ",hv-vendor-id=" : "", m->set->vendor_id);
}

static int give_machine(struct maker *m)
{
	int rc = m->machine->name[0] ? give(m, "name", "%s", m->machine->name) : 0;

	if (rc == 0) {
		rc = give(m, "machine", "q35");
	}
	if (rc == 0) {
		rc = give(m, "bios", "ovmf");
	}
	if (rc == 0) {
		rc = give(m, "efidisk0", "%s:1,efitype=4m,pre-enrolled-keys=1", m->storage);
	}
	return rc ? rc : give_cpu(m);
}

static int give_resources(struct maker *m)
{
	const struct vh_pve_new *n = m->machine;
	unsigned memory = n->minimal ? MINIMAL_MEMORY_MIB : MEMORY_MIB;
	unsigned vcpus = n->minimal ? MINIMAL_VCPUS : VCPUS;
	int rc = give(m, "memory", "%u", n->memory_mib ? n->memory_mib : memory);

	if (rc == 0) {
		rc = give(m, "balloon", "0");
	}
	return rc ? rc : give(m, "cores", "%u", n->vcpus ? n->vcpus : vcpus);
}

static int give_disk_and_net(struct maker *m)
{
	unsigned gib = m->machine->disk_gib ? m->machine->disk_gib : DISK_GIB;
	int rc = 0;

	if (m->machine->minimal && m->machine->disk_gib == 0) {
		return 0;
	}
	rc = give(m, "scsihw", "virtio-scsi-single");
	if (rc == 0) {
		rc = give(m, "scsi0", "%s:%u", m->storage, gib);
	}
	if (rc == 0 && !m->machine->minimal) {
		rc = give(m, "net0", "virtio,bridge=vmbr0");
	}
	return rc;
}

static bool is_display(const struct maker *m, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (m->set->devices[i].is_display) {
			return false;
		}
	}
	return m->set->devices[index].is_display;
}

/* "0000:01:00", or "0000:00:14.0;0000:00:14.2" where the slot has more than the device. */
static void name_device(const struct vh_guest_device *device, struct vh_text *ret)
{
	char address[VH_PCI_ADDRESS_MAX];

	(void)vh_pci_address_format(&device->functions[0], address);
	if (device->function_count > 1 && !device->is_part) {
		vh_text_addn(ret, address, strlen(address) - 2);
		return;
	}
	for (size_t i = 0; i < device->function_count; i++) {
		vh_text_addf(ret, "%s%s", i ? ";" : "",
			     vh_pci_address_format(&device->functions[i], address));
	}
}

static int give_device(struct maker *m, size_t index)
{
	const struct vh_guest_device *device = &m->set->devices[index];
	const char *path = device->rom[0]              ? device->rom
			   : m->set->device_count == 1 ? m->set->rom
						       : "";
	VH_AUTO_TEXT struct vh_text address = {0};
	struct vh_span rom = {"", 0};
	char key[32];
	int rc = path[0] ? vh_pve_rom_name(device->title, path, &rom, m->err) : 0;

	if (rc) {
		return rc;
	}
	(void)snprintf(key, sizeof(key), "hostpci%zu", index);
	name_device(device, &address);
	if (address.failed) {
		return vh_error_set(m->err, ENOMEM, NULL, "out of memory");
	}
	return give(m, key, "%s,pcie=1%s%s%.*s%s", vh_text_str(&address),
		    m->set->x_vga && is_display(m, index) ? ",x-vga=1" : "",
		    rom.len > 0 ? ",romfile=" : "", (int)rom.len, rom.at,
		    m->set->rom_bar == VH_ROM_BAR_OFF && device->is_display ? ",rombar=0" : "");
}

static int give_devices(struct maker *m)
{
	int rc = 0;

	if (m->set->device_count > VH_PVE_HOSTPCI_MAX) {
		return vh_error_set(m->err, EINVAL, NULL,
				    "%zu devices: a VM of Proxmox has %d at most",
				    m->set->device_count, VH_PVE_HOSTPCI_MAX);
	}
	for (size_t i = 0; rc == 0 && i < m->set->device_count; i++) {
		rc = give_device(m, i);
	}
	return rc;
}

static void explain(const struct maker *m)
{
	if (!m->machine->storage[0]) {
		vh_report_note(m->report,
			       "the disks are made on the storage " STORAGE "; --storage names "
			       "another, 'pvesm status --content images' lists them");
	}
	if (m->set->vendor_id[0]) {
		vh_report_note(m->report,
			       "vendor-id has no effect with ostype l26: Proxmox gives it to "
			       "Windows guests; for one, say 'ostype win11' or the like");
	}
	if (m->set->hide_hypervisor) {
		vh_pve_note_hypervisor(m->report);
	}
	if (m->machine->minimal) {
		return;
	}
	vh_report_note(m->report,
		       "to install a system, add its image, such as: qm set %s --ide2 "
		       "local:iso/NAME.iso,media=cdrom --boot 'order=ide2;scsi0'",
		       m->machine->vmid);
}

int vh_pve_create(const struct vh_guest_set *set, const struct vh_pve_new *machine,
		  struct vh_pve_edit *ret, struct vh_report *report, struct vh_error *err)
{
	struct maker m = {
		.set = set,
		.machine = machine,
		.storage = machine->storage[0] ? machine->storage : STORAGE,
		.report = report,
		.err = err,
	};
	int rc = check(&m);

	if (rc == 0) {
		rc = give_machine(&m);
	}
	if (rc == 0) {
		rc = give_resources(&m);
	}
	if (rc == 0) {
		rc = give_disk_and_net(&m);
	}
	if (rc == 0) {
		rc = give(&m, "ostype", "l26");
	}
	if (rc == 0) {
		rc = give_devices(&m);
	}
	if (rc == 0 && set->no_video) {
		rc = give(&m, "vga", "none");
	}
	explain(&m);
	if (rc == 0 && report->failed) {
		rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (rc) {
		vh_pve_edit_done(&m.edit);
		return rc;
	}
	*ret = m.edit;
	return 0;
}
