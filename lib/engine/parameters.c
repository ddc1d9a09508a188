/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/parameters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/write.h"
#include "lib/host/module.h"

int vh_parameters_save(struct vh_run *run, const char *module, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list writable = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	char path[VH_PATH_MAX];
	char dir[VH_PATH_MAX];
	int rc = vh_journal_module_path(run->journal, module, path, sizeof(path));

	if (rc == 0 && vh_sys_exists(run->sys, "%s", path)) {
		return 0;
	}
	if (rc == 0) {
		rc = vh_module_parameters(run->sys, module, &text, &writable);
	}
	if (rc == 0 && text.len == 0) {
		return 0;
	}
	if (rc == 0) {
		(void)vh_copy(dir, sizeof(dir), path);
		*strrchr(dir, '/') = '\0';
		rc = run->sys->ops->make_dir(run->sys, dir, 0700);
	}
	if (rc == 0) {
		rc = run->sys->ops->publish(run->sys, path, 0600, text.data, text.len);
	}
	return rc ? vh_error_sys(err, -rc, path, "cannot keep the parameters of %s", module) : 0;
}

/* Cuts @text into its lines; what stands behind the last newline was torn. */
static int split(char *text, struct vh_list *ret)
{
	int rc = 0;

	for (char *end = strchr(text, '\n'); rc == 0 && end; end = strchr(text, '\n')) {
		*end = '\0';
		if (strchr(text, '=')) {
			rc = vh_list_add(ret, text);
		}
		text = end + 1;
	}
	return rc;
}

static int load_saved(struct vh_run *run, const char *module, struct vh_list *ret)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];

	if (vh_journal_module_path(run->journal, module, path, sizeof(path)) ||
	    vh_sys_read(run->sys, path, &text)) {
		return 0;
	}
	return split(text, ret);
}

/**
 * different() - those of @saved that are not so now
 * @ret_writable: the names of those that can be written, of all
 */
static int different(struct vh_run *run, const char *module, const struct vh_list *saved,
		     struct vh_list *ret, struct vh_list *ret_writable)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_LIST struct vh_list now = {0};
	int rc;

	vh_list_done(ret);
	vh_list_done(ret_writable);
	rc = vh_module_parameters(run->sys, module, &text, ret_writable);
	if (rc == 0 && text.data) {
		rc = split(text.data, &now);
	}
	for (size_t i = 0; rc == 0 && i < saved->count; i++) {
		if (!vh_list_has(&now, saved->items[i])) {
			rc = vh_list_add(ret, saved->items[i]);
		}
	}
	return rc;
}

/* What a command line can carry: modprobe splits at blanks, and the kernel takes quotes away. */
static bool is_expressible(const char *value)
{
	return value[0] && strcmp(value, "(null)") != 0 && !strpbrk(value, " \t\"'");
}

static void write_back(struct vh_run *run, const struct vh_leaving *m, const struct vh_list *lines,
		       const struct vh_list *writable)
{
	for (size_t i = 0; i < lines->count; i++) {
		const char *value = strchr(lines->items[i], '=') + 1;
		struct vh_error err = {0};
		char path[VH_PATH_MAX];
		char name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)(value - 1 - lines->items[i]),
			       lines->items[i]);
		if (!vh_list_has(writable, name) || strcmp(value, "(null)") == 0) {
			continue;
		}
		(void)snprintf(path, sizeof(path), "sys/module/%s/parameters/%s", m->module, name);
		if (vh_write(run, path, value, m->device, m->timeout_ms, &err)) {
			vh_log(run->log, VH_LOG_WARNING, m->device, "unload", "%s", err.msg);
		}
	}
}

/* The options among @lines; those that cannot be given are said. */
static int to_options(struct vh_run *run, const struct vh_leaving *m, const struct vh_list *lines,
		      struct vh_list *ret)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < lines->count; i++) {
		if (is_expressible(strchr(lines->items[i], '=') + 1)) {
			rc = vh_list_add(ret, lines->items[i]);
		} else {
			vh_log(run->log, VH_LOG_WARNING, m->device, "unload",
			       "%s: the parameter '%s' cannot be given as an option", m->module,
			       lines->items[i]);
		}
	}
	return rc;
}

/* Out, and in with @options; without them, if it does not come like that. */
static int load_again(struct vh_run *run, const struct vh_leaving *m, const struct vh_list *options,
		      struct vh_error *err)
{
	/* In use by now: then it works, and stays. */
	struct vh_leaving at_once = {m->module, m->device, 0};
	struct vh_error why = {0};
	int rc;

	if (!vh_drives_only_ours(run, m->module) || vh_console_off(run, m->device, &why) ||
	    vh_await_unused(run, &at_once, &why)) {
		vh_log(run->log, VH_LOG_INFO, m->device, "unload", "%s: %s", m->module,
		       why.msg[0] ? why.msg : "it drives other devices as well");
		return 0;
	}
	vh_log(run->log, VH_LOG_NOTICE, m->device, "unload",
	       "%s: loading it once more, with the parameters it had", m->module);
	rc = vh_unload(run, m, err);
	if (rc) {
		return rc;
	}
	if (vh_modprobe_with(run, m->module, options, m->timeout_ms, &why) == 0) {
		return 0;
	}
	vh_log(run->log, VH_LOG_WARNING, m->device, "unload", "%s", why.msg);
	return vh_modprobe(run, m->module, m->timeout_ms, err);
}

static int complain(const struct vh_leaving *m, const struct vh_list *lines, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	for (size_t i = 0; i < lines->count; i++) {
		vh_text_addf(&text, "%s%s", i ? ", " : "", lines->items[i]);
	}
	(void)vh_error_set(err, EIO, NULL,
			   "%s is loaded with other parameters than before: it had %s", m->module,
			   vh_text_str(&text));
	return VH_UNDO_BROKEN;
}

static int bring_back(struct vh_run *run, const struct vh_leaving *m, const struct vh_list *saved,
		      struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list lines = {0};
	VH_AUTO_LIST struct vh_list writable = {0};
	VH_AUTO_LIST struct vh_list options = {0};
	int rc = different(run, m->module, saved, &lines, &writable);

	if (rc == 0 && lines.count > 0) {
		write_back(run, m, &lines, &writable);
		rc = different(run, m->module, saved, &lines, &writable);
	}
	if (rc == 0 && lines.count > 0) {
		rc = to_options(run, m, &lines, &options);
	}
	if (rc == 0 && options.count > 0) {
		rc = load_again(run, m, &options, err);
		if (rc) {
			return rc;
		}
		/* Those that were written are as a load leaves them. */
		rc = different(run, m->module, saved, &lines, &writable);
		write_back(run, m, &lines, &writable);
		rc = rc ? rc : different(run, m->module, saved, &lines, &writable);
	}
	if (rc) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	return lines.count > 0 ? complain(m, &lines, err) : VH_UNDO_OK;
}

int vh_parameters_restore(struct vh_run *run, const struct vh_leaving *m, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list saved = {0};

	if (m->module[0] == '\0') {
		return VH_UNDO_OK;
	}
	if (load_saved(run, m->module, &saved)) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (saved.count == 0 || !vh_module_is_loaded(run->sys, m->module)) {
		return VH_UNDO_OK;
	}
	return bring_back(run, m, &saved, err);
}
