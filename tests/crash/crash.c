/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The promise of the project, as a test. For every plan of the golden set:
 *
 *	die before, in and after every single change, on the way out and on the way back, and also
 *	while recovering; then recover: the host must be as before, byte for byte; recover again:
 *	still so, and nothing to do
 *
 *	let every single change fail in every way that the kernel knows: the call must end, say what
 *	is not undone, and once the fault is gone recover must bring the host back
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/handoff.h"
#include "tests/support/between.h"
#include "tests/support/cases.h"

/**
 * struct rig - one case, ready to be cloned for each run
 * @before: dump of the untouched host
 * @after:  dump after an undisturbed hand-over, when the plan's notes say that something cannot
 *          return (a firmware frame buffer that the kernel removes for good); else NULL
 * @ids_before, @ids_after: the drivers' dynamic ids, which a return that was begun cleans up: those
 *          of the untouched host, and after an undisturbed hand-over
 */
struct rig {
	struct test_case c;
	struct vh_profile profile;
	struct fakekernel *origin;
	struct vh_process daemon;
	char *before;
	char *after;
	char *ids_before;
	char *ids_after;
	bool foretold;
	unsigned runs;
	unsigned failed;
};

static struct vh_engine engine_of(struct fakekernel *fk, struct vh_log *log)
{
	return (struct vh_engine){.sys = fk_sys(fk), .log = log, .lock_timeout_ms = 1000};
}

static enum vh_outcome detach(struct rig *rig, struct fakekernel *fk, struct vh_error *err)
{
	struct vh_log log = {0};
	struct vh_engine e = engine_of(fk, &log);

	return vh_detach(&e, &rig->profile, VH_ORIGIN_LIBVIRT, &rig->daemon, err);
}

static enum vh_outcome reattach(struct rig *rig, struct fakekernel *fk, struct vh_error *err)
{
	struct vh_log log = {0};
	struct vh_engine e = engine_of(fk, &log);

	return vh_reattach(&e, rig->profile.vm, err);
}

static enum vh_outcome recover(struct fakekernel *fk, struct vh_error *err)
{
	struct vh_log log = {0};
	struct vh_engine e = engine_of(fk, &log);

	return vh_recover(&e, NULL, err);
}

static void complain(struct rig *rig, const char *where, const char *what, const char *detail)
{
	if (rig->failed++ < 10) {
		(void)printf("not ok %s: %s: %s\n%s\n", rig->c.name, where, what, detail);
	}
}

/* The lines of a dump that are about them. */
static char *dynamic_ids(struct fakekernel *fk)
{
	VH_AUTO_FREE char *dump = fk_dump(fk);
	VH_AUTO_TEXT struct vh_text ids = {0};
	char *save = NULL;

	for (char *line = strtok_r(dump, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "i ", 2) == 0) {
			vh_text_addf(&ids, "%s\n", line);
		}
	}
	return strdup(vh_text_str(&ids));
}

/* @way_out: a detach that is undone leaves them, one that was completed before its end does not. */
static void expect_ids(struct rig *rig, struct fakekernel *fk, bool way_out, const char *where)
{
	VH_AUTO_FREE char *now = dynamic_ids(fk);

	if (strcmp(now, rig->ids_after) != 0 && !(way_out && strcmp(now, rig->ids_before) == 0)) {
		complain(rig, where, "other ids are in the drivers' lists", now);
	}
}

/* The daemon that called us is gone with us: nobody will ever call again. */
static void end_daemon(struct rig *rig, struct fakekernel *fk)
{
	if (vh_sys_process_alive(fk_sys(fk), &rig->daemon)) {
		fk_process_exit(fk, rig->daemon.pid);
	}
}

/* The whole host, and nothing of ours left in /run. */
static bool expect_same(struct rig *rig, struct fakekernel *fk, const char *where)
{
	char line[256];
	char *now;
	char *diff;
	bool ok;

	end_daemon(rig, fk);
	now = fk_dump_host(fk);
	diff = fk_diff(rig->before, now);
	ok = strcmp(rig->before, now) == 0 ||
	     (rig->after && !dump_between(rig->before, rig->after, now, line, sizeof(line)));
	rig->runs++;
	if (!ok) {
		complain(rig, where, "the host differs", diff);
	} else if (fk_exists(fk, "run/vfio-handoff/vm") ||
		   fk_exists(fk, "run/vfio-handoff/device") ||
		   fk_exists(fk, "run/vfio-handoff/stuck")) {
		complain(rig, where, "records are left in /run/vfio-handoff", "");
		ok = false;
	}
	if (fk_report(fk)->oopsed) {
		complain(rig, where, "the kernel crashed", fk_report(fk)->oops);
	}
	if (fk_report(fk)->unguarded > 0) {
		complain(rig, where, "an unguarded access would hang for ever", "");
	}
	free(now);
	free(diff);
	return ok;
}

/* Exit status 1 says "the host is as before": then not even a loss that was foretold counts. */
static void expect_untouched(struct rig *rig, struct fakekernel *fk, const char *where)
{
	char *after = rig->after;

	rig->after = NULL;
	(void)expect_same(rig, fk, where);
	rig->after = after;
}

static void next_life(struct rig *rig, struct fakekernel *fk)
{
	fk_revive(fk);
	end_daemon(rig, fk);
}

static void recover_twice(struct rig *rig, struct fakekernel *fk, const char *where)
{
	struct vh_error err = {0};
	enum vh_outcome outcome = recover(fk, &err);

	if (outcome > VH_OUTCOME_DONE) {
		complain(rig, where, "recover failed", err.msg);
	}
	if (expect_same(rig, fk, where)) {
		outcome = recover(fk, &err);
		if (outcome != VH_OUTCOME_NOTHING) {
			complain(rig, where, "the second recover found something to do", err.msg);
		}
		(void)expect_same(rig, fk, where);
	}
}

static const char *death_word(enum fk_death how)
{
	switch (how) {
	case FK_BEFORE:
		return "before";
	case FK_AFTER:
		return "after";
	case FK_TORN:
	default:
		return "in";
	}
}

/* Dies while recovering as well: at operation @m of the recovery. */
static void die_again(struct rig *rig, const struct fakekernel *half, unsigned m, const char *where)
{
	FK_AUTO struct fakekernel *fk = fk_clone(half);
	struct vh_error err = {0};
	char text[200];

	(void)snprintf(text, sizeof(text), "%s, then %s operation %u of recover", where,
		       death_word(m % 2 ? FK_BEFORE : FK_AFTER), m);
	fk_die_at(fk, m, m % 2 ? FK_BEFORE : FK_AFTER);
	(void)recover(fk, &err);
	fk_revive(fk);
	recover_twice(rig, fk, text);
}

/* @way_out: the death falls into the detach, else into the reattach after a whole detach. */
static void die_at(struct rig *rig, bool way_out, unsigned n, enum fk_death how)
{
	FK_AUTO struct fakekernel *fk = fk_clone(rig->origin);
	struct vh_error err = {0};
	char where[160];

	if (!way_out && detach(rig, fk, &err) != VH_OUTCOME_DONE) {
		complain(rig, "detach", "failed without any fault", err.msg);
		return;
	}
	(void)snprintf(where, sizeof(where), "died %s operation %u of the %s", death_word(how), n,
		       way_out ? "detach" : "reattach");
	fk_die_at(fk, fk_operations(fk) + n, how);
	(void)(way_out ? detach(rig, fk, &err) : reattach(rig, fk, &err));
	if (!fk_is_dead(fk)) {
		complain(rig, where, "it never came to that operation", "");
	}
	next_life(rig, fk);
	if (n % 3 == 0) {
		die_again(rig, fk, fk_operations(fk) + n / 3, where);
	}
	recover_twice(rig, fk, where);
	expect_ids(rig, fk, way_out, where);
}

static void die_everywhere(struct rig *rig, bool way_out, unsigned operations)
{
	for (unsigned n = 1; n <= operations; n++) {
		die_at(rig, way_out, n, FK_BEFORE);
		die_at(rig, way_out, n, FK_AFTER);
		die_at(rig, way_out, n, FK_TORN);
	}
}

static const struct {
	int action;
	unsigned ms;
	const char *name;
} failures[] = {
	{EIO, 0, "EIO"},
	{ENOSPC, 0, "ENOSPC"},
	{EBUSY, 0, "EBUSY"},
	{FK_SILENT, 0, "no effect"},
	{FK_PARTIAL, 0, "half written"},
	{FK_HANG, 0, "hangs"},
	{FK_DELAY, 3600 * 1000, "too late"},
	{FK_KILLED, 0, "the writer is killed"},
	{FK_EFFECT_THEN_EIO, 0, "done, but EIO"},
};

/* A driver that crashed inside its remove() or its exit never gives the device up again. */
static bool needs_reboot(const char *operation, int action)
{
	if (action != FK_KILLED) {
		return false;
	}
	return strncmp(operation, "unload ", 7) == 0 ||
	       (strstr(operation, "/pci/drivers/") && strstr(operation, "/unbind="));
}

/*
 * One fault at one operation. What counts: the call ends; DONE or REFUSED are true; INCOMPLETE says
 * what is left; and when the fault is gone, recover brings everything back.
 */
static void fail_at(struct rig *rig, const char *operation, bool way_out, size_t failure)
{
	FK_AUTO struct fakekernel *fk = fk_clone(rig->origin);
	struct vh_error err = {0};
	enum vh_outcome outcome;
	char where[400];

	(void)snprintf(where, sizeof(where), "%s: %s, on the %s", operation, failures[failure].name,
		       way_out ? "way out" : "way back");
	if (!way_out && detach(rig, fk, &err) != VH_OUTCOME_DONE) {
		complain(rig, where, "detach failed without any fault", err.msg);
		return;
	}
	/* The name of a module is part of many a path. */
	fk_fault(fk, &(struct fk_fault){
			     .op = strncmp(operation, "unload ", 7) == 0 ? FK_UNLOAD : FK_ANY,
			     .path_contains = strchr(operation, ' ') + 1,
			     .nth = 1,
			     .action = failures[failure].action,
			     .ms = failures[failure].ms,
		     });
	outcome = way_out ? detach(rig, fk, &err) : reattach(rig, fk, &err);
	if (outcome == VH_OUTCOME_REFUSED && way_out) {
		expect_untouched(rig, fk, where);
	}
	if (outcome > VH_OUTCOME_DONE && err.msg[0] == '\0') {
		complain(rig, where, "failed without a reason", "");
	}
	fk_no_faults(fk);
	fk_release(fk);
	end_daemon(rig, fk);
	if (needs_reboot(operation, failures[failure].action)) {
		if (outcome != VH_OUTCOME_INCOMPLETE) {
			complain(rig, where, "a device that is lost was not reported", err.msg);
		}
		return;
	}
	recover_twice(rig, fk, where);
}

/* Every line of the fake's log of operations, each once. */
static void fail_everywhere(struct rig *rig, const char *log, bool way_out)
{
	VH_AUTO_FREE char *copy = strdup(log);
	VH_AUTO_LIST struct vh_list seen = {0};
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (vh_list_has(&seen, line)) {
			continue;
		}
		if (vh_list_add(&seen, line)) {
			abort();
		}
		for (size_t i = 0; i < VH_ARRAY_SIZE(failures); i++) {
			fail_at(rig, line, way_out, i);
		}
	}
}

/* Without any fault: out, back, the host as before. Gives the number and log of the operations. */
static bool run_whole(struct rig *rig, unsigned *ret_out, unsigned *ret_back, char **ret_out_log,
		      char **ret_back_log)
{
	FK_AUTO struct fakekernel *fk = fk_clone(rig->origin);
	struct vh_error err = {0};
	const char *log;

	if (detach(rig, fk, &err) != VH_OUTCOME_DONE) {
		complain(rig, "detach", "failed without any fault", err.msg);
		return false;
	}
	*ret_out = fk_operations(fk);
	*ret_out_log = strdup(fk_operation_log(fk));
	if (reattach(rig, fk, &err) != VH_OUTCOME_DONE) {
		complain(rig, "reattach", "failed without any fault", err.msg);
		return false;
	}
	*ret_back = fk_operations(fk) - *ret_out;
	if (rig->foretold) {
		end_daemon(rig, fk);
		rig->after = fk_dump_host(fk);
	}
	log = fk_operation_log(fk);
	*ret_back_log = strdup(log + strlen(*ret_out_log));
	rig->ids_after = dynamic_ids(fk);
	return expect_same(rig, fk, "out and back");
}

static bool open_rig(const char *name, struct rig *rig)
{
	VH_AUTO_PLAN struct vh_plan plan = {0};
	static const char *const no_files[] = {NULL};

	*rig = (struct rig){0};
	test_case_load(name, &rig->c);
	test_case_profile(&rig->c, &rig->profile);
	rig->origin = test_case_host(&rig->c);
	test_case_plan(rig->origin, &rig->profile, &plan);
	rig->before = fk_dump_host(rig->origin);
	rig->ids_before = dynamic_ids(rig->origin);
	rig->foretold = plan.notes.count > 0;
	if (vh_sys_process(fk_sys(rig->origin), fk_add_process(rig->origin, "libvirtd", no_files),
			   &rig->daemon)) {
		abort();
	}
	return plan.refusal_count == 0;
}

static void close_rig(struct rig *rig)
{
	test_case_done(&rig->c);
	vh_profile_done(&rig->profile);
	fk_free(rig->origin);
	free(rig->before);
	free(rig->after);
	free(rig->ids_before);
	free(rig->ids_after);
}

/* Lock files, and the directory they are in, are no change. */
static char *dump_but_locks(struct fakekernel *fk)
{
	if (!fk_exists(fk, "run/vfio-handoff")) {
		fk_set(fk, "run/vfio-handoff/lock/x", "");
	}
	return fk_dump_except(fk, "run/vfio-handoff/lock", NULL);
}

/* A plan that is refused: the detach says so, and has not changed a byte. */
static void refuse(struct rig *rig)
{
	FK_AUTO struct fakekernel *fk = fk_clone(rig->origin);
	struct vh_error err = {0};
	char *before = dump_but_locks(fk);
	char *after;

	if (detach(rig, fk, &err) != VH_OUTCOME_REFUSED || err.msg[0] == '\0') {
		complain(rig, "detach", "was not refused", err.msg);
	}
	after = dump_but_locks(fk);
	if (strcmp(before, after) != 0) {
		complain(rig, "detach", "refused, but changed the host", "");
	}
	rig->runs++;
	free(before);
	free(after);
}

static bool check(const char *name)
{
	struct rig rig;
	unsigned out = 0;
	unsigned back = 0;
	VH_AUTO_FREE char *out_log = NULL;
	VH_AUTO_FREE char *back_log = NULL;
	bool ok;

	if (!open_rig(name, &rig)) {
		refuse(&rig);
	} else if (run_whole(&rig, &out, &back, &out_log, &back_log)) {
		die_everywhere(&rig, true, out);
		die_everywhere(&rig, false, back);
		fail_everywhere(&rig, out_log, true);
		fail_everywhere(&rig, back_log, false);
	}
	ok = rig.failed == 0 && rig.runs > 0;
	(void)printf("%s %s: %u operations out, %u back, %u comparisons of the whole host\n",
		     ok ? "ok" : "not ok", name, out, back, rig.runs);
	close_rig(&rig);
	return ok;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fputs("usage: crash CASE\n", stderr);
		return 2;
	}
	return check(argv[1]) ? 0 : 1;
}
