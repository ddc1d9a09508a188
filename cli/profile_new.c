/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile new: writes a profile of the fewest lines that work. */
#include "cli/profile_new.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "lib/engine/picture.h"
#include "lib/host/record.h"
#include "lib/plan/plan.h"
#include "lib/profile/new.h"
#include "lib/proxmox/proxmox.h"

/* Raised when a field changes its meaning or goes. */
#define SCHEMA 1

#define LOCK            VH_RUN_LOCK_DIR "/profile"
#define LOCK_TIMEOUT_MS 10000U

enum option {
	DEVICE,
	PRINT,
	OPTION_MAX,
};

static const struct cli_option options[] = {
	[DEVICE] = {"--device", "ADDRESS", "this device instead of the only display card", true},
	[PRINT] = {"--print", NULL, "to stdout; nothing is written", false},
	[OPTION_MAX] = {0},
};

const struct cli_syntax cli_profile_new_syntax = {
	"profile new", "VM", "a profile of the fewest lines that work",
	"Writes a profile for VM: for the devices that its definition has, or for the only display\n"
	"card with all that is on it. Then shows the plan that it leads to. It asks nothing: where\n"
	"there are several cards, it lists them. The VM need not exist yet.",
	options};

/**
 * struct making - one call
 * @path: where the profile goes, below the root
 */
struct making {
	struct cli *cli;
	const char *vm;
	struct vh_list wanted;
	bool print;
	struct cli_choice choice;
	struct vh_host host;
	struct cli_pci_names names;
	char path[VH_PATH_MAX];
	struct vh_text text;
	struct vh_list warnings;
};

static int take_option(void *arg, size_t option, const char *value)
{
	struct making *m = arg;

	if (option == DEVICE) {
		return vh_list_add(&m->wanted, value) ? CLI_FAILED : CLI_OK;
	}
	m->print = true;
	return CLI_OK;
}

static void name_of(void *arg, const struct vh_function *f, char *buf, size_t size)
{
	cli_pci_device_name(arg, f, buf, size);
}

/* The name can be a file's, and none has it yet. */
static int check_vm(struct making *m)
{
	struct vh_error err = {0};
	int rc;

	if (vh_profile_path(m->path, sizeof(m->path), m->vm)) {
		(void)vh_error_set(
			&err, EINVAL, NULL,
			"'%s' cannot be a VM's name here: a profile is a file named after "
			"its VM",
			m->vm);
		vh_sanitize(err.msg);
		cli_error(&err);
		return CLI_USAGE;
	}
	rc = m->print ? 0 : vh_profile_find(m->cli->sys, m->vm);
	if (rc == 0) {
		return CLI_OK;
	}
	if (rc > 0) {
		(void)vh_error_set(&err, EEXIST, m->path, "'%s' has a profile already", m->vm);
		(void)vh_error_hint(&err,
				    "'vfio-handoff profile show' says what is in it; edit it, or "
				    "see what a new one would be with --print");
	} else {
		(void)vh_error_sys(&err, -rc, m->path, "cannot look for a profile");
	}
	cli_error(&err);
	return CLI_FAILED;
}

static int make_text(struct making *m)
{
	struct vh_profile_new what = {
		.host = &m->host,
		.vm = m->vm,
		.name = name_of,
		.arg = &m->names,
	};
	struct vh_error err = {0};
	int status;

	if (vh_host_load(m->cli->sys, &m->host, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	m->choice = (struct cli_choice){
		.cli = m->cli,
		.vm = m->vm,
		.host = &m->host,
		.names = &m->names,
		.wanted = &m->wanted,
	};
	status = cli_choose_devices(&m->choice);
	if (status != CLI_OK) {
		return status;
	}
	what.chosen = m->choice.indices;
	what.count = m->choice.count;
	if (vh_profile_new(&what, &m->text, &m->warnings, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	return CLI_OK;
}

/* Two that run at once: the second must not take the place of what the first has written. */
static int publish(struct making *m)
{
	struct vh_sys *sys = m->cli->sys;
	int lock = sys->ops->make_dir(sys, VH_RUN_LOCK_DIR, 0755);
	int rc;

	if (lock == 0) {
		lock = sys->ops->lock(sys, LOCK, LOCK_TIMEOUT_MS);
	}
	if (lock < 0) {
		return lock;
	}
	rc = vh_profile_find(sys, m->vm) ? -EEXIST : 0;
	if (rc == 0) {
		rc = sys->ops->make_dir(sys, VH_PROFILE_DIR, 0755);
	}
	if (rc == 0) {
		rc = sys->ops->publish(sys, m->path, 0644, vh_text_str(&m->text), m->text.len);
	}
	sys->ops->unlock(sys, lock);
	return rc;
}

/* 1: written; 0: it may not be, which is said; or an exit status below 0. */
static int write_profile(struct making *m)
{
	struct vh_error err = {0};
	int rc;

	if (m->print) {
		return 0;
	}
	if (!m->cli->root && geteuid() != 0) {
		(void)fprintf(stderr,
			      "vfio-handoff: not written, only root may; it would be /%s:\n",
			      m->path);
		return 0;
	}
	rc = publish(m);
	if (rc == -EROFS && m->cli->root) {
		(void)fprintf(stderr,
			      "vfio-handoff: not written, another tree is only looked at; it would "
			      "be /%s:\n",
			      m->path);
		return 0;
	}
	if (rc) {
		(void)vh_error_sys(&err, -rc, m->path, "cannot write the profile");
		cli_error(&err);
		return -CLI_FAILED;
	}
	return 1;
}

/* As it will be read: from its file, or the text itself. */
static int load(const struct making *m, bool written, struct vh_profile *ret, struct vh_error *err)
{
	const char *file = vh_basename(m->path);
	int rc;

	if (written) {
		rc = vh_profile_load(m->cli->sys, m->vm, ret, err);
	} else {
		vh_profile_init(ret, m->vm);
		rc = vh_profile_parse(ret, file, vh_text_str(&m->text), m->text.len, err);
	}
	if (rc == 0 && m->choice.from_guest) {
		rc = vh_profile_complete(m->cli->sys, ret, err);
	} else if (rc == 0) {
		rc = vh_profile_finish(ret, file, err);
	}
	return rc;
}

/* What a start would do now; a refusal says what is still to be done. */
static int show_plan(const struct making *m, bool written, FILE *to)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_HOST struct vh_host host = {0};
	VH_AUTO_PLAN struct vh_plan plan = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_error err = {0};
	int rc = load(m, written, &profile, &err);

	if (rc == 0) {
		rc = vh_picture_take(m->cli->sys, &profile, &host, &err);
	}
	if (rc == 0 && vh_plan_detach(&host, &profile, &plan)) {
		rc = vh_error_set(&err, ENOMEM, NULL, "out of memory");
	}
	if (rc) {
		cli_error(&err);
		return CLI_FAILED;
	}
	if (!m->cli->root && geteuid() != 0) {
		(void)fputs("vfio-handoff: without root, processes of other users that hold the "
			    "device are not seen\n",
			    stderr);
	}
	vh_plan_render(&plan, &text);
	(void)fprintf(to, "\nwith it a start of %s would now do this:\n\n%s", m->vm,
		      vh_text_str(&text));
	return CLI_OK;
}

static void print_json(const struct making *m, bool written)
{
	struct json_object *o = json_object_new_object();
	struct json_object *devices = json_object_new_array();
	struct json_object *warnings = json_object_new_array();
	char file[VH_PATH_MAX + 1];

	(void)json_object_object_add(o, "schema", json_object_new_int(SCHEMA));
	cli_json_string(o, "vm", m->vm);
	(void)snprintf(file, sizeof(file), "/%s", m->path);
	cli_json_string(o, "file", file);
	(void)json_object_object_add(o, "written", json_object_new_boolean(written));
	(void)json_object_object_add(o, "from_guest", json_object_new_boolean(m->choice.from_guest));
	for (size_t i = 0; i < m->choice.count; i++) {
		(void)json_object_array_add(
			devices,
			json_object_new_string(m->host.functions[m->choice.indices[i]].name));
	}
	(void)json_object_object_add(o, "devices", devices);
	for (size_t i = 0; i < m->warnings.count; i++) {
		(void)json_object_array_add(warnings, json_object_new_string(m->warnings.items[i]));
	}
	(void)json_object_object_add(o, "warnings", warnings);
	cli_json_string(o, "text", vh_text_str(&m->text));
	cli_json_print(o);
}

static void say_next(const struct making *m, bool written)
{
	if (m->choice.from_guest) {
		(void)fputs("the VM's hostpci lines have its devices; the profile needs none\n",
			    stderr);
	} else if (m->choice.why) {
		(void)fprintf(stderr, "its devices: %s\n", m->choice.why);
	}
	for (size_t i = 0; i < m->warnings.count; i++) {
		(void)fprintf(stderr, "warning: %s\n", m->warnings.items[i]);
	}
	if (written) {
		(void)fprintf(
			stderr,
			"written: /%s\n"
			"next: 'vfio-handoff patch %s' shows what its definition still needs,\n"
			"      'vfio-handoff doctor %s' what the host does\n",
			m->path, m->vm, m->vm);
	}
}

static int make(struct making *m)
{
	int status = make_text(m);
	int written;

	if (status != CLI_OK) {
		return status;
	}
	written = write_profile(m);
	if (written < 0) {
		return -written;
	}
	if (m->cli->json) {
		print_json(m, written > 0);
		say_next(m, written > 0);
		return CLI_OK;
	}
	/* What is to be kept is alone on stdout. */
	(void)fputs(vh_text_str(&m->text), stdout);
	(void)fflush(stdout);
	status = show_plan(m, written > 0, written > 0 ? stdout : stderr);
	say_next(m, written > 0);
	return status;
}

int cli_profile_new(struct cli *cli, int argc, char **argv)
{
	struct making m = {.cli = cli};
	int status = cli_options_each(&cli_profile_new_syntax, &argc, argv, take_option, &m);

	if (status == CLI_OK && argc != 2) {
		status = cli_syntax_wrong(&cli_profile_new_syntax);
	}
	if (status == CLI_OK) {
		m.vm = argv[1];
		status = check_vm(&m);
	}
	if (status == CLI_OK) {
		cli_pci_names_open(&m.names);
		status = make(&m);
		cli_pci_names_close(&m.names);
	}
	vh_list_done(&m.wanted);
	vh_list_done(&m.warnings);
	vh_text_done(&m.text);
	vh_host_done(&m.host);
	return status < 0 ? CLI_OK : status;
}
