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
	/* It is emptied before qm is run: until that has ended well nobody knows what is ours. */
	if (rc == -ENOENT || (rc == 0 && which == VH_KEPT_AFTER && len == 0)) {
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

/**
 * struct attempt - a call of qm that failed, or what came after it
 * @accepted: qm has done it, so the digest was right, and all that differs now is ours
 */
struct attempt {
	const struct cli_pve *vm;
	const struct vh_pve_edit *edit;
	bool accepted;
};

/* 1: @edit sets it back; 0: there is nothing of ours; -errno. */
static int find_rest(const struct attempt *a, const struct cli_pve *now, struct vh_pve_edit *edit,
		     struct vh_error *err)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	int rc;

	if (a->accepted) {
		return vh_pve_undo(&a->vm->config, &now->config, &now->config, edit, &report, err);
	}
	rc = vh_pve_take_back(a->edit, &a->vm->config, &now->config, edit, &report, err);
	cli_patch_notes(&report);
	return rc;
}

/* What was changed is set back. 0; *@is_same: the file is as it was; -errno. */
static int put_back(const struct attempt *a, bool *is_same, struct vh_error *err)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	struct cli_pve now = {0};
	int rc = read_back(a->vm, &now, err);
	bool is_ours;

	rc = rc ? rc : find_rest(a, &now, &edit, err);
	is_ours = rc > 0;
	*is_same = is_ours || strcmp(now.digest, a->vm->digest) == 0;
	if (is_ours) {
		rc = run_qm(&now, &edit, err);
		rc = rc ? rc : cli_pve_read(&now, err);
		rc = rc ? rc : vh_pve_verify(&edit, &now.config, err);
	}
	cli_pve_done(&now);
	return rc;
}

/* @err says what failed. */
static int fail(const struct attempt *a, const struct vh_error *err)
{
	const struct cli_pve *vm = a->vm;
	struct vh_error why = {0};
	bool is_same = false;

	cli_error(err);
	if (err->code == ETIMEDOUT) {
		(void)fprintf(stderr,
			      "              'qm config %s' shows what it has done, 'vfio-handoff "
			      "patch %s --check' what is missing\n",
			      vm->patch->vm, vm->patch->vm);
		return CLI_INCOMPLETE;
	}
	if (put_back(a, &is_same, &why) == 0) {
		(void)fprintf(
			stderr,
			is_same ? "              %s is as it was before\n"
				: "              nothing of this patch is in %s, which somebody "
				  "else has changed; try again\n",
			vm->config.name);
		return CLI_FAILED;
	}
	(void)vh_error_wrap(&why, "and it could not all be set back");
	cli_error(&why);
	return CLI_INCOMPLETE;
}

int cli_pve_set(struct cli_pve *vm, const struct vh_pve_edit *edit, struct cli_pve *ret)
{
	struct attempt a = {.vm = vm, .edit = edit};
	struct vh_error err = {0};
	int rc = run_qm(vm, edit, &err);

	a.accepted = rc == 0;
	if (rc == 0) {
		rc = read_back(vm, ret, &err);
	}
	if (rc == 0) {
		rc = vh_pve_verify(edit, &ret->config, &err);
	}
	return rc ? fail(&a, &err) : CLI_OK;
}

/* --- what is kept */

/**
 * struct kept - what was kept when we came
 */
struct kept {
	struct vh_pve_text before;
	struct vh_pve_text after;
	char *before_text;
	char *after_text;
	bool has_before;
	bool has_after;
};

static void kept_done(struct kept *k)
{
	free(k->before_text);
	free(k->after_text);
}

static int load_kept(const struct cli_pve *vm, struct kept *k, struct vh_error *err)
{
	int before = cli_pve_kept(vm, VH_KEPT_BEFORE, &k->before, &k->before_text, err);
	int after = before > 0 ? cli_pve_kept(vm, VH_KEPT_AFTER, &k->after, &k->after_text, err)
			       : 0;

	k->has_before = before > 0;
	k->has_after = after > 0;
	return before < 0 ? before : after < 0 ? after : 0;
}

static int keep(const struct cli_pve *vm, enum vh_kept_file which, const struct vh_pve_text *text,
		struct vh_error *err)
{
	return vh_kept_write(vm->patch->cli->sys, vm->patch->vm, which, text->text, text->len, err);
}

/* 1: it has what is neither as it was before our first change nor as we left it; 0; -errno. */
static int is_changed(const struct cli_pve *vm, const struct kept *k, struct vh_error *err)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	int rc = k->has_after ? vh_pve_undo(&k->before, &k->after, &vm->config, &edit, &report, err)
			      : 0;

	if (rc == -ESTALE) {
		*err = (struct vh_error){0};
		return 1;
	}
	return rc < 0 ? rc : 0;
}

/*
 * What --undo shall go back to: as long as nobody else has changed what we did, what it was before
 * our first change.
 */
static int keep_before(const struct cli_pve *vm, const struct kept *k, struct vh_error *err)
{
	const struct vh_pve_text nothing = {"", "", 0};
	int changed = k->has_before ? is_changed(vm, k, err) : 1;
	int rc = changed < 0 ? changed : 0;

	if (k->has_before && changed > 0) {
		(void)fprintf(stderr,
			      "note: %s has been changed since it was patched; --undo will go back "
			      "to what it is now\n",
			      vm->config.name);
	}
	if (changed > 0) {
		rc = keep(vm, VH_KEPT_BEFORE, &vm->config, err);
	}
	return rc || !k->has_after ? rc : keep(vm, VH_KEPT_AFTER, &nothing, err);
}

/* Nothing was changed, so there is to go back to what there was. */
static int keep_as_it_was(const struct cli_pve *vm, const struct kept *k, struct vh_error *err)
{
	int rc;

	if (!k->has_before) {
		return vh_kept_forget(vm->patch->cli->sys, vm->patch->vm, err);
	}
	rc = keep(vm, VH_KEPT_BEFORE, &k->before, err);
	return rc || !k->has_after ? rc : keep(vm, VH_KEPT_AFTER, &k->after, err);
}

int cli_pve_finish(const struct cli_pve *vm)
{
	struct kept k = {0};
	struct vh_error err = {0};
	int rc = load_kept(vm, &k, &err);

	if (rc == 0 && k.has_before && !k.has_after) {
		rc = keep(vm, VH_KEPT_AFTER, &vm->config, &err);
		if (rc == 0) {
			(void)fprintf(stderr,
				      "%s: the patch that was cut short is finished; --undo goes "
				      "back\n",
				      vm->patch->vm);
		}
	}
	kept_done(&k);
	if (rc) {
		cli_error(&err);
	}
	return rc ? CLI_FAILED : CLI_OK;
}

/* --- apply and undo */

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

static int apply_kept(struct cli_pve *vm, const struct vh_pve_edit *edit)
{
	const struct attempt a = {.vm = vm, .edit = edit, .accepted = true};
	struct cli_pve after = {0};
	struct vh_error err = {0};
	int status = cli_pve_set(vm, edit, &after);

	if (status == CLI_OK && keep(vm, VH_KEPT_AFTER, &after.config, &err)) {
		status = fail(&a, &err);
	}
	if (status == CLI_OK) {
		(void)fprintf(stderr, "%s: changed; --undo goes back\n", vm->patch->vm);
		note_running(vm);
	}
	cli_pve_done(&after);
	return status;
}

static int apply(struct cli_pve *vm, const struct vh_pve_edit *edit)
{
	struct kept k = {0};
	struct vh_error err = {0};
	int rc = load_kept(vm, &k, &err);
	int status = rc ? show_error(&err, CLI_FAILED) : CLI_OK;

	if (status == CLI_OK) {
		status = keep_before(vm, &k, &err) ? show_error(&err, CLI_FAILED)
						   : apply_kept(vm, edit);
		if (status == CLI_FAILED && keep_as_it_was(vm, &k, &err)) {
			cli_error(&err);
		}
	}
	kept_done(&k);
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
