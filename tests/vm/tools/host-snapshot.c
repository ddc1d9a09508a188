// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host-snapshot: print everything of a host that must be equal before and after a hand-over.
 *
 *	host-snapshot				print it
 *	host-snapshot --until-equal FILE SECONDS	wait until it equals FILE; at the deadline
 *						print the lines that differ and exit 1
 *
 * Numbers that the kernel gives out anew at each probe (cardN, fbN, vtconN, inputN) are not
 * printed: an object is named by its kind and the PCI function that owns it.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE     "/run/vfio-handoff"
#define LINES_MAX 4096

struct lines {
	char *line[LINES_MAX];
	size_t count;
};

static void add(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct lines *lines, const char *format, ...)
{
	va_list arguments;

	if (lines->count == LINES_MAX) {
		fprintf(stderr, "host-snapshot: too many lines\n");
		exit(2);
	}
	va_start(arguments, format);
	if (vasprintf(&lines->line[lines->count], format, arguments) < 0)
		exit(2);
	va_end(arguments);
	lines->count++;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void sort(struct lines *lines)
{
	qsort(lines->line, lines->count, sizeof(*lines->line), by_text);
}

static void clear(struct lines *lines)
{
	while (lines->count > 0)
		free(lines->line[--lines->count]);
}

/* The content without the newline at its end, or "-" if there is no such file. */
static const char *content(const char *path, char buffer[256])
{
	FILE *file = fopen(path, "re");
	size_t length;

	strcpy(buffer, "-");
	if (!file)
		return buffer;
	length = fread(buffer, 1, 255, file);
	if (length == 0 && ferror(file))
		length = (size_t)snprintf(buffer, 255, "(error %d)", errno);
	buffer[length] = '\0';
	fclose(file);
	buffer[strcspn(buffer, "\n")] = '\0';
	return buffer;
}

static const char *link_name(const char *path, char buffer[256])
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	strcpy(buffer, "-");
	if (length < 0)
		return buffer;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(buffer, 256, "%.255s", slash ? slash + 1 : target);
	return buffer;
}

/* Finds the last PCI address in a resolved sysfs path. */
static bool owner(const char *path, char address[16])
{
	char real[PATH_MAX];
	char *save = NULL;

	strcpy(address, "-");
	if (!realpath(path, real))
		return false;
	for (char *part = strtok_r(real, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		unsigned int domain, bus, slot, function;
		int used = 0;

		if (sscanf(part, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &used) == 4 &&
		    part[used] == '\0')
			snprintf(address, 16, "%.15s", part);
	}
	return address[0] != '-';
}

/* card1-Virtual-1 -> card-Virtual-1, fb0 -> fb, pcmC0D0p -> pcmCDp: numbers of the kernel's are
 * gone. */
static void without_number(const char *name, char *to, size_t size)
{
	bool word = true;
	size_t length = 0;

	for (; *name && length + 1 < size; name++) {
		if (*name == '-')
			word = false;
		if (!(word && isdigit((unsigned char)*name)))
			to[length++] = *name;
	}
	to[length] = '\0';
}

typedef void (*visitor)(struct lines *lines, const char *path, const char *name);

static void each(struct lines *lines, const char *folder, visitor visit)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		char path[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		visit(lines, path, entry->d_name);
	}
	closedir(directory);
}

static void visit_pci(struct lines *lines, const char *path, const char *name)
{
	static const char *const attributes[] = {
		"driver_override",
		"reset_method",
		"power/control",
		"d3cold_allowed",
	};
	char file[PATH_MAX], value[256];

	snprintf(file, sizeof(file), "%s/driver", path);
	add(lines, "pci %s driver = %s", name, link_name(file, value));
	snprintf(file, sizeof(file), "%s/iommu_group", path);
	add(lines, "pci %s iommu_group = %s", name, link_name(file, value));
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, attributes[i]);
		add(lines, "pci %s %s = %s", name, attributes[i], content(file, value));
	}
}

static void visit_console(struct lines *lines, const char *path, const char *name)
{
	char file[PATH_MAX], text[256], bind[256];

	(void)name;
	snprintf(file, sizeof(file), "%s/name", path);
	content(file, text);
	snprintf(file, sizeof(file), "%s/bind", path);
	add(lines, "vtconsole '%s' bind = %s", text, content(file, bind));
}

static void visit_object(struct lines *lines, const char *path, const char *name)
{
	char address[16], plain[256];
	const char *class = path + strlen("/sys/class/");

	if (!owner(path, address) && strncmp(class, "net/", 4) == 0)
		return;
	without_number(name, plain, sizeof(plain));
	add(lines, "%.*s %s %s", (int)strcspn(class, "/"), class, address, plain);
}

/* A network interface keeps its full name: the kernel or udev must have given the same one again. */
static void visit_net(struct lines *lines, const char *path, const char *name)
{
	char address[16];

	if (owner(path, address))
		add(lines, "net %s %s", address, name);
}

static void visit_platform(struct lines *lines, const char *path, const char *name)
{
	char file[PATH_MAX], value[256];

	if (!strstr(name, "-framebuffer."))
		return;
	snprintf(file, sizeof(file), "%s/driver", path);
	add(lines, "platform %s driver = %s", name, link_name(file, value));
}

/* Whatever lies in the product's state is unfinished work; empty folders and lock files are not. */
static void visit_state(struct lines *lines, const char *path, const char *name)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return;
	if (S_ISDIR(status.st_mode)) {
		each(lines, path, visit_state);
		return;
	}
	if (!strstr(name, "lock") && !strstr(path, "/lock"))
		add(lines, "state %s", path);
}

static void add_framebuffers(struct lines *lines)
{
	FILE *file = fopen("/proc/fb", "re");
	char line[256];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		add(lines, "/proc/fb %s", line + strcspn(line, " ") + 1);
	}
	fclose(file);
}

static void snapshot(struct lines *lines)
{
	each(lines, "/sys/bus/pci/devices", visit_pci);
	each(lines, "/sys/class/vtconsole", visit_console);
	each(lines, "/sys/class/drm", visit_object);
	each(lines, "/sys/class/graphics", visit_object);
	each(lines, "/sys/class/sound", visit_object);
	each(lines, "/sys/class/nvme", visit_object);
	each(lines, "/sys/class/block", visit_object);
	each(lines, "/sys/class/input", visit_object);
	each(lines, "/sys/class/net", visit_net);
	each(lines, "/sys/bus/platform/devices", visit_platform);
	each(lines, STATE, visit_state);
	add_framebuffers(lines);
	sort(lines);
}

static bool load(struct lines *lines, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		add(lines, "%s", line);
	}
	fclose(file);
	sort(lines);
	return true;
}

/* Merges two sorted lists; returns how many lines are in one only. */
static size_t differ(const struct lines *before, const struct lines *now, bool print)
{
	size_t i = 0, j = 0, count = 0;

	while (i < before->count || j < now->count) {
		int order;

		if (i == before->count)
			order = 1;
		else if (j == now->count)
			order = -1;
		else
			order = strcmp(before->line[i], now->line[j]);
		if (order == 0) {
			i++;
			j++;
			continue;
		}
		count++;
		if (order < 0) {
			if (print)
				printf("was:    %s\n", before->line[i]);
			i++;
		} else {
			if (print)
				printf("is now: %s\n", now->line[j]);
			j++;
		}
	}
	return count;
}

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct lines before, now;
	double deadline;

	if (argc == 1) {
		snapshot(&now);
		for (size_t i = 0; i < now.count; i++)
			puts(now.line[i]);
		return 0;
	}
	if (argc != 4 || strcmp(argv[1], "--until-equal") != 0 || !load(&before, argv[2])) {
		fprintf(stderr, "usage: host-snapshot [--until-equal FILE SECONDS]\n");
		return 2;
	}
	deadline = monotonic() + atof(argv[3]);
	for (;;) {
		snapshot(&now);
		if (differ(&before, &now, false) == 0)
			return 0;
		if (monotonic() > deadline)
			break;
		clear(&now);
		poll(NULL, 0, 30);
	}
	differ(&before, &now, true);
	return 1;
}
