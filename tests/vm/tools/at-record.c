// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * at-record: do something the moment a hand-over has written its Nth journal record.
 *
 *	at-record N[,N...] kill READY		SIGKILL the process that writes the record
 *	at-record N[,N...] interrupt READY	SIGINT to it, as Ctrl-C does
 *	at-record N[,N...] kill-parent READY	SIGKILL that process's parent first, then it
 *	at-record N hold PATH READY		open PATH and keep it open until killed
 *
 * Instead of a number N may be a pattern as in file names; then the record is the first that
 * matches it, whoever writes it.
 *
 * READY is created once the watch is set. N counts the writes to any file named "journal" below
 * /run/vfio-handoff by one process; with a list, the first writer is struck at the first number,
 * the next writer at the second, and so on. The writer is told by fanotify. This runs with
 * real-time priority, so on a host with one processor it acts before the writer's system call
 * returns. Prints a line for each act.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

static pid_t parent_of(pid_t pid)
{
	char path[64], text[512];
	int parent = 0;
	size_t length;
	FILE *file;
	char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %*c %d", &parent) != 1)
		return 0;
	return (pid_t)parent;
}

static bool is_journal(int fd)
{
	char link[64], path[4096];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return strncmp(path, "/run/vfio-handoff/", 18) == 0 && strstr(path, "/journal");
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The last line of the file, without its newline. */
static void last_line(int fd, char *to, size_t size)
{
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
	ssize_t length = pread(fd, to, size - 1, from);
	char *newline;

	to[length > 0 ? length : 0] = '\0';
	if (length > 0 && to[length - 1] == '\n')
		to[length - 1] = '\0';
	newline = strrchr(to, '\n');
	if (newline)
		memmove(to, newline + 1, strlen(newline + 1) + 1);
}

/* Returns the process that wrote a journal, and the record. */
static pid_t next_writer(int watch, char *record, size_t size)
{
	for (;;) {
		struct fanotify_event_metadata event;
		ssize_t length = read(watch, &event, sizeof(event));
		bool journal;

		if (length < 0 && errno != EINTR)
			die("read");
		if (length < (ssize_t)sizeof(event))
			continue;
		journal = is_journal(event.fd);
		if (journal)
			last_line(event.fd, record, size);
		close(event.fd);
		if (journal)
			return event.pid;
	}
}

/* Waits for the record that is wanted, by number or by pattern, of a process not struck yet. */
static void wait_for_record(int watch, const char *wanted, pid_t *writer, char *record, size_t size)
{
	bool by_number = wanted[strspn(wanted, "0123456789")] == '\0';
	long number = strtol(wanted, NULL, 10);
	pid_t struck = *writer;
	long seen = 0;
	pid_t current = 0;

	for (;;) {
		pid_t pid = next_writer(watch, record, size);

		if (pid == struck)
			continue;
		if (pid != current) {
			current = pid;
			seen = 0;
		}
		if (by_number ? ++seen == number : fnmatch(wanted, record, 0) == 0)
			break;
	}
	*writer = current;
}

int main(int argc, char **argv)
{
	struct sched_param priority = {.sched_priority = 50};
	bool hold = argc == 5 && strcmp(argv[2], "hold") == 0;
	bool interrupt = argc == 4 && strcmp(argv[2], "interrupt") == 0;
	bool parent = argc == 4 && strcmp(argv[2], "kill-parent") == 0;
	pid_t writer = 0;
	char *save = NULL;
	int watch;

	if (!hold && !interrupt && !(argc == 4 && strncmp(argv[2], "kill", 4) == 0)) {
		fprintf(stderr, "usage: at-record N[,N...] kill|interrupt|kill-parent READY\n"
				"       at-record N hold PATH READY\n");
		return 2;
	}
	watch = fanotify_init(FAN_CLOEXEC | FAN_CLASS_NOTIF, O_RDONLY | O_CLOEXEC);
	if (watch < 0)
		die("fanotify_init");
	if (fanotify_mark(watch, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_MODIFY, AT_FDCWD, "/run") <
	    0)
		die("fanotify_mark");
	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		die("sched_setscheduler");
	if (open(argv[argc - 1], O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0)
		die(argv[argc - 1]);
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (char *text = strtok_r(argv[1], ",", &save); text; text = strtok_r(NULL, ",", &save)) {
		char record[1024];

		wait_for_record(watch, text, &writer, record, sizeof(record));
		if (hold) {
			if (open(argv[3], O_RDWR) < 0)
				die(argv[3]);
			printf("held %s when process %d wrote: %s\n", argv[3], (int)writer, record);
			for (;;)
				pause();
		}
		if (parent) {
			pid_t killed = parent_of(writer);

			if (killed > 1)
				kill(killed, SIGKILL);
			printf("killed the parent %d of process %d\n", (int)killed, (int)writer);
		}
		kill(writer, interrupt ? SIGINT : SIGKILL);
		printf("%s process %d when it wrote: %s\n", interrupt ? "interrupted" : "killed",
		       (int)writer, record);
	}
	return 0;
}
