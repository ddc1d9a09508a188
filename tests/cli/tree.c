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

void tree_make(struct fakekernel *fk, const char *dir)
{
	int rc = fk_unpack(fk, dir);

	if (rc) {
		errno = -rc;
		die("cannot be made", dir);
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

	if (fd < 0 && errno == EACCES) {
		/* One that can only be written, and we are not root. */
		return 0;
	}
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
