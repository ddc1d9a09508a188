/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which driver has a function now, and why (G10, G17). Before a start that is the host's; vfio-pci
 * only if the VM has it, or if it never works on the host.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/device_parts.h"
#include "lib/host/module.h"
#include "lib/host/vfio_ids.h"
#include "lib/setup/dedicated.h"
#include "lib/setup/modprobe.h"
#include "lib/setup/module_list.h"

/* --- statements of modprobe's configuration */

/* Of kmod. Where /lib is a link to /usr/lib, the last one is the one before it. */
static const char *const modprobe_dirs[] = {
	"etc/modprobe.d",     "run/modprobe.d", "usr/local/lib/modprobe.d",
	"usr/lib/modprobe.d", "lib/modprobe.d",
};

typedef bool matches(const struct vh_modprobe_line *line, const char *module);

/* "install nouveau /bin/false" does what "blacklist nouveau" does, and more. */
static bool keeps_away(const struct vh_modprobe_line *line, const char *module)
{
	const char *program = vh_basename(line->rest);

	return vh_module_is(line->words[1], module) &&
	       (strcmp(line->words[0], "blacklist") == 0 ||
		(strcmp(line->words[0], "install") == 0 &&
		 (strncmp(program, "false", 5) == 0 || strncmp(program, "true", 4) == 0)));
}

/* "softdep nouveau pre: vfio-pci" */
static bool waits_for_vfio(const struct vh_modprobe_line *line, const char *module)
{
	return strcmp(line->words[0], "softdep") == 0 && vh_module_is(line->words[1], module) &&
	       (strstr(line->rest, "vfio-pci") || strstr(line->rest, "vfio_pci"));
}

static bool file_has(struct vh_checkup *c, const char *path, matches *match, const char *module,
		     struct vh_text *where)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_modprobe_line line = {0};

	if (vh_sys_read(c->sys, path, &text)) {
		return false;
	}
	while (vh_modprobe_next(text, &line)) {
		if (match(&line, module)) {
			vh_text_addf(where, "/%s:%u: %s %s%s%.80s", path, line.line, line.words[0],
				     line.words[1], line.rest[0] ? " " : "", line.rest);
			return true;
		}
	}
	return false;
}

/* The first statement that matches; @where gets its place and its text. */
static bool configuration_has(struct vh_checkup *c, matches *match, const char *module,
			      struct vh_text *where)
{
	char path[VH_PATH_MAX];

	for (size_t d = 0; d < VH_ARRAY_SIZE(modprobe_dirs); d++) {
		VH_AUTO_LIST struct vh_list names = {0};

		if (vh_sys_list(c->sys, &names, "%s", modprobe_dirs[d])) {
			continue;
		}
		for (size_t i = 0; i < names.count; i++) {
			const char *suffix = strrchr(names.items[i], '.');

			if (suffix && strcmp(suffix, ".conf") == 0 &&
			    snprintf(path, sizeof(path), "%s/%s", modprobe_dirs[d],
				     names.items[i]) < (int)sizeof(path) &&
			    file_has(c, path, match, module, where)) {
				return true;
			}
		}
	}
	return false;
}

static bool list_has(const char *list, const char *module)
{
	char name[VH_NAME_MAX];

	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
		if (snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at) <
			    (int)sizeof(name) &&
		    vh_module_is(name, module)) {
			return true;
		}
	}
	return false;
}

/* Three spellings: modprobe's, the kernel's own, dracut's. */
static bool command_line_has(struct vh_checkup *c, const char *module, struct vh_text *where)
{
	static const char *const keys[] = {
		"modprobe.blacklist=", "module_blacklist=", "rd.driver.blacklist="};
	VH_AUTO_FREE char *line = NULL;
	char *save = NULL;

	if (vh_sys_read(c->sys, "proc/cmdline", &line)) {
		return false;
	}
	for (char *word = strtok_r(line, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		for (size_t i = 0; i < VH_ARRAY_SIZE(keys); i++) {
			if (strncmp(word, keys[i], strlen(keys[i])) == 0 &&
			    list_has(word + strlen(keys[i]), module)) {
				vh_text_addf(where, "/proc/cmdline: %s", word);
				return true;
			}
		}
	}
	return false;
}

static bool is_blacklisted(struct vh_checkup *c, const char *module, struct vh_text *where)
{
	return configuration_has(c, keeps_away, module, where) ||
	       command_line_has(c, module, where);
}

/* --- drivers that know a function */

static void add_once(struct vh_checkup *c, struct vh_list *list, const char *module)
{
	for (size_t i = 0; i < list->count; i++) {
		if (vh_module_is(list->items[i], module)) {
			return;
		}
	}
	if (vh_list_add(list, module)) {
		c->diagnosis->failed = true;
	}
}

/* NVIDIA's own is in no file of the kernel's package; the others only if that file is not there. */
static void add_known(struct vh_checkup *c, const struct vh_function *f, bool by_alias,
		      struct vh_list *ret)
{
	static const struct {
		uint16_t vendor;
		const char *module;
	} known[] = {
		{0x10de, "nouveau"},
		{0x1002, "amdgpu"},
		{0x8086, "i915"},
		{0x8086, "xe"},
	};

	if (by_alias || !vh_function_is_display(f)) {
		return;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(known); i++) {
		if (known[i].vendor == f->vendor) {
			add_once(c, ret, known[i].module);
		}
	}
}

/* Modules that say they know it. Return: their list could be read. */
static bool find_modules(struct vh_checkup *c, const struct vh_function *f, struct vh_list *ret)
{
	VH_AUTO_FREE char *aliases = NULL;
	char release[128];
	char modalias[256];
	char path[VH_PATH_MAX];
	char *save = NULL;
	bool read = vh_sys_attr(c->sys, release, sizeof(release), "proc/sys/kernel/osrelease") ==
			    0 &&
		    vh_sys_attr(c->sys, modalias, sizeof(modalias),
				"sys/bus/pci/devices/%s/modalias", f->name) == 0;

	if (read) {
		(void)snprintf(path, sizeof(path), "lib/modules/%s/modules.alias", release);
		read = vh_sys_read(c->sys, path, &aliases) == 0;
	}
	for (char *line = read ? strtok_r(aliases, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *module = strrchr(line, ' ');

		if (module && strncmp(line, "alias pci:", 10) == 0) {
			*module++ = '\0';
			/* vfio's variants claim devices under a prefix of their own. */
			if (fnmatch(line + strlen("alias "), modalias, 0) == 0) {
				add_once(c, ret, module);
			}
		}
	}
	add_known(c, f, read, ret);
	return read;
}

/* --- without a driver */

/**
 * struct candidates - what could drive it
 * @seen:     each with its state
 * @free:     one that nothing keeps away, NULL if there is none
 * @blocked:  one is kept away
 */
struct candidates {
	struct vh_list modules;
	struct vh_text seen;
	const char *free;
	bool blocked;
};

static void judge_candidates(struct vh_checkup *c, struct candidates *k)
{
	for (size_t i = 0; i < k->modules.count; i++) {
		const char *module = k->modules.items[i];
		VH_AUTO_TEXT struct vh_text where = {0};

		vh_text_addf(&k->seen, "%s%s: ", i ? "; " : "", module);
		if (is_blacklisted(c, module, &where)) {
			vh_text_addf(&k->seen, "kept away by %s", vh_text_str(&where));
			k->blocked = true;
			continue;
		}
		vh_text_add(&k->seen, vh_module_is_loaded(c->sys, module) ? "loaded" : "not loaded");
		k->free = k->free ? k->free : module;
	}
}

static void report_unbound(struct vh_checkup *c, const struct vh_function *f,
			   const struct candidates *k, bool knows_all)
{
	struct vh_finding *found = vh_found(c, VH_WARNING, f->name, "no driver of the host has it");

	vh_seen(found, "/sys/bus/pci/devices/%s/driver: not there", f->name);
	if (k->modules.count > 0) {
		vh_seen(found, "%s", vh_text_str(&k->seen));
	} else if (knows_all) {
		vh_seen(found, "/lib/modules: no module of this kernel knows %04x:%04x", f->vendor,
			f->device);
	}
	vh_means(found, "The VM can have it, but it does not work on the host. After "
			"the VM it is without a driver again: the hand-over puts back "
			"what it found.");
	if (k->blocked && !k->free) {
		vh_remedy(found, "If the host shall use it, take that line out, rebuild the "
				 "initramfs and reboot. Setup shows that first, and does it "
				 "with --apply.");
		vh_remedy_command(found, "vfio-handoff setup --clean");
	} else if (k->free) {
		vh_remedy(found, "If the host shall use it, load its driver. If that does not "
				 "take it, the kernel's messages say why.");
		vh_remedy_command(found, "modprobe %s", k->free);
	} else {
		vh_remedy(found, "If the host shall use it, install a driver for it.");
	}
}

/* A function that nobody needs a driver for, such as a card's UCSI, is nothing to speak of. */
static bool judge_unbound(struct vh_checkup *c, const struct vh_function *f)
{
	struct candidates k = {0};
	bool knows_all = find_modules(c, f, &k.modules);
	bool tell;

	judge_candidates(c, &k);
	tell = vh_function_is_display(f) || (k.blocked && !k.free);
	if (tell) {
		report_unbound(c, f, &k, knows_all);
	}
	vh_list_done(&k.modules);
	vh_text_done(&k.seen);
	return tell;
}

/* --- on vfio-pci, and not by us */

static bool is_dedicated(struct vh_checkup *c, const struct vh_function *f)
{
	VH_AUTO_FREE char *text = NULL;

	return vh_sys_read(c->sys, VH_DEDICATED_FILE, &text) == 0 && strstr(text, f->name);
}

/* Who may have done it. Return: what there is was found in files that setup can clean. */
static bool see_why(struct vh_checkup *c, const struct vh_function *f, struct vh_finding *found)
{
	const struct vh_vfio_id id = {f->vendor, f->device};
	VH_AUTO_LIST struct vh_list modules = {0};
	bool configured = false;
	char where[VH_PATH_MAX];
	int rc = vh_vfio_id_configured(c->sys, &id, where, sizeof(where));

	if (rc > 0) {
		vh_seen(found, "%s gives %04x:%04x to vfio-pci", where, f->vendor, f->device);
		configured = true;
	} else if (rc < 0) {
		vh_seen(found, "%s cannot be read", where);
	}
	(void)find_modules(c, f, &modules);
	for (size_t i = 0; i < modules.count; i++) {
		VH_AUTO_TEXT struct vh_text line = {0};

		if (configuration_has(c, waits_for_vfio, modules.items[i], &line) ||
		    is_blacklisted(c, modules.items[i], &line)) {
			vh_seen(found, "%s", vh_text_str(&line));
			configured = true;
		}
	}
	if (f->inspected && f->driver_override[0]) {
		vh_seen(found, "driver_override: %s", f->driver_override);
	}
	return configured;
}

static void report_foreign(struct vh_checkup *c, const struct vh_function *f)
{
	bool stub = !f->is_vfio;
	struct vh_finding *found = vh_found(c, VH_WARNING, f->name,
					    "%s has it, but not for a start of this VM", f->driver);

	vh_seen(found, "/sys/bus/pci/devices/%s/driver: %s", f->name, f->driver);
	vh_seen(found, "/run/vfio-handoff/device/%s: not there", f->name);
	vh_means(found,
		 "The VM can have it, but it never works on the host: there is nothing to hand "
		 "over, and after the VM it stays with %s.",
		 f->driver);
	if (!stub && vh_sys_exists(c->sys, "etc/driverctl.d/pci-%s", f->name)) {
		vh_seen(found, "/etc/driverctl.d/pci-%s", f->name);
		vh_remedy(found, "If the host shall use it between two runs of the VM, take the "
				 "override out of driverctl.");
		vh_remedy_command(found, "driverctl unset-override %s", f->name);
	} else if (see_why(c, f, found)) {
		vh_remedy(found, "If the host shall use it between two runs of the VM, take "
				 "those lines out. If not, dedicate it by its address with "
				 "'vfio-handoff setup --dedicate'.");
		vh_remedy_command(found, "vfio-handoff setup --clean");
	} else {
		vh_remedy(found, "If the host shall use it, find what binds it when the host "
				 "boots (a script, a udev rule, the initramfs), take that out "
				 "and reboot.");
		vh_remedy_command(found,
				  "systemctl list-units --all | grep -i -e vfio -e driverctl");
	}
}

/* --- each function */

static bool is_stub(const struct vh_function *f)
{
	return strcmp(f->driver, "pci-stub") == 0;
}

static void add_to(struct vh_text *list, const struct vh_function *f)
{
	vh_text_addf(list, "%s%s: %s", list->len ? "; " : "", f->name,
		     f->driver[0] ? f->driver : "none, and none is needed");
}

static void say_in_bulk(struct vh_checkup *c, const struct vh_text *seen, const char *title)
{
	if (seen->len > 0) {
		vh_seen(vh_found(c, VH_PASS, "", "%s", title), "%s", vh_text_str(seen));
	}
}

void vh_check_device_driver(struct vh_checkup *c)
{
	VH_AUTO_TEXT struct vh_text at_home = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text dedicated = {0};
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		if (vh_device_is_out(c, f)) {
			add_to(&out, f);
		} else if (f->claim[0] || f->reserved[0]) {
			continue; /* another VM has it: the plan says so */
		} else if (f->is_vfio && is_dedicated(c, f)) {
			add_to(&dedicated, f);
		} else if (f->is_vfio || is_stub(f)) {
			report_foreign(c, f);
		} else if (f->driver[0] || !judge_unbound(c, f)) {
			add_to(&at_home, f);
		}
	}
	say_in_bulk(c, &at_home, "the host's own drivers have the devices, as before a start");
	say_in_bulk(c, &out, "the devices are handed over to this VM");
	say_in_bulk(c, &dedicated, "the devices are dedicated: vfio-pci has them from boot on");
}
