/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The man page and the completions of the shells say what the program's table of commands says.
 * VH_TEST_REGENERATE=1 writes those parts of them anew.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "cli/commands.h"
#include "lib/base/cleanup.h"
#include "tests/cli/describe.h"

#define MANUAL      VH_SOURCE_DIR "/docs/vfio-handoff.8"
#define COMPLETIONS VH_SOURCE_DIR "/cli/completions/"

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

static void write_file(const char *path, const char *text)
{
	VH_AUTO_FILE FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

/* The lines between "begin: NAME" and "end: NAME", each in a comment of the file's language. */
static void hold(const char *path, const char *name, const struct vh_text *wanted)
{
	VH_AUTO_TEXT struct vh_text file = {0};
	VH_AUTO_TEXT struct vh_text after = {0};
	char mark[64];
	const char *begin;
	const char *end;

	assert_false(wanted->failed);
	read_file(path, &file);
	(void)snprintf(mark, sizeof(mark), "begin: %s\n", name);
	begin = strstr(vh_text_str(&file), mark);
	assert_non_null(begin);
	begin += strlen(mark);
	(void)snprintf(mark, sizeof(mark), "end: %s\n", name);
	end = strstr(begin, mark);
	assert_non_null(end);
	while (end > begin && end[-1] != '\n') {
		end--;
	}
	vh_text_addn(&after, vh_text_str(&file), (size_t)(begin - vh_text_str(&file)));
	vh_text_add(&after, vh_text_str(wanted));
	vh_text_add(&after, end);
	if (getenv("VH_TEST_REGENERATE")) {
		write_file(path, vh_text_str(&after));
	} else {
		assert_string_equal(vh_text_str(&file), vh_text_str(&after));
	}
}

static void hold_made(const char *path, const char *name, void (*make)(struct vh_text *))
{
	VH_AUTO_TEXT struct vh_text wanted = {0};

	make(&wanted);
	hold(path, name, &wanted);
}

static void the_man_page_has_every_option(void **state)
{
	(void)state;
	hold_made(MANUAL, "synopsis", describe_man_synopsis);
	hold_made(MANUAL, "options", describe_man_options);
}

static void the_completions_have_every_option(void **state)
{
	VH_AUTO_TEXT struct vh_text names = {0};

	(void)state;
	hold_made(COMPLETIONS "vfio-handoff.bash", "forms", describe_bash);
	hold_made(COMPLETIONS "_vfio-handoff", "forms", describe_zsh);
	hold_made(COMPLETIONS "vfio-handoff.fish", "forms", describe_fish);
	vh_text_add(&names, "\t_vfio_handoff_names=(");
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
			vh_text_addf(&names, "%s'%s'", names.data[names.len - 1] == '(' ? "" : " ",
				     e->forms[i]->name);
		}
	}
	vh_text_add(&names, ")\n");
	hold(COMPLETIONS "_vfio-handoff", "names", &names);
}

/* The man page explains each in words, too: an .It, or a .Ss, with its name. */
static void the_man_page_explains_every_command(void **state)
{
	VH_AUTO_TEXT struct vh_text page = {0};
	unsigned missing = 0;

	(void)state;
	read_file(MANUAL, &page);
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
			char item[80];

			(void)snprintf(item, sizeof(item), "\n.It Cm %s", e->forms[i]->name);
			if (!strstr(vh_text_str(&page), item)) {
				(void)fprintf(stderr, "vfio-handoff(8) lacks '%s'\n", item + 1);
				missing++;
			}
		}
	}
	vh_text_done(&page);
	assert_int_equal(missing, 0);
}

static void every_form_is_whole(void **state)
{
	(void)state;
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
			const struct cli_syntax *form = e->forms[i];

			assert_true(cli_entry_is(e, form->name) || strchr(form->name, ' '));
			assert_non_null(form->arguments);
			if (!form->summary[0] || !form->help[0]) {
				fail_msg("'%s' does not say what it is for", form->name);
			}
			for (const struct cli_option *o = form->options; o && o->name; o++) {
				assert_int_equal(strncmp(o->name, "--", 2), 0);
				assert_true(strlen(o->help) > 0);
			}
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_whole),
		cmocka_unit_test(the_man_page_has_every_option),
		cmocka_unit_test(the_man_page_explains_every_command),
		cmocka_unit_test(the_completions_have_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
