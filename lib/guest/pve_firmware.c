/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bios`, and the disk that OVMF keeps its settings on. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/pve_edit.h"

bool vh_pve_is_storage(const char *name)
{
	size_t len = strlen(name);
	bool good = len > 1 && len < 100 && isalpha((unsigned char)name[0]) &&
		    isalnum((unsigned char)name[len - 1]);

	for (size_t i = 0; good && i < len; i++) {
		good = isalnum((unsigned char)name[i]) || strchr("-_.", name[i]);
	}
	return good;
}

/* Where a disk's volume is; false for a CD drive, or a device or file of the host's own. */
static bool storage_of(const struct vh_pve_patcher *p, const struct vh_pve_value *disk, char *ret,
		       size_t size)
{
	struct vh_error ignored = {0};
	struct vh_pve_line line;
	const struct vh_span *file;
	const struct vh_span *media;
	struct vh_span rest;
	struct vh_span name;
	char key[32];

	(void)vh_span_show(key, sizeof(key), disk->key);
	if (vh_pve_line_read(&line, key, disk, p->file, &ignored)) {
		return false;
	}
	file = vh_pve_line_get(&line, "file");
	media = vh_pve_line_get(&line, "media");
	if (!file || (media && vh_span_is(*media, "cdrom")) || !memchr(file->at, ':', file->len)) {
		return false;
	}
	rest = *file;
	return vh_span_cut(&rest, ':', &name) && vh_span_show(ret, size, name) &&
	       vh_pve_is_storage(ret);
}

static bool is_disk(struct vh_span key)
{
	static const char *const buses[] = {"ide", "sata", "scsi", "virtio"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(buses); i++) {
		if (key.len > strlen(buses[i]) && memcmp(key.at, buses[i], strlen(buses[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* The disks of `boot: order=a;b` in their order, then that of the older `bootdisk`. */
static bool boot_storage(const struct vh_pve_patcher *p, char *ret, size_t size)
{
	const struct vh_pve_value *boot = vh_pve_value(&p->values, "boot");
	const struct vh_pve_value *old = vh_pve_value(&p->values, "bootdisk");
	struct vh_error ignored = {0};
	struct vh_span rest = {"", 0};
	struct vh_span name;
	struct vh_pve_line line;
	char key[32];

	if (boot && vh_pve_line_read(&line, "boot", boot, p->file, &ignored) == 0 &&
	    vh_pve_line_get(&line, "order")) {
		rest = *vh_pve_line_get(&line, "order");
	} else if (old) {
		rest = old->value;
	}
	while (vh_span_cut(&rest, ';', &name)) {
		const struct vh_pve_value *disk;

		(void)vh_span_show(key, sizeof(key), vh_span_trim(name));
		disk = vh_pve_value(&p->values, key);
		if (disk && is_disk(disk->key) && storage_of(p, disk, ret, size)) {
			return true;
		}
	}
	return false;
}

static int choose_storage(const struct vh_pve_patcher *p, char *ret, size_t size)
{
	if (p->storage[0]) {
		(void)vh_copy(ret, size, p->storage);
		return vh_pve_is_storage(p->storage)
			       ? 0
			       : vh_pve_refuse(p, 0, "efidisk0", "'%.64s' is no name of a storage",
					       p->storage);
	}
	if (boot_storage(p, ret, size)) {
		return 0;
	}
	for (size_t i = 0; i < p->values.count; i++) {
		if (is_disk(p->values.items[i].key) &&
		    storage_of(p, &p->values.items[i], ret, size)) {
			return 0;
		}
	}
	(void)vh_pve_refuse(p, 0, "efidisk0",
			    "OVMF needs a small disk, and no disk of the VM shows on which storage");
	return vh_error_hint(p->err, "--storage NAME; 'pvesm status --content images' lists them");
}

int vh_pve_patch_bios(struct vh_pve_patcher *p)
{
	const struct vh_pve_value *old = vh_pve_value(&p->values, "bios");

	if (!p->set->uefi) {
		return 0;
	}
	if (!old || !vh_span_is(old->value, "ovmf")) {
		vh_report_note(p->report,
			       "bios: a system that was installed under SeaBIOS may not start under "
			       "OVMF");
	}
	return vh_pve_put_word(p, "bios", "ovmf", "firmware");
}

int vh_pve_patch_efidisk(struct vh_pve_patcher *p)
{
	char storage[100];
	char value[160];
	int rc;

	if (!p->set->uefi || vh_pve_value(&p->values, "efidisk0")) {
		return 0;
	}
	rc = choose_storage(p, storage, sizeof(storage));
	if (rc) {
		return rc;
	}
	(void)snprintf(value, sizeof(value), "%s:1,efitype=4m,pre-enrolled-keys=1", storage);
	return vh_pve_put_word(p, "efidisk0", value, "firmware");
}
