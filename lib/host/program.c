/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/host/host.h"

/* As the kernel's own limit (MAXSYMLINKS). */
#define LINKS_MAX 40

/**
 * struct walk - a path that is followed name by name, since stat() shows only its end
 * @done: what is looked at already, without its leading slash; "" is the root
 * @rest: what is to come
 * @is_anybodys: it does not matter whose it is
 */
struct walk {
	struct vh_sys *sys;
	const char *path;
	char done[VH_PATH_MAX];
	char rest[VH_PATH_MAX];
	unsigned links;
	bool is_anybodys;
	struct vh_error *err;
};

static int too_long(struct walk *w)
{
	return vh_error_set(w->err, ENAMETOOLONG, w->path, "the path is too long: %.80s", w->path);
}

/* The next name into @name; false at the end. */
static bool next_name(struct walk *w, char name[VH_PATH_MAX])
{
	const char *at = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(at, "/");

	(void)snprintf(name, VH_PATH_MAX, "%.*s", (int)len, at);
	memmove(w->rest, at + len, strlen(at + len) + 1);
	return len > 0;
}

static void go_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	*(slash ? slash : w->done) = '\0';
}

/* A link is as good as what it leads to, and where that is. */
static int follow(struct walk *w, const char *target)
{
	char rest[VH_PATH_MAX];

	if (++w->links > LINKS_MAX) {
		return vh_error_sys(w->err, ELOOP, w->path + 1, "cannot follow its links");
	}
	if (snprintf(rest, sizeof(rest), "%s/%s", target, w->rest) >= (int)sizeof(rest)) {
		return too_long(w);
	}
	(void)vh_copy(w->rest, sizeof(w->rest), rest);
	if (target[0] == '/') {
		w->done[0] = '\0';
	} else {
		go_up(w);
	}
	return 0;
}

static int check_trust(struct walk *w, const struct vh_stat *st)
{
	if (st->uid != 0) {
		(void)vh_error_set(w->err, EPERM, w->done, "/%s belongs to user %u, not to root",
				   w->done, st->uid);
		return vh_error_hint(w->err, "root would run what that user puts there: look at "
					     "it, then chown it to root");
	}
	if (st->mode & 022) {
		(void)vh_error_set(w->err, EPERM, w->done,
				   "/%s can be written by others than root (mode %04o)", w->done,
				   st->mode);
		return vh_error_hint(w->err, "root would run what others put there: look at it, "
					     "then chmod go-w");
	}
	return 0;
}

/* One name further; what is there must be root's, whatever it is. */
static int step_to(struct walk *w, const char *name, struct vh_stat *st)
{
	char target[VH_PATH_MAX];
	size_t len = strlen(w->done);
	int rc = snprintf(w->done + len, sizeof(w->done) - len, "%s%s", len ? "/" : "", name);

	if (rc >= (int)(sizeof(w->done) - len)) {
		return too_long(w);
	}
	if (w->sys->ops->readlink(w->sys, w->done, target, sizeof(target)) >= 0) {
		return follow(w, target);
	}
	rc = w->sys->ops->stat(w->sys, w->done, st);
	if (rc) {
		return vh_error_sys(w->err, -rc, w->done, "cannot look at it");
	}
	return w->is_anybodys ? 0 : check_trust(w, st);
}

static int check_file(struct walk *w, const struct vh_stat *st)
{
	if (st->type != VH_FILE_REGULAR) {
		return vh_error_set(w->err, EACCES, w->done, "/%s is not a regular file", w->done);
	}
	if (!(st->mode & (w->is_anybodys ? 0111 : 0100))) {
		(void)vh_error_set(w->err, EACCES, w->done, "/%s cannot be executed (mode %04o)",
				   w->done, st->mode);
		return vh_error_hint(w->err, "chmod +x, if it is meant to be a program");
	}
	return 0;
}

static int walk(struct walk *w)
{
	struct vh_stat st = {.type = VH_FILE_DIRECTORY};
	char name[VH_PATH_MAX];
	int rc = 0;

	if (!vh_copy(w->rest, sizeof(w->rest), w->path)) {
		return too_long(w);
	}
	while (rc == 0 && next_name(w, name)) {
		if (strcmp(name, "..") == 0) {
			go_up(w);
			st.type = VH_FILE_DIRECTORY;
		} else if (strcmp(name, ".") != 0) {
			rc = step_to(w, name, &st);
		}
	}
	return rc ? rc : check_file(w, &st);
}

int vh_program_check(struct vh_sys *sys, const char *path, struct vh_error *err)
{
	struct walk w = {.sys = sys, .path = path, .err = err};

	return walk(&w);
}

int vh_program_find(struct vh_sys *sys, const char *path, char ret[VH_PATH_MAX],
		    struct vh_error *err)
{
	struct walk w = {.sys = sys, .path = path, .is_anybodys = true, .err = err};
	int rc = walk(&w);

	(void)snprintf(ret, VH_PATH_MAX, "/%.*s", VH_PATH_MAX - 2, w.done);
	return rc;
}

int vh_host_inspect_program(struct vh_sys *sys, struct vh_host *host, const char *path,
			    struct vh_error *err)
{
	struct vh_program *programs =
		realloc(host->programs, (host->program_count + 1) * sizeof(*programs));
	struct vh_error why = {0};
	struct vh_program *p;

	if (!programs) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	host->programs = programs;
	p = &programs[host->program_count++];
	*p = (struct vh_program){0};
	(void)vh_copy(p->path, sizeof(p->path), path);
	if (vh_program_check(sys, path, &why)) {
		(void)vh_copy(p->problem, sizeof(p->problem), why.msg);
		(void)vh_copy(p->hint, sizeof(p->hint), why.hint);
	}
	return 0;
}
