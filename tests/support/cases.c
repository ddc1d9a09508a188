/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/picture.h"

static void die(const char *what, const char *where)
{
	(void)fprintf(stderr, "%s: %s\n", where, what);
	abort();
}

void test_cases_list(struct vh_list *ret)
{
	VH_AUTO_DIR DIR *dir = opendir(VH_CASES_DIR);
	struct dirent *entry;

	if (!dir) {
		die("cannot be opened", VH_CASES_DIR);
	}
	while ((entry = readdir(dir))) { // NOLINT(bugprone-assignment-in-if-condition)
		char name[64];
		size_t len = strlen(entry->d_name);

		if (len > 5 && len - 5 < sizeof(name) &&
		    strcmp(entry->d_name + len - 5, ".case") == 0) {
			(void)snprintf(name, sizeof(name), "%.*s", (int)(len - 5), entry->d_name);
			if (vh_list_add(ret, name)) {
				die("out of memory", name);
			}
		}
	}
	vh_list_sort(ret);
	if (ret->count == 0) {
		die("holds no case", VH_CASES_DIR);
	}
}

static char *slurp(const char *path)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 18);

	if (!f || !text) {
		die("cannot be read", path);
	}
	text[fread(text, 1, (1 << 18) - 1, f)] = '\0';
	return text;
}

/* The part behind "--- NAME\n", up to the next "--- "; empty when absent. */
static char *section(const char *text, const char *name)
{
	char head[64];
	const char *at;
	const char *end;

	(void)snprintf(head, sizeof(head), "--- %s\n", name);
	at = strstr(text, head);
	if (!at) {
		return strdup("");
	}
	at += strlen(head);
	end = strstr(at, "--- ");
	return end ? strndup(at, (size_t)(end - at)) : strdup(at);
}

/* "host NAME [VM]" */
static void take_first_line(struct test_case *ret, const char *end)
{
	VH_AUTO_FREE char *line = strndup(ret->text, (size_t)(end - ret->text));
	int words = line ? sscanf(line, "host %63s %63s", ret->host, ret->vm) : 0;

	if (words < 1) {
		die("is no case", ret->path);
	}
	if (words == 1) {
		(void)snprintf(ret->vm, sizeof(ret->vm), "%s", ret->name);
	}
}

void test_case_load(const char *name, struct test_case *ret)
{
	const char *profile;
	const char *line_end;

	*ret = (struct test_case){0};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	(void)snprintf(ret->path, sizeof(ret->path), VH_CASES_DIR "/%s.case", name);
	ret->text = slurp(ret->path);
	profile = strstr(ret->text, "--- profile\n");
	line_end = strchr(ret->text, '\n');
	if (!profile || !line_end) {
		die("is no case", ret->path);
		return;
	}
	take_first_line(ret, line_end);
	ret->host_lines = strndup(line_end + 1, (size_t)(profile - line_end - 1));
	ret->profile = section(ret->text, "profile");
	ret->detach = section(ret->text, "detach");
	ret->reattach = section(ret->text, "reattach");
}

void test_case_done(struct test_case *c)
{
	free(c->text);
	free(c->host_lines);
	free(c->profile);
	free(c->detach);
	free(c->reattach);
	*c = (struct test_case){0};
}

struct fakekernel *test_case_host(const struct test_case *c)
{
	return fk_host_with(c->host, c->host_lines);
}

void test_case_profile(const struct test_case *c, struct vh_profile *ret)
{
	struct vh_error err = {0};

	vh_profile_init(ret, c->vm);
	if (vh_profile_parse(ret, "test.ini", c->profile, strlen(c->profile), &err) ||
	    vh_profile_finish(ret, "test.ini", &err)) {
		die(err.msg, c->path);
	}
}

void test_case_plan(struct fakekernel *fk, const struct vh_profile *profile, struct vh_plan *ret)
{
	VH_AUTO_HOST struct vh_host host = {0};
	struct vh_error err = {0};

	if (vh_picture_take(fk_sys(fk), profile, &host, &err)) {
		die(err.msg, profile->vm);
	}
	if (vh_plan_detach(&host, profile, ret)) {
		die("out of memory", profile->vm);
	}
}

void test_case_rewrite(const struct test_case *c, const char *detach, const char *reattach)
{
	VH_AUTO_FILE FILE *f = fopen(c->path, "we");

	bool named = strcmp(c->vm, c->name) != 0;

	if (!f || fprintf(f, "host %s%s%s\n%s--- profile\n%s--- detach\n%s--- reattach\n%s",
			  c->host, named ? " " : "", named ? c->vm : "", c->host_lines, c->profile,
			  detach, reattach) < 0) {
		die("cannot be written", c->path);
	}
}
