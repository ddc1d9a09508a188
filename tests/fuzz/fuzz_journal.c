/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a journal. A refusal names a line that is there; what is accepted can be written
 * again by the writing half and then reads the same.
 */

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/journal_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/fakekernel.h"

static unsigned lines_in(const char *data, size_t size)
{
	unsigned n = 0;

	for (size_t i = 0; i < size; i++) {
		n += data[i] == '\n';
	}
	return n;
}

static void write_records(struct vh_sys *sys, const struct vh_journal *j, struct vh_journal *to)
{
	struct vh_error err = {0};

	for (size_t i = 0; i < j->devices.count; i++) {
		FUZZ_CHECK(vh_journal_device(sys, to, j->devices.items[i], &err) == 0);
	}
	for (size_t i = 0; i < j->count; i++) {
		FUZZ_CHECK(vh_journal_intent(sys, to, &j->entries[i].step, &err) == 0);
		FUZZ_CHECK(!j->entries[i].done || vh_journal_step_done(sys, to, i, &err) == 0);
		FUZZ_CHECK(!j->entries[i].undone || vh_journal_step_undone(sys, to, i, &err) == 0);
	}
	FUZZ_CHECK(!j->attached || vh_journal_attached(sys, to, &err) == 0);
}

static void write_processes(struct vh_sys *sys, const struct vh_journal *j, struct vh_journal *to)
{
	struct vh_error err = {0};

	if (j->owner.pid != 0 || j->owner.start_time != 0) {
		FUZZ_CHECK(vh_journal_owner(sys, to, &j->owner, j->origin, &err) == 0);
	}
	if (j->qemu.pid != 0 || j->qemu.start_time != 0) {
		FUZZ_CHECK(vh_journal_qemu(sys, to, &j->qemu, &err) == 0);
	}
	FUZZ_CHECK(vh_journal_linger(sys, to, j->linger_ms, &err) == 0);
	FUZZ_CHECK(vh_journal_lingering(sys, to, j->lingering_until_ms, &err) == 0);
}

static void check_step(const struct vh_step *a, const struct vh_step *b)
{
	FUZZ_CHECK(a->kind == b->kind && a->kind < VH_STEP_MAX);
	FUZZ_CHECK(a->timeout_ms == b->timeout_ms);
	FUZZ_CHECK(strcmp(a->device, b->device) == 0);
	FUZZ_CHECK(strcmp(a->path, b->path) == 0);
	FUZZ_CHECK(strcmp(a->found, b->found) == 0);
	FUZZ_CHECK(strcmp(a->wanted, b->wanted) == 0);
	FUZZ_CHECK(strcmp(a->extra, b->extra) == 0);
}

static void check_same(const struct vh_journal *a, const struct vh_journal *b)
{
	FUZZ_CHECK(strcmp(a->vm, b->vm) == 0);
	FUZZ_CHECK(a->profile_hash == b->profile_hash);
	FUZZ_CHECK(a->origin == b->origin);
	FUZZ_CHECK(a->attached == b->attached);
	FUZZ_CHECK(a->linger_ms == b->linger_ms);
	FUZZ_CHECK(a->lingering_until_ms == b->lingering_until_ms);
	FUZZ_CHECK(a->owner.pid == b->owner.pid && a->owner.start_time == b->owner.start_time);
	FUZZ_CHECK(a->qemu.pid == b->qemu.pid && a->qemu.start_time == b->qemu.start_time);
	FUZZ_CHECK(a->devices.count == b->devices.count);
	for (size_t i = 0; i < a->devices.count; i++) {
		FUZZ_CHECK(strcmp(a->devices.items[i], b->devices.items[i]) == 0);
	}
	FUZZ_CHECK(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		check_step(&a->entries[i].step, &b->entries[i].step);
		FUZZ_CHECK(a->entries[i].done == b->entries[i].done);
		FUZZ_CHECK(a->entries[i].undone == b->entries[i].undone);
	}
}

/* One file system for many runs, each leaves it empty; it remembers all that was done to it. */
static struct fakekernel *file_system(void)
{
	static struct fakekernel *fk;
	static unsigned runs;

	if (runs++ % 256 == 0) {
		fk_free(fk);
		fk = fk_parse("fuzz", "kernel 6.1.0-56-amd64\n");
	}
	return fk;
}

static void check_written_again(const struct vh_journal *j)
{
	struct fakekernel *fk = file_system();
	struct vh_sys *sys = fk_sys(fk);
	VH_AUTO_JOURNAL struct vh_journal to = {0};
	VH_AUTO_JOURNAL struct vh_journal back = {0};
	struct vh_error err = {0};

	/* A VM without a name has no file; the parser need not know that. */
	if (vh_journal_create(sys, j->vm[0] ? j->vm : "x", j->profile_hash, j->origin, &to, &err)) {
		return;
	}
	write_records(sys, j, &to);
	write_processes(sys, j, &to);
	FUZZ_CHECK(vh_journal_load(sys, to.vm, true, &back, &err) == 0);
	(void)vh_copy(back.vm, sizeof(back.vm), j->vm);
	check_same(j, &back);
	FUZZ_CHECK(vh_journal_remove(sys, &to, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_FREE char *text = malloc(size + 2);
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	unsigned line = 0;
	unsigned lines;

	if (!text || (size > 0 && memchr(data, 0, size))) {
		return 0;
	}
	if (size > 0) {
		memcpy(text, data, size);
	}
	/* What the reader hands over: up to the last newline. */
	while (size > 0 && text[size - 1] != '\n') {
		size--;
	}
	text[size] = '\0';
	lines = lines_in(text, size);
	if (vh_journal_parse(text, &j, &line) == 0) {
		check_written_again(&j);
	} else {
		FUZZ_CHECK(line >= 1 && line <= (lines ? lines : 1));
	}
	return 0;
}
