/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patch --new: the definition of a machine that does not exist yet. Nothing is defined or created. */
#include <stdio.h>

#include "cli/patch.h"
#include "lib/guest/domain.h"
#include "lib/guest/pve_patch.h"

static int print_libvirt(const struct cli_patch *patch, const struct vh_guest_set *set)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text xml = {0};
	struct vh_error err = {0};
	const struct vh_domain_new machine = {
		.name = patch->fresh,
		.minimal = patch->minimal,
		.memory_mib = patch->memory_mib,
		.vcpus = patch->vcpus,
		.disk = patch->disk,
	};

	if (vh_domain_new(set, &machine, &xml, &report, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	cli_patch_rom_notes(patch, set, &report);
	cli_patch_notes(&report);
	return cli_patch_write(vh_text_str(&xml), xml.len);
}

static int print_proxmox(const struct cli_patch *patch, const struct vh_guest_set *set)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text command = {0};
	struct vh_error err = {0};
	const struct vh_pve_new machine = {
		.vmid = patch->fresh,
		.name = "",
		.minimal = patch->minimal,
		.storage = patch->storage,
		.memory_mib = patch->memory_mib,
		.vcpus = patch->vcpus,
		.disk_gib = patch->disk_gib,
	};

	if (vh_pve_create(set, &machine, &edit, &report, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	cli_patch_rom_notes(patch, set, &report);
	cli_patch_notes(&report);
	cli_patch_qm(&command, "create", patch->fresh, NULL, &edit);
	return cli_patch_write(vh_text_str(&command), command.len);
}

int cli_patch_new(const struct cli_patch *patch)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_error err = {0};
	int status = cli_patch_set(patch, &set, &err);

	if (status != CLI_OK) {
		cli_error(&err);
		return status;
	}
	return patch->hypervisor == CLI_HYPERVISOR_PROXMOX ? print_proxmox(patch, &set)
							   : print_libvirt(patch, &set);
}
