/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Modules, and the ids that users add to their drivers. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fk_internal.h"

static void plain_name(char buf[FK_NAME], const char *name)
{
	fk_copy(buf, FK_NAME, name);
	for (char *p = buf; *p; p++) {
		*p = *p == '-' ? '_' : *p;
	}
}

int fk_module_find(struct fakekernel *fk, const char *name)
{
	char plain[FK_NAME];

	if (strlen(name) >= sizeof(plain)) {
		return -1;
	}
	plain_name(plain, name);
	for (int i = 0; i < fk->module_count; i++) {
		if (strcmp(fk->modules[i].name, plain) == 0) {
			return i;
		}
	}
	return -1;
}

int fk_module_make(struct fakekernel *fk, const char *name)
{
	int mod = fk_module_find(fk, name);

	if (mod >= 0) {
		return mod;
	}
	if (fk->module_count == FK_MAX_MODULES) {
		fk_abort("%s: too many modules", fk->name);
	}
	plain_name(fk->modules[fk->module_count].name, name);
	return fk->module_count++;
}

static bool is_pinned(const struct fakekernel *fk, const struct fk_module *m)
{
	for (int i = 0; m->pinned_by[0] && i < fk->dev_count; i++) {
		if (strcmp(fk->devs[i].driver, m->pinned_by) == 0) {
			return true;
		}
	}
	return false;
}

/* Open nodes of its devices, and the text console on one of them. */
static int uses(struct fakekernel *fk, const struct fk_module *m)
{
	int count = m->refcnt + (m->console && fk->fbcon.bound) + is_pinned(fk, m);

	for (int i = 0; i < fk->dev_count; i++) {
		const struct fk_dev *d = &fk->devs[i];
		int drv = d->driver[0] ? fk_driver_find(fk, d->driver) : -1;

		if (drv < 0 || strcmp(fk->drivers[drv].module, m->name) != 0) {
			continue;
		}
		if (fk_dev_held(fk, i) ||
		    (strcmp(d->driver, "vfio-pci") == 0 && fk_group_held(fk, d->group))) {
			count++;
		}
	}
	return count;
}

static bool needs(const struct fk_module *m, const char *name)
{
	return m->loaded && fk_word_in(m->needs, ',', name);
}

static bool has_users(struct fakekernel *fk, const struct fk_module *m)
{
	for (int i = 0; i < fk->module_count; i++) {
		if (needs(&fk->modules[i], m->name)) {
			return true;
		}
	}
	return false;
}

/* Those that need @m: its holders directory, its line in /proc/modules, its count. */
static void show_module(struct fakekernel *fk, const struct fk_module *m, struct vh_text *t)
{
	VH_AUTO_TEXT struct vh_text users = {0};
	int count = uses(fk, m);
	char text[FK_NAME + 8];

	fk_drop(fk, "sys/module/%s/holders", m->name);
	(void)fk_put_dir(fk, "sys/module/%s/holders", m->name);
	for (int i = 0; i < fk->module_count; i++) {
		const struct fk_module *user = &fk->modules[i];

		if (needs(user, m->name)) {
			(void)snprintf(text, sizeof(text), "../../%s", user->name);
			(void)fk_put_link(fk, text, "sys/module/%s/holders/%s", m->name, user->name);
			vh_text_addf(&users, "%s,", user->name);
			count++;
		}
	}
	(void)snprintf(text, sizeof(text), "%d\n", count);
	fk_update(fk, text, "sys/module/%s/refcnt", m->name);
	vh_text_addf(t, "%s 16384 %d %s Live 0x0000000000000000\n", m->name, count,
		     users.len ? vh_text_str(&users) : "-");
}

void fk_module_show(struct fakekernel *fk)
{
	VH_AUTO_TEXT struct vh_text t = {0};

	for (int i = fk->module_count - 1; i >= 0; i--) {
		if (fk->modules[i].loaded && !fk->modules[i].builtin && !fk->modules[i].going) {
			show_module(fk, &fk->modules[i], &t);
		}
	}
	(void)fk_put(fk, 0444, vh_text_str(&t), "proc/modules");
}

void fk_module_pins(struct fakekernel *fk)
{
	for (int i = 0; !fk->booting && i < fk->module_count; i++) {
		if (fk->modules[i].pinned_by[0]) {
			fk_module_show(fk);
			return;
		}
	}
}

int fk_module_device(struct fakekernel *fk, const char *name)
{
	for (int i = 0; i < fk->dev_count; i++) {
		int drv = fk->devs[i].driver[0] ? fk_driver_find(fk, fk->devs[i].driver) : -1;

		if (drv >= 0 && strcmp(fk->drivers[drv].module, name) == 0) {
			return i;
		}
	}
	return -1;
}

void fk_module_going(struct fakekernel *fk, const char *name, bool going)
{
	int mod = fk_module_find(fk, name);

	if (mod >= 0 && fk->modules[mod].loaded) {
		fk->modules[mod].going = going;
		fk_update(fk, going ? "going\n" : "live\n", "sys/module/%s/initstate",
			  fk->modules[mod].name);
		fk_update(fk, "-1\n", "sys/module/%s/refcnt", fk->modules[mod].name);
	}
}

static int load_needs(struct fakekernel *fk, const struct fk_module *m)
{
	char list[sizeof(m->needs)];
	char *save = NULL;
	int rc = 0;

	fk_copy(list, sizeof(list), m->needs);
	for (char *n = strtok_r(list, ",", &save); n && rc != -ENODEV;
	     n = strtok_r(NULL, ",", &save)) {
		rc = fk_module_load(fk, n);
	}
	return rc == -ENODEV ? rc : 0;
}

/* One of "NAME:DEFAULT[/BOOT]:ro|rw", cut in place. */
static void put_parameter(struct fakekernel *fk, const struct fk_module *m, char *spec,
			  const char *const options[], unsigned count)
{
	char *value = strchr(spec, ':');
	char *mode = value ? strchr(value + 1, ':') : NULL;
	char *boot;
	char text[128];

	if (!mode) {
		fk_abort("%s: '%s' is no parameter", fk->name, spec);
	}
	*value++ = '\0';
	*mode++ = '\0';
	boot = strchr(value, '/');
	if (boot) {
		*boot++ = '\0';
	}
	(void)snprintf(text, sizeof(text), "%s\n", boot && fk->booting ? boot : value);
	for (unsigned i = 0; i < count; i++) {
		size_t len = strlen(spec);

		if (strncmp(options[i], spec, len) == 0 && options[i][len] == '=') {
			(void)snprintf(text, sizeof(text), "%s\n", options[i] + len + 1);
		}
	}
	if (strcmp(mode, "rw") == 0) {
		(void)fk_put_attr(fk, FK_ATTR_PLAIN, 0, text, "sys/module/%s/parameters/%s",
				  m->name, spec);
	} else {
		(void)fk_put(fk, 0444, text, "sys/module/%s/parameters/%s", m->name, spec);
	}
}

static void put_parameters(struct fakekernel *fk, const struct fk_module *m,
			   const char *const options[], unsigned count)
{
	char list[sizeof(m->params)];
	char *save = NULL;

	fk_copy(list, sizeof(list), m->params);
	for (char *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		put_parameter(fk, m, p, options, count);
	}
}

static void take_out(struct fakekernel *fk, struct fk_module *m);

int fk_module_load(struct fakekernel *fk, const char *name)
{
	return fk_module_load_with(fk, name, NULL, 0);
}

int fk_module_load_with(struct fakekernel *fk, const char *name, const char *const options[],
			unsigned count)
{
	int mod = fk_module_find(fk, name);
	struct fk_module *m;

	if (mod < 0) {
		return -ENOENT;
	}
	m = &fk->modules[mod];
	if (m->loaded) {
		/* The kernel waits for a module that goes; one that never does is an error here. */
		return m->going ? -EBUSY : 0;
	}
	if (load_needs(fk, m)) {
		return -ENODEV;
	}
	m->loaded = true;
	if (m->builtin) {
		(void)fk_put_dir(fk, "sys/module/%s", m->name);
	} else {
		(void)fk_put(fk, 0444, "live\n", "sys/module/%s/initstate", m->name);
		(void)fk_put(fk, 0444, "0\n", "sys/module/%s/refcnt", m->name);
	}
	for (int i = 0; i < fk->driver_count; i++) {
		if (strcmp(fk->drivers[i].module, m->name) == 0) {
			fk_driver_load(fk, i);
			fk_driver_attach(fk, i);
		}
	}
	put_parameters(fk, m, options, count);
	if (m->needs_device && !fk->booting && fk_module_device(fk, m->name) < 0) {
		take_out(fk, m);
		return -ENODEV;
	}
	fk_module_show(fk);
	return 0;
}

/* Its exit function: all is unbound. */
static void take_out(struct fakekernel *fk, struct fk_module *m)
{
	for (int i = 0; i < fk->driver_count; i++) {
		struct fk_drv *drv = &fk->drivers[i];

		if (!drv->loaded || strcmp(drv->module, m->name) != 0) {
			continue;
		}
		for (int dev = fk->dev_count - 1; dev >= 0; dev--) {
			if (strcmp(fk->devs[dev].driver, drv->name) == 0) {
				(void)fk_driver_unbind(fk, dev, false);
			}
		}
		fk_drop(fk, "sys/bus/pci/drivers/%s", drv->name);
		drv->loaded = false;
		drv->id_count = 0;
	}
	fk_drop(fk, "sys/module/%s", m->name);
	m->loaded = false;
	m->going = false;
	fk_module_show(fk);
}

/* delete_module(2) with O_NONBLOCK: in use is EAGAIN at once; otherwise all is unbound. */
int fk_module_unload(struct fakekernel *fk, const char *name)
{
	int mod = fk_module_find(fk, name);
	struct fk_module *m = mod >= 0 ? &fk->modules[mod] : NULL;

	if (!m || !m->loaded) {
		return -ENOENT;
	}
	if (m->going) {
		return -EBUSY;
	}
	if (m->builtin || has_users(fk, m) || uses(fk, m) > 0) {
		return -EAGAIN;
	}
	take_out(fk, m);
	return 0;
}

int fk_module_unload_tree(struct fakekernel *fk, const char *name)
{
	int mod = fk_module_find(fk, name);
	int rc = fk_module_unload(fk, name);
	char list[sizeof(fk->modules[0].needs)];
	char *save = NULL;

	if (rc) {
		return rc;
	}
	fk_copy(list, sizeof(list), fk->modules[mod].needs);
	for (char *n = strtok_r(list, ",", &save); n; n = strtok_r(NULL, ",", &save)) {
		(void)fk_module_unload_tree(fk, n);
	}
	return 0;
}

/* Its own table: "vfio-pci" there means a device that was given to it at boot. */
static bool knows(const struct fakekernel *fk, const struct fk_drv *drv, const struct fk_dynid *id)
{
	for (int i = 0; i < fk->dev_count; i++) {
		const struct fk_dev *d = &fk->devs[i];

		if (d->vendor == id->vendor && d->device == id->device &&
		    strcmp(drv->name, "vfio-pci") != 0 && fk_word_in(d->native, ',', drv->name)) {
			return true;
		}
	}
	return false;
}

static int dynid_index(const struct fk_drv *d, const struct fk_dynid *id)
{
	for (unsigned i = 0; i < d->id_count; i++) {
		if (d->ids[i].vendor == id->vendor && d->ids[i].device == id->device) {
			return (int)i;
		}
	}
	return -1;
}

/* drivers/pci/pci-driver.c: new_id_store(), then driver_attach() */
int fk_driver_new_id(struct fakekernel *fk, int drv, const char *text)
{
	struct fk_drv *d = &fk->drivers[drv];
	struct fk_dynid id;

	if (!fk_ids(text, ' ', &id.vendor, &id.device)) {
		return -EINVAL;
	}
	if (knows(fk, d, &id) || dynid_index(d, &id) >= 0) {
		return -EEXIST;
	}
	if (d->id_count == FK_MAX_DYNIDS) {
		return -ENOMEM;
	}
	d->ids[d->id_count++] = id;
	fk_driver_attach(fk, drv);
	return 0;
}

int fk_driver_remove_id(struct fakekernel *fk, int drv, const char *text)
{
	struct fk_drv *d = &fk->drivers[drv];
	struct fk_dynid id;
	int at;

	if (!fk_ids(text, ' ', &id.vendor, &id.device)) {
		return -EINVAL;
	}
	at = dynid_index(d, &id);
	if (at < 0) {
		return -ENODEV;
	}
	d->ids[at] = d->ids[--d->id_count];
	return 0;
}

bool fk_has_dynid(struct fakekernel *fk, const char *driver, const char *id)
{
	int drv = fk_driver_find(fk, driver);
	struct fk_dynid wanted;

	if (!fk_ids(id, ':', &wanted.vendor, &wanted.device)) {
		fk_abort("'%s' is no id", id);
	}
	return drv >= 0 && dynid_index(&fk->drivers[drv], &wanted) >= 0;
}
