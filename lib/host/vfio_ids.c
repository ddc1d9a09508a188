/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/vfio_ids.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/pci_address.h"

#define VFIO "sys/bus/pci/drivers/vfio-pci"
#define D    "sys/bus/pci/devices/%s"

enum syntax {
	SYNTAX_CMDLINE,  /* vfio-pci.ids=... among other words */
	SYNTAX_MODPROBE, /* options vfio-pci ids=... */
	SYNTAX_MODULES,  /* vfio-pci ids=... */
};

/* Of kmod; a later one with a file of the same name hides this one's: then an id stays needlessly. */
static const char *const modprobe_dirs[] = {
	"etc/modprobe.d",     "run/modprobe.d", "usr/local/lib/modprobe.d",
	"usr/lib/modprobe.d", "lib/modprobe.d",
};

/* For modules, '-' and '_' are the same. Returns what follows the name, or NULL. */
static const char *behind_name(const char *word)
{
	bool ours = strncmp(word, "vfio-pci", 8) == 0 || strncmp(word, "vfio_pci", 8) == 0;

	return ours ? word + 8 : NULL;
}

static const char *take_hex(const char *at, unsigned long *ret)
{
	char *end;

	if (!isxdigit((unsigned char)*at)) {
		return NULL;
	}
	*ret = strtoul(at, &end, 16);
	return end;
}

/* "VVVV:DDDD[:SUBV:SUBD[:CLASS[:MASK]]],...": remove_id makes no difference by the rest. */
static bool list_has(const char *list, const struct vh_vfio_id *id)
{
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
		unsigned long vendor;
		unsigned long device;
		const char *colon = take_hex(at, &vendor);

		if (colon && *colon == ':' && take_hex(colon + 1, &device) &&
		    vendor == id->vendor && device == id->device) {
			return true;
		}
	}
	return false;
}

static bool parameter_has(const char *word, const struct vh_vfio_id *id)
{
	return strncmp(word, "ids=", 4) == 0 && list_has(word + 4, id);
}

static bool line_has(char *line, enum syntax syntax, const struct vh_vfio_id *id)
{
	char *save = NULL;
	const char *word = strtok_r(line, " \t", &save);
	const char *rest;

	if (syntax == SYNTAX_CMDLINE) {
		for (; word; word = strtok_r(NULL, " \t", &save)) {
			rest = behind_name(word);
			if (rest && *rest == '.' && parameter_has(rest + 1, id)) {
				return true;
			}
		}
		return false;
	}
	if (syntax == SYNTAX_MODPROBE) {
		word = word && strcmp(word, "options") == 0 ? strtok_r(NULL, " \t", &save) : NULL;
	}
	rest = word ? behind_name(word) : NULL;
	if (!rest || *rest) {
		return false;
	}
	while ((word = strtok_r(NULL, " \t", &save))) {
		if (parameter_has(word, id)) {
			return true;
		}
	}
	return false;
}

/* In place: without quotes, for an id has no blanks; a line that ends in '\\' goes on. */
static void simplify(char *text)
{
	char *out = text;

	for (const char *p = text; *p; p++) {
		if (p[0] == '\\' && p[1] == '\n') {
			p++;
		} else if (*p != '"') {
			*out++ = *p;
		}
	}
	*out = '\0';
}

/* 1, 0 or -errno. A file that is not there, or is a directory, configures nothing. */
static int file_has(struct vh_sys *sys, const char *path, enum syntax syntax,
		    const struct vh_vfio_id *id)
{
	VH_AUTO_FREE char *text = NULL;
	char *save = NULL;
	int rc = vh_sys_read(sys, path, &text);

	if (rc) {
		return rc == -ENOENT || rc == -EISDIR ? 0 : rc;
	}
	simplify(text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line_has(line, syntax, id)) {
			return 1;
		}
	}
	return 0;
}

static int directory_has(struct vh_sys *sys, const char *dir, const struct vh_vfio_id *id,
			 char path[VH_PATH_MAX])
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = vh_sys_list(sys, &names, "%s", dir);

	(void)vh_copy(path, VH_PATH_MAX, dir);
	if (rc) {
		return rc == -ENOENT ? 0 : rc;
	}
	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		const char *suffix = strrchr(names.items[i], '.');

		if (suffix && strcmp(suffix, ".conf") == 0) {
			(void)snprintf(path, VH_PATH_MAX, "%s/%s", dir, names.items[i]);
			rc = file_has(sys, path, SYNTAX_MODPROBE, id);
		}
	}
	return rc;
}

int vh_vfio_id_configured(struct vh_sys *sys, const struct vh_vfio_id *id, char *where, size_t size)
{
	char path[VH_PATH_MAX] = "proc/cmdline";
	int rc = file_has(sys, path, SYNTAX_CMDLINE, id);

	for (size_t i = 0; rc == 0 && i < VH_ARRAY_SIZE(modprobe_dirs); i++) {
		rc = directory_has(sys, modprobe_dirs[i], id, path);
	}
	if (rc == 0) {
		(void)vh_copy(path, sizeof(path), "etc/initramfs-tools/modules");
		rc = file_has(sys, path, SYNTAX_MODULES, id);
	}
	(void)snprintf(where, size, "/%s", path);
	return rc;
}

static bool has_id(struct vh_sys *sys, const char *device, const struct vh_vfio_id *id)
{
	uint64_t value;

	return vh_sys_attr_u64(sys, 16, &value, D "/vendor", device) == 0 && value == id->vendor &&
	       vh_sys_attr_u64(sys, 16, &value, D "/device", device) == 0 && value == id->device;
}

static bool is_overridden(struct vh_sys *sys, const char *device, unsigned timeout_ms)
{
	char text[64];

	return vh_sys_attr_guarded(sys, timeout_ms, text, sizeof(text), D "/driver_override",
				   device) == 0 &&
	       text[0] && strcmp(text, "(null)") != 0;
}

bool vh_vfio_id_user(struct vh_sys *sys, const struct vh_vfio_id *id, unsigned timeout_ms,
		     char *device, size_t size)
{
	VH_AUTO_LIST struct vh_list names = {0};
	struct vh_pci_address address;

	if (vh_sys_list(sys, &names, VFIO)) {
		return false;
	}
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];

		if (vh_pci_address_parse(name, &address) == 0 && has_id(sys, name, id) &&
		    !is_overridden(sys, name, timeout_ms)) {
			return vh_copy(device, size, name);
		}
	}
	return false;
}
