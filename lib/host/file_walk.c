/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/file_walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The kernel's limit: include/linux/namei.h: MAXSYMLINKS */
#define LINKS_MAX 40

/**
 * struct walk - where it is
 * @at:   resolved, "" is the root
 * @rest: what is still to be gone
 */
struct walk {
	struct vh_sys *sys;
	char *at;
	char rest[2 * VH_PATH_MAX];
	unsigned links;
};

static void take_word(struct walk *w, char *word, size_t size)
{
	char *begin = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(begin, "/");

	(void)snprintf(word, size, "%.*s", (int)len, begin);
	memmove(w->rest, begin + len, strlen(begin + len) + 1);
}

static void go_up(char *at)
{
	char *slash = strrchr(at, '/');

	if (slash) {
		*slash = '\0';
	} else {
		at[0] = '\0';
	}
}

static int follow(struct walk *w, const char *target)
{
	char rest[sizeof(w->rest)];
	int n = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);

	if (n < 0 || (size_t)n >= sizeof(rest)) {
		return -ENAMETOOLONG;
	}
	memcpy(w->rest, rest, (size_t)n + 1);
	if (target[0] == '/') {
		w->at[0] = '\0';
	} else {
		go_up(w->at);
	}
	return ++w->links > LINKS_MAX ? -ELOOP : 0;
}

/* One component; 1: it is there, and no link. */
static int step(struct walk *w, const char *word)
{
	size_t len = strlen(w->at);
	char target[VH_PATH_MAX];
	int n;

	if (word[0] == '\0' || strcmp(word, ".") == 0) {
		return 0;
	}
	if (strcmp(word, "..") == 0) {
		go_up(w->at);
		return 0;
	}
	n = snprintf(w->at + len, VH_PATH_MAX - len, "%s%s", len > 0 ? "/" : "", word);
	if (n < 0 || (size_t)n >= VH_PATH_MAX - len) {
		return -ENAMETOOLONG;
	}
	n = vh_sys_link(w->sys, target, sizeof(target), "%s", w->at);
	return n == 0 ? follow(w, target) : n == -EINVAL ? 1 : n;
}

int vh_file_walk(struct vh_sys *sys, const char *path, vh_file_visit *visit, void *arg,
		 char *resolved)
{
	struct walk w = {.sys = sys, .at = resolved};
	char word[VH_PATH_MAX];
	int rc = 0;

	resolved[0] = '\0';
	if (!vh_copy(w.rest, sizeof(w.rest), path)) {
		return -ENAMETOOLONG;
	}
	while (rc == 0 && w.rest[0] != '\0') {
		take_word(&w, word, sizeof(word));
		rc = step(&w, word);
		if (rc > 0) {
			rc = visit(sys, resolved, arg);
		}
	}
	return rc;
}
