/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Finding the service that shows the login. */

#include "tests/unit/handoff_rig.h"

#define SYSTEMD                                          \
	"manager systemd\nunit lightdm.service active\n" \
	"process 700 lightdm unit=lightdm.service\n"
#define ALIAS \
	"link etc/systemd/system/display-manager.service /lib/systemd/system/lightdm.service\n"

struct found {
	struct fakekernel *fk;
	struct vh_host host;
};

static void inspect(struct found *f, const char *name)
{
	struct vh_error err = {0};

	if (vh_host_inspect_display_manager(fk_sys(f->fk), &f->host, name, 1000, &err)) {
		fail_msg("%s", err.msg);
	}
}

static void open_host(struct found *f, const char *lines)
{
	*f = (struct found){.fk = fk_host_with("two-gpus-idle", lines)};
}

static void close_host(struct found *f)
{
	vh_host_done(&f->host);
	fk_free(f->fk);
}

/* @name is found, and is the only unit; "" for none. */
static void expect(const char *lines, const char *name)
{
	struct found f;

	open_host(&f, lines);
	inspect(&f, "");
	if (strcmp(f.host.display_manager, name) != 0) {
		fail_msg("'%s' instead of '%s' (%s) with\n%s", f.host.display_manager, name,
			 f.host.unit_count ? f.host.units[0].problem : "", lines);
	}
	assert_int_equal(f.host.unit_count, name[0] != '\0');
	if (name[0]) {
		assert_string_equal(f.host.units[0].name, name);
		assert_string_equal(f.host.units[0].id, name);
		assert_string_equal(vh_unit_activity(&f.host.units[0]), "active");
	}
	close_host(&f);
}

static void the_unit_behind_the_alias(void **state)
{
	(void)state;
	expect(SYSTEMD ALIAS, "lightdm.service");
}

/* mateussouzaweb#3, gswitch#9: startx, or a login without a password */
static void none_is_no_error(void **state)
{
	(void)state;
	expect("", "");
	expect("manager systemd\n", "");
	expect("manager openrc\n", "");
	expect("manager runit\n", "");
	expect("manager openrc\nunit sddm\nunit xdm\n", "");
	expect("manager runit\nunit sddm\n", "");
	/* Others may run what this distribution does not call its display manager. */
	expect(SYSTEMD, "");
}

static void openrcs_by_their_order(void **state)
{
	(void)state;
	expect("manager openrc\nunit display-manager active\nunit xdm active\n", "display-manager");
	expect("manager openrc\nunit display-manager\nunit xdm active\nunit sddm active\n", "xdm");
	expect("manager openrc\nunit xdm\nunit lightdm active\n", "lightdm");
	expect("manager openrc\nunit display-manager.service active\n", "");
}

static void runits_by_their_names(void **state)
{
	(void)state;
	expect("manager runit\nunit sddm active\nunit gdm\n", "sddm");
	expect("manager runit dir=var/service\nunit emptty active\n", "emptty");
	expect("manager runit\nunit sshd active\n", "");
}

static void one_that_the_profile_names(void **state)
{
	struct found f;

	(void)state;
	open_host(&f, SYSTEMD ALIAS "unit greetd.service active\n");
	inspect(&f, "greetd.service");
	assert_string_equal(f.host.display_manager, "greetd.service");
	assert_int_equal(f.host.unit_count, 1);
	close_host(&f);

	open_host(&f, "manager openrc\nunit greetd active\n");
	inspect(&f, "greetd.service");
	assert_string_equal(f.host.display_manager, "greetd");
	assert_string_equal(f.host.units[0].name, "greetd");
	close_host(&f);
}

/* The plan refuses, so it must see it. */
static void one_that_is_not_there(void **state)
{
	struct found f;

	(void)state;
	open_host(&f, SYSTEMD ALIAS);
	inspect(&f, "sdmm.service");
	assert_string_equal(f.host.display_manager, "sdmm.service");
	assert_string_equal(f.host.units[0].name, "sdmm.service");
	assert_string_equal(f.host.units[0].load, "not-found");
	close_host(&f);

	open_host(&f, "");
	inspect(&f, "sddm.service");
	assert_string_equal(f.host.display_manager, "sddm.service");
	assert_int_equal(f.host.units[0].unknown, ENOSYS);
	close_host(&f);
}

/* In the list once, by whatever name it was asked for first. */
static void one_that_is_known_already(void **state)
{
	static const struct {
		const char *lines;
		const char *first;
	} cases[] = {{SYSTEMD ALIAS, "lightdm.service"},
		     {SYSTEMD ALIAS, "display-manager.service"},
		     {"manager openrc\nunit sddm active\n", "sddm.service"},
		     {"manager runit\nunit sddm active\n", "sddm"}};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		struct vh_error err = {0};
		struct found f;

		open_host(&f, cases[i].lines);
		assert_int_equal(
			vh_host_inspect_unit(fk_sys(f.fk), &f.host, cases[i].first, 1000, &err), 0);
		inspect(&f, "");
		inspect(&f, "");
		assert_int_equal(f.host.unit_count, 1);
		assert_string_equal(f.host.units[0].name, cases[i].first);
		assert_string_equal(f.host.display_manager, cases[i].first);
		close_host(&f);
	}
}

/* systemd does not answer: that is told, and is not "none". */
static void an_answer_that_does_not_come(void **state)
{
	struct found f;

	(void)state;
	open_host(&f, SYSTEMD ALIAS);
	fk_fault(f.fk, &(struct fk_fault){
			       .op = FK_RUN, .path_contains = "systemctl show", .action = FK_HANG});
	inspect(&f, "");
	assert_string_equal(f.host.display_manager, "display-manager.service");
	assert_int_equal(f.host.units[0].unknown, ETIMEDOUT);
	close_host(&f);
}

/* A captured tree of another machine, where nothing is run. */
static void in_a_captured_tree(void **state)
{
	static const struct fk_fault read_only = {
		.op = FK_RUN, .path_contains = "systemctl show", .action = EROFS};
	struct found f;

	(void)state;
	open_host(&f, SYSTEMD ALIAS);
	fk_fault(f.fk, &read_only);
	inspect(&f, "");
	assert_string_equal(f.host.display_manager, "lightdm.service");
	assert_int_equal(f.host.units[0].unknown, EROFS);
	assert_int_equal(f.host.unit_count, 1);
	close_host(&f);

	open_host(&f, SYSTEMD);
	fk_fault(f.fk, &read_only);
	inspect(&f, "");
	assert_string_equal(f.host.display_manager, "");
	assert_int_equal(f.host.unit_count, 0);
	close_host(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unit_behind_the_alias),
		cmocka_unit_test(none_is_no_error),
		cmocka_unit_test(openrcs_by_their_order),
		cmocka_unit_test(runits_by_their_names),
		cmocka_unit_test(one_that_the_profile_names),
		cmocka_unit_test(one_that_is_not_there),
		cmocka_unit_test(one_that_is_known_already),
		cmocka_unit_test(an_answer_that_does_not_come),
		cmocka_unit_test(in_a_captured_tree),
	};

	return cmocka_run_group_tests_name("display manager", tests, NULL, NULL);
}
