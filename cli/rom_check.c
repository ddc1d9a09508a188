/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rom check: is a file a ROM, is it for this card, and could a VM read it. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/rom.h"
#include "lib/base/cleanup.h"
#include "lib/host/rom_file.h"
#include "lib/proxmox/proxmox.h"

const struct cli_syntax cli_rom_check_syntax = {
	"rom check", "FILE [ADDRESS|VM]", "is a ROM file right for a card",
	"Reads the images in FILE and says what is wrong with them: for the card at ADDRESS, or for\n"
	"that of VM's profile; and whether a VM's QEMU could read the file. With --root, FILE is in\n"
	"that tree. Exit status 1 if anything is wrong, 0 if not.",
	NULL};

/* The first display function of the profile, else its first device. */
static int card_of_vm(struct cli *cli, const struct vh_host *host, const char *vm, char *ret,
		      struct vh_error *err)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	int rc = vh_profile_of_vm(cli->sys, vm, &profile, err);

	if (rc == 0 && profile.device_count == 0) {
		rc = vh_error_set(err, EINVAL, NULL, "the profile of '%s' has no device", vm);
	}
	if (rc) {
		return rc;
	}
	(void)vh_pci_address_format(&profile.devices[0].address, ret);
	for (size_t i = 0; i < profile.device_count; i++) {
		char name[VH_PCI_ADDRESS_MAX];
		int at = vh_host_find_name(
			host, vh_pci_address_format(&profile.devices[i].address, name));

		if (at >= 0 && vh_function_is_display(&host->functions[at])) {
			(void)vh_copy(ret, VH_PCI_ADDRESS_MAX, name);
			break;
		}
	}
	return 0;
}

/* CLI_OK, or an exit status after saying why. */
static int find_card(struct cli *cli, struct cli_rom *rom, const char *word, struct vh_host *host)
{
	struct vh_error err = {0};
	struct vh_pci_address address;
	char name[VH_PCI_ADDRESS_MAX];
	int rc = vh_host_load(cli->sys, host, &err);

	if (rc) {
		cli_error(&err);
		return CLI_FAILED;
	}
	if (vh_pci_address_parse(word, &address) == 0) {
		(void)vh_pci_address_format(&address, name);
	} else if (card_of_vm(cli, host, word, name, &err)) {
		cli_error(&err);
		return CLI_USAGE;
	}
	if (cli_rom_card(rom, host, name)) {
		(void)vh_error_set(&err, ENODEV, NULL, "there is no PCI device at %s", name);
		(void)vh_error_hint(&err, "'vfio-handoff groups' lists what is there");
		cli_error(&err);
		return CLI_USAGE;
	}
	return CLI_OK;
}

/* As the sys door wants it: absolute, or in the tree that --root names. */
static int place_of(const struct cli *cli, const char *file, char *buf, size_t size)
{
	VH_AUTO_FREE char *directory = cli->root || file[0] == '/' ? NULL : realpath(".", NULL);
	int n = snprintf(buf, size, "%s/%s", directory ? directory : "", file);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int cli_rom_check(struct cli *cli, int argc, char **argv)
{
	VH_AUTO_HOST struct vh_host host = {0};
	VH_AUTO_FREE uint8_t *data = NULL;
	CLI_AUTO_ROM struct cli_rom rom = {.in_file = true};
	struct vh_error err = {0};
	char path[VH_PATH_MAX];
	const char *no_values[1];
	int status = cli_options_take(&cli_rom_check_syntax, &argc, argv, no_values);

	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	if (argc < 2 || argc > 3) {
		return cli_syntax_wrong(&cli_rom_check_syntax);
	}
	rom.file = argv[1];
	status = argc == 3 ? find_card(cli, &rom, argv[2], &host) : CLI_OK;
	if (status) {
		return status;
	}
	if (place_of(cli, argv[1], path, sizeof(path))) {
		(void)vh_error_sys(&err, ENAMETOOLONG, argv[1], "cannot read the ROM file");
	} else if (vh_rom_file_read(cli->sys, path, &data, &rom.len, &err)) {
		rom.len = 0;
	}
	if (err.code) {
		cli_error(&err);
		return err.code == ENOENT ? CLI_USAGE : CLI_FAILED;
	}
	rom.data = data;
	cli_rom_judge(&rom);
	cli_rom_judge_place(cli, &rom, path);
	cli_rom_print(cli, &rom, stdout);
	return cli_rom_status(&rom);
}
