/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * patch --apply and --undo for a VM of Proxmox: one call of qm, which knows by the digest whether
 * somebody was faster. What it made of it is read back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/patch_proxmox.h"
#include "lib/base/cleanup.h"

#define QM "/usr/sbin/qm"

/* It may make a disk on a slow storage, or wait for other nodes. */
#define QM_TIMEOUT_MS 120000U
#define QM_OUTPUT_MAX ((size_t)256 << 10)

int cli_pve_read(struct cli_pve *vm, struct vh_error *err)
{
	struct vh_sys *sys = vm->patch->cli->sys;
	char *text = NULL;
	size_t len = 0;
	int rc = vh_pve_text(sys, &vm->guest, &text, &len, err);

	if (rc) {
		return rc;
	}
	free(vm->text);
	vm->text = text;
	vm->config = (struct vh_pve_text){vh_basename(vm->guest.file), text, len};
	return SHA1Data((const uint8_t *)text, len, vm->digest)
		       ? 0
		       : vh_error_set(err, EIO, NULL, "cannot compute a digest");
}

void cli_pve_done(struct cli_pve *vm)
{
	free(vm->text);
	vm->text = NULL;
	vh_pve_done(&vm->guest);
}

int cli_pve_kept(const struct cli_pve *vm, enum vh_kept_file which, struct vh_pve_text *ret,
		 char **text, struct vh_error *err)
{
	const char *vmid = vm->patch->vm;
	size_t len = 0;
	int rc = vh_kept_read(vm->patch->cli->sys, vmid, which, text, &len, err);

	*ret = (struct vh_pve_text){vm->config.name, *text ? *text : "", len};
	if (rc == -ENOENT) {
		*err = (struct vh_error){0};
		return 0;
	}
	return rc < 0 ? rc : 1;
}

/* --- qm */

/* "--KEY VALUE" of all that is set, "--delete KEY,KEY" of all that is not. */
struct call {
	char **words;
	size_t count;
	bool failed;
};

static void add_word(struct call *call, const char *word)
{
	char **words = realloc(call->words, (call->count + 2) * sizeof(*words));

	if (!words) {
		call->failed = true;
		return;
	}
	call->words = words;
	words[call->count] = strdup(word);
	words[call->count + 1] = NULL;
	call->failed |= !words[call->count];
	call->count++;
}

static void call_done(struct call *call)
{
	for (size_t i = 0; i < call->count; i++) {
		free(call->words[i]);
	}
	free(call->words);
}

static void make_call(const struct cli_pve *vm, const struct vh_pve_edit *edit, struct call *call)
{
	VH_AUTO_TEXT struct vh_text deleted = {0};
	const char *const first[] = {QM, "set", vm->patch->vm, "--digest", vm->digest};

	for (size_t i = 0; i < VH_ARRAY_SIZE(first); i++) {
		add_word(call, first[i]);
	}
	for (size_t i = 0; i < edit->count; i++) {
		const struct vh_pve_assignment *a = &edit->items[i];
		char option[sizeof(a->key) + 2];

		if (a->value) {
			(void)snprintf(option, sizeof(option), "--%s", a->key);
			add_word(call, option);
			add_word(call, a->value);
		} else {
			vh_text_addf(&deleted, "%s%s", deleted.len ? "," : "", a->key);
		}
	}
	if (deleted.len > 0) {
		add_word(call, "--delete");
		add_word(call, vh_text_str(&deleted));
	}
	call->failed |= deleted.failed;
}

/* Line by line, so that a person sees whose words they are. */
static void show_words(const struct vh_text *text)
{
	const char *line = vh_text_str(text);

	while (*line) {
		size_t len = strcspn(line, "\n");
		VH_AUTO_FREE char *copy = strndup(line, len);

		if (copy) {
			vh_sanitize(copy);
			(void)fprintf(stderr, "qm: %s\n", copy);
		}
		line += len;
		line += *line == '\n';
	}
}

static int report_status(int status, struct vh_error *err)
{
	switch (status) {
	case -ETIMEDOUT:
		return vh_error_set(err, ETIMEDOUT, QM,
				    "qm has not ended after %u s and was left alone",
				    QM_TIMEOUT_MS / 1000);
	case -ENOENT:
		return vh_error_set(err, ENOENT, QM, "there is no " QM " on this machine");
	default:
		return status < 0 ? vh_error_sys(err, -status, QM, "cannot run qm")
				  : vh_error_set(err, EIO, QM, "qm set failed: exit status %d",
						 status);
	}
}

static int run_qm(const struct cli_pve *vm, const struct vh_pve_edit *edit, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text said = {0};
	struct vh_sys *sys = vm->patch->cli->sys;
	struct vh_command command = {
		.out = &out,
		.err = &said,
		.max = QM_OUTPUT_MAX,
		.timeout_ms = QM_TIMEOUT_MS,
	};
	struct call call = {0};
	int status;

	make_call(vm, edit, &call);
	if (call.failed) {
		call_done(&call);
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	command.argv = (const char *const *)call.words;
	status = sys->ops->run(sys, &command);
	call_done(&call);
	if (status != 0) {
		show_words(&out);
	}
	show_words(&said);
	return status == 0 ? 0 : report_status(status, err);
}

/* --- what came of it */

static int read_back(const struct cli_pve *vm, struct cli_pve *ret, struct vh_error *err)
{
	ret->patch = vm->patch;
	ret->guest = vm->guest;
	return cli_pve_read(ret, err);
}

/* What was changed of @vm is set back. 1: nothing was changed; 0: it is as it was; -errno. */
static int put_back(const struct cli_pve *vm, struct vh_error *err)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_PVE_EDIT struct vh_pve_edit left = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct cli_pve now = {0};
	int rc = read_back(vm, &now, err);

	if (rc == 0) {
		rc = vh_pve_undo(&vm->config, &now.config, &now.config, &edit, &report, err);
	}
	if (rc > 0) {
		rc = run_qm(&now, &edit, err);
		rc = rc ? rc : cli_pve_read(&now, err);
		rc = rc ? rc : vh_pve_verify(&edit, &now.config, err);
	} else if (rc == 0) {
		rc = 1;
	}
	cli_pve_done(&now);
	return rc;
}

/* @err says what failed. */
static int fail(const struct cli_pve *vm, const struct vh_error *err)
{
	struct vh_error why = {0};
	int rc;

	cli_error(err);
	if (err->code == ETIMEDOUT) {
		(void)fprintf(stderr,
			      "              'qm config %s' shows what it has done, 'vfio-handoff "
			      "patch %s --check' what is missing\n",
			      vm->patch->vm, vm->patch->vm);
		return CLI_INCOMPLETE;
	}
	rc = put_back(vm, &why);
	if (rc >= 0) {
		(void)fprintf(stderr, "              %s is as it was before\n", vm->config.name);
		return CLI_FAILED;
	}
	(void)vh_error_wrap(&why, "and it could not all be set back");
	cli_error(&why);
	return CLI_INCOMPLETE;
}

int cli_pve_set(struct cli_pve *vm, const struct vh_pve_edit *edit, struct cli_pve *ret)
{
	struct vh_error err = {0};
	int rc = run_qm(vm, edit, &err);

	if (rc == 0) {
		rc = read_back(vm, ret, &err);
	}
	if (rc == 0) {
		rc = vh_pve_verify(edit, &ret->config, &err);
	}
	return rc ? fail(vm, &err) : CLI_OK;
}

/* --- apply and undo */

/**
 * keep_before() - what --undo shall go back to
 *
 * As long as nobody else has changed what we did, that stays what it was before our first change.
 * Return: 1: @vm was kept; 0: there is one already; -errno.
 */
static int keep_before(const struct cli_pve *vm, struct vh_error *err)
{
	VH_AUTO_FREE char *before_text = NULL;
	VH_AUTO_FREE char *after_text = NULL;
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_pve_text before;
	struct vh_pve_text after;
	int had = cli_pve_kept(vm, VH_KEPT_BEFORE, &before, &before_text, err);
	int rc = had > 0 ? cli_pve_kept(vm, VH_KEPT_AFTER, &after, &after_text, err) : had;

	if (had < 0 || rc < 0) {
		return had < 0 ? had : rc;
	}
	rc = rc > 0 ? vh_pve_undo(&before, &after, &vm->config, &edit, &report, err) : -ENOENT;
	if (had > 0 && rc != -ESTALE) {
		return rc == -ENOENT ? 0 : rc < 0 ? rc : 0;
	}
	if (had > 0) {
		(void)fprintf(stderr,
			      "note: %s has been changed since it was patched; --undo will go back "
			      "to what it is now\n",
			      vm->config.name);
		*err = (struct vh_error){0};
	}
	rc = vh_kept_write(vm->patch->cli->sys, vm->patch->vm, VH_KEPT_BEFORE, vm->config.text,
			   vm->config.len, err);
	return rc ? rc : 1;
}

static bool is_running(const struct cli_pve *vm)
{
	struct vh_sys *sys = vm->patch->cli->sys;
	struct vh_process qemu;
	uint64_t pid;

	return vh_sys_attr_u64(sys, 10, &pid, "run/qemu-server/%s.pid", vm->patch->vm) == 0 &&
	       pid < INT32_MAX && vh_sys_process(sys, (pid_t)pid, &qemu) == 0;
}

static void note_running(const struct cli_pve *vm)
{
	if (is_running(vm)) {
		(void)fprintf(stderr,
			      "note: %s is running: this holds from its next start after a full "
			      "shutdown\n",
			      vm->patch->vm);
	}
}

static int show_error(const struct vh_error *err, int status)
{
	cli_error(err);
	return status;
}

static int apply(struct cli_pve *vm, const struct vh_pve_edit *edit)
{
	struct vh_sys *sys = vm->patch->cli->sys;
	struct cli_pve after = {0};
	struct vh_error err = {0};
	int fresh = keep_before(vm, &err);
	int status = fresh < 0 ? show_error(&err, CLI_FAILED) : cli_pve_set(vm, edit, &after);

	if (status == CLI_OK) {
		if (vh_kept_write(sys, vm->patch->vm, VH_KEPT_AFTER, after.config.text,
				  after.config.len, &err)) {
			status = fail(vm, &err);
		} else {
			(void)fprintf(stderr, "%s: changed; --undo goes back\n", vm->patch->vm);
			note_running(vm);
		}
	}
	/* Nothing was changed, so there is nothing to go back to. */
	if (status == CLI_FAILED && fresh > 0 && vh_kept_forget(sys, vm->patch->vm, &err)) {
		cli_error(&err);
	}
	cli_pve_done(&after);
	return status;
}

int cli_pve_apply(struct cli_pve *vm, const struct vh_pve_edit *edit)
{
	int status;

	cli_patch_hold_signals();
	status = apply(vm, edit);
	cli_patch_release_signals();
	return status;
}

static int go_back(struct cli_pve *vm, const struct vh_pve_edit *edit)
{
	struct cli_pve after = {0};
	struct vh_error err = {0};
	int status = cli_pve_set(vm, edit, &after);

	if (status == CLI_OK) {
		(void)fprintf(stderr, "%s: it has again what it had before\n", vm->patch->vm);
		note_running(vm);
		if (vh_kept_forget(vm->patch->cli->sys, vm->patch->vm, &err)) {
			status = show_error(&err, CLI_INCOMPLETE);
		}
	}
	cli_pve_done(&after);
	return status;
}

int cli_pve_go_back(struct cli_pve *vm, const struct vh_pve_edit *edit)
{
	int status;

	cli_patch_hold_signals();
	status = go_back(vm, edit);
	cli_patch_release_signals();
	return status;
}
