/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Torn ends and lines that make no sense. */

#include "lib/engine/journal_text.h"
#include "tests/unit/handoff_rig.h"

#define JOURNAL "run/vfio-handoff/vm/win11/journal"
#define HEADER \
	"vfio-handoff 1 0f5a4ad5-0000-4000-8000-000000000001 000000000000002a win11 libvirt\n"
#define INTENT "intent 0 override 0000:01:00.0 sys/x ~ vfio-pci ~ 30000\n"

static size_t lines_in(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n += text[i] == '\n';
	}
	return n;
}

/* The daemon notes itself at prepare and at started: a second record, but nothing more to know. */
static size_t repeated(const char *text, size_t len)
{
	VH_AUTO_FREE char *part = strndup(text, len);
	size_t n = 0;
	char *end = strrchr(part, '\n');

	*(end ? end + 1 : part) = '\0';
	for (const char *at = strstr(part, "\nowner "); at; at = strstr(at + 1, "\nowner ")) {
		n++;
	}
	return n > 0 ? n - 1 : 0;
}

static size_t records_in(const struct vh_journal *j)
{
	size_t n = 1 + j->devices.count + j->count + j->attached;

	n += j->owner.pid != 0;
	n += j->qemu.pid != 0;
	for (size_t i = 0; i < j->count; i++) {
		n += j->entries[i].done;
		n += j->entries[i].undone;
	}
	return n;
}

/* Cut to @len bytes: every whole record is there, the rest is gone, from the file as well. */
static void torn_at(struct rig *r, const char *text, size_t len)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};
	VH_AUTO_FREE char *cut = strndup(text, len);
	size_t whole = lines_in(text, len);
	int rc;

	fk_set(r->fk, JOURNAL, cut);
	rc = vh_journal_load(fk_sys(r->fk), "win11", true, &j, &err);
	if (whole == 0) {
		/* Published at once, so it cannot be torn inside its first line; if it were, say so. */
		assert_true(rc == -EINVAL || rc == -ENOENT);
		return;
	}
	if (rc) {
		fail_msg("cut to %zu bytes: %s", len, err.msg);
	}
	assert_int_equal(records_in(&j) + repeated(text, len), whole);
	assert_int_equal(lines_in(fk_get(r->fk, JOURNAL), strlen(fk_get(r->fk, JOURNAL))), whole);
	assert_memory_equal(fk_get(r->fk, JOURNAL), text, strlen(fk_get(r->fk, JOURNAL)));
}

static void torn_at_any_byte_loses_no_complete_record(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	VH_AUTO_FREE char *text = NULL;

	(void)rig_run_vm(r, 6);
	/* With records of a way back as well. */
	fk_die_at(r->fk, fk_operations(r->fk) + 4, FK_AFTER);
	fk_vm_close(r->fk, 6);
	(void)rig_reattach(r);
	fk_revive(r->fk);
	text = strdup(fk_get(r->fk, JOURNAL));
	assert_true(strlen(text) > 1000);
	assert_non_null(strstr(text, "\nundone "));
	for (size_t len = 0; len <= strlen(text); len++) {
		torn_at(r, text, len);
	}
}

/* Without the lock a reader mends in memory only: the writer may be in the middle of that line. */
static void a_reader_does_not_mend_the_file(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_set(r->fk, JOURNAL, HEADER INTENT "don");
	assert_int_equal(vh_journal_load(fk_sys(r->fk), "win11", false, &j, &err), -ESTALE);
	assert_int_equal(j.count, 1);
	assert_string_equal(fk_get(r->fk, JOURNAL), HEADER INTENT "don");
}

static void refused_at(const char *text, unsigned line)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	VH_AUTO_FREE char *copy = strdup(text);
	unsigned got = 0;

	if (vh_journal_parse(copy, &j, &got) != -EINVAL) {
		fail_msg("accepted:\n%s", text);
	}
	if (got != line) {
		fail_msg("line %u instead of %u in:\n%s", got, line, text);
	}
}

static void a_first_line_that_is_none_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"rubbish\n",
		"vfio-handoff 2 b 0 win11 libvirt\n",
		"vfio-handoff 1 b 0 win11\n",
		"vfio-handoff 1 b xyz win11 libvirt\n",
		"vfio-handoff 1 b 0 %zz libvirt\n",
		"vfio-handoff 1 b 0 win11 libvirt more\n",
		"vfio-handoff 1 0123456789012345678901234567890123456789 0 win11 libvirt\n",
		"device 0000:01:00.0\n",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(texts); i++) {
		refused_at(texts[i], 1);
	}
}

/* An unknown origin read as "by hand" would keep a lost device away for ever. */
static void an_unknown_origin_is_refused(void **state)
{
	(void)state;
	refused_at("vfio-handoff 1 b 0 win11 martian\n", 1);
}

static void lines_that_make_no_sense_are_refused_with_their_number(void **state)
{
	static const char *const lines[] = {
		"frobnicate\n",
		"device\n",
		"device 0000:01:00\n",
		"device ../../etc\n",
		"device 0000:01:00.0 more\n",
		"owner 1\n",
		"owner 1 5\n",
		"owner 1 5 martian\n",
		"owner 1 5 libvirt 6\n",
		"qemu 1 5 6\n",
		"linger\n",
		"linger 4294967296\n",
		"lingering -1\n",
		"attached 1 2\n",
		"owner -1 5 libvirt\n",
		"owner 1 x libvirt\n",
		"qemu 99999999999 5\n",
		"done 1\n",
		"done\n",
		"done -1\n",
		"done 0x0\n",
		"undone 18446744073709551616\n",
		"intent 2 override d p ~ ~ ~ 1\n",
		"intent 0 override d p ~ ~ ~ 1\n",
		"intent 1 frobnicate d p ~ ~ ~ 1\n",
		"intent 1 override d p ~ ~ ~\n",
		"intent 1 override d p ~ ~ ~ -5\n",
		"intent 1 override d p ~ ~ ~ 4294967296\n",
		"intent 1 override 0000:01:00.0-and-more-than-fits p ~ ~ ~ 1\n",
		"intent 1 override d p %0 ~ ~ 1\n",
		"intent 1 override d p %00 ~ ~ 1\n",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(lines); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text), HEADER INTENT "%sattached\n", lines[i]);
		refused_at(text, 3);
	}
}

/* Half of one record and the whole of another on one line is not one record. */
static void words_behind_a_record_are_refused(void **state)
{
	(void)state;
	refused_at(HEADER "intent 0 override d p ~ ~ ~ 1 undone 0\n", 2);
	refused_at(HEADER INTENT "done 0 done 0\n", 3);
	refused_at(HEADER INTENT "attached undone 0\n", 3);
}

static void an_empty_line_is_refused_and_counted(void **state)
{
	(void)state;
	refused_at(HEADER "\n" INTENT, 2);
	refused_at(HEADER INTENT "\n\nfrobnicate\n", 3);
}

/* What follows a NUL byte would be lost without a word. */
static void a_nul_byte_in_the_file_is_refused(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	struct vh_sys *sys = fk_sys(r->fk);
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};
	static const char text[] = HEADER INTENT "\0done 0\n" INTENT;

	assert_int_equal(sys->ops->make_dir(sys, "run/vfio-handoff/vm/win11", 0755), 0);
	assert_int_equal(sys->ops->publish(sys, JOURNAL, 0644, text, sizeof(text) - 1), 0);
	assert_int_equal(vh_journal_load(sys, "win11", true, &j, &err), -EINVAL);
}

static void the_message_names_the_vm_and_the_line(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};

	fk_set(r->fk, JOURNAL, HEADER INTENT "frobnicate\n");
	assert_int_equal(vh_journal_load(fk_sys(r->fk), "win11", true, &j, &err), -EINVAL);
	assert_string_equal(err.msg, "the journal of 'win11' makes no sense in line 3");
	assert_true(err.hint[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(torn_at_any_byte_loses_no_complete_record),
		RIG_TEST(a_reader_does_not_mend_the_file),
		RIG_TEST(a_first_line_that_is_none_is_refused),
		RIG_TEST(an_unknown_origin_is_refused),
		RIG_TEST(lines_that_make_no_sense_are_refused_with_their_number),
		RIG_TEST(words_behind_a_record_are_refused),
		RIG_TEST(an_empty_line_is_refused_and_counted),
		RIG_TEST(a_nul_byte_in_the_file_is_refused),
		RIG_TEST(the_message_names_the_vm_and_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
