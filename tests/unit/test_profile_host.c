/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What [host] says about the desktop and about those who have a card open. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/profile/keys.h"
#include "lib/profile/profile.h"
#include "tests/unit/profile_text.h"

static void show(const struct vh_profile *p, const char *name, const char *want)
{
	int index = vh_key_find("host", name);
	char text[VH_KEY_VALUE_MAX];

	assert_true(index >= 0);
	vh_keys[index].get(&vh_keys[index], p, NULL, text);
	assert_string_equal(text, want);
}

/* What is done about the desktop, and how it is shown again. */
static void test_desktop_keys(void **state)
{
	struct vh_profile p;

	(void)state;
	read_good(&p, GPU);
	assert_int_equal(p.display_manager, VH_DISPLAY_MANAGER_AUTO);
	assert_int_equal(p.modules, VH_MODULES_AUTO);
	assert_true(p.inhibit_sleep);
	show(&p, "display-manager", "auto");
	show(&p, "inhibit-sleep", "yes");
	vh_profile_done(&p);

	read_good(&p, GPU "[host]\ndisplay-manager = lightdm\nholders = wait 20s\n"
			  "modules = unload\ninhibit-sleep = no\n");
	assert_int_equal(p.display_manager, VH_DISPLAY_MANAGER_UNIT);
	assert_string_equal(p.display_unit, "lightdm.service");
	assert_int_equal(p.holders, VH_HOLDERS_WAIT);
	assert_int_equal(p.holders_wait_ms, 20000);
	assert_int_equal(p.modules, VH_MODULES_UNLOAD);
	assert_false(p.inhibit_sleep);
	show(&p, "display-manager", "lightdm.service");
	show(&p, "holders", "wait 20s");
	show(&p, "modules", "unload");
	show(&p, "inhibit-sleep", "no");
	vh_profile_done(&p);

	read_good(&p, GPU "[host]\ndisplay-manager = none\nholders = kill\nmodules = keep\n");
	assert_int_equal(p.display_manager, VH_DISPLAY_MANAGER_NONE);
	assert_int_equal(p.holders, VH_HOLDERS_KILL);
	show(&p, "display-manager", "none");
	show(&p, "holders", "kill");
	show(&p, "modules", "keep");
	vh_profile_done(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_desktop_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
