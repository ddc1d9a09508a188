/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The command that modprobe runs instead of loading vfio-pci, run by a shell on a directory that
 * looks like /sys: it reserves what it is for and nothing else.
 */

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/setup/dedicated.h"
#include "lib/setup/modprobe.h"
#include "tests/unit/temp_root.h"

#define CARD  "0000:01:00.0"
#define OTHER "0000:02:00.0"

static void make_dir(const struct temp_root *t, const char *path)
{
	assert_int_equal(t->sys->ops->make_dir(t->sys, path, 0755), 0);
}

static void put(const struct temp_root *t, const char *device, const char *name, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/%s", device, name);
	temp_root_file(t, path, text);
}

static void make_device(const struct temp_root *t, const char *device)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", device);
	make_dir(t, path);
	put(t, device, "vendor", "0x10de\n");
	put(t, device, "device", "0x2204\n");
	put(t, device, "driver_override", "(null)\n");
}

static void bind(const struct temp_root *t, const char *driver, const char *device)
{
	char target[128];
	char path[128];

	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s", driver);
	make_dir(t, path);
	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/unbind", driver);
	temp_root_file(t, path, "");
	(void)snprintf(target, sizeof(target), "../../drivers/%s", driver);
	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver", device);
	assert_int_equal(symlinkat(target, t->dir, path), 0);
}

static void replace_all(struct vh_text *ret, const char *text, const char *part, const char *with)
{
	const char *at;

	while ((at = strstr(text, part)) != NULL) {
		vh_text_addn(ret, text, (size_t)(at - text));
		vh_text_add(ret, with);
		text = at + strlen(part);
	}
	vh_text_add(ret, text);
}

/* As libkmod makes it of the file: one line, without what continues it. */
static void run_install(const struct temp_root *t)
{
	VH_AUTO_DEDICATED struct vh_dedicated d = {0};
	VH_AUTO_TEXT struct vh_text file = {0};
	VH_AUTO_TEXT struct vh_text joined = {0};
	VH_AUTO_TEXT struct vh_text moved = {0};
	VH_AUTO_TEXT struct vh_text command = {0};
	VH_AUTO_TEXT struct vh_text said = {0};
	char sys[96];
	const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
	struct vh_command run = {
		.argv = argv, .err = &said, .max = 4096, .timeout_ms = 10000, .is_ours = true};

	assert_int_equal(vh_list_add(&d.functions, CARD "/0x10de/0x2204"), 0);
	assert_int_equal(vh_list_add(&d.functions, "0000:09:00.0/0x10de/0x2204"), 0);
	vh_dedicated_write(&d, &file);
	replace_all(&joined, strstr(vh_text_str(&file), "install vfio-pci ") + 17, "\\\n", "");
	(void)snprintf(sys, sizeof(sys), "%s/sys/", t->path);
	replace_all(&moved, vh_text_str(&joined), "/sys/", sys);
	replace_all(&command, vh_text_str(&moved), "/sbin/modprobe --ignore-install vfio-pci",
		    "exit 42;");
	argv[2] = vh_text_str(&command);
	assert_int_equal(t->host->ops->run(t->host, &run), 42);
	assert_string_equal(vh_text_str(&said), "");
}

static void only_the_card_at_the_address(void **state)
{
	const struct temp_root *t = *state;

	make_device(t, CARD);
	make_device(t, OTHER);
	run_install(t);
	temp_root_holds(t, "sys/bus/pci/devices/" CARD "/driver_override", "vfio-pci\n");
	temp_root_holds(t, "sys/bus/pci/devices/" OTHER "/driver_override", "(null)\n");
}

/* A card that was put in moves the numbers of the buses. */
static void another_device_there_is_left_alone(void **state)
{
	const struct temp_root *t = *state;

	make_device(t, CARD);
	put(t, CARD, "device", "0x1533\n");
	run_install(t);
	temp_root_holds(t, "sys/bus/pci/devices/" CARD "/driver_override", "(null)\n");
}

static void built_in_driver_lets_it_go(void **state)
{
	const struct temp_root *t = *state;

	make_device(t, CARD);
	bind(t, "xhci_hcd", CARD);
	run_install(t);
	temp_root_holds(t, "sys/bus/pci/drivers/xhci_hcd/unbind", CARD "\n");
}

/* It may be vfio-pci itself, or something that is in use: what came first is first. */
static void module_keeps_it(void **state)
{
	const struct temp_root *t = *state;

	make_device(t, CARD);
	bind(t, "nouveau", CARD);
	make_dir(t, "sys/bus/pci/drivers/nouveau/module");
	temp_root_file(t, "sys/bus/pci/drivers/nouveau/module/initstate", "live\n");
	run_install(t);
	temp_root_holds(t, "sys/bus/pci/drivers/nouveau/unbind", "");
	temp_root_holds(t, "sys/bus/pci/devices/" CARD "/driver_override", "vfio-pci\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_the_card_at_the_address),
		TEST(another_device_there_is_left_alone),
		TEST(built_in_driver_lets_it_go),
		TEST(module_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
