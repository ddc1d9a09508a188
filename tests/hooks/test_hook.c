/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The hook as libvirt calls it: for VMs of others, for odd names, with profiles that do not do. */

#include <sys/stat.h>

#include "tests/hooks/hook_rig.h"

/* virHookQemuOpType of libvirt's src/util/virhook.c, and what no version of it has. */
static const char *const operations[] = {
	"prepare",  "start",     "started", "stopped", "release",  "migrate",
	"restore",  "reconnect", "attach",  "",        "PREPARE",  "prepared",
	"prepare ", "detach",    "--help",  "%s%n",    "shutdown", "a/../b\n",
};

static void other_vms_cost_no_byte_and_no_file(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE);
	for (size_t i = 0; i < VH_ARRAY_SIZE(operations); i++) {
		hook_expect(r, hook_event(r, "debian", operations[i]), 0);
		hook_silent(r);
	}
	hook_unchanged(r);
}

static void a_host_without_any_profile_is_left_alone(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("no-iommu"));

	for (size_t i = 0; i < VH_ARRAY_SIZE(operations); i++) {
		hook_expect(r, hook_event(r, "debian", operations[i]), 0);
		hook_silent(r);
	}
	hook_unchanged(r);
}

/* Only those that hand over tell what is wrong with a profile; the filter is no reason to fail. */
static void unknown_operations_of_our_vm_are_nothing_either(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_TYPO);
	for (size_t i = 0; i < VH_ARRAY_SIZE(operations); i++) {
		if (strcmp(operations[i], "prepare") != 0) {
			hook_expect(r, hook_event(r, "win11", operations[i]), 0);
			hook_silent(r);
		}
	}
	hook_unchanged(r);
}

static void too_few_words_show_the_usage(void **state)
{
	static const char *const words[] = {"win11", "prepare", "begin"};
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE);
	for (size_t count = 0; count <= VH_ARRAY_SIZE(words); count++) {
		const char *some[VH_ARRAY_SIZE(words) + 1] = {NULL};

		memcpy(some, words, count * sizeof(words[0]));
		hook_expect(r, hook_call(r, HOOK_USUAL, some), 2);
		assert_non_null(strstr(r->run.err, "NAME OPERATION SUBOPERATION EXTRA"));
	}
	hook_unchanged(r);
}

static char long_name[301];

static const char *const names[] = {
	"",         " ",     ".",           "..",        "-x",
	"--help",   "a/b",   "/etc/passwd", "../secret", "../../etc/secret",
	"../x",     "my VM", "it's \"it\"", "100%",      "%s%n%d",
	"%2E%2E",   "a\nb",  "a\x1b[31mb",  "\x7f",      "\\",
	"*",        "$(id)", "`id`",        "a;b",       "\xff\xfe",
	"\xc3\xa4", "~",     "win11.ini",   "win11\t",   long_name,
};

/* What a name would reach if it were taken for a path. */
static void put_baits(struct hook_rig *r)
{
	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_TYPO);
	hook_put(r, "etc/vfio-handoff/a/b.ini", HOOK_TYPO);
	hook_put(r, "etc/secret.ini", HOOK_TYPO);
	hook_put(r, "run/vfio-handoff/journal", "rubbish\n");
	hook_put(r, "run/vfio-handoff/x/journal", "rubbish\n");
	hook_put(r, "run/vfio-handoff/vm/journal", "rubbish\n");
	hook_put(r, "run/vfio-handoff/vm/a/b/journal", "rubbish\n");
	hook_put(r, "run/libvirt/secret.pid", "1");
}

static void odd_names_are_data(void **state)
{
	static const char *const events[] = {"prepare", "started", "reconnect", "stopped",
					     "release"};
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	memset(long_name, 'n', sizeof(long_name) - 1);
	put_baits(r);
	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		for (size_t k = 0; k < VH_ARRAY_SIZE(events); k++) {
			hook_expect(r, hook_event(r, names[i], events[k]), 0);
			hook_silent(r);
			hook_unchanged(r);
		}
	}
}

static void odd_names_may_have_a_profile(void **state)
{
	static const char *const odd[] = {"my VM 100%", "it's \"it\"", "-x",
					  "%s%n",       "\xc3\xa4",    "$(id)"};
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	for (size_t i = 0; i < VH_ARRAY_SIZE(odd); i++) {
		char path[128];
		char where[128];

		(void)snprintf(path, sizeof(path), "etc/vfio-handoff/%s.ini", odd[i]);
		(void)snprintf(where, sizeof(where), "%s.ini:2: ", odd[i]);
		hook_put(r, path, HOOK_TYPO);
		hook_expect(r, hook_event(r, odd[i], "prepare"), 2);
		hook_complains(r, where);
		hook_put(r, path, HOOK_PROFILE_NONE);
		hook_expect(r, hook_event(r, odd[i], "prepare"), 1);
		hook_complains(r, odd[i]);
		hook_unlocked(r);
	}
}

static void typo_is_named_with_file_and_line(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_TYPO);
	hook_expect(r, hook_event(r, "win11", "prepare"), 2);
	hook_complains(r, "win11.ini:2: unknown key 'adress'");
	hook_unchanged(r);
}

static void control_bytes_of_a_profile_do_not_reach_the_terminal(void **state)
{
	static const char *const texts[] = {
		"[device gpu]\nadr\x1b[31mess = 1\n",
		"[device gpu]\naddress = \x1b]0;owned\x07\n",
		"[dev\x08\x08ice]\n",
		"[device gpu]\naddress = 0000:01:00.0\r\r\x1b[2J\n",
		"\x1b\n",
	};
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	for (size_t i = 0; i < VH_ARRAY_SIZE(texts); i++) {
		hook_put(r, "etc/vfio-handoff/win11.ini", texts[i]);
		hook_expect(r, hook_event(r, "win11", "prepare"), 2);
		hook_complains(r, "win11.ini:");
		hook_unchanged(r);
	}
}

static void profile_that_cannot_be_looked_at_stops_the_start(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));
	char path[128];

	hook_put(r, "etc/vfio-handoff/other.ini", HOOK_PROFILE);
	(void)snprintf(path, sizeof(path), "%s/etc/vfio-handoff/win11.ini", r->dir);
	assert_int_equal(symlink("win11.ini", path), 0);
	hook_expect(r, hook_event(r, "win11", "prepare"), 2);
	hook_complains(r, "win11.ini");
	/* Whoever asked is gone: the same answer, not a death by SIGPIPE. */
	hook_expect(r, hook_event_as(r, HOOK_READER_GONE, "win11", "prepare"), 2);
	hook_expect(r, hook_event(r, "win11", "started"), 0);
	hook_silent(r);
}

static void profile_that_others_may_write_stops_the_start(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));
	char path[128];

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE);
	(void)snprintf(path, sizeof(path), "%s/etc/vfio-handoff/win11.ini", r->dir);
	assert_int_equal(chmod(path, 0666), 0);
	hook_expect(r, hook_event(r, "win11", "prepare"), 2);
	hook_complains(r, "chmod go-w '/etc/vfio-handoff/win11.ini'");
}

static void refused(void **state, struct fakekernel *fk, const char *profile, const char *part)
{
	struct hook_rig *r = hook_open(state, fk);

	hook_put(r, "etc/vfio-handoff/win11.ini", profile);
	hook_expect(r, hook_event(r, "win11", "prepare"), 1);
	hook_complains(r, part);
	hook_unlocked(r);
	/* libvirt's answer to a refused start. */
	hook_expect(r, hook_event(r, "win11", "release"), 0);
	hook_silent(r);
	hook_unchanged(r);
}

static void device_that_is_not_there_refuses(void **state)
{
	refused(state, fk_host("single-gpu"), HOOK_PROFILE_NONE, "0000:09:00.0");
}

static void host_without_an_iommu_refuses(void **state)
{
	refused(state, fk_host("no-iommu"), HOOK_PROFILE, "IOMMU");
}

static void group_that_does_not_go_as_a_whole_refuses(void **state)
{
	refused(state, fk_host("shared-group"), HOOK_PROFILE, "group");
}

static void empty_sys_refuses(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("no-iommu"));
	char path[128];

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE);
	(void)snprintf(path, sizeof(path), "%s/sys", r->dir);
	tree_remove(path);
	hook_put(r, "sys/kernel/notes", "");
	hook_expect(r, hook_event(r, "win11", "prepare"), 1);
	hook_complains(r, "win11");
	hook_unlocked(r);
}

static void plain_user_has_nothing_to_do_with_others(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE);
	for (size_t i = 0; i < VH_ARRAY_SIZE(operations); i++) {
		hook_expect(r, hook_event_as(r, HOOK_AS_USER, "debian", operations[i]), 0);
		hook_silent(r);
	}
	hook_unchanged(r);
}

static void plain_user_is_told_who_can_hand_over(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_TYPO);
	for (size_t i = 0; i < VH_ARRAY_SIZE(operations); i++) {
		if (strcmp(operations[i], "prepare") != 0) {
			hook_expect(r, hook_event_as(r, HOOK_AS_USER, "win11", operations[i]), 0);
			hook_silent(r);
		}
	}
	hook_expect(r, hook_event_as(r, HOOK_AS_USER, "win11", "prepare"), 1);
	hook_complains(r, "root");
	hook_unchanged(r);
	hook_expect(r, hook_event_as(r, HOOK_AS_USER | HOOK_READER_GONE, "win11", "prepare"), 1);
}

static void plain_user_who_may_not_look_has_no_profile(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));
	char path[128];

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE);
	(void)snprintf(path, sizeof(path), "%s/etc/vfio-handoff", r->dir);
	assert_int_equal(chmod(path, 0700), 0);
	hook_expect(r, hook_event_as(r, HOOK_AS_USER, "win11", "prepare"), 0);
	hook_silent(r);
}

/* What is said does not depend on anyone to hear it. */
static void closed_descriptors_change_no_answer(void **state)
{
	static const unsigned hows[] = {
		HOOK_NO_STDIN,
		HOOK_NO_STDOUT,
		HOOK_NO_STDERR,
		HOOK_NO_STDIN | HOOK_NO_STDERR,
		HOOK_NO_STDOUT | HOOK_NO_STDERR,
		HOOK_NO_STDIN | HOOK_NO_STDOUT | HOOK_NO_STDERR,
		HOOK_READER_GONE,
	};
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, "etc/vfio-handoff/typo.ini", HOOK_TYPO);
	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE_NONE);
	for (size_t i = 0; i < VH_ARRAY_SIZE(hows); i++) {
		hook_expect(r, hook_event_as(r, hows[i], "debian", "prepare"), 0);
		hook_expect(r, hook_event_as(r, hows[i], "typo", "prepare"), 2);
		hook_expect(r, hook_event_as(r, hows[i], "win11", "prepare"), 1);
		hook_expect(r, hook_event_as(r, hows[i], "win11", "reconnect"), 0);
		hook_expect(r, hook_event_as(r, hows[i], "win11", "release"), 0);
		hook_unlocked(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOK_TEST(other_vms_cost_no_byte_and_no_file),
		HOOK_TEST(a_host_without_any_profile_is_left_alone),
		HOOK_TEST(unknown_operations_of_our_vm_are_nothing_either),
		HOOK_TEST(too_few_words_show_the_usage),
		HOOK_TEST(odd_names_are_data),
		HOOK_TEST(odd_names_may_have_a_profile),
		HOOK_TEST(typo_is_named_with_file_and_line),
		HOOK_TEST(control_bytes_of_a_profile_do_not_reach_the_terminal),
		HOOK_TEST(profile_that_cannot_be_looked_at_stops_the_start),
		HOOK_TEST(profile_that_others_may_write_stops_the_start),
		HOOK_TEST(device_that_is_not_there_refuses),
		HOOK_TEST(host_without_an_iommu_refuses),
		HOOK_TEST(group_that_does_not_go_as_a_whole_refuses),
		HOOK_TEST(empty_sys_refuses),
		HOOK_TEST(plain_user_has_nothing_to_do_with_others),
		HOOK_TEST(plain_user_is_told_who_can_hand_over),
		HOOK_TEST(plain_user_who_may_not_look_has_no_profile),
		HOOK_TEST(closed_descriptors_change_no_answer),
	};
	int possible = hook_possible();

	return possible ? possible : cmocka_run_group_tests(tests, NULL, NULL);
}
