/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --dedicate: a card that never returns. What is written is in dedicated.h; here is for whom. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/host.h"
#include "lib/setup/dedicated.h"
#include "lib/setup/dracut.h"
#include "lib/setup/draft.h"
#include "lib/setup/mkinitcpio.h"
#include "lib/setup/modprobe.h"
#include "lib/setup/module_list.h"

#define VFIO_MODULE  "vfio_pci"
#define MODULES_FILE "etc/initramfs-tools/modules"
#define DRACUT_FILE  "etc/dracut.conf.d/90-vfio-handoff.conf"
#define LOAD_FILE    "etc/modules-load.d/vfio-handoff.conf"
#define MKINITCPIO   "etc/mkinitcpio.conf"
#define TIMEOUT_MS   2000U

static const char why_early[] =
	"vfio-pci must be in the initramfs, where a driver could take the card first";

static int out_of_memory(struct vh_error *err)
{
	return vh_error_set(err, ENOMEM, NULL, "out of memory");
}

/* --- who may be dedicated */

static unsigned other_displays(const struct vh_host *host, const struct vh_pci_address *address)
{
	unsigned count = 0;

	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		count += vh_function_is_display(f) && !vh_host_goes_along(host, address, f);
	}
	return count;
}

static int refuse_only_display(const struct vh_function *f, struct vh_error *err)
{
	(void)vh_error_set(err, EPERM, NULL,
			   "%s is the only display device: the host would never have a screen "
			   "again",
			   f->name);
	return vh_error_hint(err,
			     "a profile hands it over while a VM runs, and brings it back; see "
			     "vfio-handoff-profile(5)");
}

static int check_function(const struct vh_host *host, const struct vh_function *f,
			  const struct vh_pci_address *address, struct vh_error *err)
{
	if (vh_function_is_bridge(f)) {
		return vh_error_set(err, EINVAL, NULL, "%s is a bridge", f->name);
	}
	if (f->is_vf) {
		return vh_error_set(err, EINVAL, NULL,
				    "%s is a virtual function, which is not there when the host "
				    "starts",
				    f->name);
	}
	if (f->storage || f->network) {
		return vh_error_set(err, EBUSY, NULL, "%s: %s", f->name,
				    f->storage ? f->storage : f->network);
	}
	if (vh_function_is_display(f) && other_displays(host, address) == 0) {
		return refuse_only_display(f, err);
	}
	return 0;
}

static void note_group(struct vh_setup_draft *d, const struct vh_host *host,
		       const struct vh_function *f, const struct vh_pci_address *address)
{
	if (f->group < 0) {
		vh_setup_draft_note(
			d,
			"%s has no IOMMU group yet, so no VM can have it before there is "
			"an IOMMU",
			f->name);
		return;
	}
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *other = &host->functions[i];

		if (other->group == f->group && !vh_function_is_bridge(other) &&
		    !vh_host_goes_along(host, address, other)) {
			vh_setup_draft_note(
				d,
				"%s is in the same IOMMU group as %s: no VM can have one "
				"while the host uses the other",
				other->name, f->name);
		}
	}
}

static void note_function(struct vh_setup_draft *d, const struct vh_host *host,
			  const struct vh_function *f, const struct vh_pci_address *address)
{
	if (f->boot_vga) {
		vh_setup_draft_note(
			d,
			"%s is the card that the firmware shows its screen on: the host "
			"boots without a picture from the moment vfio-pci has it; choose "
			"the other card in the firmware's setup",
			f->name);
	}
	note_group(d, host, f, address);
}

/* --- what the file shall say */

static int add_once(struct vh_list *list, const char *text, struct vh_error *err)
{
	return vh_list_has(list, text) || vh_list_add(list, text) == 0 ? 0 : out_of_memory(err);
}

/* Modules of this kernel that say they know a device of @modalias. */
static int add_by_alias(struct vh_setup_draft *d, const char *modalias, struct vh_list *ret,
			struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	char *save = NULL;
	int rc = 0;

	(void)snprintf(path, sizeof(path), "lib/modules/%s/modules.alias", d->facts.release);
	if (vh_sys_read(d->sys, path, &text)) {
		return 0;
	}
	for (char *line = strtok_r(text, "\n", &save); rc == 0 && line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *module = strrchr(line, ' ');

		if (!module || strncmp(line, "alias pci:", 10) != 0) {
			continue;
		}
		*module++ = '\0';
		if (fnmatch(line + strlen("alias "), modalias, 0) == 0) {
			rc = add_once(ret, module, err);
		}
	}
	return rc;
}

/*
 * Drivers that another kernel may have, or that are installed later. snd_hda_intel and xhci_pci
 * serve other devices, too; they wait a moment longer.
 */
static int add_known(const struct vh_function *f, struct vh_list *ret, struct vh_error *err)
{
	static const struct {
		uint16_t vendor; /* 0: any */
		uint32_t class;  /* its upper bits */
		uint32_t mask;
		const char *module;
	} known[] = {
		{0x10de, 0x030000, 0xff0000, "nouveau"},
		{0x10de, 0x030000, 0xff0000, "nvidia"},
		{0x1002, 0x030000, 0xff0000, "amdgpu"},
		{0x1002, 0x030000, 0xff0000, "radeon"},
		{0x8086, 0x030000, 0xff0000, "i915"},
		{0x8086, 0x030000, 0xff0000, "xe"},
		{0, 0x040300, 0xffff00, "snd_hda_intel"},
		{0, 0x0c0330, 0xffffff, "xhci_pci"},
		{0x10de, 0x0c8000, 0xffff00, "i2c_nvidia_gpu"},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VH_ARRAY_SIZE(known); i++) {
		if ((known[i].vendor == 0 || known[i].vendor == f->vendor) &&
		    (f->class_code & known[i].mask) == known[i].class) {
			rc = add_once(ret, known[i].module, err);
		}
	}
	return rc;
}

static int add_drivers(struct vh_setup_draft *d, const struct vh_function *f, struct vh_list *ret,
		       struct vh_error *err)
{
	char modalias[256];
	int rc = 0;

	if (f->module[0] && !f->is_vfio) {
		rc = add_once(ret, f->module, err);
	}
	if (rc == 0 && vh_sys_attr(d->sys, modalias, sizeof(modalias),
				   "sys/bus/pci/devices/%s/modalias", f->name) == 0) {
		rc = add_by_alias(d, modalias, ret, err);
	}
	return rc ? rc : add_known(f, ret, err);
}

/* An older word about the same address gives way. */
static int add_function(const struct vh_function *f, struct vh_dedicated *ret, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list others = {0};
	char word[64];
	size_t len = strlen(f->name);

	(void)snprintf(word, sizeof(word), "%s/0x%04x/0x%04x", f->name, f->vendor, f->device);
	for (size_t i = 0; i < ret->functions.count; i++) {
		const char *old = ret->functions.items[i];
		bool same = strncmp(old, f->name, len) == 0 && old[len] == '/';

		if (vh_list_add(&others, same ? word : old)) {
			return out_of_memory(err);
		}
	}
	if (!vh_list_has(&others, word) && vh_list_add(&others, word)) {
		return out_of_memory(err);
	}
	vh_list_done(&ret->functions);
	ret->functions = others;
	others = (struct vh_list){0};
	return 0;
}

static int add_slot(struct vh_setup_draft *d, struct vh_host *host,
		    const struct vh_pci_address *address, struct vh_dedicated *ret,
		    struct vh_error *err)
{
	char name[VH_PCI_ADDRESS_MAX];
	int rc;

	(void)vh_pci_address_format(address, name);
	if (!vh_host_find(host, address)) {
		(void)vh_error_set(err, ENODEV, NULL, "there is no PCI device %s", name);
		return vh_error_hint(err, "vfio-handoff groups lists them");
	}
	rc = vh_host_inspect(d->sys, host, address, TIMEOUT_MS, err);
	for (size_t i = 0; rc == 0 && i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (!vh_host_goes_along(host, address, f)) {
			continue;
		}
		rc = check_function(host, f, address, err);
		rc = rc ? rc : add_function(f, ret, err);
		rc = rc ? rc : add_drivers(d, f, &ret->drivers, err);
		note_function(d, host, f, address);
	}
	return rc;
}

static int read_dedicated(struct vh_setup_draft *d, struct vh_dedicated *ret, struct vh_error *err)
{
	VH_AUTO_FREE char *text = vh_setup_draft_look(d, VH_DEDICATED_FILE);

	return text && vh_dedicated_parse(text, ret) ? out_of_memory(err) : 0;
}

/* --- the files */

/* The whole of a file of ours. */
static int put_file(struct vh_setup_draft *d, const char *path, const char *text, const char *why,
		    const char *what, struct vh_error *err)
{
	VH_AUTO_EDIT struct vh_edit e = {0};
	int rc = vh_setup_draft_edit(d, path, &e, err);

	if (rc || strcmp(e.text, text) == 0) {
		return rc;
	}
	vh_edit_splice(&e, 0, strlen(e.text), text);
	d->initramfs = true;
	vh_setup_draft_change(d, path, 0, why, "%s", what);
	return vh_setup_draft_put(d, path, &e, err);
}

static int put_dedicated(struct vh_setup_draft *d, const struct vh_dedicated *dedicated,
			 struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text what = {0};

	vh_dedicated_write(dedicated, &text);
	vh_text_add(&what, "keep for vfio-pci:");
	for (size_t i = 0; i < dedicated->functions.count; i++) {
		const char *word = dedicated->functions.items[i];

		vh_text_addf(&what, " %.*s", (int)strcspn(word, "/"), word);
	}
	if (text.failed || what.failed) {
		return out_of_memory(err);
	}
	return put_file(d, VH_DEDICATED_FILE, vh_text_str(&text),
			"--dedicate: they never get a driver of the host's", vh_text_str(&what),
			err);
}

static int put_module_line(struct vh_setup_draft *d, struct vh_error *err)
{
	VH_AUTO_EDIT struct vh_edit e = {0};
	VH_AUTO_PLACES struct vh_places words = {0};
	int rc = vh_setup_draft_edit(d, MODULES_FILE, &e, err);

	if (rc) {
		return rc;
	}
	vh_module_list_words(&words, e.text);
	if (vh_module_list_find(&words, VFIO_MODULE)) {
		return 0;
	}
	vh_edit_append_line(&e, VFIO_MODULE);
	d->initramfs = true;
	vh_setup_draft_change(d, MODULES_FILE, 0, why_early, "add " VFIO_MODULE);
	return vh_setup_draft_put(d, MODULES_FILE, &e, err);
}

/* The last file that assigns NAME: a drop-in replaces what mkinitcpio.conf says. */
static void mkinitcpio_file(struct vh_setup_draft *d, const char *name, char ret[VH_PATH_MAX])
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	(void)vh_copy(ret, VH_PATH_MAX, MKINITCPIO);
	if (vh_sys_list(d->sys, &names, MKINITCPIO ".d")) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		VH_AUTO_FREE char *text = NULL;
		const char *suffix = strrchr(names.items[i], '.');

		(void)snprintf(path, sizeof(path), MKINITCPIO ".d/%s", names.items[i]);
		text = suffix && strcmp(suffix, ".conf") == 0 ? vh_setup_draft_look(d, path) : NULL;
		if (text && vh_mkinitcpio_assigns(text, name)) {
			(void)vh_copy(ret, VH_PATH_MAX, path);
		}
	}
}

static int put_mkinitcpio_word(struct vh_setup_draft *d, const char *name, const char *word,
			       const char *why, struct vh_error *err)
{
	VH_AUTO_EDIT struct vh_edit e = {0};
	char path[VH_PATH_MAX];
	int rc;

	mkinitcpio_file(d, name, path);
	rc = vh_setup_draft_edit(d, path, &e, err);
	if (rc || vh_mkinitcpio_has(e.text, name, word)) {
		return rc;
	}
	if (strcmp(name, "MODULES") == 0) {
		vh_mkinitcpio_add_module(&e, word);
	} else {
		vh_mkinitcpio_add_modconf(&e);
	}
	if (!e.failed && !vh_mkinitcpio_has(e.text, name, word)) {
		(void)vh_error_set(err, EINVAL, path,
				   "/%s: %s has no place for %s that is understood", path, name,
				   word);
		return vh_error_hint(err, "add it by hand, and try again");
	}
	d->initramfs = true;
	vh_setup_draft_change(d, path, 0, why, "add %s to %s", word, name);
	return vh_setup_draft_put(d, path, &e, err);
}

static int put_mkinitcpio(struct vh_setup_draft *d, struct vh_error *err)
{
	int rc = put_mkinitcpio_word(d, "MODULES", VFIO_MODULE, why_early, err);

	return rc ? rc
		  : put_mkinitcpio_word(d, "HOOKS", "modconf",
					"it takes /etc/modprobe.d into the initramfs", err);
}

static int put_early(struct vh_setup_draft *d, struct vh_error *err)
{
	switch (d->facts.initramfs) {
	case VH_INITRAMFS_TOOLS:
		return put_module_line(d, err);
	case VH_INITRAMFS_MKINITCPIO:
		return put_mkinitcpio(d, err);
	case VH_INITRAMFS_DRACUT:
		return put_file(d, DRACUT_FILE,
				VH_DRACUT_FORCE(VFIO_MODULE) "install_items+=\" /" VH_DEDICATED_FILE
							     " \"\n",
				why_early, "have " VFIO_MODULE " loaded first", err);
	case VH_INITRAMFS_UNKNOWN:
	default:
		vh_setup_draft_note(
			d, "nothing here is known to make an initramfs; if yours has a driver "
			   "of the card in it, it needs " VFIO_MODULE " and /" VH_DEDICATED_FILE
			   ", too");
		return put_file(d, LOAD_FILE, VFIO_MODULE "\n",
				"vfio-pci takes the cards when it is loaded",
				"load " VFIO_MODULE " at the start", err);
	}
}

/* Two commands for one module: modprobe would take one of them. */
static int check_rival(struct vh_setup_draft *d, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(d->sys, &names, "etc/modprobe.d")) {
		return 0;
	}
	for (size_t i = 0; i < names.count; i++) {
		VH_AUTO_FREE char *text = NULL;
		struct vh_modprobe_line line = {0};

		(void)snprintf(path, sizeof(path), "etc/modprobe.d/%s", names.items[i]);
		text = strcmp(path, VH_DEDICATED_FILE) == 0 ? NULL : vh_setup_draft_look(d, path);
		while (text && vh_modprobe_next(text, &line)) {
			if (strcmp(line.words[0], "install") == 0 &&
			    vh_module_is(line.words[1], "vfio-pci")) {
				(void)vh_error_set(err, EEXIST, path,
						   "/%s:%u: another 'install vfio-pci' is there",
						   path, line.line);
				return vh_error_hint(err,
						     "take it out; modprobe would obey one of the "
						     "two");
			}
		}
	}
	return 0;
}

static int check_module(struct vh_setup_draft *d, struct vh_error *err)
{
	if (vh_sys_exists(d->sys, "sys/bus/pci/drivers/vfio-pci") &&
	    !vh_sys_exists(d->sys, "sys/module/vfio_pci/initstate")) {
		(void)vh_error_set(err, ENOTSUP, NULL,
				   "vfio-pci is built into this kernel, so modprobe "
				   "has no say in what it takes");
		return vh_error_hint(err, "use a kernel that has it as a module");
	}
	return check_rival(d, err);
}

int vh_setup_dedicate(struct vh_setup_draft *d, struct vh_error *err)
{
	VH_AUTO_DEDICATED struct vh_dedicated dedicated = {0};
	VH_AUTO_HOST struct vh_host host = {0};
	int rc;

	if (d->wish->dedicate_count == 0) {
		return 0;
	}
	rc = check_module(d, err);
	rc = rc ? rc : read_dedicated(d, &dedicated, err);
	rc = rc ? rc : vh_host_load(d->sys, &host, err);
	for (size_t i = 0; rc == 0 && i < d->wish->dedicate_count; i++) {
		rc = add_slot(d, &host, &d->wish->dedicate[i], &dedicated, err);
	}
	rc = rc ? rc : put_dedicated(d, &dedicated, err);
	return rc ? rc : put_early(d, err);
}
