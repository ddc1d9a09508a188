// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * race: let two VMs want one device at the same moment, again and again.
 *
 *	race ROUNDS ADDRESS
 *
 * In each round the hook's pre-start is called for the VMs 100 and 101 by two processes: together,
 * and from round to round one of them a little later, until it comes when the other is done; which
 * of them alternates. One must get the device, the other must be refused and told who has it; after the winner's
 * post-stop nothing may be left: no journal, no claim, no mark, no lock that is held, no driver.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOOK "/usr/sbin/vfio-handoff-hook"
/* So many times one comes a little later, then both together again. */
#define STEPS 40

static const char *const vms[] = {"100", "101"};
static const char *const outputs[] = {"/vm/race.100", "/vm/race.101"};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void until(double moment)
{
	struct timespec time = {
		.tv_sec = (time_t)moment,
		.tv_nsec = (long)((moment - (double)(time_t)moment) * 1e9),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

/* Starts the hook at the moment; its words go to the VM's file. */
static pid_t call(int vm, const char *phase, double moment)
{
	pid_t child = fork();
	int out, null;

	if (child < 0)
		die("fork");
	if (child > 0)
		return child;
	out = open(outputs[vm], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	null = open("/dev/null", O_RDONLY);
	if (out < 0 || null < 0)
		_exit(126);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	until(moment);
	execl(HOOK, HOOK, vms[vm], phase, (char *)NULL);
	_exit(127);
}

static int status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			die("waitpid");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void show(int vm)
{
	char text[4096];
	int fd = open(outputs[vm], O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text));

	printf("%s: %.*s\n", vms[vm], length > 0 ? (int)length : 0, text);
	close(fd);
}

static bool says(int vm, const char *what)
{
	char text[4096];
	int fd = open(outputs[vm], O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, what);
}

/* Everything below the directory but empty directories. */
static bool is_clean(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool clean = true;

	if (!directory)
		return errno == ENOENT;
	while ((entry = readdir(directory))) {
		char below[512];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (entry->d_type != DT_DIR)
			printf("left behind: %s\n", below);
		clean &= entry->d_type == DT_DIR && is_clean(below);
	}
	closedir(directory);
	return clean;
}

static bool no_lock_is_held(void)
{
	DIR *directory = opendir("/run/vfio-handoff/lock");
	struct dirent *entry;
	bool held = false;

	if (!directory)
		return errno == ENOENT;
	while ((entry = readdir(directory))) {
		int fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_NOFOLLOW);

		if (fd >= 0 && entry->d_type == DT_REG && flock(fd, LOCK_EX | LOCK_NB) < 0) {
			printf("left behind: the lock %s\n", entry->d_name);
			held = true;
		}
		close(fd);
	}
	closedir(directory);
	return !held;
}

static bool nothing_is_left(const char *device)
{
	char driver[256];
	bool clean = is_clean("/run/vfio-handoff/vm");

	clean &= is_clean("/run/vfio-handoff/device");
	clean &= is_clean("/run/vfio-handoff/stuck");
	clean &= no_lock_is_held();
	snprintf(driver, sizeof(driver), "/sys/bus/pci/devices/%s/driver", device);
	if (access(driver, F_OK) == 0) {
		printf("left behind: %s\n", driver);
		clean = false;
	}
	return clean;
}

/* Returns who has it, or -1 if it did not go as it should. */
static int one_round(const char *device, int first, double lead)
{
	double moment = now() + 0.01;
	pid_t child[2];
	int status[2], winner;

	child[first] = call(first, "pre-start", moment);
	child[!first] = call(!first, "pre-start", moment + lead);
	status[0] = status_of(child[0]);
	status[1] = status_of(child[1]);
	winner = status[0] == 0 ? 0 : 1;
	if (status[winner] != 0 || status[!winner] != 1 || !says(!winner, vms[winner])) {
		printf("pre-start of 100 exits %d, of 101 %d\n", status[0], status[1]);
		show(0);
		show(1);
		return -1;
	}
	if (status_of(call(winner, "post-stop", 0)) != 0) {
		printf("post-stop of %s failed\n", vms[winner]);
		show(winner);
		return -1;
	}
	return nothing_is_left(device) ? winner : -1;
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? (int)strtol(argv[1], NULL, 10) : 0;
	double began, took;
	int won[2] = {0, 0};

	if (rounds < 1) {
		fprintf(stderr, "usage: race ROUNDS ADDRESS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* How long one takes undisturbed; the other never comes later than that. */
	began = now();
	if (status_of(call(0, "pre-start", 0)) != 0 || status_of(call(0, "post-stop", 0)) != 0) {
		show(0);
		return 1;
	}
	took = (now() - began) / 2;
	began = now();
	for (int i = 0; i < rounds; i++) {
		int winner = one_round(argv[2], i % 2, took * (i % STEPS) / STEPS);

		if (winner < 0) {
			printf("round %d was not as it should be\n", i + 1);
			return 1;
		}
		won[winner]++;
	}
	printf("%d rounds, %.0f ms each; alone it takes %.0f ms; won by 100: %d, by 101: %d\n",
	       rounds, (now() - began) * 1e3 / rounds, took * 1e3, won[0], won[1]);
	return 0;
}
