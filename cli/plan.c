/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan: every step with the exact write and the reason; nothing is touched. */
#include "lib/plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/json.h"
#include "lib/engine/journal.h"
#include "lib/engine/picture.h"
#include "lib/proxmox/proxmox.h"

/* The same picture and the same plan that a detach would make now. */
static int make_plan(struct cli *cli, const char *vm, struct vh_plan *plan, struct vh_error *err)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_HOST struct vh_host host = {0};
	int rc = vh_profile_of_vm(cli->sys, vm, &profile, err);

	if (rc) {
		return CLI_USAGE;
	}
	rc = vh_picture_take(cli->sys, &profile, &host, err);
	if (rc == 0) {
		rc = vh_plan_detach(&host, &profile, plan);
		if (rc) {
			(void)vh_error_set(err, -rc, NULL, "out of memory");
		}
	}
	return rc ? CLI_FAILED : CLI_OK;
}

static struct json_object *steps_to_json(const struct vh_step_list *steps, bool back)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < steps->count; i++) {
		const struct vh_step *step = &steps->steps[i];
		struct json_object *o = json_object_new_object();
		char path[sizeof(step->path) + 1];

		/* A unit is no file; and there may be nothing to run. */
		(void)snprintf(path, sizeof(path), "%s%s",
			       step->path[0] && vh_step_has_file(step) ? "/" : "", step->path);
		cli_json_string(o, "kind", vh_step_word(step->kind));
		cli_json_string(o, "title", vh_step_title(step->kind, back));
		cli_json_string(o, "device", step->device);
		cli_json_string(o, "path", path);
		cli_json_string(o, "from", step->found);
		cli_json_string(o, "to", step->wanted);
		if (!back) {
			cli_json_string(o, "why", step->why);
		}
		(void)json_object_array_add(array, o);
	}
	return array;
}

static struct json_object *refusals_to_json(const struct vh_plan *plan)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < plan->refusal_count; i++) {
		struct json_object *o = json_object_new_object();

		cli_json_string(o, "kind", vh_refusal_word(plan->refusals[i].kind));
		cli_json_string(o, "device", plan->refusals[i].device);
		cli_json_string(o, "reason", plan->refusals[i].reason);
		cli_json_string(o, "hint", plan->refusals[i].hint);
		(void)json_object_array_add(array, o);
	}
	return array;
}

static void print_json(const char *vm, const char *event, const struct vh_plan *plan, bool back)
{
	struct json_object *o = json_object_new_object();
	struct json_object *notes = json_object_new_array();
	const struct vh_step_list none = {0};

	cli_json_string(o, "vm", vm);
	cli_json_string(o, "event", event);
	(void)json_object_object_add(o, "refusals", refusals_to_json(plan));
	/* As in the text: of a plan that is refused nothing would be done. */
	(void)json_object_object_add(
		o, "steps", steps_to_json(plan->refusal_count > 0 ? &none : &plan->steps, back));
	for (size_t i = 0; i < plan->notes.count; i++) {
		(void)json_object_array_add(notes, json_object_new_string(plan->notes.items[i]));
	}
	(void)json_object_object_add(o, "notes", notes);
	cli_json_print(o);
}

static int show_detach(struct cli *cli, const char *vm, const char *event,
		       const struct vh_plan *plan)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	if (cli->json) {
		print_json(vm, event, plan, false);
	} else {
		vh_plan_render(plan, &text);
		(void)fputs(vh_text_str(&text), stdout);
	}
	return plan->refusal_count > 0 ? CLI_FAILED : CLI_OK;
}

static int plan_detach(struct cli *cli, const char *vm)
{
	VH_AUTO_PLAN struct vh_plan plan = {0};
	struct vh_error err = {0};
	int status = make_plan(cli, vm, &plan, &err);

	if (status) {
		cli_error(&err);
		return status;
	}
	if (!cli_sees_all(cli)) {
		(void)fputs(
			"vfio-handoff: without root, processes of other users that hold the device "
			"are not seen\n",
			stderr);
	}
	return show_detach(cli, vm, "detach", &plan);
}

static int steps_of_journal(const struct vh_journal *j, struct vh_step_list *ret)
{
	for (size_t i = 0; i < j->count; i++) {
		if (!j->entries[i].undone && vh_step_list_add(ret, &j->entries[i].step)) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* From the journal when the devices are away; else what would follow a detach made now. */
static int plan_reattach(struct cli *cli, const char *vm)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	VH_AUTO_PLAN struct vh_plan plan = {0};
	VH_AUTO_PLAN struct vh_plan back = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_error err = {0};
	int status = CLI_OK;
	int rc = vh_journal_load(cli->sys, vm, false, &j, &err);
	bool away = rc == 0;

	if (rc == 0) {
		rc = steps_of_journal(&j, &plan.steps);
	} else if (rc == -ENOENT || rc == -ESTALE) {
		status = make_plan(cli, vm, &plan, &err);
		rc = 0;
	}
	if (rc || status) {
		cli_error(&err);
		return status ? status : CLI_FAILED;
	}
	if (plan.refusal_count > 0) {
		return show_detach(cli, vm, "reattach", &plan);
	}
	if (vh_plan_reverse(&plan.steps, &back.steps)) {
		return CLI_FAILED;
	}
	if (cli->json) {
		print_json(vm, "reattach", &back, true);
		return CLI_OK;
	}
	if (!away) {
		(void)puts("nothing is handed over now; after a detach this would follow:");
	}
	vh_plan_render_steps(&back.steps, true, &text);
	(void)fputs(vh_text_str(&text), stdout);
	return CLI_OK;
}

int cli_plan(struct cli *cli, int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "detach") == 0) {
		return plan_detach(cli, argv[1]);
	}
	if (argc == 3 && strcmp(argv[2], "reattach") == 0) {
		return plan_reattach(cli, argv[1]);
	}
	return cli_usage("plan VM detach|reattach [--json]");
}
