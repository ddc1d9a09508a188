/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/module.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define M "sys/module/%s"

/* No chain of modules is nearly as long; a tree that was made up may hold a ring. */
#define MAX_DEPTH 16U

/* Only what was loaded, on a kernel that can unload, has a count (kernel/module/sysfs.c). */
bool vh_module_is_loaded(struct vh_sys *sys, const char *name)
{
	return vh_sys_exists(sys, M "/refcnt", name);
}

int vh_module_load(struct vh_sys *sys, const char *name, struct vh_module *ret,
		   struct vh_list *ret_holders)
{
	struct vh_module m = {0};
	uint64_t uses = 0;
	int rc;

	if (!vh_copy(m.name, sizeof(m.name), name) || !vh_module_is_loaded(sys, name)) {
		return -ENOENT;
	}
	/* It reads -1 while the module leaves (kernel/module/main.c: module_refcount). */
	if (vh_sys_attr_u64(sys, 10, &uses, M "/refcnt", name)) {
		uses = 0;
	}
	rc = vh_sys_list(sys, ret_holders, M "/holders", name);
	if (rc == -ENOMEM) {
		return rc;
	}
	m.uses = (unsigned)uses;
	m.holders = (unsigned)ret_holders->count;
	*ret = m;
	return 0;
}

/* A value that would not be one line is none that a command line could give. */
static int add_parameter(struct vh_sys *sys, const char *module, const char *name,
			 struct vh_text *ret, struct vh_list *ret_writable)
{
	char path[VH_PATH_MAX];
	char value[1024];
	struct vh_stat st;

	(void)snprintf(path, sizeof(path), M "/parameters/%s", module, name);
	if (sys->ops->stat(sys, path, &st) || !(st.mode & 0444U) ||
	    vh_sys_attr(sys, value, sizeof(value), "%s", path) || strchr(value, '\n')) {
		return 0;
	}
	vh_text_addf(ret, "%s=%s\n", name, value);
	return st.mode & 0222U ? vh_list_add(ret_writable, name) : 0;
}

int vh_module_parameters(struct vh_sys *sys, const char *name, struct vh_text *ret,
			 struct vh_list *ret_writable)
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = vh_sys_list(sys, &names, M "/parameters", name);

	/* Most modules have none. */
	if (rc) {
		return rc == -ENOMEM ? rc : 0;
	}
	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		rc = add_parameter(sys, name, names.items[i], ret, ret_writable);
	}
	return rc == 0 && ret->failed ? -ENOMEM : rc;
}

/* Another VM may be using them, and unloading them would wait for that VM. */
static bool is_vfio(const char *name)
{
	return strcmp(name, "vfio") == 0 || strncmp(name, "vfio_", 5) == 0;
}

static bool drives_inspected(const struct vh_host *host, const char *name)
{
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (f->inspected && strcmp(f->module, name) == 0) {
			return true;
		}
	}
	return false;
}

static int append(struct vh_host *host, struct vh_module *m, const char *base)
{
	struct vh_module *list =
		realloc(host->modules, (host->module_count + 1) * sizeof(*host->modules));

	if (!list) {
		return -ENOMEM;
	}
	m->is_driver = drives_inspected(host, m->name);
	(void)vh_copy(m->base, sizeof(m->base), base);
	for (size_t i = 0; i < host->function_count; i++) {
		m->drives += strcmp(host->functions[i].module, m->name) == 0;
	}
	host->modules = list;
	list[host->module_count++] = *m;
	return 0;
}

/* What is built on it first: each is in the list before all that it needs. */
static int visit(struct vh_sys *sys, struct vh_host *host, struct vh_list *seen, const char *name,
		 const char *base, unsigned depth)
{
	VH_AUTO_LIST struct vh_list holders = {0};
	struct vh_module m;
	int rc;

	if (depth > MAX_DEPTH || is_vfio(name) || vh_list_has(seen, name)) {
		return 0;
	}
	rc = vh_module_load(sys, name, &m, &holders);
	if (rc) {
		return rc == -ENOENT ? 0 : rc;
	}
	rc = vh_list_add(seen, name);
	for (size_t i = 0; rc == 0 && i < holders.count; i++) {
		rc = visit(sys, host, seen, holders.items[i], base, depth + 1);
	}
	return rc ? rc : append(host, &m, base);
}

int vh_host_inspect_modules(struct vh_sys *sys, struct vh_host *host, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list seen = {0};
	int rc = 0;

	free(host->modules);
	host->modules = NULL;
	host->module_count = 0;
	for (size_t i = 0; rc == 0 && i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (f->inspected && !f->is_vfio && f->module[0]) {
			rc = visit(sys, host, &seen, f->module, f->module, 0);
		}
	}
	return rc ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}
