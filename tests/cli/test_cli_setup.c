/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * setup on the hosts of tests/hosts/setup: shown as in the golden files, applied, applied again
 * without a change, and undone byte for byte. The real command on a directory; VH_TEST_REGENERATE
 * writes the golden files anew.
 */

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "lib/base/diff.h"
#include "tests/cli/cli_rig.h"
#include "tests/support/setup_host.h"

#define HOSTS VH_SOURCE_DIR "/tests/hosts/setup"
#define MARK  ".vfio-handoff-test-root"
#define WORDS 16

/**
 * struct setup_case - one line of a file `cases`: NAME STATUS WORD...
 */
struct setup_case {
	char host[64];
	char name[64];
	int status;
	const char *words[WORDS];
	char line[256];
};

/* --- the directory */

static char *slurp(const char *path)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 18);

	assert_non_null(text);
	if (!f) {
		free(text);
		return NULL;
	}
	assert_true(fread(text, 1, (1 << 18) - 1, f) < (1 << 18) - 1);
	return text;
}

static void make_host(struct cli_rig *r, const char *host)
{
	struct fakekernel *fk = setup_host(host);

	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/vh-cli-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	tree_make(fk, r->dir);
	fk_free(fk);
	tree_file(r->dir, MARK, "");
	r->before = tree_list(r->dir);
}

static void end_host(struct cli_rig *r)
{
	tree_remove(r->dir);
	tree_run_done(&r->run);
	free(r->before);
	*r = (struct cli_rig){0};
}

/* --- running */

static int run_case(struct cli_rig *r, const struct setup_case *c, const char *more)
{
	const char *words[WORDS + 2] = {"setup"};
	size_t count = 1;

	for (size_t i = 0; c->words[i]; i++) {
		words[count++] = c->words[i];
	}
	words[count] = more;
	return cli_run_words(r, words);
}

/* What was run must be seen with @text, which stands in the golden file. */
static void golden(const struct setup_case *c, const char *suffix, const char *text)
{
	VH_AUTO_TEXT struct vh_text diff = {0};
	VH_AUTO_FREE char *wanted = NULL;
	char path[512];

	(void)snprintf(path, sizeof(path), HOSTS "/%s/%s.%s", c->host, c->name, suffix);
	if (getenv("VH_TEST_REGENERATE")) {
		VH_AUTO_FILE FILE *f = fopen(path, "we");

		assert_non_null(f);
		assert_true(fputs(text, f) >= 0);
		return;
	}
	wanted = slurp(path);
	assert_non_null(wanted);
	if (strcmp(wanted, text) != 0) {
		vh_diff(&diff, path, wanted, "now", text);
		fail_msg("%s/%s\n%s", c->host, c->name, vh_text_str(&diff));
	}
}

static void expect(const struct cli_rig *r, const struct setup_case *c, const char *what, int status)
{
	if (r->run.status != status) {
		fail_msg("%s/%s: %s: exit status %d instead of %d\n%s%s", c->host, c->name, what,
			 r->run.status, status, r->run.out, r->run.err);
	}
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

/*
 * Each file that the diff @shown speaks of has become what it says: the diff of the file in the
 * repository and of that on disk is in it.
 */
static void check_disk(const struct cli_rig *r, const struct setup_case *c, const char *shown)
{
	const char *line = shown;

	while ((line = strstr(line, "--- a/")) != NULL) {
		VH_AUTO_TEXT struct vh_text diff = {0};
		VH_AUTO_FREE char *before = NULL;
		VH_AUTO_FREE char *after = NULL;
		char name[256];
		char path[512];
		char a[512];
		char b[512];

		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(line + 6, "\n"), line + 6);
		(void)snprintf(path, sizeof(path), HOSTS "/%s/tree/%s", c->host, name);
		before = slurp(path);
		(void)snprintf(path, sizeof(path), "%s/%s", r->dir, name);
		after = slurp(path);
		(void)snprintf(a, sizeof(a), "a/%s", name);
		(void)snprintf(b, sizeof(b), after ? "b/%s" : "/dev/null", name);
		vh_diff(&diff, a, before ? before : "", b, after ? after : "");
		if (!strstr(shown, vh_text_str(&diff))) {
			fail_msg("%s/%s: on disk:\n%s\nshown:\n%s", c->host, c->name,
				 vh_text_str(&diff), shown);
		}
		line++;
	}
}

/* The listing without what is ours alone. */
static char *listing(const struct cli_rig *r)
{
	char *all = tree_list(r->dir);
	char *out = all;

	for (char *line = all; *line;) {
		size_t len = strcspn(line, "\n") + 1;

		if (!strstr(line, "/run/vfio-handoff") ||
		    strstr(line, "/run/vfio-handoff") > line + len) {
			memmove(out, line, len);
			out += len;
		}
		line += len;
	}
	*out = '\0';
	return all;
}

static void expect_same(const struct setup_case *c, const char *what, const char *before,
			const char *after)
{
	VH_AUTO_FREE char *diff = fk_diff(before, after);

	if (strcmp(before, after) != 0) {
		fail_msg("%s/%s: %s\n%s", c->host, c->name, what, diff);
	}
}

static void apply_and_undo(struct cli_rig *r, const struct setup_case *c, const char *shown)
{
	struct setup_case undo = {0};
	VH_AUTO_FREE char *before = listing(r);
	VH_AUTO_FREE char *applied = NULL;
	VH_AUTO_FREE char *again = NULL;
	VH_AUTO_FREE char *undone = NULL;

	(void)run_case(r, c, "--apply");
	expect(r, c, "--apply", c->status);
	assert_string_equal(r->run.out, shown);
	check_disk(r, c, shown);
	applied = listing(r);
	if (count_of(shown, "\n+++ ") > 0) {
		assert_string_not_equal(before, applied);
	}
	(void)run_case(r, c, NULL);
	expect(r, c, "after --apply", c->status);
	assert_string_equal(r->run.out, "");
	(void)run_case(r, c, "--apply");
	expect(r, c, "--apply again", c->status);
	again = listing(r);
	expect_same(c, "the second --apply changed something", applied, again);
	(void)run_case(r, &undo, "--undo");
	expect(r, c, "--undo", 0);
	undone = listing(r);
	expect_same(c, "--undo has left something", before, undone);
}

static void try_case(const struct setup_case *c)
{
	struct cli_rig r = {0};
	VH_AUTO_FREE char *shown = NULL;

	make_host(&r, c->host);
	(void)run_case(&r, c, NULL);
	expect(&r, c, "shown", c->status);
	cli_unchanged(&r);
	golden(c, "diff", r.run.out);
	golden(c, "why", r.run.err);
	shown = strdup(r.run.out);
	apply_and_undo(&r, c, shown);
	end_host(&r);
}

/* --- the cases */

static bool parse_case(struct setup_case *c, const char *host, const char *line)
{
	char *save = NULL;
	char *word;
	size_t count = 0;

	*c = (struct setup_case){0};
	assert_true(vh_copy(c->host, sizeof(c->host), host));
	assert_true(vh_copy(c->line, sizeof(c->line), line));
	word = strtok_r(c->line, " ", &save);
	if (!word) {
		return false;
	}
	(void)snprintf(c->name, sizeof(c->name), "%s", word);
	word = strtok_r(NULL, " ", &save);
	assert_non_null(word);
	c->status = word[0] - '0';
	while ((word = strtok_r(NULL, " ", &save)) != NULL && count < WORDS - 2) {
		c->words[count++] = word;
	}
	return true;
}

static void try_host(const char *host)
{
	VH_AUTO_FREE char *text = NULL;
	struct setup_case c;
	char *save = NULL;

	text = setup_host_text(host, "cases");
	assert_non_null(text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (parse_case(&c, host, line)) {
			try_case(&c);
		}
	}
}

static void all_hosts(void **state)
{
	VH_AUTO_DIR DIR *dir = opendir(HOSTS);
	const struct dirent *entry;
	unsigned count = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[512];

		(void)snprintf(path, sizeof(path), HOSTS "/%s/cases", entry->d_name);
		if (access(path, R_OK) == 0) {
			try_host(entry->d_name);
			count++;
		}
	}
	assert_true(count > 4);
}

/* --- the call, and disks that are not as they should be */

static void call_is_checked(void **state)
{
	struct cli_rig r = {0};

	(void)state;
	make_host(&r, "debian12-intel");
	cli_expect(&r, cli_run(&r, "setup", "--aply"), 2);
	cli_err_has(&r, "did you mean '--apply'?");
	cli_expect(&r, cli_run(&r, "setup", "--apply", "--undo"), 2);
	cli_expect(&r, cli_run(&r, "setup", "--undo", "--clean"), 2);
	cli_expect(&r, cli_run(&r, "setup", "--dedicate"), 2);
	cli_expect(&r, cli_run(&r, "setup", "--dedicate", "gpu"), 2);
	cli_err_has(&r, "'gpu' is no address of a PCI device");
	cli_expect(&r, cli_run(&r, "setup", "win11"), 2);
	cli_expect(&r, cli_run(&r, "setup", "--json"), 2);
	cli_expect(&r, cli_run(&r, "setup", "--help"), 0);
	cli_out_has(&r, "usage: vfio-handoff setup");
	cli_expect(&r, cli_run(&r, "setup", "--undo"), 0);
	cli_err_has(&r, "nothing to undo");
	end_host(&r);
}

static void captured_host_is_only_looked_at(void **state)
{
	struct cli_rig r = {0};
	char mark[128];

	(void)state;
	make_host(&r, "debian12-intel");
	(void)snprintf(mark, sizeof(mark), "%s/" MARK, r.dir);
	assert_int_equal(unlink(mark), 0);
	free(r.before);
	r.before = tree_list(r.dir);
	cli_expect(&r, cli_run(&r, "setup"), 0);
	cli_out_has(&r, "+GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on\"");
	cli_expect(&r, cli_run(&r, "setup", "--apply"), 1);
	cli_err_has(&r, "is only looked at");
	end_host(&r);
}

/* /etc/default of its own size, in a namespace of ours; false: not allowed here. */
static bool mount_default(struct cli_rig *r, const char *options)
{
	char dir[128];

	(void)snprintf(dir, sizeof(dir), "%s/etc/default", r->dir);
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", dir, "tmpfs", 0, options) == 0;
}

static void fill(const struct cli_rig *r)
{
	static const char zeros[4096];
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/etc/default/full", r->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	(void)setvbuf(f, NULL, _IONBF, 0);
	while (fwrite(zeros, 1, sizeof(zeros), f) == sizeof(zeros)) {
	}
	(void)fclose(f);
}

static void not_written(struct cli_rig *r, const char *why)
{
	VH_AUTO_FREE char *before = listing(r);
	VH_AUTO_FREE char *after = NULL;

	assert_int_equal(cli_run(r, "setup", "--dedicate", "01:00.0", "--apply"), 1);
	cli_err_has(r, "cannot change the file");
	cli_err_has(r, why);
	cli_err_has(r, "all files are as they were");
	after = listing(r);
	assert_string_equal(before, after);
}

static void disk_is_full_or_read_only(void **state)
{
	struct cli_rig r = {0};
	VH_AUTO_FREE char *grub = setup_host_text("debian12-intel", "tree/etc/default/grub");
	char dir[128];

	(void)state;
	make_host(&r, "debian12-intel");
	if (!mount_default(&r, "size=64k")) {
		end_host(&r);
		skip();
	}
	(void)snprintf(dir, sizeof(dir), "%s/etc/default", r.dir);
	tree_file(r.dir, "etc/default/grub", grub);
	fill(&r);
	not_written(&r, "No space left on device");
	assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, "size=64k"), 0);
	not_written(&r, "Read-only file system");
	assert_int_equal(umount(dir), 0);
	end_host(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_hosts),
		cmocka_unit_test(call_is_checked),
		cmocka_unit_test(captured_host_is_only_looked_at),
		cmocka_unit_test(disk_is_full_or_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
