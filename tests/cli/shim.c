/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cli/shim.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/guest/kubevirt.h"

/* The user of KubeVirt's image. */
#define SIDECAR_USER 1001

#define ARGUMENTS_MAX 8

static void die(const char *what, const char *path)
{
	(void)fprintf(stderr, "shim: %s: ", path);
	perror(what);
	abort();
}

/* Where the program was built, that user may not get to. */
static void copy(const char *from, const char *to)
{
	VH_AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	VH_AUTO_CLOSE int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	if (in < 0 || out < 0) {
		die("open", in < 0 ? from : to);
	}
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		if (write(out, buf, (size_t)n) != n) {
			die("write", to);
		}
	}
	if (n < 0 || fchmod(out, 0755) < 0) {
		die("copy", from);
	}
}

static void path_in(const struct shim *shim, const char *name, char buf[128])
{
	(void)snprintf(buf, 128, "%s/%s", shim->dir, name);
}

void shim_open(struct shim *shim, const char *program)
{
	char path[128];

	(void)snprintf(shim->dir, sizeof(shim->dir), "/tmp/vh-shim-XXXXXX");
	if (!mkdtemp(shim->dir) || chmod(shim->dir, 0755) < 0) {
		die("mkdtemp", shim->dir);
	}
	path_in(shim, "program", path);
	copy(program, path);
	path_in(shim, VH_KUBEVIRT_NAME, path);
	if (symlink("program", path) < 0) {
		die("symlink", path);
	}
}

void shim_close(const struct shim *shim)
{
	static const char *const names[] = {"program", VH_KUBEVIRT_NAME};

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		char path[128];

		path_in(shim, names[i], path);
		(void)unlink(path);
	}
	(void)rmdir(shim->dir);
}

static void become_sidecar(const struct shim *shim, int out, int err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) < 0 ||
	    clearenv() || setenv("PATH", shim->dir, 1) < 0 || chdir("/") < 0) {
		_exit(125);
	}
	if (geteuid() == 0 && (setgid(SIDECAR_USER) < 0 || setuid(SIDECAR_USER) < 0)) {
		_exit(125);
	}
}

static void run(const struct shim *shim, const char *const arguments[], int out, int err)
{
	char *argv[ARGUMENTS_MAX + 2] = {strdup(VH_KUBEVIRT_NAME)};

	for (size_t i = 0; arguments[i]; i++) {
		if (i == ARGUMENTS_MAX) {
			_exit(124);
		}
		argv[i + 1] = strdup(arguments[i]);
	}
	become_sidecar(shim, out, err);
	(void)execvp(argv[0], argv);
	_exit(126);
}

/* Both at once: a program that writes much to one must not wait for the other. */
static void collect(int out, int err, struct vh_text *out_text, struct vh_text *err_text)
{
	struct pollfd fds[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	struct vh_text *texts[] = {out_text, err_text};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0) {
			die("poll", VH_KUBEVIRT_NAME);
		}
		for (size_t i = 0; i < 2; i++) {
			char buf[4096];
			ssize_t n;

			if (!fds[i].revents) {
				continue;
			}
			n = read(fds[i].fd, buf, sizeof(buf));
			if (n <= 0) {
				fds[i].fd = -1;
			} else {
				vh_text_addn(texts[i], buf, (size_t)n);
			}
		}
	}
}

int shim_call(const struct shim *shim, const char *const arguments[], struct vh_text *out,
	      struct vh_text *err)
{
	int out_pipe[2];
	int err_pipe[2];
	int status = 0;
	pid_t pid;

	if (pipe2(out_pipe, O_CLOEXEC) < 0 || pipe2(err_pipe, O_CLOEXEC) < 0) {
		die("pipe", VH_KUBEVIRT_NAME);
	}
	pid = fork();
	if (pid == 0) {
		run(shim, arguments, out_pipe[1], err_pipe[1]);
	}
	(void)close(out_pipe[1]);
	(void)close(err_pipe[1]);
	collect(out_pipe[0], err_pipe[0], out, err);
	(void)close(out_pipe[0]);
	(void)close(err_pipe[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		die("waitpid", VH_KUBEVIRT_NAME);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}
