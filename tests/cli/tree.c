/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cli/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define PATH_SIZE 1024

static void die(const char *what, const char *where)
{
	(void)fprintf(stderr, "%s: %s: %s\n", where, what, strerror(errno));
	abort();
}

static void put_bytes(const char *path, const char *data, size_t len, mode_t mode)
{
	VH_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || fchmod(fd, mode) < 0) {
		die("cannot be written", path);
	}
}

/* The dump's own escapes: \n and \xNN. Returns the length. */
static size_t unescape(char *s)
{
	size_t len = 0;

	for (const char *p = s; *p; p++) {
		unsigned byte;

		if (p[0] == '\\' && p[1] == 'n') {
			s[len++] = '\n';
			p++;
		} else if (p[0] == '\\' && sscanf(p + 1, "x%2x", &byte) == 1) { // NOLINT
			s[len++] = (char)(unsigned char)byte;
			p += 3;
		} else {
			s[len++] = *p;
		}
	}
	return len;
}

/* f 0644 path "content"; a dump leaves out what is in /proc/PID/stat. */
static void make_file(struct fakekernel *fk, const char *dir, char *rest, mode_t mode)
{
	const char *stat;
	char path[PATH_SIZE];
	char *content = strstr(rest, " \"");
	char *end = strrchr(rest, '"');

	if (!content || !end || end < content + 2) {
		die("is no line of a dump", rest);
		return;
	}
	*content = '\0';
	*end = '\0';
	content += 2;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, rest);
	stat = *content == '\0' ? fk_get(fk, rest) : NULL;
	if (stat) {
		put_bytes(path, stat, strlen(stat), mode);
	} else {
		put_bytes(path, content, unescape(content), mode);
	}
}

static void make_link(const char *dir, char *rest)
{
	char path[PATH_SIZE];
	char *arrow = strstr(rest, " -> ");

	if (!arrow) {
		die("is no line of a dump", rest);
		return;
	}
	*arrow = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s", dir, rest);
	if (symlink(arrow + 4, path) < 0) {
		die("cannot be linked", path);
	}
}

static void make_one(struct fakekernel *fk, const char *dir, char *line)
{
	char path[PATH_SIZE];
	unsigned mode = 0;
	int at = 0;

	if (line[0] == 'l') {
		make_link(dir, line + 2);
		return;
	}
	if (sscanf(line + 1, " %o %n", &mode, &at) != 1) { // NOLINT(cert-err34-c)
		die("is no line of a dump", line);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", dir, line + 1 + at);
	if (line[0] == 'f') {
		make_file(fk, dir, line + 1 + at, mode);
	} else if (line[0] == 'd') {
		if (mkdir(path, mode) < 0 || chmod(path, mode) < 0) {
			die("cannot be made", path);
		}
	} else {
		path[strcspn(path, " ")] = '\0';
		put_bytes(path, "", 0, mode);
	}
}

void tree_make(struct fakekernel *fk, const char *dir)
{
	VH_AUTO_FREE char *dump = fk_dump(fk);
	char *save = NULL;

	for (char *line = strtok_r(dump, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		/* A driver's list of ids is in no file, nor is systemd's of units. */
		if (line[0] != 'i' && line[0] != 'u') {
			make_one(fk, dir, line);
		}
	}
}

void tree_file(const char *dir, const char *path, const char *text)
{
	char full[PATH_SIZE];

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	for (char *slash = full + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) { // NOLINT
		*slash = '\0';
		if (mkdir(full, 0755) < 0 && errno != EEXIST) {
			die("cannot be made", full);
		}
		*slash = '/';
	}
	put_bytes(full, text, strlen(text), 0644);
}

/* nftw() hands its callback no argument. */
static struct vh_text *listing;

/* FNV-1a: enough to see that a byte has changed. */
static uint64_t hash_of(const char *path)
{
	VH_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t hash = 0xcbf29ce484222325;
	char buf[4096];
	ssize_t n = 1;

	if (fd < 0) {
		die("cannot be read", path);
	}
	while (n > 0) {
		n = read(fd, buf, sizeof(buf));
		for (ssize_t i = 0; i < n; i++) {
			hash = (hash ^ (unsigned char)buf[i]) * 0x100000001b3;
		}
	}
	return hash;
}

static int list_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char target[PATH_SIZE] = "";

	(void)ftw;
	vh_text_addf(listing, "%s %o %u:%u", path, st->st_mode, (unsigned)st->st_uid,
		     (unsigned)st->st_gid);
	if (type == FTW_SL && readlink(path, target, sizeof(target) - 1) >= 0) {
		vh_text_addf(listing, " -> %s", target);
	} else if (S_ISREG(st->st_mode)) {
		vh_text_addf(listing, " %jd:%016" PRIx64, (intmax_t)st->st_size, hash_of(path));
	}
	vh_text_add(listing, "\n");
	return 0;
}

char *tree_list(const char *dir)
{
	struct vh_text text = {0};

	listing = &text;
	if (nftw(dir, list_one, 16, FTW_PHYS) != 0) {
		die("cannot be listed", dir);
	}
	listing = NULL;
	return text.data;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_remove(const char *dir)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static char *slurp(FILE *f)
{
	size_t size = (size_t)1 << 20;
	char *text = calloc(1, size);

	if (!text) {
		abort();
	}
	rewind(f);
	text[fread(text, 1, size - 1, f)] = '\0';
	return text;
}

static void exec_with(const char *input, char *const argv[], int out, int err)
{
	int in = open(input, O_RDONLY | O_CLOEXEC);

	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0) {
		(void)execv(argv[0], argv);
	}
	_exit(126);
}

void tree_run_with(const char *input, char *const argv[], struct tree_run *ret)
{
	VH_AUTO_FILE FILE *out = tmpfile();
	VH_AUTO_FILE FILE *err = tmpfile();
	int status = 0;
	pid_t pid;

	if (!out || !err) {
		die("no temporary file", argv[0]);
		return;
	}
	pid = fork();
	if (pid == 0) {
		exec_with(input, argv, fileno(out), fileno(err));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		die("cannot be run", argv[0]);
	}
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
	ret->out = slurp(out);
	ret->err = slurp(err);
}

void tree_run(char *const argv[], struct tree_run *ret)
{
	tree_run_with("/dev/null", argv, ret);
}

void tree_run_done(struct tree_run *run)
{
	free(run->out);
	free(run->err);
	*run = (struct tree_run){0};
}
