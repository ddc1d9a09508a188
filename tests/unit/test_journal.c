/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The journal as a file: what is written comes back, a torn end is no harm wherever it tears, and
 * what makes no sense is refused with its line.
 */

#include "lib/engine/journal_text.h"
#include "tests/unit/handoff_rig.h"

#define VM_DIR "run/vfio-handoff/vm/"

struct open_journal {
	struct fakekernel *fk;
	struct vh_sys *sys;
	struct vh_journal j;
	struct vh_error err;
};

static int setup(void **state)
{
	struct open_journal *o = calloc(1, sizeof(*o));

	if (!o) {
		return -1;
	}
	o->fk = fk_host("single-gpu");
	o->sys = fk_sys(o->fk);
	*state = o;
	return 0;
}

static int teardown(void **state)
{
	struct open_journal *o = *state;

	vh_journal_done(&o->j);
	fk_free(o->fk);
	free(o);
	return 0;
}

static void create(struct open_journal *o, const char *vm)
{
	if (vh_journal_create(o->sys, vm, 0xfedcba9876543210, VH_ORIGIN_LIBVIRT, &o->j, &o->err)) {
		fail_msg("%s", o->err.msg);
	}
}

static void load(struct open_journal *o, const char *vm, struct vh_journal *ret)
{
	*ret = (struct vh_journal){0};
	if (vh_journal_load(o->sys, vm, false, ret, &o->err)) {
		fail_msg("%s", o->err.msg);
	}
}

static void same_step(const struct vh_step *a, const struct vh_step *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->device, b->device);
	assert_string_equal(a->path, b->path);
	assert_string_equal(a->found, b->found);
	assert_string_equal(a->wanted, b->wanted);
	assert_string_equal(a->extra, b->extra);
	assert_int_equal(a->timeout_ms, b->timeout_ms);
}

static void odd_values_come_back_as_they_were(void **state)
{
	static const char *const values[] = {
		"",   " ",      "  two  blanks ", "a\nb\n", "100%",        "%20",
		"~",  "~~",     "\t\x01\x7f",     "(null)", "f\xc3\xbcnf", "\xff\xfe",
		"-x", "/../..", "\"quoted\"",     "a=b,c",  "undone 3",
	};
	struct open_journal *o = *state;
	VH_AUTO_JOURNAL struct vh_journal back = {0};

	create(o, "win11");
	for (size_t i = 0; i < VH_ARRAY_SIZE(values); i++) {
		struct vh_step step = {.kind = (enum vh_step_kind)(i % VH_STEP_MAX),
				       .timeout_ms = (unsigned)i * 1000};

		(void)snprintf(step.device, sizeof(step.device), "%s", i % 2 ? GPU : "");
		(void)snprintf(step.path, sizeof(step.path), "sys/%s", values[i]);
		(void)snprintf(step.found, sizeof(step.found), "%s", values[i]);
		(void)snprintf(step.wanted, sizeof(step.wanted), "x%s", values[i]);
		(void)snprintf(step.extra, sizeof(step.extra), "%sx", values[i]);
		assert_int_equal(vh_journal_intent(o->sys, &o->j, &step, &o->err), 0);
	}
	load(o, "win11", &back);
	assert_int_equal(back.count, VH_ARRAY_SIZE(values));
	for (size_t i = 0; i < back.count; i++) {
		same_step(&back.entries[i].step, &o->j.entries[i].step);
	}
}

/* Each field at its full length, all of it needing three bytes for one. */
static void longest_values_fit(void **state)
{
	struct open_journal *o = *state;
	VH_AUTO_JOURNAL struct vh_journal back = {0};
	struct vh_step step = {.kind = VH_STEP_RESET_METHOD, .timeout_ms = UINT32_MAX};

	memset(step.device, ' ', sizeof(step.device) - 1);
	memset(step.path, '%', sizeof(step.path) - 1);
	memset(step.found, '\n', sizeof(step.found) - 1);
	memset(step.wanted, 0xff, sizeof(step.wanted) - 1);
	memset(step.extra, '~', sizeof(step.extra) - 1);
	create(o, "win11");
	assert_int_equal(vh_journal_intent(o->sys, &o->j, &step, &o->err), 0);
	load(o, "win11", &back);
	same_step(&back.entries[0].step, &step);
}

static void all_records_come_back(void **state)
{
	struct open_journal *o = *state;
	VH_AUTO_JOURNAL struct vh_journal back = {0};
	const struct vh_process owner = {.pid = 811, .start_time = UINT64_MAX};
	const struct vh_process qemu = {.pid = INT32_MAX, .start_time = 7};
	const struct vh_step step = {.kind = VH_STEP_UNBIND, .device = GPU, .path = "sys/x"};

	create(o, "win11");
	assert_int_equal(vh_journal_device(o->sys, &o->j, GPU, &o->err), 0);
	assert_int_equal(vh_journal_device(o->sys, &o->j, AUDIO, &o->err), 0);
	assert_int_equal(vh_journal_owner(o->sys, &o->j, &owner, VH_ORIGIN_BACKUP, &o->err), 0);
	assert_int_equal(vh_journal_linger(o->sys, &o->j, UINT32_MAX, &o->err), 0);
	assert_int_equal(vh_journal_intent(o->sys, &o->j, &step, &o->err), 0);
	assert_int_equal(vh_journal_intent(o->sys, &o->j, &step, &o->err), 0);
	assert_int_equal(vh_journal_step_done(o->sys, &o->j, 0, &o->err), 0);
	assert_int_equal(vh_journal_attached(o->sys, &o->j, &o->err), 0);
	assert_int_equal(vh_journal_qemu(o->sys, &o->j, &qemu, &o->err), 0);
	assert_int_equal(vh_journal_lingering(o->sys, &o->j, UINT64_MAX, &o->err), 0);
	assert_int_equal(vh_journal_step_undone(o->sys, &o->j, 1, &o->err), 0);
	load(o, "win11", &back);
	assert_string_equal(back.vm, "win11");
	assert_true(back.profile_hash == 0xfedcba9876543210);
	assert_int_equal(back.origin, VH_ORIGIN_BACKUP);
	assert_true(back.linger_ms == UINT32_MAX && back.lingering_until_ms == UINT64_MAX);
	assert_int_equal(back.devices.count, 2);
	assert_string_equal(back.devices.items[1], AUDIO);
	assert_int_equal(back.owner.pid, owner.pid);
	assert_true(back.owner.start_time == owner.start_time);
	assert_int_equal(back.qemu.pid, qemu.pid);
	assert_true(back.qemu.start_time == qemu.start_time);
	assert_true(back.attached);
	assert_true(back.entries[0].done && !back.entries[0].undone);
	assert_true(!back.entries[1].done && back.entries[1].undone);
}

/* A VM's name is data: one path component, never a path, an option or a hidden file. */
static void vm_names_stay_one_harmless_path_component(void **state)
{
	static const char *const names[] = {
		".",         "..",    ".x",     "-x",      "a/b",         "../../etc/passwd",
		"a b",       "100%",  "%2e%2e", "\"'$(x)", "f\xc3\xbcnf", "tab\there",
		"new\nline", "win11", "a.b",    "~",
	};
	struct open_journal *o = *state;
	VH_AUTO_LIST struct vh_list ids = {0};
	VH_AUTO_LIST struct vh_list vms = {0};

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		char id[200];

		assert_int_equal(vh_journal_id(id, sizeof(id), names[i]), 0);
		assert_null(strchr(id, '/'));
		assert_true(id[0] != '.' && id[0] != '\0');
		assert_false(vh_list_has(&ids, id));
		assert_int_equal(vh_list_add(&ids, id), 0);
		create(o, names[i]);
		vh_journal_done(&o->j);
	}
	assert_int_equal(vh_journal_list(o->sys, &vms), 0);
	assert_int_equal(vms.count, VH_ARRAY_SIZE(names));
	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		VH_AUTO_JOURNAL struct vh_journal back = {0};

		assert_true(vh_list_has(&vms, names[i]));
		load(o, names[i], &back);
		assert_string_equal(back.vm, names[i]);
	}
	assert_false(fk_exists(o->fk, "run/vfio-handoff/etc"));
	assert_false(fk_exists(o->fk, "etc/passwd"));
}

static void a_name_that_is_too_long_is_refused_and_leaves_nothing(void **state)
{
	struct open_journal *o = *state;
	VH_AUTO_FREE char *before = fk_dump(o->fk);
	VH_AUTO_FREE char *after = NULL;
	char name[300];

	memset(name, 'x', sizeof(name));
	for (size_t len = 256; len < sizeof(name); len += 9) {
		name[len] = '\0';
		assert_true(vh_journal_create(o->sys, name, 0, VH_ORIGIN_MANUAL, &o->j, &o->err) <
			    0);
		assert_non_null(strstr(o->err.msg, "too long"));
		assert_int_equal(vh_journal_load(o->sys, name, true, &o->j, &o->err), -ENOENT);
		name[len] = 'x';
	}
	after = fk_dump(o->fk);
	assert_string_equal(before, after);
}

/* The profile's file may have such a name (docs/vfio-handoff-profile.5: up to 249 bytes). */
static void every_name_that_can_have_a_profile_can_have_a_journal(void **state)
{
	struct open_journal *o = *state;
	char path[VH_PATH_MAX];
	char name[300];

	for (size_t len = 1; len < sizeof(name) - 1; len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		if (vh_profile_path(path, sizeof(path), name) == 0) {
			create(o, name);
			vh_journal_done(&o->j);
		}
	}
	memset(name, 0xfc, 80);
	name[80] = '\0';
	assert_int_equal(vh_profile_path(path, sizeof(path), name), 0);
	create(o, name);
}

static void a_second_journal_of_a_vm_is_refused(void **state)
{
	struct open_journal *o = *state;
	struct vh_journal again = {0};

	create(o, "win11");
	assert_int_equal(vh_journal_create(o->sys, "win11", 1, VH_ORIGIN_MANUAL, &again, &o->err),
			 -EEXIST);
	vh_journal_done(&again);
}

static void another_boot_is_stale_and_still_tells_its_devices(void **state)
{
	struct open_journal *o = *state;
	VH_AUTO_JOURNAL struct vh_journal back = {0};

	create(o, "win11");
	assert_int_equal(vh_journal_device(o->sys, &o->j, GPU, &o->err), 0);
	fk_set(o->fk, "proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000000\n");
	assert_int_equal(vh_journal_load(o->sys, "win11", false, &back, &o->err), -ESTALE);
	assert_non_null(strstr(o->err.msg, "from an earlier boot"));
	assert_true(vh_list_has(&back.devices, GPU));
}

static void removing_it_removes_empty_directories_only(void **state)
{
	struct open_journal *o = *state;

	create(o, "other");
	vh_journal_done(&o->j);
	create(o, "win11");
	assert_int_equal(vh_journal_remove(o->sys, &o->j, &o->err), 0);
	assert_false(fk_exists(o->fk, VM_DIR "win11"));
	assert_true(fk_exists(o->fk, VM_DIR "other/journal"));
	assert_int_equal(vh_journal_remove(o->sys, &o->j, &o->err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(odd_values_come_back_as_they_were, setup, teardown),
		cmocka_unit_test_setup_teardown(longest_values_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(all_records_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(vm_names_stay_one_harmless_path_component, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_name_that_is_too_long_is_refused_and_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			every_name_that_can_have_a_profile_can_have_a_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_journal_of_a_vm_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(another_boot_is_stale_and_still_tells_its_devices,
						setup, teardown),
		cmocka_unit_test_setup_teardown(removing_it_removes_empty_directories_only, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
