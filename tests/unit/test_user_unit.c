/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Units of a user's own systemd. */

#include "lib/host/user_unit.h"
#include "tests/unit/host_picture.h"

#define ANN "session 2 user=ann uid=1000 seat=seat0 vt=2 type=wayland active\n"
#define PIPEWIRE \
	ANN "process 811 pipewire uid=1000 user-unit=pipewire.service fd=/dev/snd/controlC0\n"

static struct picture *host_with(void **state, const char *lines)
{
	return picture_of(state, fk_host_with("single-gpu", lines));
}

static void state_is(struct picture *p, uid_t uid, const char *unit, const char *load,
		     const char *active)
{
	struct vh_error err = {0};
	struct vh_unit u;

	assert_int_equal(vh_user_unit_state(fk_sys(p->fk), uid, unit, 1000, &u, &err), 0);
	assert_string_equal(u.name, unit);
	assert_string_equal(u.load, load);
	assert_string_equal(u.active, active);
	vh_unit_done(&u);
}

static int tell(struct picture *p, enum vh_unit_verb verb, uid_t uid, const char *unit)
{
	VH_AUTO_LIST struct vh_list words = {0};
	VH_AUTO_LIST struct vh_list environment = {0};
	const char *argv[16] = {NULL};

	assert_int_equal(vh_user_unit_words(fk_sys(p->fk), verb, uid, unit, &words, &environment),
			 0);
	assert_true(words.count < VH_ARRAY_SIZE(argv));
	for (size_t i = 0; i < words.count; i++) {
		argv[i] = words.items[i];
	}
	return fk_sys(p->fk)->ops->run(fk_sys(p->fk),
				       &(const struct vh_command){.argv = argv,
								  .environment = &environment,
								  .timeout_ms = 1000});
}

/* Their systemd listens to nobody else: the group is theirs, too, and the way to it is told. */
static void commands_are_run_as_that_user(void **state)
{
	static const char *const expected[] = {"/usr/bin/setpriv",
					       "--reuid=1000",
					       "--regid=100",
					       "--clear-groups",
					       "--",
					       "/usr/bin/systemctl",
					       "--user",
					       "stop",
					       "--",
					       "app-a\\x2db-1.scope"};
	struct picture *p = host_with(state, "");
	VH_AUTO_LIST struct vh_list words = {0};
	VH_AUTO_LIST struct vh_list environment = {0};

	fk_set(p->fk, "etc/passwd", "ann:x:1000:100::/home/ann:/bin/bash\n");
	assert_int_equal(vh_user_unit_words(fk_sys(p->fk), VH_UNIT_STOP, 1000,
					    "app-a\\x2db-1.scope", &words, &environment),
			 0);
	assert_int_equal(words.count, VH_ARRAY_SIZE(expected));
	for (size_t i = 0; i < words.count; i++) {
		assert_string_equal(words.items[i], expected[i]);
	}
	assert_int_equal(environment.count, 1);
	assert_string_equal(environment.items[0], "XDG_RUNTIME_DIR=/run/user/1000");
}

/* QaidVoid#40: sound lives on, and comes back. */
static void a_unit_is_stopped_and_started(void **state)
{
	struct picture *p = host_with(state, PIPEWIRE);

	state_is(p, 1000, "pipewire.service", "loaded", "active");
	assert_int_equal(inspected(p, AUDIO)->holder_count, 1);
	assert_int_equal(tell(p, VH_UNIT_STOP, 1000, "pipewire.service"), 0);
	state_is(p, 1000, "pipewire.service", "loaded", "inactive");
	assert_int_equal(inspected(p, AUDIO)->holder_count, 0);
	assert_int_equal(tell(p, VH_UNIT_START, 1000, "pipewire.service"), 0);
	state_is(p, 1000, "pipewire.service", "loaded", "active");
	assert_int_equal(inspected(p, AUDIO)->holder_count, 1);
	assert_int_equal(tell(p, VH_UNIT_RESET, 1000, "pipewire.service"), 0);
}

/* Its socket would start it again. */
static void a_unit_that_a_socket_starts_again(void **state)
{
	struct picture *p = host_with(
		state, PIPEWIRE "user-unit 1000 pipewire.socket active triggers=pipewire.service "
				"eager\n");
	struct vh_error err = {0};
	struct vh_unit u;

	assert_int_equal(
		vh_user_unit_state(fk_sys(p->fk), 1000, "pipewire.service", 1000, &u, &err), 0);
	assert_string_equal(u.triggered_by, "pipewire.socket");
	vh_unit_done(&u);
	assert_null(u.triggered_by);
	assert_int_equal(tell(p, VH_UNIT_STOP, 1000, "pipewire.service"), 0);
	state_is(p, 1000, "pipewire.service", "loaded", "active");
	assert_int_equal(tell(p, VH_UNIT_STOP, 1000, "pipewire.socket"), 0);
	assert_int_equal(tell(p, VH_UNIT_STOP, 1000, "pipewire.service"), 0);
	state_is(p, 1000, "pipewire.service", "loaded", "inactive");
}

/* A scope holds what somebody else started: nothing starts it again. */
static void a_scope_that_is_stopped_is_gone(void **state)
{
	struct picture *p = host_with(state, ANN
				      "process 900 mpv uid=1000 user-unit=app-mpv\\x2dx-9.scope "
				      "fd=/dev/dri/card0\n");

	state_is(p, 1000, "app-mpv\\x2dx-9.scope", "loaded", "active");
	assert_int_equal(tell(p, VH_UNIT_STOP, 1000, "app-mpv\\x2dx-9.scope"), 0);
	state_is(p, 1000, "app-mpv\\x2dx-9.scope", "not-found", "inactive");
	assert_int_equal(tell(p, VH_UNIT_START, 1000, "app-mpv\\x2dx-9.scope"), 5);
	assert_int_equal(inspected(p, GPU)->holder_count, 0);
}

static void a_user_whose_systemd_does_not_run(void **state)
{
	struct picture *p = host_with(state, PIPEWIRE);
	struct vh_error err = {0};
	struct vh_unit u;

	assert_int_equal(vh_user_unit_state(fk_sys(p->fk), 1001, "pipewire.service", 1000, &u, &err),
			 -ENOENT);
	assert_string_equal(err.msg, "systemd does not run for user 1001");
	fk_remove(p->fk, "run/user/1000/systemd/private");
	assert_int_equal(vh_user_unit_state(fk_sys(p->fk), 1000, "pipewire.service", 1000, &u, &err),
			 -ENOENT);
	assert_int_equal(tell(p, VH_UNIT_START, 1000, "pipewire.service"), 1);
}

static void answers_that_are_none(void **state)
{
	static const struct {
		int action;
		int rc;
	} cases[] = {{FK_HANG, -ETIMEDOUT}, {FK_SILENT, -EIO}, {1, -EPERM}, {ENOENT, -EIO}};
	struct picture *p = host_with(state, PIPEWIRE);
	struct vh_error err = {0};
	struct vh_unit u;

	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		const struct fk_fault fault = {.op = FK_RUN,
					       .path_contains = "systemctl --user show",
					       .action = cases[i].action};

		fk_fault(p->fk, &fault);
		assert_int_equal(
			vh_user_unit_state(fk_sys(p->fk), 1000, "pipewire.service", 1000, &u, &err),
			cases[i].rc);
		assert_non_null(
			strstr(err.msg, "systemctl --user does not say how pipewire.service is: "));
		vh_unit_done(&u);
		fk_no_faults(p->fk);
	}
	/* util-linux may be there without it. */
	fk_remove(p->fk, "usr/bin/setpriv");
	assert_int_equal(
		vh_user_unit_state(fk_sys(p->fk), 1000, "pipewire.service", 1000, &u, &err), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(commands_are_run_as_that_user),
		PICTURE_TEST(a_unit_is_stopped_and_started),
		PICTURE_TEST(a_unit_that_a_socket_starts_again),
		PICTURE_TEST(a_scope_that_is_stopped_is_gone),
		PICTURE_TEST(a_user_whose_systemd_does_not_run),
		PICTURE_TEST(answers_that_are_none),
	};

	return cmocka_run_group_tests_name("units of users", tests, NULL, NULL);
}
