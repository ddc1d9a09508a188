/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What we ship about profiles is true: every sample loads, and the manual page has every key as the
 * key table has it. VH_TEST_REGENERATE=1 writes that part of the page anew.
 */

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/keys.h"
#include "lib/profile/parse.h"
#include "lib/profile/profile.h"
#include "tests/unit/profile_text.h"

#define PROFILES VH_SOURCE_DIR "/profiles"
#define MANUAL   VH_SOURCE_DIR "/docs/vfio-handoff-profile.5"

static void read_file(const char *path, struct vh_text *ret)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	char buf[4096];
	size_t n;

	if (!f) {
		fail_msg("%s: %s", path, strerror(errno));
		return;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		vh_text_addn(ret, buf, n);
	}
	assert_false(ret->failed);
}

static void load_sample(const char *file, const char *text, size_t len)
{
	/* On Proxmox the devices come from the VM's configuration. */
	bool has_devices = strcmp(file, "proxmox.ini") != 0;
	VH_AUTO_PROFILE struct vh_profile p;
	struct vh_error err = {0};
	int rc;

	vh_profile_init(&p, "sample");
	rc = vh_profile_parse(&p, file, text, len, &err);
	if (rc == 0) {
		rc = has_devices ? vh_profile_finish(&p, file, &err)
				 : vh_profile_check(&p, file, &err);
	}
	if (rc) {
		fail_msg("%s", err.msg);
	}
}

static void test_every_sample_loads(void **state)
{
	VH_AUTO_DIR DIR *dir = opendir(PROFILES);
	const struct dirent *entry;
	unsigned count = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		VH_AUTO_TEXT struct vh_text text = {0};
		char path[512];

		if (!strstr(entry->d_name, ".ini")) {
			continue;
		}
		(void)snprintf(path, sizeof(path), PROFILES "/%s", entry->d_name);
		read_file(path, &text);
		load_sample(entry->d_name, vh_text_str(&text), text.len);
		count++;
	}
	assert_true(count >= 8);
}

static void add_key(struct vh_text *t, const struct vh_key *key)
{
	char syntax[VH_KEY_VALUE_MAX];

	vh_text_addf(t, ".It Cm %s No = Ar %s\n%s\n", key->name, vh_key_syntax(key, syntax),
		     key->help);
	if (!key->fallback) {
		vh_text_add(t, "Required.\n");
	} else if (key->fallback[0]) {
		vh_text_addf(t, "Default:\n.Cm %s .\n", key->fallback);
	} else {
		vh_text_add(t, "Not set by default.\n");
	}
}

static void add_keys(struct vh_text *t)
{
	vh_text_add(t, ".\\\" Written by VH_TEST_REGENERATE=1 test_profiles_dir: begin\n");
	for (size_t s = 0; s < VH_SECTION_COUNT; s++) {
		vh_text_addf(t, ".Ss [%s%s]\n.Bl -tag -width Ds\n", vh_sections[s],
			     s == VH_SECTION_DEVICE ? " NAME" : "");
		for (size_t i = 0; i < VH_KEY_COUNT; i++) {
			if (strcmp(vh_keys[i].section, vh_sections[s]) == 0) {
				add_key(t, &vh_keys[i]);
			}
		}
		vh_text_add(t, ".El\n");
	}
	vh_text_add(t, ".\\\" end\n");
}

static void rewrite(const char *page, const char *begin, const char *end, const char *keys)
{
	VH_AUTO_FILE FILE *f = fopen(MANUAL, "we");

	assert_non_null(f);
	assert_true(fprintf(f, "%.*s%s%s", (int)(begin - page), page, keys, end) > 0);
}

static void test_manual_has_the_key_table(void **state)
{
	static const char end_mark[] = ".\\\" end\n";
	VH_AUTO_TEXT struct vh_text page = {0};
	VH_AUTO_TEXT struct vh_text keys = {0};
	const char *begin;
	const char *end;

	(void)state;
	read_file(MANUAL, &page);
	add_keys(&keys);
	begin = strstr(vh_text_str(&page), ".\\\" Written by");
	assert_non_null(begin);
	end = strstr(begin, end_mark);
	assert_non_null(end);
	end += strlen(end_mark);
	if (getenv("VH_TEST_REGENERATE")) {
		rewrite(vh_text_str(&page), begin, end, vh_text_str(&keys));
		return;
	}
	assert_int_equal(end - begin, keys.len);
	assert_int_equal(strncmp(begin, vh_text_str(&keys), keys.len), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sample_loads),
		cmocka_unit_test(test_manual_has_the_key_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
