/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The text of a new profile, on every host there is: it loads, and a plan comes of it. G6. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/engine/picture.h"
#include "lib/host/card.h"
#include "lib/plan/plan.h"
#include "lib/profile/new.h"
#include "tests/unit/fake_host.h"

static void name_of(void *arg, const struct vh_function *f, char *buf, size_t size)
{
	(void)arg;
	/* A name may hold anything. */
	(void)snprintf(buf, size, "a [card]; = \x1b%04x", f->device);
}

static bool refuses(const struct vh_plan *plan, enum vh_refusal_kind kind)
{
	for (size_t i = 0; i < plan->refusal_count; i++) {
		if (plan->refusals[i].kind == kind) {
			return true;
		}
	}
	return false;
}

static void check_card(struct fakekernel *fk, const struct vh_host *host, size_t index)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_HOST struct vh_host picture = {0};
	VH_AUTO_PLAN struct vh_plan plan = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_LIST struct vh_list warnings = {0};
	struct vh_profile_new what = {host, "a vm", &index, 1, name_of, NULL};
	struct vh_error err = {0};
	struct vh_card card;

	assert_int_equal(vh_profile_new(&what, &text, &warnings, &err), 0);
	vh_profile_init(&profile, "a vm");
	if (vh_profile_parse(&profile, "new.ini", vh_text_str(&text), text.len, &err) ||
	    vh_profile_finish(&profile, "new.ini", &err)) {
		fail_msg("%s\n%s", err.msg, vh_text_str(&text));
	}
	vh_card_of(host, index, &card);
	for (size_t i = 0; i < card.count; i++) {
		assert_true(vh_plan_takes(host, &profile, &host->functions[card.functions[i]]));
	}
	assert_int_equal(vh_picture_take(fk_sys(fk), &profile, &picture, &err), 0);
	assert_int_equal(vh_plan_detach(&picture, &profile, &plan), 0);
	assert_false(refuses(&plan, VH_REFUSED_NO_DEVICE));
	assert_false(refuses(&plan, VH_REFUSED_OTHER_ID));
	assert_false(refuses(&plan, VH_REFUSED_TWICE));
	assert_false(refuses(&plan, VH_REFUSED_BRIDGE));
	if (warnings.count > 0) {
		assert_true(refuses(&plan, VH_REFUSED_GROUP));
	}
}

static unsigned check_host(const char *name)
{
	FK_AUTO struct fakekernel *fk = fk_host(name);
	VH_AUTO_HOST struct vh_host host = {0};
	struct vh_error err = {0};
	unsigned cards = 0;

	assert_int_equal(vh_host_load(fk_sys(fk), &host, &err), 0);
	for (int i = vh_card_next_display(&host, -1); i >= 0; i = vh_card_next_display(&host, i)) {
		check_card(fk, &host, (size_t)i);
		cards++;
	}
	return cards;
}

static unsigned check_directory(const char *below)
{
	VH_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	char path[512];
	unsigned cards = 0;

	(void)snprintf(path, sizeof(path), VH_SOURCE_DIR "/tests/hosts/%s", below);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) { // NOLINT(bugprone-assignment-in-if-condition)
		const char *end = strstr(entry->d_name, ".host");
		char name[512];

		if (!end || end[5] != '\0') {
			continue;
		}
		(void)snprintf(name, sizeof(name), "%s%.*s", below, (int)(end - entry->d_name),
			       entry->d_name);
		print_message("  %s\n", name);
		cards += check_host(name);
	}
	return cards;
}

static void on_every_host(void **state)
{
	(void)state;
	assert_true(check_directory("") >= 15);
	(void)check_directory("made-up/");
	(void)check_directory("captured/");
}

static void a_slot_of_the_chipset_is_no_card(void **state)
{
	FK_AUTO struct fakekernel *fk =
		fk_host_with("single-gpu", "pci 0000:00:14.0 8086:7ae0 class=0c0330 group=40\n"
					   "pci 0000:00:14.3 8086:7af0 class=028000 group=41\n");
	VH_AUTO_HOST struct vh_host host = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_LIST struct vh_list warnings = {0};
	struct vh_error err = {0};
	size_t chosen[3];
	struct vh_profile_new what = {&host, "a vm", chosen, 3, name_of, NULL};

	(void)state;
	assert_int_equal(vh_host_load(fk_sys(fk), &host, &err), 0);
	chosen[0] = (size_t)vh_host_find_name(&host, "0000:00:14.0");
	chosen[1] = (size_t)vh_host_find_name(&host, "0000:00:14.3");
	/* Once more is not twice. */
	chosen[2] = chosen[0];
	assert_int_equal(vh_profile_new(&what, &text, &warnings, &err), 0);
	assert_non_null(strstr(vh_text_str(&text), "[device usb]\n"));
	assert_non_null(strstr(vh_text_str(&text), "[device net]\n"));
	assert_null(strstr(vh_text_str(&text), "goes along"));
	assert_null(strstr(vh_text_str(&text), "usb2"));
	assert_int_equal(warnings.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_every_host),
		cmocka_unit_test(a_slot_of_the_chipset_is_no_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
