/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Times a call of the hook as libvirt makes it, beside an empty program and beside a shell
 * dispatcher, all in one run. The rounds are interleaved and the ratios are taken round by round,
 * so that whatever else the machine does hits all of them alike.
 *
 * usage: dispatch EMPTY HOOK SHELL-DISPATCHER
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUNDS = 400,
	WARM_UP = 20,
	ATTEMPTS = 3,
	XML_BYTES = 4096,
	SUBJECTS = 4
};

static const double budget = 1.2; /* wall time, as a multiple of the empty program's */

struct subject {
	const char *title;
	char *argv[6];
	bool held_to_budget;
	double us[ROUNDS];
};

static char xml[XML_BYTES];

static void die(const char *what, int code)
{
	fprintf(stderr, "dispatch: %s: %s\n", what, strerror(code));
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		die("clock", errno);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The read end of a pipe with the whole XML in it; the write end is closed already. */
static int pipe_with_xml(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe", errno);
	if (write(fds[1], xml, sizeof(xml)) != (ssize_t)sizeof(xml))
		die("pipe", errno);
	close(fds[1]);
	return fds[0];
}

/* One call, in the environment that libvirt gives to a hook. */
static double run_once(struct subject *subject)
{
	static char *environment[] = {
		"LC_ALL=C",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		NULL,
	};
	int status, input = pipe_with_xml();
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start, end;
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);

	start = now_us();
	err = posix_spawn(&pid, subject->argv[0], &actions, NULL, subject->argv, environment);
	if (err)
		die(subject->argv[0], err);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4", errno);
	end = now_us();

	posix_spawn_file_actions_destroy(&actions);
	close(input);
	if (status != 0) {
		fprintf(stderr, "dispatch: %s: wait status %#x\n", subject->title, (unsigned)status);
		exit(1);
	}
	return end - start;
}

static void run_rounds(struct subject *subjects)
{
	for (int round = -WARM_UP; round < ROUNDS; round++) {
		for (int i = 0; i < SUBJECTS; i++) {
			/* Another order in every round: nobody is always the one after the shell. */
			struct subject *subject = &subjects[(i + round + WARM_UP) % SUBJECTS];
			double us = run_once(subject);

			if (round >= 0)
				subject->us[round] = us;
		}
	}
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), compare_doubles);
	return sorted[ROUNDS / 2];
}

static double median_ratio(const struct subject *subject, const struct subject *empty)
{
	double ratios[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ratios[i] = subject->us[i] / empty->us[i];
	return median(ratios);
}

/* Prints the table; returns whether all that have a budget keep it. */
static bool report(const struct subject *subjects)
{
	bool kept = true;

	printf("%-52s %10s %8s\n", "one call, median of paired rounds", "us", "ratio");
	for (int i = 0; i < SUBJECTS; i++) {
		double ratio = median_ratio(&subjects[i], &subjects[0]);
		bool over = subjects[i].held_to_budget && ratio > budget;

		printf("%-52s %10.0f %8.2f%s\n", subjects[i].title, median(subjects[i].us), ratio,
		       over ? "  over the budget" : "");
		kept = kept && !over;
	}
	return kept;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: dispatch EMPTY HOOK SHELL-DISPATCHER\n");
		return 2;
	}
	memset(xml, ' ', sizeof(xml));

	static struct subject subjects[SUBJECTS] = {
		{.title = "empty program"},
		{.title = "hook, VM without a profile (prepare)", .held_to_budget = true},
		{.title = "hook, event that needs nothing (started)", .held_to_budget = true},
		{.title = "shell dispatcher, VM without scripts"},
	};
	char *const calls[SUBJECTS][6] = {
		{argv[1], "vh bench", "prepare", "begin", "-", NULL},
		{argv[2], "vh bench", "prepare", "begin", "-", NULL},
		{argv[2], "vh bench", "started", "begin", "-", NULL},
		{argv[3], "vh bench", "prepare", "begin", "-", NULL},
	};
	for (int i = 0; i < SUBJECTS; i++)
		memcpy(subjects[i].argv, calls[i], sizeof(calls[i]));

	for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
		run_rounds(subjects);
		if (report(subjects))
			return 0;
		printf("attempt %d of %d: over %.1f times the empty program\n", attempt, ATTEMPTS,
		       budget);
	}
	printf("the hook is over its budget in every attempt: is it linked to more than libc and "
	       "libinih, or does it open more than a profile?\n");
	return 1;
}
