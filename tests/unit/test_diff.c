/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The unified diff: applied to the one text it gives the other, and diff(1) finds no shorter one. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/base/diff.h"

#define ROUNDS 3000

static void expect(const char *before, const char *after, const char *wanted)
{
	VH_AUTO_TEXT struct vh_text diff = {0};

	vh_diff(&diff, "a", before, "b", after);
	assert_false(diff.failed);
	assert_string_equal(vh_text_str(&diff), wanted);
}

static void equal_texts_give_nothing(void **state)
{
	(void)state;
	expect("", "", "");
	expect("one\ntwo\n", "one\ntwo\n", "");
	expect("no end", "no end", "");
}

static void one_line_has_three_around_it(void **state)
{
	(void)state;
	expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
	       "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

static void changes_near_each_other_share_a_hunk(void **state)
{
	(void)state;
	expect("1\n2\n3\n4\n5\n6\n7\n8\n", "one\n2\n3\n4\n5\n6\n7\nlast\n",
	       "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-1\n+one\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+last\n");
	expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "one\n2\n3\n4\n5\n6\n7\n8\nnine\n",
	       "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n"
	       "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine\n");
}

static void empty_side_is_line_zero(void **state)
{
	(void)state;
	expect("", "1\n2\n", "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+1\n+2\n");
	expect("1\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-1\n");
}

static void missing_newline_at_the_end_is_a_difference(void **state)
{
	(void)state;
	expect("1\n2", "1\n2\n",
	       "--- a\n+++ b\n@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+2\n");
	expect("1\n2", "one\n2",
	       "--- a\n+++ b\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n\\ No newline at end of file\n");
}

static void new_element_among_its_like_is_shown_whole(void **state)
{
	(void)state;
	expect("<d>\n  <h>\n    <x/>\n  </h>\n  <h>\n    <z/>\n  </h>\n</d>\n",
	       "<d>\n  <h>\n    <x/>\n  </h>\n  <h>\n    <y/>\n  </h>\n  <h>\n    <z/>\n  </h>\n</d>\n",
	       "--- a\n+++ b\n@@ -2,6 +2,9 @@\n   <h>\n     <x/>\n   </h>\n+  <h>\n+    <y/>\n+  </h>\n"
	       "   <h>\n     <z/>\n   </h>\n");
}

/* --- texts made at random, the same ones each time ------------------------------------------ */

static unsigned random_below(uint64_t *seed, unsigned limit)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % limit;
}

/* Few different lines, so that many alignments are possible. */
static void random_text(uint64_t *seed, struct vh_text *ret)
{
	unsigned lines = random_below(seed, 30);

	for (unsigned i = 0; i < lines; i++) {
		vh_text_addf(ret, "%*s%c\n", (int)random_below(seed, 3), "",
			     'a' + (char)random_below(seed, 5));
	}
	if (random_below(seed, 4) == 0) {
		vh_text_add(ret, "end");
	}
}

static void edited_text(uint64_t *seed, const char *text, struct vh_text *ret)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		len += line[len] == '\n';
		switch (random_below(seed, 8)) {
		case 0:
			break;
		case 1:
			vh_text_addf(ret, "%c\n", 'a' + (char)random_below(seed, 5));
			vh_text_addn(ret, line, len);
			break;
		default:
			vh_text_addn(ret, line, len);
		}
		line += len;
	}
}

/* Applies a diff by hand: every line of it is where it says, and belongs to one of the texts. */
static void apply(const char *before, const char *diff, struct vh_text *ret)
{
	unsigned at = 1;

	diff = strchr(strchr(diff, '\n') + 1, '\n') + 1;
	for (const char *line = diff; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n") + 1;
		bool torn = line[len] == '\\';

		if (line[0] == '@') {
			unsigned start = (unsigned)strtoul(line + 4, NULL, 10);
			const char *comma = strpbrk(line + 4, ", ");

			start += *comma == ',' && strtoul(comma + 1, NULL, 10) == 0;
			for (; at < start; at++) {
				size_t copied = strcspn(before, "\n") + 1;

				vh_text_addn(ret, before, copied);
				before += copied;
			}
			continue;
		}
		if (line[0] == '\\') {
			continue;
		}
		if (line[0] != '+') {
			assert_memory_equal(before, line + 1, len - 1 - torn);
			before += len - 1 - torn;
			at++;
		}
		if (line[0] != '-') {
			vh_text_addn(ret, line + 1, len - 1 - torn);
		}
	}
	vh_text_add(ret, before);
}

static void applying_it_gives_the_other_text(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		VH_AUTO_TEXT struct vh_text before = {0};
		VH_AUTO_TEXT struct vh_text after = {0};
		VH_AUTO_TEXT struct vh_text diff = {0};
		VH_AUTO_TEXT struct vh_text applied = {0};

		random_text(&seed, &before);
		if (i % 2 == 0) {
			edited_text(&seed, vh_text_str(&before), &after);
		} else {
			random_text(&seed, &after);
		}
		vh_diff(&diff, "a", vh_text_str(&before), "b", vh_text_str(&after));
		if (strcmp(vh_text_str(&before), vh_text_str(&after)) == 0) {
			assert_int_equal(diff.len, 0);
			continue;
		}
		apply(vh_text_str(&before), vh_text_str(&diff), &applied);
		assert_string_equal(vh_text_str(&applied), vh_text_str(&after));
	}
}

/* Thousands of different lines: no longer the shortest, but still right, and quick. */
static void texts_with_nothing_in_common(void **state)
{
	VH_AUTO_TEXT struct vh_text before = {0};
	VH_AUTO_TEXT struct vh_text after = {0};
	VH_AUTO_TEXT struct vh_text diff = {0};
	VH_AUTO_TEXT struct vh_text applied = {0};

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		vh_text_addf(&before, "old %u\n", i);
		vh_text_addf(&after, "new %u\n", i);
	}
	vh_diff(&diff, "a", vh_text_str(&before), "b", vh_text_str(&after));
	apply(vh_text_str(&before), vh_text_str(&diff), &applied);
	assert_string_equal(vh_text_str(&applied), vh_text_str(&after));
}

/* --- against diff(1) and patch(1) ------------------------------------------------------------ */

struct files {
	char dir[32];
	char before[64];
	char after[64];
	char diff[64];
	char out[64];
};

static void put(const char *path, const char *text)
{
	VH_AUTO_FILE FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static char *get(const char *path)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	char *text = calloc(1, 65536);

	assert_non_null(f);
	assert_non_null(text);
	text[fread(text, 1, 65535, f)] = '\0';
	return text;
}

/* Exit status; 127: there is no such program. */
static int run(const char *out, const char *const argv[])
{
	char *words[16] = {0};
	size_t count = 0;
	int status = 0;
	pid_t pid;

	while (argv[count]) {
		count++;
	}
	assert_true(count < VH_ARRAY_SIZE(words));
	pid = fork();
	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0) {
			memcpy(words, argv, count * sizeof(words[0]));
			(void)execv(words[0], words);
		}
		_exit(127);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Lines added and removed. */
static unsigned edits_of(const char *diff)
{
	unsigned count = 0;

	for (const char *line = diff; *line; line = strchr(line, '\n') + 1) {
		count += (line[0] == '+' || line[0] == '-') && strncmp(line, "--- ", 4) != 0 &&
			 strncmp(line, "+++ ", 4) != 0;
	}
	return count;
}

static void compare_with_the_real_ones(const struct files *f, uint64_t *seed)
{
	const char *const diff_words[] = {"/usr/bin/diff", "-u", "--minimal", "--label", "a",
					  "--label",       "b",  f->before,   f->after,  NULL};
	const char *const patch_words[] = {"/usr/bin/patch", "-s",      "-F0",   "-o",
					   f->out,           f->before, f->diff, NULL};
	VH_AUTO_TEXT struct vh_text before = {0};
	VH_AUTO_TEXT struct vh_text after = {0};
	VH_AUTO_TEXT struct vh_text diff = {0};
	VH_AUTO_FREE char *theirs = NULL;
	VH_AUTO_FREE char *applied = NULL;

	random_text(seed, &before);
	edited_text(seed, vh_text_str(&before), &after);
	vh_diff(&diff, "a", vh_text_str(&before), "b", vh_text_str(&after));
	if (diff.len == 0) {
		return;
	}
	put(f->before, vh_text_str(&before));
	put(f->after, vh_text_str(&after));
	put(f->diff, vh_text_str(&diff));
	assert_int_equal(run(f->out, diff_words), 1);
	theirs = get(f->out);
	assert_int_equal(edits_of(vh_text_str(&diff)), edits_of(theirs));
	/* patch(1) takes an emptied file away. */
	if (after.len > 0) {
		assert_int_equal(run("/dev/null", patch_words), 0);
		applied = get(f->out);
		assert_string_equal(applied, vh_text_str(&after));
	}
}

static void diff_finds_no_shorter_one_and_patch_takes_it(void **state)
{
	struct files f = {.dir = "/tmp/vh-diff-XXXXXX"};
	uint64_t seed = 7;

	(void)state;
	if (access("/usr/bin/diff", X_OK) < 0 || access("/usr/bin/patch", X_OK) < 0) {
		skip();
	}
	assert_non_null(mkdtemp(f.dir));
	(void)snprintf(f.before, sizeof(f.before), "%s/before", f.dir);
	(void)snprintf(f.after, sizeof(f.after), "%s/after", f.dir);
	(void)snprintf(f.diff, sizeof(f.diff), "%s/diff", f.dir);
	(void)snprintf(f.out, sizeof(f.out), "%s/out", f.dir);
	for (unsigned i = 0; i < 60; i++) {
		compare_with_the_real_ones(&f, &seed);
	}
	(void)unlink(f.before);
	(void)unlink(f.after);
	(void)unlink(f.diff);
	(void)unlink(f.out);
	(void)rmdir(f.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_give_nothing),
		cmocka_unit_test(one_line_has_three_around_it),
		cmocka_unit_test(changes_near_each_other_share_a_hunk),
		cmocka_unit_test(empty_side_is_line_zero),
		cmocka_unit_test(missing_newline_at_the_end_is_a_difference),
		cmocka_unit_test(new_element_among_its_like_is_shown_whole),
		cmocka_unit_test(applying_it_gives_the_other_text),
		cmocka_unit_test(texts_with_nothing_in_common),
		cmocka_unit_test(diff_finds_no_shorter_one_and_patch_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
