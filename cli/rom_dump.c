/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rom dump: a card's ROM into a file, or to stdout. */
#include "lib/engine/rom_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/engine.h"
#include "cli/rom.h"
#include "lib/base/cleanup.h"
#include "lib/host/rom_file.h"
#include "lib/profile/profile.h"

enum option {
	FORCE,
	OPTION_MAX,
};

static const struct cli_option options[] = {
	[FORCE] = {"--force", NULL, "put it in the place of a file that is there", false},
	[OPTION_MAX] = {0},
};

const struct cli_syntax cli_rom_dump_syntax = {
	"rom dump", "ADDRESS FILE", "a card's ROM into a file",
	"Reads the ROM of the card at ADDRESS into FILE (-: to stdout) and checks it as rom check\n"
	"does. What has to be switched on for that is switched off again.",
	options};

/* The file's own name is made beside it, and then put in its place. */
static int check_directory(const char *file, struct vh_error *err)
{
	char directory[VH_PATH_MAX];
	const char *slash = strrchr(file, '/');
	int length = slash ? (int)(slash - file) + 1 : 1;

	if (snprintf(directory, sizeof(directory), "%.*s", length, slash ? file : ".") >=
	    (int)sizeof(directory)) {
		return vh_error_sys(err, ENAMETOOLONG, NULL, "cannot write '%s'", file);
	}
	return access(directory, W_OK | X_OK) < 0
		       ? vh_error_sys(err, errno, NULL, "cannot write '%s'", file)
		       : 0;
}

/* Before the card is touched. */
static int check_target(const char *file, bool force, struct vh_error *err)
{
	struct stat st;

	if (strcmp(file, "-") == 0) {
		return isatty(STDOUT_FILENO)
			       ? vh_error_set(err, EINVAL, NULL,
					      "a ROM is nothing for a terminal; name a file")
			       : 0;
	}
	if (lstat(file, &st) < 0) {
		return check_directory(file, err);
	}
	if (!S_ISREG(st.st_mode)) {
		return vh_error_set(err, EEXIST, NULL, "'%s' is no regular file", file);
	}
	if (!force) {
		(void)vh_error_set(err, EEXIST, NULL, "'%s' is there already", file);
		return vh_error_hint(err, "--force puts the ROM in its place");
	}
	return 0;
}

static int fill(int fd, const struct vh_text *data)
{
	size_t done = 0;

	while (done < data->len) {
		ssize_t n = write(fd, data->data + done, data->len - done);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	/* Whatever the umask: QEMU runs as another user. */
	return fchmod(fd, 0644) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Some file systems know no RENAME_NOREPLACE; it was looked for beforehand. */
static int put_in_place(const char *from, const char *file, bool force)
{
	int rc = renameat2(AT_FDCWD, from, AT_FDCWD, file, force ? 0 : RENAME_NOREPLACE);

	if (rc < 0 && errno == EINVAL) {
		rc = rename(from, file);
	}
	return rc < 0 ? -errno : 0;
}

static int write_file(const char *file, const struct vh_text *data, bool force, struct vh_error *err)
{
	VH_AUTO_CLOSE int fd = -1;
	char temporary[VH_PATH_MAX];
	int rc = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", file);

	if (rc < 0 || (size_t)rc >= sizeof(temporary)) {
		return vh_error_sys(err, ENAMETOOLONG, NULL, "cannot write '%s'", file);
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		return vh_error_sys(err, errno, NULL, "cannot write '%s'", file);
	}
	rc = fill(fd, data);
	if (rc == 0) {
		rc = put_in_place(temporary, file, force);
	}
	if (rc) {
		(void)unlink(temporary);
		return vh_error_sys(err, -rc, NULL, "cannot write '%s'", file);
	}
	return 0;
}

static int deliver(const char *file, const struct vh_text *data, bool force, struct vh_error *err)
{
	if (strcmp(file, "-") != 0) {
		return write_file(file, data, force, err);
	}
	return fwrite(data->data, 1, data->len, stdout) == data->len && fflush(stdout) == 0
		       ? 0
		       : vh_error_sys(err, EIO, NULL, "cannot write to stdout");
}

/* Where a VM finds it. */
static void advise(struct cli *cli, const char *file)
{
	VH_AUTO_FREE char *place = realpath(file, NULL);
	bool proxmox = vh_is_pve_node(cli->sys);
	struct vh_error err = {0};

	if (proxmox) {
		if (!place || strncmp(place, "/usr/share/kvm/", 15) != 0) {
			(void)fputs("Proxmox looks for romfile= in /usr/share/kvm/: put it there\n",
				    stderr);
		}
		return;
	}
	if (place && (vh_rom_file_confined(cli->sys, place, &err) == 1 ||
		      vh_rom_file_readable(cli->sys, place, &err) == 0)) {
		(void)fprintf(stderr,
			      "for a VM: %s\n"
			      "          put it into /usr/share/vgabios/\n",
			      err.msg);
	}
}

static int dump(struct cli *cli, const char *address, struct vh_text *ret, struct vh_error *err)
{
	struct cli_engine e;
	int status = cli_engine_begin(cli, &e, "", "rom dump");

	if (status == CLI_OK && vh_rom_dump(&e.engine, address, ret, err)) {
		cli_error(err);
		status = CLI_FAILED;
	}
	cli_engine_end(&e);
	return status;
}

static int report(struct cli *cli, const char *address, const char *file, const struct vh_text *data)
{
	VH_AUTO_HOST struct vh_host host = {0};
	CLI_AUTO_ROM struct cli_rom rom = {
		.file = file,
		.in_file = strcmp(file, "-") != 0,
		.data = (const uint8_t *)data->data,
		.len = data->len,
	};
	struct vh_error err = {0};

	if (vh_host_load(cli->sys, &host, &err) == 0) {
		(void)!cli_rom_card(&rom, &host, address);
	}
	cli_rom_judge(&rom);
	if (rom.in_file) {
		cli_rom_print(cli, &rom, stdout);
		advise(cli, file);
	} else if (!cli->json) {
		cli_rom_print(cli, &rom, stderr);
	}
	return cli_rom_status(&rom);
}

int cli_rom_dump(struct cli *cli, int argc, char **argv)
{
	VH_AUTO_TEXT struct vh_text data = {0};
	const char *values[OPTION_MAX] = {0};
	struct vh_error err = {0};
	struct vh_pci_address address;
	char name[VH_PCI_ADDRESS_MAX];
	int status = cli_options_take(&cli_rom_dump_syntax, &argc, argv, values);

	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	if (argc != 3) {
		return cli_syntax_wrong(&cli_rom_dump_syntax);
	}
	if (vh_pci_address_parse(argv[1], &address)) {
		(void)fprintf(stderr, "vfio-handoff: '%s' is no PCI address, e.g. 0000:01:00.0\n",
			      argv[1]);
		return CLI_USAGE;
	}
	if (check_target(argv[2], values[FORCE] != NULL, &err)) {
		cli_error(&err);
		return err.code == EINVAL ? CLI_USAGE : CLI_FAILED;
	}
	status = dump(cli, vh_pci_address_format(&address, name), &data, &err);
	if (status == CLI_OK && deliver(argv[2], &data, values[FORCE] != NULL, &err)) {
		cli_error(&err);
		status = CLI_FAILED;
	}
	return status == CLI_OK ? report(cli, name, argv[2], &data) : status;
}
