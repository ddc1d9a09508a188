/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captured or made-up host -> the text of doctor, for every line of doctor/cases: by the command on
 * the unpacked tree, and the same findings in this process with the fake behind the door.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/checks.h"
#include "tests/cli/tree.h"
#include "tests/support/fakekernel.h"

#define BINARY VH_BINARY_DIR "/cli/vfio-handoff"

struct doctor_case {
	char name[64];
	char host[96];
	char vm[64];
};

static bool same(const char *name, const char *what, const char *expected, const char *got)
{
	VH_AUTO_FREE char *diff = NULL;

	if (!expected || !got) {
		abort();
	}
	if (strcmp(expected, got) == 0) {
		return true;
	}
	diff = fk_diff(expected, got);
	(void)printf("not ok %s: %s differs\n%s", name, what, diff);
	return false;
}

/* What the command prints of the unpacked host. */
static int run_command(struct fakekernel *fk, const struct doctor_case *c, struct tree_run *run)
{
	char dir[] = "/tmp/vh-doctor-XXXXXX";
	char *argv[8] = {(char[]){BINARY}, (char[]){"--root"}, dir, (char[]){"doctor"},
			 (char[]){"--verbose"}};
	char vm[64];

	(void)snprintf(vm, sizeof(vm), "%s", c->vm);
	argv[5] = strcmp(vm, "-") == 0 ? NULL : vm;
	if (!mkdtemp(dir)) {
		return -errno;
	}
	tree_make(fk, dir);
	tree_run(argv, run);
	tree_remove(dir);
	return run->status <= 1 && run->err[0] == '\0' ? 0 : -EIO;
}

/* The same without a file system. */
static int run_inside(struct fakekernel *fk, const struct doctor_case *c, struct vh_text *ret)
{
	VH_AUTO_DIAGNOSIS struct vh_diagnosis d = {0};
	const struct vh_doctor doctor = {
		.sys = fk_sys(fk),
		.vm = strcmp(c->vm, "-") == 0 ? NULL : c->vm,
		.captured = true,
		.is_root = true,
	};
	struct vh_error err = {0};
	int rc;

	fk_capture(fk);
	rc = vh_diagnose(&doctor, &d, &err);
	if (rc == 0) {
		vh_diagnosis_render(&d, true, false, ret);
	}
	return rc;
}

static char *slurp(const char *path)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	VH_AUTO_TEXT struct vh_text t = {0};
	char chunk[4096];
	size_t n;

	while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		vh_text_addn(&t, chunk, n);
	}
	return strdup(vh_text_str(&t));
}

static bool rewrite(const char *path, const char *text)
{
	VH_AUTO_FILE FILE *f = fopen(path, "we");

	return f && fputs(text, f) >= 0;
}

static bool check(const struct doctor_case *c, bool regenerate)
{
	FK_AUTO struct fakekernel *fk = fk_host(c->host);
	VH_AUTO_TEXT struct vh_text inside = {0};
	VH_AUTO_FREE char *expected = NULL;
	struct tree_run run = {0};
	char path[512];
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/%s.txt", VH_DOCTOR_DIR, c->name);
	if (run_command(fk, c, &run) || run_inside(fk, c, &inside)) {
		(void)printf("not ok %s: exit status %d\n%s", c->name, run.status,
			     run.err ? run.err : "");
		tree_run_done(&run);
		return false;
	}
	ok = !regenerate || rewrite(path, run.out);
	expected = slurp(path);
	ok = ok && same(c->name, "the text", expected, run.out);
	ok = ok && same(c->name, "what the fake says", run.out, vh_text_str(&inside));
	if (fk_operations(fk) != 0) {
		(void)printf("not ok %s: doctor changed the host\n", c->name);
		ok = false;
	}
	tree_run_done(&run);
	return ok;
}

int main(int argc, char **argv)
{
	VH_AUTO_FILE FILE *cases = fopen(VH_DOCTOR_DIR "/cases", "re");
	bool regenerate = getenv("VH_TEST_REGENERATE") != NULL;
	size_t passed = 0;
	size_t failed = 0;
	char line[256];

	while (cases && fgets(line, sizeof(line), cases)) {
		struct doctor_case c;

		if (line[0] == '#' ||
		    sscanf(line, "%63s %95s %63s", c.name, c.host, c.vm) != 3 || // NOLINT
		    (argc > 1 && strcmp(argv[1], c.name) != 0)) {
			continue;
		}
		if (check(&c, regenerate)) {
			(void)printf("ok %s\n", c.name);
			passed++;
		} else {
			failed++;
		}
	}
	(void)printf("%zu passed, %zu failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
