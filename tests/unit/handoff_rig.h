/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A fake host, the profile of one VM, and the daemon that starts it, for the tests of host, plan and
 * engine.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/engine/handoff.h"
#include "lib/host/record.h"
#include "tests/support/fakekernel.h"

#define PCI    "sys/bus/pci/"
#define D      PCI "devices/"
#define GPU    "0000:01:00.0"
#define AUDIO  "0000:01:00.1"
#define NVME   "0000:03:00.0"
#define NIC    "0000:04:00.0"
#define USB    "0000:05:00.0"
#define SECOND "0000:02:00.0"

#define GPU_PROFILE "[device gpu]\naddress = 0000:01:00.0\n"
#define VTCON       "sys/class/vtconsole/vtcon1/"

/* Collects what is logged, one line each. */
struct rig_sink {
	struct vh_log_sink sink;
	struct vh_text text;
};

/**
 * struct rig - all of it
 * @before: the host when the rig was opened, without the processes
 */
struct rig {
	struct fakekernel *fk;
	struct vh_profile profile;
	struct vh_process daemon;
	struct vh_error err;
	struct vh_log log;
	struct rig_sink lines;
	volatile sig_atomic_t cancel;
	char *before;
};

static inline void rig_log(struct vh_log_sink *sink, const struct vh_log_record *record)
{
	struct rig_sink *s = (struct rig_sink *)(void *)sink;

	vh_text_addf(&s->text, "%s\n", record->text);
}

static inline void rig_profile(struct vh_profile *p, const char *vm, const char *text)
{
	struct vh_error err = {0};

	vh_profile_init(p, vm);
	if (vh_profile_parse(p, "test.ini", text, strlen(text), &err) ||
	    vh_profile_finish(p, "test.ini", &err)) {
		fail_msg("%s", err.msg);
	}
	/* What a file on the disk would have. */
	for (p->hash = 1; *text; text++) {
		p->hash = p->hash * 31 + (unsigned char)*text;
	}
}

/* Processes come and go; they are nothing that a hand-over restores. */
static inline char *rig_dump(struct fakekernel *fk)
{
	return fk_dump_except(fk, "run/vfio-handoff", "sys/module", "proc",
			      "sys/bus/pci/drivers/vfio-pci", NULL);
}

static inline struct vh_process rig_process(struct fakekernel *fk, const char *comm)
{
	static const char *const no_files[] = {NULL};
	struct vh_process p;

	assert_int_equal(vh_sys_process(fk_sys(fk), fk_add_process(fk, comm, no_files), &p), 0);
	return p;
}

/* Owner: rig_teardown(), after a failed test too. */
static inline struct rig *rig_open_host(void **state, struct fakekernel *fk, const char *profile)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	*state = r;
	r->fk = fk;
	rig_profile(&r->profile, "win11", profile);
	r->daemon = rig_process(fk, "libvirtd");
	r->lines.sink.write = rig_log;
	r->log.max_level = VH_LOG_DEBUG;
	vh_log_add_sink(&r->log, &r->lines.sink);
	r->before = rig_dump(fk);
	return r;
}

/* @lines: more of the host's language (tests/hosts/README.md), or "" */
static inline struct rig *rig_open(void **state, const char *host, const char *lines,
				   const char *profile)
{
	return rig_open_host(state, fk_host_with(host, lines), profile);
}

/* The test has changed the host by itself: what is to be restored is what is there now. */
static inline void rig_begin_here(struct rig *r)
{
	free(r->before);
	r->before = rig_dump(r->fk);
}

/* What must not happen in any test is asked for after each of them. */
static inline bool rig_is_sound(const struct rig *r)
{
	const struct fk_report *report = fk_report(r->fk);

	if (report->oopsed) {
		print_error("the kernel crashed: %s\n", report->oops);
	}
	if (report->unguarded || report->dead_binds || report->resets_in_use) {
		print_error("%u unguarded, %u dead devices bound, %u resets in use\n",
			    report->unguarded, report->dead_binds, report->resets_in_use);
	}
	return !report->oopsed && !report->unguarded && !report->dead_binds &&
	       !report->resets_in_use;
}

static inline int rig_teardown(void **state)
{
	struct rig *r = *state;
	int rc;

	if (!r) {
		return 0;
	}
	rc = rig_is_sound(r) ? 0 : -1;
	fk_free(r->fk);
	vh_profile_done(&r->profile);
	vh_text_done(&r->lines.text);
	free(r->before);
	free(r);
	return rc;
}

#define RIG_TEST(name) cmocka_unit_test_teardown(name, rig_teardown)

static inline struct vh_engine rig_engine(struct rig *r)
{
	r->err = (struct vh_error){0};
	return (struct vh_engine){
		.sys = fk_sys(r->fk), .log = &r->log, .lock_timeout_ms = 1000, .cancel = &r->cancel};
}

static inline enum vh_outcome rig_detach_as(struct rig *r, const struct vh_profile *profile)
{
	struct vh_engine e = rig_engine(r);

	return vh_detach(&e, profile, VH_ORIGIN_LIBVIRT, &r->daemon, &r->err);
}

static inline enum vh_outcome rig_detach(struct rig *r)
{
	return rig_detach_as(r, &r->profile);
}

static inline enum vh_outcome rig_detach_by_hand(struct rig *r)
{
	struct vh_process nobody = {0};
	struct vh_engine e = rig_engine(r);

	return vh_detach(&e, &r->profile, VH_ORIGIN_MANUAL, &nobody, &r->err);
}

static inline enum vh_outcome rig_reattach(struct rig *r)
{
	struct vh_engine e = rig_engine(r);

	return vh_reattach(&e, r->profile.vm, &r->err);
}

static inline enum vh_outcome rig_recover(struct rig *r)
{
	struct vh_engine e = rig_engine(r);

	return vh_recover(&e, NULL, &r->err);
}

static inline void rig_heal(struct rig *r, const char *except)
{
	struct vh_engine e = rig_engine(r);

	vh_heal(&e, except);
}

/* libvirt's `started`: @pid 0 where QEMU is not known. */
static inline void rig_adopt(struct rig *r, pid_t pid)
{
	struct vh_engine e = rig_engine(r);
	struct vh_process qemu = {0};

	if (pid != 0) {
		assert_int_equal(vh_sys_process(fk_sys(r->fk), pid, &qemu), 0);
	}
	assert_int_equal(vh_adopt(&e, r->profile.vm, VH_ORIGIN_LIBVIRT, &qemu, &r->daemon, &r->err),
			 VH_OUTCOME_DONE);
}

/* Detached, QEMU started and noted; its pid. */
static inline pid_t rig_run_vm(struct rig *r, unsigned group)
{
	pid_t qemu;

	if (rig_detach(r) != VH_OUTCOME_DONE) {
		fail_msg("%s", r->err.msg);
	}
	qemu = fk_vm_open(r->fk, group);
	assert_true(qemu > 0);
	rig_adopt(r, qemu);
	return qemu;
}

static inline void rig_expect(struct rig *r, enum vh_outcome got, enum vh_outcome wanted)
{
	if (got != wanted) {
		fail_msg("outcome %d instead of %d: %s", got, wanted, r->err.msg);
	}
}

static inline void rig_says(const struct rig *r, const char *part)
{
	if (!strstr(r->err.msg, part)) {
		fail_msg("no '%s' in: %s", part, r->err.msg);
	}
}

static inline void rig_has_logged(const struct rig *r, const char *part)
{
	if (!strstr(vh_text_str(&r->lines.text), part)) {
		fail_msg("no '%s' in:\n%s", part, vh_text_str(&r->lines.text));
	}
}

static inline void rig_is_as_before(struct rig *r)
{
	VH_AUTO_FREE char *now = rig_dump(r->fk);
	VH_AUTO_FREE char *diff = fk_diff(r->before, now);

	if (strcmp(r->before, now) != 0) {
		fail_msg("the host differs\n%s", diff);
	}
}

static inline void rig_has_no_records(struct rig *r)
{
	assert_false(fk_exists(r->fk, "run/vfio-handoff/vm"));
	assert_false(fk_exists(r->fk, "run/vfio-handoff/device"));
	assert_false(fk_exists(r->fk, "run/vfio-handoff/stuck"));
}

static inline void rig_is_clean(struct rig *r)
{
	rig_is_as_before(r);
	rig_has_no_records(r);
}

static inline void rig_driver(struct rig *r, const char *bdf, const char *driver)
{
	if (strcmp(fk_driver(r->fk, bdf), driver) != 0) {
		fail_msg("%s is bound to '%s', not to '%s'", bdf, fk_driver(r->fk, bdf), driver);
	}
}

/* How often @part occurs in what was done so far. */
static inline unsigned rig_operations(struct rig *r, const char *part)
{
	const char *log = fk_operation_log(r->fk);
	unsigned count = 0;

	for (const char *at = strstr(log, part); at; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

static inline void rig_fault(struct rig *r, enum fk_op op, const char *contains, int action)
{
	fk_fault(r->fk, &(struct fk_fault){.op = op, .path_contains = contains, .action = action});
}

static inline void rig_fault_once(struct rig *r, enum fk_op op, const char *contains, int action)
{
	fk_fault(r->fk, &(struct fk_fault){
				.op = op, .path_contains = contains, .nth = 1, .action = action});
}
