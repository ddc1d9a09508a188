/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who has the nodes of a function open. */

#include <unistd.h>

#include "lib/host/holders.h"
#include "tests/unit/host_picture.h"

static void described(struct picture *p, const char *name, const char *text)
{
	char buf[512];

	vh_holders_describe(inspected(p, name), buf, sizeof(buf));
	assert_string_equal(buf, text);
}

static struct picture *host_with(void **state, const char *lines)
{
	return picture_of(state, fk_host_with("single-gpu", lines));
}

static void nobody_is_said_as_nothing(void **state)
{
	struct picture *p = host_with(state, "process 700 bash fd=/dev/null\n");

	described(p, GPU, "");
	described(p, AUDIO, "");
}

static void each_function_has_its_own_holders(void **state)
{
	struct picture *p = host_with(state, "process 700 Xorg fd=/dev/dri/card0\n"
					     "process 701 pipewire fd=/dev/snd/pcmC0D0p\n");

	described(p, GPU, "Xorg (pid 700, /dev/dri/card0)");
	described(p, AUDIO, "pipewire (pid 701, /dev/snd/pcmC0D0p)");
}

/* A container has its own /dev, a udev rule another name: the number decides. */
static void holder_by_another_name_of_the_node(void **state)
{
	struct picture *p = host_with(state, "node srv/container/card c 226:0\n"
					     "process 700 game fd=/srv/container/card\n");

	described(p, GPU, "game (pid 700, /srv/container/card)");
}

/* A block device has numbers of its own. */
static void same_number_of_another_kind_is_no_holder(void **state)
{
	struct picture *p = host_with(state, "node dev/strange b 226:0\n"
					     "process 700 dd fd=/dev/strange\n");

	described(p, GPU, "");
}

/* kernel.md 3.5: nvidia and fb0 can be held by a mapping alone. */
static void holder_with_a_mapping_only(void **state)
{
	struct picture *p = host_with(state, "process 700 fbterm map=/dev/fb0\n");

	described(p, GPU, "fbterm (pid 700, /dev/fb0)");
}

static void one_process_is_listed_once(void **state)
{
	struct picture *p = host_with(state, "process 700 Xorg fd=/dev/dri/card0 fd=/dev/fb0 "
					     "map=/dev/dri/card0 fd=/dev/dri/card0\n");

	described(p, GPU, "Xorg (pid 700, /dev/dri/card0)");
	assert_int_equal(function(p, GPU)->holder_count, 1);
}

/* proc(5): the name in stat may hold blanks and parentheses. */
static void holder_with_an_odd_name(void **state)
{
	struct picture *p = host_with(state, "process 700 \"Web) R (x\" fd=/dev/dri/card0\n");

	described(p, GPU, "Web) R (x (pid 700, /dev/dri/card0)");
	assert_true(vh_sys_process_alive(fk_sys(p->fk), &function(p, GPU)->holders[0].process));
}

/* systemd#8393: logind keeps the DRM node. Bensikrac#7: powerdevil and RGB tools hold i2c. */
static void peers_3_2_logind_and_i2c_are_holders(void **state)
{
	struct picture *p = host_with(state, "process 700 systemd-logind fd=/dev/dri/card0\n"
					     "node dev/i2c-3 c 89:3\n"
					     "process 701 openrgb fd=/dev/i2c-3\n");

	fk_set(p->fk, D GPU "/i2c-3/i2c-dev/i2c-3/dev", "89:3\n");
	described(p, GPU, "systemd-logind (pid 700, /dev/dri/card0), openrgb (pid 701, /dev/i2c-3)");
}

static void we_are_no_holder_ourselves(void **state)
{
	char line[64];
	struct picture *p;

	(void)snprintf(line, sizeof(line), "process %d test fd=/dev/dri/card0\n", (int)getpid());
	p = host_with(state, line);
	described(p, GPU, "");
}

static void qemu_is_named_for_a_card_on_vfio(void **state)
{
	struct picture *p = host_with(state, "module vfio_pci loaded=yes\n");
	char text[64];
	pid_t qemu;

	assert_int_equal(fk_write(p->fk, D USB "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(p->fk, PCI "drivers/xhci_hcd/unbind", USB), 0);
	assert_int_equal(fk_write(p->fk, PCI "drivers/vfio-pci/bind", USB), 0);
	qemu = fk_vm_open(p->fk, 9);
	take(p);
	(void)snprintf(text, sizeof(text), "qemu-system-x86 (pid %d, /dev/vfio/9)", (int)qemu);
	described(p, USB, text);
}

static void one_that_ends_is_gone_at_the_next_look(void **state)
{
	struct picture *p = host_with(state, "process 700 Xorg fd=/dev/dri/card0\n");

	assert_int_equal(inspected(p, GPU)->holder_count, 1);
	fk_process_exit(p->fk, 700);
	assert_int_equal(inspected(p, GPU)->holder_count, 0);
}

/* Traps 22, 23: the nodes go when a hung unbind begins; who has them open is still found. */
static void trap_23_nodes_kept_from_before_name_the_holder_of_a_hung_unbind(void **state)
{
	struct picture *p = host_with(state, "process 700 pipewire fd=/dev/snd/controlC0\n");
	struct vh_function *list[] = {function(p, AUDIO)};
	struct vh_sys *sys = fk_sys(p->fk);
	struct vh_nodes nodes;
	struct vh_process stuck;
	char buf[128];

	vh_nodes_collect(sys, list, 1, &nodes);
	assert_int_equal(nodes.count, 2);
	assert_int_equal(sys->ops->write(sys, PCI "drivers/snd_hda_intel/unbind", AUDIO,
					 strlen(AUDIO), 1000, &stuck),
			 -ETIMEDOUT);
	assert_int_equal(vh_holders_find(sys, list, 1), 0);
	assert_int_equal(list[0]->holder_count, 0);
	assert_int_equal(vh_holders_scan(sys, &nodes, list, 1), 0);
	vh_holders_describe(list[0], buf, sizeof(buf));
	assert_non_null(strstr(buf, "pipewire (pid 700"));
}

/* A description is cut, never overrun. */
static void many_holders_fit_into_any_buffer(void **state)
{
	VH_AUTO_TEXT struct vh_text lines = {0};
	struct picture *p;
	char buf[40];

	for (int i = 0; i < 60; i++) {
		vh_text_addf(&lines, "process %d client%d fd=/dev/dri/card0\n", 700 + i, i);
	}
	p = host_with(state, vh_text_str(&lines));
	assert_int_equal(inspected(p, GPU)->holder_count, 60);
	vh_holders_describe(function(p, GPU), buf, sizeof(buf));
	assert_int_equal(strlen(buf), sizeof(buf) - 1);
	vh_holders_clear(function(p, GPU));
	assert_int_equal(function(p, GPU)->holder_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(nobody_is_said_as_nothing),
		PICTURE_TEST(each_function_has_its_own_holders),
		PICTURE_TEST(holder_by_another_name_of_the_node),
		PICTURE_TEST(same_number_of_another_kind_is_no_holder),
		PICTURE_TEST(holder_with_a_mapping_only),
		PICTURE_TEST(one_process_is_listed_once),
		PICTURE_TEST(holder_with_an_odd_name),
		PICTURE_TEST(peers_3_2_logind_and_i2c_are_holders),
		PICTURE_TEST(we_are_no_holder_ourselves),
		PICTURE_TEST(qemu_is_named_for_a_card_on_vfio),
		PICTURE_TEST(one_that_ends_is_gone_at_the_next_look),
		PICTURE_TEST(trap_23_nodes_kept_from_before_name_the_holder_of_a_hung_unbind),
		PICTURE_TEST(many_holders_fit_into_any_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
