/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setup: the host's own configuration. Shown as a diff; --apply makes it so, --undo takes it back. */
#include "lib/setup/setup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/patch.h"
#include "lib/base/cleanup.h"
#include "lib/host/record.h"

#define LOCK            VH_RUN_LOCK_DIR "/setup"
#define LOCK_TIMEOUT_MS 10000U
#define DEDICATE_MAX    16

enum option {
	OPTION_APPLY,
	OPTION_UNDO,
	OPTION_DEDICATE,
	OPTION_CLEAN,
	OPTION_MAX,
};

static const struct cli_option options[] = {
	[OPTION_APPLY] = {"--apply", NULL,
			  "change the files and run what brings that into effect; what they were "
			  "before is kept",
			  false},
	[OPTION_UNDO] = {"--undo", NULL, "back to what they were before the first --apply", false},
	[OPTION_DEDICATE] = {"--dedicate", "ADDRESS",
			     "this card never returns to the host: all functions of it are for "
			     "vfio-pci from the start on",
			     true},
	[OPTION_CLEAN] = {"--clean", NULL,
			  "take away what popular guides leave behind and what fights the return "
			  "of a card; without it that is only named",
			  false},
	[OPTION_MAX] = {0},
};

const struct cli_syntax cli_setup_syntax = {
	"setup", "[--apply | --undo]", "what the host's own files need, as a diff",
	"Shows what this host needs so that devices can be handed over, which is often nothing, as\n"
	"a diff of its files with the reason of each change.",
	options};

enum action {
	SHOW,
	APPLY,
	UNDO,
};

/**
 * struct call - the words
 */
struct call {
	enum action action;
	struct vh_pci_address dedicate[DEDICATE_MAX];
	struct vh_setup_wish wish;
};

static int wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("vfio-handoff: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputs("; see vfio-handoff setup --help\n", stderr);
	return CLI_USAGE;
}

static int take_action(struct call *call, enum action action)
{
	if (call->action != SHOW && call->action != action) {
		return wrong("only one of --apply and --undo");
	}
	call->action = action;
	return CLI_OK;
}

static int take_address(struct call *call, const char *word)
{
	if (call->wish.dedicate_count == DEDICATE_MAX) {
		return wrong("--dedicate at most %d times", DEDICATE_MAX);
	}
	if (vh_pci_address_parse(word, &call->dedicate[call->wish.dedicate_count])) {
		return wrong("'%s' is no address of a PCI device, such as 0000:01:00.0", word);
	}
	call->wish.dedicate_count++;
	return CLI_OK;
}

static int take_option(void *arg, size_t option, const char *value)
{
	struct call *call = arg;

	switch ((enum option)option) {
	case OPTION_APPLY:
		return take_action(call, APPLY);
	case OPTION_UNDO:
		return take_action(call, UNDO);
	case OPTION_DEDICATE:
		return take_address(call, value);
	case OPTION_CLEAN:
	case OPTION_MAX:
	default:
		call->wish.clean = true;
		return CLI_OK;
	}
}

static int take_words(struct call *call, int argc, char **argv)
{
	int status = cli_options_each(&cli_setup_syntax, &argc, argv, take_option, call);

	if (status == CLI_OK && argc > 1) {
		status = wrong("what is '%s'?", argv[1]);
	}
	if (status == CLI_OK && call->action == UNDO &&
	    (call->wish.clean || call->wish.dedicate_count > 0)) {
		status = wrong("--undo takes back all of it");
	}
	return status;
}

/* --- what a person sees */

static void print_changes(const struct vh_setup_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct vh_setup_change *c = &changes->items[i];

		if (c->line > 0) {
			(void)fprintf(stderr, "/%s:%u: %s (%s)\n", c->path, c->line, c->what,
				      c->why);
		} else {
			(void)fprintf(stderr, "/%s: %s (%s)\n", c->path, c->what, c->why);
		}
	}
}

static void explain(const struct vh_setup *setup)
{
	(void)fprintf(stderr, "boot loader: %s; initramfs: %s\n", setup->boot, setup->initramfs);
	print_changes(&setup->changes);
	if (setup->leftovers.count > 0) {
		(void)fputs("found, and left as it is without --clean:\n", stderr);
		print_changes(&setup->leftovers);
	}
	for (size_t i = 0; i < setup->notes.count; i++) {
		(void)fprintf(stderr, "note: %s\n", setup->notes.items[i]);
	}
	if (setup->unfinished) {
		(void)fputs("note: the last run was cut short; --apply ends it, --undo takes it "
			    "back\n",
			    stderr);
	}
	if (vh_setup_is_empty(setup) && !setup->undone) {
		(void)fputs("nothing to do\n", stderr);
	}
}

static int print_diff(const struct vh_setup *setup)
{
	VH_AUTO_TEXT struct vh_text diff = {0};

	vh_setup_diff(setup, &diff);
	if (diff.failed) {
		(void)fputs("vfio-handoff: out of memory\n", stderr);
		return CLI_FAILED;
	}
	return cli_patch_print_diff(vh_text_str(&diff));
}

static void print_generators(const struct vh_setup *setup)
{
	for (size_t i = 0; i < setup->generators.count; i++) {
		(void)fprintf(stderr, "then: %s\n", setup->generators.items[i]);
	}
}

/* --- doing it */

static void say(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

static int lock(const struct cli *cli, struct vh_error *err)
{
	int rc;

	if (!cli->root && geteuid() != 0) {
		return vh_error_set(err, EPERM, NULL, "only root can do this");
	}
	rc = cli->sys->ops->make_dir(cli->sys, VH_RUN_LOCK_DIR, 0755);
	if (rc == 0) {
		rc = cli->sys->ops->lock(cli->sys, LOCK, LOCK_TIMEOUT_MS);
	}
	if (rc == -EROFS && cli->root) {
		return vh_error_set(err, EROFS, NULL, "%s is only looked at", cli->root);
	}
	if (rc == -ETIMEDOUT) {
		return vh_error_set(err, EBUSY, LOCK, "another run of setup has not ended");
	}
	return rc < 0 ? vh_error_sys(err, -rc, LOCK, "cannot lock") : rc;
}

static int commit(struct cli *cli, const struct vh_setup *setup)
{
	const struct vh_setup_observer observer = {.say = say};
	struct vh_error err = {0};
	enum vh_setup_outcome outcome;

	cli_patch_hold_signals();
	outcome = vh_setup_commit(cli->sys, setup, &observer, &err);
	cli_patch_release_signals();
	if (outcome == VH_SETUP_DONE) {
		(void)fprintf(stderr, "%s%s\n",
			      setup->undoing ? "everything is as it was before"
					     : "done; --undo goes back",
			      setup->reboot ? "; it holds from the next boot on" : "");
		return CLI_OK;
	}
	cli_error(&err);
	if (outcome == VH_SETUP_FAILED) {
		(void)fputs("              all files are as they were\n", stderr);
		return CLI_FAILED;
	}
	return CLI_INCOMPLETE;
}

/* Entries of the boot menu, what was kept: some are for root's eyes alone. */
static void note_user(const struct cli *cli)
{
	if (!cli->root && geteuid() != 0) {
		(void)fputs("note: run it as root: other users cannot read all of the files\n",
			    stderr);
	}
}

static int show_or_apply(struct cli *cli, const struct call *call)
{
	VH_AUTO_SETUP struct vh_setup setup = {0};
	struct vh_error err = {0};
	int status;

	if (vh_setup_plan(cli->sys, &call->wish, &setup, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	note_user(cli);
	explain(&setup);
	status = print_diff(&setup);
	if (status == CLI_OK && call->action == APPLY && !vh_setup_is_empty(&setup)) {
		status = commit(cli, &setup);
	} else if (status == CLI_OK && !vh_setup_is_empty(&setup)) {
		print_generators(&setup);
		(void)fprintf(stderr, "nothing has been changed; --apply does it%s\n",
			      setup.reboot ? ", and a reboot brings it into effect" : "");
	}
	return status == CLI_OK && setup.undone ? CLI_FAILED : status;
}

static int undo(struct cli *cli)
{
	VH_AUTO_SETUP struct vh_setup setup = {0};
	VH_AUTO_TEXT struct vh_text foreign = {0};
	struct vh_error err = {0};
	int status;

	if (vh_setup_undo_plan(cli->sys, &setup, &foreign, &err)) {
		(void)cli_patch_print_diff(vh_text_str(&foreign));
		cli_error(&err);
		return CLI_FAILED;
	}
	if (!setup.undoing) {
		(void)fputs("setup has changed nothing here; nothing to undo\n", stderr);
		return CLI_OK;
	}
	status = print_diff(&setup);
	return status == CLI_OK ? commit(cli, &setup) : status;
}

static int run(struct cli *cli, const struct call *call)
{
	struct vh_error err = {0};
	int handle = -1;
	int status;

	if (call->action != SHOW) {
		handle = lock(cli, &err);
		if (handle < 0) {
			cli_error(&err);
			return CLI_FAILED;
		}
	}
	status = call->action == UNDO ? undo(cli) : show_or_apply(cli, call);
	if (handle >= 0) {
		cli->sys->ops->unlock(cli->sys, handle);
	}
	return status;
}

int cli_setup(struct cli *cli, int argc, char **argv)
{
	struct call call = {0};
	int status;

	call.wish.dedicate = call.dedicate;
	status = take_words(&call, argc, argv);
	if (status == CLI_OK && cli->json) {
		return wrong("--json does not go with setup");
	}
	if (status < 0) {
		return CLI_OK;
	}
	return status == CLI_OK ? run(cli, &call) : status;
}
