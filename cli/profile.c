/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/keys.h"
#include "lib/profile/trace.h"

#define SUFFIX ".ini"

static int usage(void)
{
	return cli_usage("profile check [VM] [--json]\n"
			 "       vfio-handoff profile show VM [--json]\n"
			 "\n"
			 "check  reads the profile of VM, or all profiles, and says what is wrong\n"
			 "show   prints every key with its value and the line it comes from");
}

/* What is wrong with a profile is 2; that it could not be read for another reason is 1. */
static int status_of(int rc)
{
	switch (rc) {
	case 0:
		return CLI_OK;
	case -EINVAL:
	case -EPERM:
	case -ENOENT:
		return CLI_USAGE;
	default:
		return CLI_FAILED;
	}
}

static void add_string(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

/* Releases @o. */
static void print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* @results is the JSON array, or NULL to speak to a person. */
static int check_one(struct cli *cli, const char *vm, struct json_object *results)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_error err = {0};
	int rc = vh_profile_load(cli->sys, vm, &profile, &err);

	if (results) {
		struct json_object *o = json_object_new_object();

		add_string(o, "vm", vm);
		json_object_object_add(o, "ok", json_object_new_boolean(rc == 0));
		if (rc) {
			add_string(o, "error", err.msg);
			add_string(o, "hint", err.hint);
		}
		json_object_array_add(results, o);
	} else if (rc) {
		cli_error(&err);
	} else {
		printf("%s" SUFFIX ": ok\n", vm);
	}
	return status_of(rc);
}

static int check_all(struct cli *cli, struct json_object *results)
{
	VH_AUTO_LIST struct vh_list names = {0};
	size_t count = 0;
	int worst = CLI_OK;
	int rc = cli->sys->ops->list(cli->sys, VH_PROFILE_DIR, &names);

	if (rc < 0 && rc != -ENOENT) {
		struct vh_error err = {0};

		(void)vh_error_sys(&err, -rc, VH_PROFILE_DIR, "cannot list the profiles");
		cli_error(&err);
		return CLI_FAILED;
	}
	vh_list_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		char *name = names.items[i];
		size_t len = strlen(name);
		size_t suffix = strlen(SUFFIX);
		int status;

		if (len <= suffix || strcmp(name + len - suffix, SUFFIX) != 0) {
			continue;
		}
		name[len - suffix] = '\0';
		status = check_one(cli, name, results);
		worst = status > worst ? status : worst;
		count++;
	}
	if (count == 0 && !results) {
		(void)fprintf(stderr, "there is no profile in /%s\n", VH_PROFILE_DIR);
	}
	return worst;
}

static int check(struct cli *cli, const char *vm)
{
	struct json_object *results = cli->json ? json_object_new_array() : NULL;
	int status = vm ? check_one(cli, vm, results) : check_all(cli, results);

	if (results) {
		print_json(results);
	}
	return status;
}

/* One key with its value, on its way to a person or to a program. */
struct row {
	const struct vh_key *key;
	const char *title;
	char value[VH_KEY_VALUE_MAX];
	const struct vh_origin *origin;
};

static void row_print(const struct row *row)
{
	if (!row->value[0]) {
		printf("; %s is not set\n", row->key->name);
	} else if (row->origin) {
		printf("%-8s= %-28s ; %s:%u\n", row->key->name, row->value, row->origin->file,
		       row->origin->line);
	} else {
		printf("%-8s= %-28s ; default\n", row->key->name, row->value);
	}
}

static void row_json(const struct row *row, struct json_object *list)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "section", row->title);
	add_string(o, "key", row->key->name);
	json_object_object_add(o, "value",
			       row->value[0] ? json_object_new_string(row->value) : NULL);
	json_object_object_add(o, "default", json_object_new_boolean(!row->origin));
	if (row->origin) {
		add_string(o, "file", row->origin->file);
		json_object_object_add(o, "line", json_object_new_int64(row->origin->line));
	}
	json_object_array_add(list, o);
}

static void show_section(const struct vh_profile *profile, const struct vh_profile_device *device,
			 const char *section, const struct vh_trace *trace,
			 struct json_object *list)
{
	char title[VH_TITLE_MAX];

	(void)snprintf(title, sizeof(title), "%s%s%s", section, device ? " " : "",
		       device ? device->name : "");
	if (!list) {
		printf("%s[%s]\n", device == profile->devices ? "" : "\n", title);
	}
	for (size_t i = 0; i < VH_KEY_COUNT; i++) {
		struct row row = {.key = &vh_keys[i], .title = title};

		if (strcmp(row.key->section, section) != 0) {
			continue;
		}
		row.key->get(profile, device, row.value);
		row.origin = vh_trace_find(trace, title, row.key);
		if (list) {
			row_json(&row, list);
		} else {
			row_print(&row);
		}
	}
}

static void show_all(const struct vh_profile *profile, const struct vh_trace *trace,
		     struct json_object *list)
{
	for (size_t i = 0; i < profile->device_count; i++) {
		show_section(profile, &profile->devices[i], vh_sections[VH_SECTION_DEVICE], trace,
			     list);
	}
	for (size_t i = VH_SECTION_DEVICE + 1; i < VH_SECTION_COUNT; i++) {
		show_section(profile, NULL, vh_sections[i], trace, list);
	}
}

static int show(struct cli *cli, const char *vm)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_TRACE struct vh_trace trace = {0};
	struct vh_error err = {0};
	struct json_object *o;
	struct json_object *list;
	char hash[17];
	int rc = vh_profile_load_traced(cli->sys, vm, &profile, &trace, &err);

	if (rc) {
		cli_error(&err);
		return status_of(rc);
	}
	if (!cli->json) {
		show_all(&profile, &trace, NULL);
		return CLI_OK;
	}
	o = json_object_new_object();
	list = json_object_new_array();
	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, profile.hash);
	add_string(o, "vm", profile.vm);
	add_string(o, "hash", hash);
	show_all(&profile, &trace, list);
	json_object_object_add(o, "settings", list);
	print_json(o);
	return CLI_OK;
}

int cli_profile(struct cli *cli, int argc, char **argv)
{
	if ((argc == 2 || argc == 3) && strcmp(argv[1], "check") == 0) {
		return check(cli, argc == 3 ? argv[2] : NULL);
	}
	if (argc == 3 && strcmp(argv[1], "show") == 0) {
		return show(cli, argv[2]);
	}
	return usage();
}
