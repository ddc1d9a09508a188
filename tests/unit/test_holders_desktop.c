/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who has the card, on a desktop: users, sessions, units of users, and nodes in odd places. */

#include "lib/host/holders.h"
#include "lib/host/session.h"
#include "lib/host/user.h"
#include "tests/unit/host_picture.h"

#define LOGIN "session 2 user=ann uid=1000 seat=seat0 vt=2 type=wayland active\n"

static struct picture *host_with(void **state, const char *lines)
{
	return picture_of(state, fk_host_with("single-gpu", lines));
}

static void described(struct picture *p, const char *name, const char *text)
{
	char buf[512];

	vh_holders_describe(inspected(p, name), buf, sizeof(buf));
	assert_string_equal(buf, text);
}

static const struct vh_holder *only_holder(struct picture *p, const char *name)
{
	const struct vh_function *f = inspected(p, name);

	assert_int_equal(f->holder_count, 1);
	return &f->holders[0];
}

static void is_part_of(const struct vh_holder *h, const char *unit, const char *user_unit,
		       const char *session)
{
	assert_string_equal(h->unit, unit);
	assert_string_equal(h->user_unit, user_unit);
	assert_string_equal(h->session, session);
}

/* systemd#8393: logind keeps the DRM node of a session that it gave to the compositor. */
static void logind_is_a_holder_of_its_own(void **state)
{
	struct picture *p = host_with(state, LOGIN "process 600 systemd-logind "
						   "unit=systemd-logind.service fd=/dev/dri/card0 "
						   "closes-with=2\n");
	const struct vh_holder *h = only_holder(p, GPU);

	is_part_of(h, "systemd-logind.service", "", "");
	assert_true(h->draws);
	assert_int_equal(h->uid, 0);
	assert_string_equal(h->user, "root");
	described(p, GPU, "systemd-logind (pid 600, /dev/dri/card0, systemd-logind.service)");
}

/* QaidVoid#31, #50: a Wayland compositor in a unit of the user's outlives the display manager. */
static void compositor_in_a_unit_of_the_user(void **state)
{
	struct picture *p =
		host_with(state, LOGIN
			  "process 900 kwin_wayland uid=1000 user-unit=plasma-kwin_wayland.service "
			  "fd=/dev/dri/card0\n");
	const struct vh_holder *h = only_holder(p, GPU);

	is_part_of(h, "user@1000.service", "plasma-kwin_wayland.service", "");
	assert_int_equal(h->uid, 1000);
	assert_string_equal(h->user, "ann");
	described(p, GPU,
		  "kwin_wayland (pid 900, /dev/dri/card0, user ann, plasma-kwin_wayland.service)");
}

/* Names that systemd escapes are taken as they are. */
static void program_started_from_the_menu(void **state)
{
	static const char unit[] = "app-org.kde.konsole\\x2d2-4711.scope";
	char lines[256];
	struct picture *p;

	(void)snprintf(lines, sizeof(lines),
		       LOGIN "process 900 mpv uid=1000 user-unit=%s fd=/dev/dri/card0\n", unit);
	p = host_with(state, lines);
	is_part_of(only_holder(p, GPU), "user@1000.service", unit, "");
}

static void display_server_in_a_session(void **state)
{
	struct picture *p =
		host_with(state, LOGIN "process 812 Xorg session=2 fd=/dev/dri/card0\n");

	is_part_of(only_holder(p, GPU), "session-2.scope", "", "2");
	described(p, GPU, "Xorg (pid 812, /dev/dri/card0, user ann, session 2)");
}

/* A user that is not in /etc/passwd: a greeter of a newer GDM, LDAP. */
static void user_without_a_name(void **state)
{
	struct picture *p = host_with(state, "process 812 gnome-shell uid=60578 "
					     "fd=/dev/dri/card0\n");

	described(p, GPU, "gnome-shell (pid 812, /dev/dri/card0, user 60578)");
	assert_string_equal(only_holder(p, GPU)->user, "60578");
}

/* One holder for one process, the first node found; it draws if any of its nodes is for that. */
static void a_process_draws_by_any_of_its_nodes(void **state)
{
	struct picture *p = host_with(state, "node dev/i2c-3 c 89:3\n"
					     "process 700 player fd=/dev/i2c-3 fd=/dev/dri/card0\n"
					     "process 701 ddcutil fd=/dev/i2c-3\n"
					     "process 702 fbterm map=/dev/fb0\n"
					     "process 703 wireplumber fd=/dev/snd/controlC0\n");
	const struct vh_holder *h;

	fk_set(p->fk, D GPU "/i2c-3/i2c-dev/i2c-3/dev", "89:3\n");
	assert_int_equal(inspected(p, GPU)->holder_count, 3);
	h = function(p, GPU)->holders;
	assert_string_equal(h[0].node, "/dev/i2c-3");
	assert_true(h[0].draws);
	assert_false(h[1].draws);
	assert_true(h[2].draws);
	assert_false(only_holder(p, AUDIO)->draws);
}

/* Bensikrac#7: powerdevil talks to a screen over the bus behind its connector. */
static void i2c_behind_a_connector(void **state)
{
	static const char connector[] = D GPU "/drm/card0/card0-DP-1";
	struct picture *p = host_with(state, "node dev/i2c-7 c 89:7\n"
					     "node dev/drm_dp_aux0 c 237:0\n"
					     "process 700 org_kde_powerde fd=/dev/i2c-7\n"
					     "process 701 dpaux fd=/dev/drm_dp_aux0\n");
	char path[VH_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/i2c-7/i2c-dev/i2c-7/dev", connector);
	fk_set(p->fk, path, "89:7\n");
	(void)snprintf(path, sizeof(path), "%s/drm_dp_aux0/dev", connector);
	fk_set(p->fk, path, "237:0\n");
	described(p, GPU,
		  "org_kde_powerde (pid 700, /dev/i2c-7), dpaux (pid 701, /dev/drm_dp_aux0)");
	assert_false(function(p, GPU)->holders[0].draws);
	assert_false(function(p, GPU)->holders[1].draws);
}

/* Links in sysfs lead back up, or to somebody else's device. */
static void links_are_not_followed(void **state)
{
	struct picture *p = host_with(state, "node dev/i2c-9 c 89:9\n"
					     "process 700 other fd=/dev/i2c-9\n");
	struct vh_function *list[] = {function(p, GPU)};
	struct vh_nodes nodes;

	fk_set(p->fk, "sys/devices/other/i2c-9/i2c-dev/i2c-9/dev", "89:9\n");
	fk_link(p->fk, D GPU "/drm/card0/card0-HDMI-A-1/ddc", "/sys/devices/other/i2c-9");
	fk_link(p->fk, D GPU "/drm/card0/card0-HDMI-A-1/device", "/" D GPU "/drm/card0");
	described(p, GPU, "");
	vh_nodes_collect(fk_sys(p->fk), list, 1, &nodes);
	assert_int_equal(nodes.count, 2);
}

/* The keys on a sound card's jacks are read by every desktop; that stops nobody. */
static void jacks_are_no_reason(void **state)
{
	struct picture *p = host_with(state, "node dev/input/event5 c 13:69\n"
					     "process 700 Xorg fd=/dev/input/event5\n");

	fk_set(p->fk, D AUDIO "/sound/card0/input12/event5/dev", "13:69\n");
	described(p, AUDIO, "");
}

#define BLOB_NODES                                                                           \
	"node dev/nvidia-uvm c 511:0\nnode dev/nvidia-caps/nvidia-cap1 c 237:1\n"            \
	"process 900 python3 fd=/dev/nvidia-uvm\nprocess 901 nvidia-smi fd=/dev/nvidiactl\n" \
	"process 902 gnome-shell fd=/dev/nvidia-modeset\nprocess 903 dcgm "                  \
	"fd=/dev/nvidia-caps/nvidia-cap1\n"

static bool holds(const struct vh_function *f, const char *name)
{
	for (size_t i = 0; i < f->holder_count; i++) {
		if (strcmp(f->holders[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* joeknock90#25: whoever has a node of the vendor's driver keeps its module in use. */
static void nodes_that_all_cards_of_the_vendor_share(void **state)
{
	struct picture *p = picture_of(state, fk_host_with("nvidia-blob", BLOB_NODES));
	const struct vh_function *f = inspected(p, GPU);

	assert_true(holds(f, "nvidia-persiste"));
	assert_true(holds(f, "python3"));
	assert_true(holds(f, "nvidia-smi"));
	assert_true(holds(f, "gnome-shell"));
	assert_true(holds(f, "dcgm"));
}

/* Another card of the vendor stays here: its users share them, too. */
static void shared_nodes_do_not_count_while_another_card_stays(void **state)
{
	struct picture *p =
		picture_of(state, fk_host_with("nvidia-blob", BLOB_NODES
					       "pci 0000:02:00.0 10de:1b80 class=030000 "
					       "driver=nvidia group=13 node=dev/nvidia1,195:1\n"));
	const struct vh_function *f = inspected(p, GPU);

	assert_true(holds(f, "nvidia-persiste"));
	assert_false(holds(f, "python3"));
	assert_false(holds(f, "nvidia-smi"));
	assert_false(holds(f, "dcgm"));
}

/* Its node stays in /dev when its module goes, and the number becomes another driver's. */
static void stale_node_of_a_module_that_is_gone(void **state)
{
	struct picture *p = picture_of(state, fk_host_with("nvidia-blob", BLOB_NODES));

	fk_remove(p->fk, "sys/module/nvidia_uvm");
	assert_false(holds(inspected(p, GPU), "python3"));
}

/* Trap 22: the kernel may count users that no process shows; then there is nobody to name. */
static void trap_22_users_in_the_kernel_are_not_found(void **state)
{
	struct picture *p = picture_of(state, fk_host_with("nvidia", "module nouveau refcnt=3\n"));

	fk_process_exit(p->fk, 812);
	described(p, GPU, "");
}

static void names_of_users(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
				     "+nis::::::\n"
				     "half:x:1001\n"
				     "odd:x:1002x:1002::/:/bin/sh\n"
				     ":x:1003:1003::/:/bin/sh\n"
				     "control\x1b[1m:x:1004:44::/:/bin/sh\n"
				     "ann:x:1000:100:Ann:/home/ann:/bin/bash\n"
				     "anna:x:1000:100::/home/anna:/bin/bash";
	struct picture *p = host_with(state, "");
	struct vh_sys *sys = fk_sys(p->fk);
	struct vh_user u;

	assert_int_equal(vh_user_find(sys, 1000, &u), -ENOENT);
	assert_string_equal(u.name, "1000");
	assert_int_equal(u.gid, 1000);
	fk_set(p->fk, "etc/passwd", passwd);
	assert_int_equal(vh_user_find(sys, 1000, &u), 0);
	assert_string_equal(u.name, "ann");
	assert_int_equal(u.gid, 100);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(vh_user_find(sys, 1004, &u), 0);
	assert_string_equal(u.name, "control?[1m");
	for (uid_t uid = 1001; uid <= 1003; uid++) {
		assert_int_equal(vh_user_find(sys, uid, &u), -ENOENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(logind_is_a_holder_of_its_own),
		PICTURE_TEST(compositor_in_a_unit_of_the_user),
		PICTURE_TEST(program_started_from_the_menu),
		PICTURE_TEST(display_server_in_a_session),
		PICTURE_TEST(user_without_a_name),
		PICTURE_TEST(a_process_draws_by_any_of_its_nodes),
		PICTURE_TEST(i2c_behind_a_connector),
		PICTURE_TEST(links_are_not_followed),
		PICTURE_TEST(jacks_are_no_reason),
		PICTURE_TEST(nodes_that_all_cards_of_the_vendor_share),
		PICTURE_TEST(shared_nodes_do_not_count_while_another_card_stays),
		PICTURE_TEST(stale_node_of_a_module_that_is_gone),
		PICTURE_TEST(trap_22_users_in_the_kernel_are_not_found),
		PICTURE_TEST(names_of_users),
	};

	return cmocka_run_group_tests_name("holders on a desktop", tests, NULL, NULL);
}
