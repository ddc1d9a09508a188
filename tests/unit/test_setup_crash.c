/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * setup dies before, in and after every single change, on the way out and on the way back: each
 * file is whole, the next --apply ends what was begun, and --undo takes it back, byte for byte. And
 * every change fails once: with a full disk, on a read-only file system, and with an error after
 * its effect.
 */

#include "tests/unit/setup_rig.h"

static const struct host {
	const char *name;
	const char *dedicate;
} hosts[] = {
	{"debian12-intel", "0000:01:00.0"}, {"debian12-guide", NULL},
	{"fedora", "0000:01:00.0"},         {"arch", "0000:0f:00.0"},
	{"proxmox9-zfs", "0000:01:00.0"},
};

static const enum fk_death deaths[] = {FK_BEFORE, FK_AFTER, FK_TORN};

/**
 * struct crash - one host, ready to be cloned for each run
 * @before, @after: dumps of the untouched host, and after an undisturbed --apply
 */
struct crash {
	const struct host *host;
	struct fakekernel *origin;
	struct fakekernel *applied;
	char *before;
	char *after;
};

static void do_apply(struct fakekernel *fk, const struct host *host, struct vh_error *err,
		     enum vh_setup_outcome *ret)
{
	struct setup_rig rig = {0};

	*ret = rig_apply(fk, &rig, host->dedicate, err);
}

static void crash_open(struct crash *c, const struct host *host)
{
	struct vh_error err;
	enum vh_setup_outcome outcome;

	c->host = host;
	c->origin = setup_host(host->name);
	c->before = rig_dump(c->origin);
	c->applied = fk_clone(c->origin);
	do_apply(c->applied, host, &err, &outcome);
	assert_int_equal(outcome, VH_SETUP_DONE);
	c->after = rig_dump(c->applied);
	assert_string_not_equal(c->before, c->after);
}

static void crash_close(struct crash *c)
{
	fk_free(c->origin);
	fk_free(c->applied);
	free(c->before);
	free(c->after);
}

/* Each line of @dump is one of those of the untouched or of the changed host: no file is half. */
static void all_whole(const struct crash *c, struct fakekernel *fk, const char *where)
{
	VH_AUTO_FREE char *dump = rig_dump(fk);
	char *save = NULL;

	for (char *line = strtok_r(dump, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(c->before, line) && !strstr(c->after, line)) {
			fail_msg("%s: %s", where, line);
		}
	}
}

static void end_it(const struct crash *c, const struct fakekernel *dead, const char *where)
{
	FK_AUTO struct fakekernel *fk = fk_clone(dead);
	struct setup_rig rig = {0};
	struct vh_error err;
	enum vh_setup_outcome outcome;

	do_apply(fk, c->host, &err, &outcome);
	rig_expect(outcome, VH_SETUP_DONE, &rig, &err);
	rig_same(c->after, fk, where);
	rig_expect(rig_undo(fk, &rig, NULL, &err), VH_SETUP_DONE, &rig, &err);
	rig_same(c->before, fk, where);
	assert_false(fk_exists(fk, "var/lib/vfio-handoff"));
}

static void take_it_back(const struct crash *c, const struct fakekernel *dead, const char *where)
{
	FK_AUTO struct fakekernel *fk = fk_clone(dead);
	struct setup_rig rig = {0};
	struct vh_error err;

	rig_expect(rig_undo(fk, &rig, NULL, &err), VH_SETUP_DONE, &rig, &err);
	rig_same(c->before, fk, where);
	/* Once more: what was left before the record was there does not count. */
	rig_expect(rig_undo(fk, &rig, NULL, &err), VH_SETUP_DONE, &rig, &err);
	rig_same(c->before, fk, where);
}

/* false: it did not get so far as change @n. */
static bool die_once(const struct crash *c, bool undoing, unsigned n, enum fk_death how)
{
	FK_AUTO struct fakekernel *fk = fk_clone(undoing ? c->applied : c->origin);
	unsigned first = fk_operations(fk);
	struct setup_rig rig = {0};
	struct vh_error err;
	enum vh_setup_outcome outcome;
	char where[128];
	bool died;

	(void)snprintf(where, sizeof(where), "%s: %s: change %u, death %d", c->host->name,
		       undoing ? "undo" : "apply", n, (int)how);
	fk_die_at(fk, first + n, how);
	if (undoing) {
		(void)rig_undo(fk, &rig, NULL, &err);
	} else {
		do_apply(fk, c->host, &err, &outcome);
	}
	died = fk_is_dead(fk);
	fk_revive(fk);
	all_whole(c, fk, where);
	end_it(c, fk, where);
	take_it_back(c, fk, where);
	return died;
}

static void die_everywhere(bool undoing)
{
	for (size_t h = 0; h < VH_ARRAY_SIZE(hosts); h++) {
		struct crash c = {0};
		unsigned n = 1;
		bool died = true;

		crash_open(&c, &hosts[h]);
		for (; died; n++) {
			for (size_t i = 0; i < VH_ARRAY_SIZE(deaths); i++) {
				died = die_once(&c, undoing, n, deaths[i]);
			}
		}
		assert_true(n > 8);
		crash_close(&c);
	}
}

static void death_on_the_way_out(void **state)
{
	(void)state;
	die_everywhere(false);
}

static void death_on_the_way_back(void **state)
{
	(void)state;
	die_everywhere(true);
}

/* The change @n of its kind fails once. false: there was none. */
static bool fail_once(const struct crash *c, enum fk_op op, unsigned n, int action)
{
	FK_AUTO struct fakekernel *fk = fk_clone(c->origin);
	const struct fk_fault fault = {.op = op, .nth = n, .action = action};
	struct setup_rig rig = {0};
	struct vh_error err;
	enum vh_setup_outcome outcome;
	char where[128];

	(void)snprintf(where, sizeof(where), "%s: operation %d, %u, action %d", c->host->name,
		       (int)op, n, action);
	fk_fault(fk, &fault);
	do_apply(fk, c->host, &err, &outcome);
	fk_no_faults(fk);
	if (outcome == VH_SETUP_DONE) {
		rig_same(c->after, fk, where);
		return false;
	}
	if (outcome == VH_SETUP_FAILED) {
		rig_same(c->before, fk, where);
	}
	all_whole(c, fk, where);
	end_it(c, fk, where);
	rig_expect(rig_undo(fk, &rig, NULL, &err), VH_SETUP_DONE, &rig, &err);
	rig_same(c->before, fk, where);
	return true;
}

static void every_change_fails(void **state)
{
	static const int actions[] = {ENOSPC, EROFS, EIO, FK_EFFECT_THEN_EIO};

	(void)state;
	for (size_t h = 0; h < VH_ARRAY_SIZE(hosts); h++) {
		struct crash c = {0};

		crash_open(&c, &hosts[h]);
		for (size_t i = 0; i < VH_ARRAY_SIZE(actions); i++) {
			unsigned n = 1;

			while (fail_once(&c, FK_PUBLISH, n, actions[i])) {
				n++;
			}
			assert_true(n > 5);
			(void)fail_once(&c, FK_MAKE_DIR, 1, actions[i]);
		}
		crash_close(&c);
	}
}

/* The disk stays full, or the file system read-only: nothing is changed, and it is said so. */
static void disk_that_stays_full(void **state)
{
	static const int actions[] = {ENOSPC, EROFS};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(actions); i++) {
		struct crash c = {0};
		const struct fk_fault fault = {
			.op = FK_PUBLISH, .path_contains = "etc/", .action = actions[i]};
		struct vh_error err;
		enum vh_setup_outcome outcome;

		crash_open(&c, &hosts[0]);
		fk_fault(c.origin, &fault);
		do_apply(c.origin, c.host, &err, &outcome);
		assert_int_equal(outcome, VH_SETUP_FAILED);
		assert_int_equal(err.code, actions[i]);
		rig_same(c.before, c.origin, "with a disk that stays full");
		assert_false(fk_exists(c.origin, "var/lib/vfio-handoff"));
		crash_close(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(death_on_the_way_out),
		cmocka_unit_test(death_on_the_way_back),
		cmocka_unit_test(every_change_fails),
		cmocka_unit_test(disk_that_stays_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
