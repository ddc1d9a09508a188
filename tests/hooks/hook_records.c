/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hooks/hook_records.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/sys/real.h"

struct vh_process hook_process(pid_t pid)
{
	struct vh_process p = {0};
	struct vh_sys *sys = NULL;
	struct vh_error err;

	assert_int_equal(vh_sys_open(NULL, true, &sys, &err), 0);
	assert_int_equal(vh_sys_process(sys, pid, &p), 0);
	sys->ops->close(sys);
	return p;
}

char *hook_journal_text(const char *vm, const char *origin, uint64_t hash, const char *more)
{
	struct vh_sys *sys = NULL;
	struct vh_error err;
	char boot_id[64];
	char *text = NULL;

	assert_int_equal(vh_sys_open(NULL, true, &sys, &err), 0);
	assert_int_equal(
		vh_sys_attr(sys, boot_id, sizeof(boot_id), "proc/sys/kernel/random/boot_id"), 0);
	sys->ops->close(sys);
	assert_true(asprintf(&text,
			     "vfio-handoff 1 %s %016" PRIx64 " %s %s\ndevice 0000:01:00.0\n%s",
			     boot_id, hash, vm, origin, more) > 0);
	return text;
}

pid_t hook_start_guest(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			(void)pause();
		}
	}
	assert_true(pid > 0);
	return pid;
}

/* A shell that waits; what stands behind its command is as good as a QEMU's options. */
pid_t hook_start_kvm(const char *pid_file)
{
	int started[2] = {-1, -1};
	int life[2] = {-1, -1};
	char byte;
	pid_t pid;

	assert_true(pipe2(started, O_CLOEXEC) == 0 && pipe2(life, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		if (dup2(life[0], STDIN_FILENO) == STDIN_FILENO) {
			(void)execl("/bin/sh", "/bin/sh", "-c", "read line", "kvm", "-id", "100",
				    "-pidfile", pid_file, "-daemonize", NULL);
		}
		_exit(126);
	}
	assert_true(pid > 0);
	(void)close(life[0]);
	(void)close(started[1]);
	/* Its end is closed by the exec; that of @life by our own. */
	assert_int_equal(read(started[0], &byte, 1), 0);
	(void)close(started[0]);
	return pid;
}

void hook_end_guest(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}
