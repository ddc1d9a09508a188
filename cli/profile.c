/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/plan/plan.h"
#include "lib/profile/keys.h"
#include "lib/profile/trace.h"
#include "lib/proxmox/proxmox.h"

#define SUFFIX ".ini"

const struct cli_syntax cli_profile_check_syntax = {
	"profile check", "[VM]", "is a profile right, or are all",
	"Reads the profile of VM, or all profiles, and says what is wrong.\n"
	"On Proxmox VE it looks into the configuration of the VM, too.",
	NULL};
const struct cli_syntax cli_profile_show_syntax = {
	"profile show", "VM", "every key with its value and where it comes from",
	"Prints every key of a profile with its value and the line it comes from.", NULL};

static int usage(FILE *to)
{
	cli_syntax_usage(&cli_profile_check_syntax, to);
	cli_syntax_usage(&cli_profile_show_syntax, to);
	cli_syntax_usage(&cli_profile_new_syntax, to);
	return CLI_USAGE;
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

/* Two sections for one card: the plan refuses them, but a check should find them before. */
static int check_overlap(struct cli *cli, const struct vh_profile *profile, struct vh_error *err)
{
	VH_AUTO_HOST struct vh_host host = {0};
	int rc = profile->device_count > 1 ? vh_host_load(cli->sys, &host, err) : 0;

	for (size_t i = 1; rc == 0 && i < profile->device_count; i++) {
		rc = vh_plan_overlap(&host, profile, &profile->devices[i], err);
	}
	return rc;
}

/**
 * struct checked - what a check found
 * @where: the guest is not on this node, so its profile was read without its configuration
 */
struct checked {
	struct vh_error err;
	struct vh_error where;
	int rc;
};

/* @all: a cluster's profiles are those of other nodes' guests as well. */
static void check_profile(struct cli *cli, const char *vm, bool all, struct checked *ret)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};

	*ret = (struct checked){0};
	ret->rc = vh_profile_load(cli->sys, vm, &profile, &ret->err);
	if (ret->rc) {
		return;
	}
	if (all && vh_is_vmid(vm) && vh_is_pve_node(cli->sys) &&
	    vh_pve_load(cli->sys, vm, &guest, &ret->where) == -ENOENT) {
		return;
	}
	ret->where = (struct vh_error){0};
	ret->rc = vh_profile_complete(cli->sys, &profile, &ret->err);
	if (ret->rc == 0) {
		ret->rc = check_overlap(cli, &profile, &ret->err);
	}
}

/* @results is the JSON array, or NULL to speak to a person. */
static int check_one(struct cli *cli, const char *vm, bool all, struct json_object *results)
{
	struct checked checked;

	check_profile(cli, vm, all, &checked);
	if (results) {
		struct json_object *o = json_object_new_object();

		add_string(o, "vm", vm);
		json_object_object_add(o, "ok", json_object_new_boolean(checked.rc == 0));
		if (checked.rc) {
			add_string(o, "error", checked.err.msg);
			add_string(o, "hint", checked.err.hint);
		}
		json_object_array_add(results, o);
	} else if (checked.rc) {
		cli_error(&checked.err);
	} else {
		printf("%s" SUFFIX ": ok%s%s\n", vm, checked.where.code ? "; " : "",
		       checked.where.msg);
	}
	return cli_profile_status(checked.rc);
}

/* Adds the VMs that have a profile in @dir; of the cluster's, those without one on this machine. */
static int list_profiles(struct cli *cli, const char *dir, bool of_cluster, struct vh_list *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = cli->sys->ops->list(cli->sys, dir, &names);

	for (size_t i = 0; i < names.count; i++) {
		char *name = names.items[i];
		size_t len = strlen(name);
		size_t suffix = strlen(SUFFIX);

		if (len <= suffix || strcmp(name + len - suffix, SUFFIX) != 0) {
			continue;
		}
		name[len - suffix] = '\0';
		if (of_cluster && (!vh_is_vmid(name) || vh_list_has(ret, name))) {
			continue;
		}
		if (vh_list_add(ret, name)) {
			return -ENOMEM;
		}
	}
	return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
}

static int check_all(struct cli *cli, struct json_object *results)
{
	VH_AUTO_LIST struct vh_list vms = {0};
	const char *dir = VH_PROFILE_DIR;
	int worst = CLI_OK;
	int rc = list_profiles(cli, dir, false, &vms);

	if (rc >= 0) {
		dir = VH_PROFILE_CLUSTER_DIR;
		rc = list_profiles(cli, dir, true, &vms);
	}
	if (rc < 0) {
		struct vh_error err = {0};

		(void)vh_error_sys(&err, -rc, dir, "cannot list the profiles");
		cli_error(&err);
		return CLI_FAILED;
	}
	vh_list_sort(&vms);
	for (size_t i = 0; i < vms.count; i++) {
		int status = check_one(cli, vms.items[i], true, results);

		worst = status > worst ? status : worst;
	}
	if (vms.count == 0 && !results) {
		(void)fprintf(stderr, "there is no profile in /%s\n", VH_PROFILE_DIR);
	}
	return worst;
}

static int check(struct cli *cli, const char *vm)
{
	struct json_object *results = cli->json ? json_object_new_array() : NULL;
	int status = vm ? check_one(cli, vm, false, results) : check_all(cli, results);

	if (results) {
		print_json(results);
	}
	return status;
}

/**
 * struct row - one key with its value, on its way to a person or to a program
 * @file: where the value comes from, NULL for a default
 */
struct row {
	const struct vh_key *key;
	const char *title;
	char value[VH_KEY_VALUE_MAX];
	const char *file;
	unsigned line;
};

static void row_print(const struct row *row)
{
	if (!row->value[0]) {
		printf("; %s is not set\n", row->key->name);
	} else if (row->file) {
		printf("%-16s= %-28s ; %s:%u\n", row->key->name, row->value, row->file, row->line);
	} else {
		printf("%-16s= %-28s ; default\n", row->key->name, row->value);
	}
}

static void row_json(const struct row *row, struct json_object *list)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "section", row->title);
	add_string(o, "key", row->key->name);
	json_object_object_add(o, "value",
			       row->value[0] ? json_object_new_string(row->value) : NULL);
	json_object_object_add(o, "default", json_object_new_boolean(!row->file));
	if (row->file) {
		add_string(o, "file", row->file);
		json_object_object_add(o, "line", json_object_new_int64(row->line));
	}
	json_object_array_add(list, o);
}

/* Of a device of the guest's configuration only the address and the id come from there. */
static void find_origin(const struct vh_profile *profile, const struct vh_profile_device *device,
			const struct vh_trace *trace, struct row *row)
{
	const struct vh_origin *origin = vh_trace_find(trace, row->title, row->key);

	if (origin) {
		row->file = origin->file;
		row->line = origin->line;
	} else if (device && profile->from_guest &&
		   (!row->key->fallback || strcmp(row->key->name, "id") == 0)) {
		row->file = device->file;
		row->line = device->line;
	}
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
		row.key->get(row.key, profile, device, row.value);
		find_origin(profile, device, trace, &row);
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

	if (rc == 0) {
		rc = vh_profile_complete(cli->sys, &profile, &err);
	}
	if (rc) {
		cli_error(&err);
		return cli_profile_status(rc);
	}
	if (!cli->json) {
		if (profile.from_guest) {
			printf("; the profile has no [device], so %s decides\n",
			       profile.devices[0].file);
		}
		show_all(&profile, &trace, NULL);
		return CLI_OK;
	}
	o = json_object_new_object();
	list = json_object_new_array();
	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, profile.hash);
	add_string(o, "vm", profile.vm);
	add_string(o, "hash", hash);
	json_object_object_add(o, "from_guest", json_object_new_boolean(profile.from_guest));
	show_all(&profile, &trace, list);
	json_object_object_add(o, "settings", list);
	print_json(o);
	return CLI_OK;
}

/* The VM is argv[1], or NULL; CLI_OK, or as cli_options_take(). */
static int take_vm(const struct cli_syntax *syntax, int argc, char **argv, const char **ret)
{
	const char *no_values[1];
	int status = cli_options_take(syntax, &argc, argv, no_values);

	*ret = argc > 1 ? argv[1] : NULL;
	if (status == CLI_OK && (argc > 2 || (!*ret && syntax->arguments[0] != '['))) {
		status = cli_syntax_wrong(syntax);
	}
	return status;
}

int cli_profile(struct cli *cli, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const char *vm;
	int status;

	if (strcmp(word, "new") == 0) {
		return cli_profile_new(cli, argc - 1, argv + 1);
	}
	if (strcmp(word, "check") == 0) {
		status = take_vm(&cli_profile_check_syntax, argc - 1, argv + 1, &vm);
		status = status == CLI_OK ? check(cli, vm) : status;
	} else if (strcmp(word, "show") == 0) {
		status = take_vm(&cli_profile_show_syntax, argc - 1, argv + 1, &vm);
		status = status == CLI_OK && vm ? show(cli, vm) : status;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		(void)usage(stdout);
		status = CLI_OK;
	} else {
		status = usage(stderr);
	}
	/* --help was given, and is printed. */
	return status < 0 ? CLI_OK : status;
}
