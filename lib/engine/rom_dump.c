/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel reads a ROM for us once its file was written 1 to, from a function that is awake and
 * decodes memory. Sources: drivers/pci/pci-sysfs.c: pci_write_rom(), pci_read_rom(), enable_store();
 * drivers/pci/rom.c: pci_map_rom(), pci_get_rom_size()
 */
#include "lib/engine/rom_dump.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/claim.h"
#include "lib/engine/write.h"
#include "lib/host/config_space.h"
#include "lib/host/holders.h"
#include "lib/host/rom_file.h"

#define WRITE_TIMEOUT_MS 30000U
/* A ROM is read four bytes at a time, over a slow part of the card. */
#define READ_TIMEOUT_MS 60000U

#define COMMAND        4U
#define COMMAND_MEMORY 2U

/* include/linux/ioport.h: IORESOURCE_ROM_SHADOW */
#define ROM_SHADOW   2U
#define RESOURCE_ROM 6U

/**
 * struct dump - one call
 * @power:   what power/control gets back; "" if it was not changed
 * @enabled: `enable` was written 1 to; @opened: `rom` was
 */
struct dump {
	struct vh_engine *e;
	struct vh_run run;
	const char *name;
	char driver[VH_NAME_MAX];
	char power[16];
	bool enabled;
	bool opened;
};

static int refuse_user(const struct vh_function *f, struct vh_error *err)
{
	char holders[512];

	if (f->claim[0]) {
		(void)vh_error_set(err, EBUSY, NULL, "%s belongs to the VM '%s'", f->name, f->claim);
		return vh_error_hint(err, "stop that VM, then 'vfio-handoff reattach' if it was "
					  "detached by hand; 'vfio-handoff status' shows who has "
					  "what");
	}
	if (f->reserved[0]) {
		(void)vh_error_set(err, EBUSY, NULL, "%s is reserved by Proxmox for VM %s", f->name,
				   f->reserved);
		return vh_error_hint(err, "stop that VM first");
	}
	if (f->vm_open) {
		vh_holders_describe(f, holders, sizeof(holders));
		(void)vh_error_set(err, EBUSY, NULL, "%s is open in a VM: /dev/vfio/%d is busy%s%s",
				   f->name, f->group, holders[0] ? ": " : "", holders);
		return vh_error_hint(err, "stop that VM first");
	}
	return 0;
}

static int refuse_state(const struct vh_function *f, struct vh_error *err)
{
	if (f->stuck.pid != 0 || f->override_unreadable) {
		(void)vh_error_set(err, EBUSY, NULL, "%s is blocked in the kernel by an earlier %s",
				   f->name, f->stuck.pid != 0 ? f->stuck_act : "bind or unbind");
		return vh_error_hint(err, "'vfio-handoff recover'; if that never ends, only a "
					  "reboot helps");
	}
	if (f->dead) {
		(void)vh_error_set(err, EIO, NULL,
				   "%s has fallen off the bus: its configuration space reads ffff",
				   f->name);
		return vh_error_hint(err, "it needs a power cycle: shut the host down");
	}
	return 0;
}

static int look(struct dump *d, struct vh_error *err)
{
	VH_AUTO_HOST struct vh_host host = {0};
	const struct vh_function *f;
	int at;
	int rc = vh_host_load(d->e->sys, &host, err);

	if (rc) {
		return rc;
	}
	at = vh_host_find_name(&host, d->name);
	if (at < 0) {
		(void)vh_error_set(err, ENODEV, NULL, "there is no PCI device at %s", d->name);
		return vh_error_hint(err, "'vfio-handoff groups' lists what is there");
	}
	f = &host.functions[at];
	rc = vh_host_inspect(d->e->sys, &host, &f->address, WRITE_TIMEOUT_MS, err);
	(void)vh_copy(d->driver, sizeof(d->driver), f->driver);
	if (rc == 0) {
		rc = refuse_user(f, err);
	}
	return rc ? rc : refuse_state(f, err);
}

static void path_of(const struct dump *d, const char *attribute, char path[VH_PATH_MAX])
{
	(void)snprintf(path, VH_PATH_MAX, "sys/bus/pci/devices/%s/%s", d->name, attribute);
}

/* Line 7 of `resource`: arch/x86/pci/fixup.c: pci_fixup_video() puts the shadow there. */
static bool is_shadow(struct dump *d)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	char *rest;
	const char *flags;
	uint64_t bits;

	path_of(d, "resource", path);
	if (vh_sys_read(d->e->sys, path, &text)) {
		return false;
	}
	rest = text;
	for (unsigned i = 0; i < RESOURCE_ROM; i++) {
		(void)strsep(&rest, "\n");
	}
	(void)strsep(&rest, " ");
	(void)strsep(&rest, " ");
	flags = strsep(&rest, "\n");
	return flags && strncmp(flags, "0x", 2) == 0 &&
	       vh_parse_u64(flags + 2, 16, UINT64_MAX, &bits) == 0 && (bits & ROM_SHADOW) != 0;
}

static int check_file(struct dump *d, struct vh_error *err)
{
	char path[VH_PATH_MAX];

	path_of(d, "rom", path);
	if (!vh_sys_exists(d->e->sys, "%s", path)) {
		(void)vh_error_set(err, ENOENT, path, "%s has no ROM of its own", d->name);
		return vh_error_hint(err, "graphics that are part of the CPU keep theirs in the "
					  "machine's firmware; only function 0 of a card has one");
	}
	if (is_shadow(d)) {
		(void)vh_error_set(err, EOPNOTSUPP, path,
				   "%s is the card the machine booted with: the kernel shows a copy "
				   "of its ROM in memory (0xc0000), which under UEFI is empty and "
				   "under a BIOS patched and cut",
				   d->name);
		return vh_error_hint(
			err,
			"boot once with another card, or the CPU's graphics, as the first in "
			"the firmware setup, and dump it then; or take a file for exactly "
			"this card and see 'vfio-handoff rom check FILE %s'",
			d->name);
	}
	return 0;
}

static int put(struct dump *d, const char *attribute, const char *value, struct vh_error *err)
{
	char path[VH_PATH_MAX];

	path_of(d, attribute, path);
	return vh_write(&d->run, path, value, d->name, WRITE_TIMEOUT_MS, err);
}

/* A function that may sleep is kept awake; it would do so between two reads. */
static int wake(struct dump *d, struct vh_error *err)
{
	char power[sizeof(d->power)];
	int rc = vh_sys_attr(d->e->sys, power, sizeof(power),
			     "sys/bus/pci/devices/%s/power/control", d->name);

	if (rc || strcmp(power, "on") == 0) {
		return 0;
	}
	/* Noted before: who is told that the write failed does not know that nothing was done. */
	(void)vh_copy(d->power, sizeof(d->power), power);
	return put(d, "power/control", "on", err);
}

static bool decodes_memory(struct dump *d)
{
	struct vh_config_space config;

	return vh_config_read(d->e->sys, d->name, WRITE_TIMEOUT_MS, &config) ||
	       (vh_config_u16(&config, COMMAND) & COMMAND_MEMORY) != 0;
}

static uint64_t count_enabled(struct dump *d)
{
	uint64_t count = 0;

	(void)!vh_sys_attr_u64(d->e->sys, 10, &count, "sys/bus/pci/devices/%s/enable", d->name);
	return count;
}

/*
 * Only without a driver: with one, the decoding is its affair, and the kernel says EBUSY. The kernel
 * counts: 0 is written for a 1 that was taken, whatever the write said, and for no other. The bit
 * itself stays set, which does no harm.
 */
static int enable(struct dump *d, struct vh_error *err)
{
	uint64_t before = count_enabled(d);
	int rc;

	if (d->driver[0] || decodes_memory(d)) {
		return 0;
	}
	rc = put(d, "enable", "1", err);
	d->enabled = rc == 0 || count_enabled(d) > before;
	return rc;
}

static int explain_eio(const struct dump *d, struct vh_error *err)
{
	char path[VH_PATH_MAX];

	path_of(d, "rom", path);
	(void)vh_error_set(err, EIO, path,
			   "the kernel finds no ROM behind /%s: it does not begin with 55 aa",
			   path);
	if (d->driver[0]) {
		return vh_error_hint(
			err,
			"the driver %s may have switched the card's memory off; if it is a "
			"laptop's second card, its ROM is in the machine's firmware",
			d->driver);
	}
	return vh_error_hint(err, "this card has no ROM chip, or it is the one that the machine "
				  "booted with under UEFI; a file for exactly this card helps");
}

static int read_rom(struct dump *d, struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_FREE char *data = NULL;
	char path[VH_PATH_MAX];
	size_t len = 0;
	int rc;

	if (d->e->cancel && *d->e->cancel) {
		return vh_error_set(err, EINTR, NULL, "interrupted");
	}
	path_of(d, "rom", path);
	rc = d->e->sys->ops->read(d->e->sys, path, VH_ROM_FILE_MAX, READ_TIMEOUT_MS, &data, &len);
	if (rc == -EIO || (rc == 0 && len == 0)) {
		return explain_eio(d, err);
	}
	if (rc) {
		return vh_error_sys(err, -rc, path, "cannot read the ROM");
	}
	vh_text_addn(ret, data, len);
	return ret->failed ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}

static int carry_out(struct dump *d, struct vh_text *ret, struct vh_error *err)
{
	int rc = wake(d, err);

	if (rc == 0) {
		rc = enable(d, err);
	}
	if (rc == 0) {
		d->opened = true;
		rc = put(d, "rom", "1", err);
	}
	return rc ? rc : read_rom(d, ret, err);
}

/* What was written stands in the attribute, too. */
static int put_back_power(struct dump *d, struct vh_error *err)
{
	char now[sizeof(d->power)];
	int rc = put(d, "power/control", d->power, err);

	if (rc == 0) {
		rc = vh_sys_attr(d->e->sys, now, sizeof(now),
				 "sys/bus/pci/devices/%s/power/control", d->name);
		if (rc || strcmp(now, d->power) != 0) {
			rc = vh_error_set(err, EIO, NULL,
					  "%s/power/control does not read '%s' again", d->name,
					  d->power);
		}
	}
	return rc;
}

/* All of it, whatever fails; the first failure is told. */
static int put_back(struct dump *d, struct vh_error *err)
{
	struct vh_error more = {0};
	int rc = d->opened ? put(d, "rom", "0", err) : 0;
	int next = d->enabled ? put(d, "enable", "0", rc ? &more : err) : 0;

	rc = rc ? rc : next;
	next = d->power[0] ? put_back_power(d, rc ? &more : err) : 0;
	return rc ? rc : next;
}

int vh_rom_dump(struct vh_engine *e, const char *name, struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = e->sys};
	struct dump d = {.e = e, .run = {.sys = e->sys, .log = e->log}, .name = name};
	struct vh_error left = {0};
	int rc = vh_lock_device(&locks, name, e->lock_timeout_ms, err);

	if (rc == 0) {
		rc = look(&d, err);
	}
	if (rc == 0) {
		rc = check_file(&d, err);
	}
	if (rc) {
		return rc;
	}
	rc = carry_out(&d, ret, err);
	if (put_back(&d, &left)) {
		if (rc == 0) {
			*err = left;
			rc = vh_error_wrap(err, "the ROM was read, but %s is not as before", name);
		} else {
			vh_log(e->log, VH_LOG_ERROR, name, NULL, "%s is not as before: %s", name,
			       left.msg);
		}
	}
	if (rc) {
		vh_text_done(ret);
	}
	return rc;
}
