/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A function's ROM: drivers/pci/pci-sysfs.c: pci_write_rom(), pci_read_rom(). */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fk_internal.h"

void fk_rom(struct fakekernel *fk, const char *bdf, const void *data, size_t len)
{
	int dev = fk_dev_must(fk, bdf);
	struct fk_node *n = fk_put_attr(fk, FK_ATTR_ROM, dev, "", "%s/rom", fk->devs[dev].dir);

	fk_node_content(n, data, len);
}

bool fk_rom_is_on(struct fakekernel *fk, const char *bdf)
{
	return fk->devs[fk_dev_must(fk, bdf)].rom_on;
}

int fk_rom_store(struct fakekernel *fk, int dev, const char *data, size_t len)
{
	fk->devs[dev].rom_on = !(data[0] == '0' && (len == 1 || (len == 2 && data[1] == '\n')));
	return 0;
}

int fk_rom_refuses(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];
	const char *status = fk_text(fk, "%s/power/runtime_status", d->dir);
	const char *enabled = fk_text(fk, "%s/enable", d->dir);
	bool decodes = !d->memory_off || d->driver[0] || (enabled && enabled[0] != '0');

	if (!d->rom_on) {
		return -EINVAL;
	}
	return d->dead || d->rom_shadow || !decodes || (status && status[0] == 's') ? -EIO : 0;
}
