/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sys/sys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/sys/internal.h"

__attribute__((format(printf, 2, 0))) static int format_path(char path[VH_PATH_MAX],
							     const char *fmt, va_list ap)
{
	int n = vsnprintf(path, VH_PATH_MAX, fmt, ap);

	return n >= 0 && n < VH_PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int read_attr(struct vh_sys *sys, const char *path, unsigned timeout_ms, char *buf,
		     size_t size)
{
	VH_AUTO_FREE char *data = NULL;
	size_t len = 0;
	/* One byte more than the value may take: its newline. */
	int r = sys->ops->read(sys, path, size, timeout_ms, &data, &len);

	if (r < 0) {
		return r == -EFBIG ? -ENAMETOOLONG : r;
	}
	if (len > 0 && data[len - 1] == '\n') {
		data[len - 1] = '\0';
	}
	return vh_copy(buf, size, data) ? 0 : -ENAMETOOLONG;
}

int vh_sys_read(struct vh_sys *sys, const char *path, char **ret)
{
	size_t len;
	int r = sys->ops->read(sys, path, VH_READ_MAX, 0, ret, &len);

	return r < 0 ? r : 0;
}

int vh_sys_attr(struct vh_sys *sys, char *buf, size_t size, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	return r < 0 ? r : read_attr(sys, path, 0, buf, size);
}

int vh_sys_attr_guarded(struct vh_sys *sys, unsigned timeout_ms, char *buf, size_t size,
			const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	return r < 0 ? r : read_attr(sys, path, timeout_ms, buf, size);
}

int vh_sys_attr_u64(struct vh_sys *sys, int base, uint64_t *ret, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	va_list ap;
	char text[64];
	const char *digits = text;
	int r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	if (r == 0) {
		r = read_attr(sys, path, 0, text, sizeof(text));
	}
	if (r < 0) {
		return r;
	}
	if (base == 16 && strncmp(text, "0x", 2) == 0) {
		digits += 2;
	}
	return vh_parse_u64(digits, base, UINT64_MAX, ret);
}

int vh_sys_link(struct vh_sys *sys, char *buf, size_t size, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	if (r == 0) {
		r = sys->ops->readlink(sys, path, buf, size);
	}
	return r < 0 ? r : 0;
}

int vh_sys_link_name(struct vh_sys *sys, char *buf, size_t size, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	va_list ap;
	char target[VH_PATH_MAX];
	int r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	if (r == 0) {
		r = sys->ops->readlink(sys, path, target, sizeof(target));
	}
	if (r < 0) {
		return r;
	}
	return vh_copy(buf, size, vh_basename(target)) ? 0 : -ENAMETOOLONG;
}

int vh_sys_list(struct vh_sys *sys, struct vh_list *ret, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	if (r == 0) {
		r = sys->ops->list(sys, path, ret);
	}
	return r < 0 ? r : 0;
}

bool vh_sys_exists(struct vh_sys *sys, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	va_list ap;
	struct vh_stat st;
	int r;

	va_start(ap, fmt);
	r = format_path(path, fmt, ap);
	va_end(ap);
	return r == 0 && sys->ops->stat(sys, path, &st) >= 0;
}

/* Word number @index, from 0, of the blank-separated @text, up to and without the next blank. */
static int word(const char *text, unsigned index, char *buf, size_t size)
{
	const char *at = text;
	size_t len;

	for (unsigned i = 0; i < index; i++) {
		at += strcspn(at, " \n");
		at += strspn(at, " \n");
	}
	len = strcspn(at, " \n");
	if (len == 0 || len >= size) {
		return -EINVAL;
	}
	memcpy(buf, at, len);
	buf[len] = '\0';
	return 0;
}

static int word_u64(const char *text, unsigned index, uint64_t *ret)
{
	char buf[24];
	int r = word(text, index, buf, sizeof(buf));

	return r < 0 ? r : vh_parse_u64(buf, 10, UINT64_MAX, ret);
}

/*
 * proc(5): pid (comm) state ppid ...; comm may itself hold blanks and brackets, so the fields are
 * counted from the last ')'. After it word 0 is field 3, the state; 17 is field 20, num_threads;
 * 19 is field 22, starttime. Source: fs/proc/array.c: do_task_stat().
 */
int vh_proc_stat_parse(const char *text, pid_t pid, struct vh_process *ret)
{
	const char *rest = strrchr(text, ')');
	uint64_t threads;
	uint64_t start;
	char state;

	if (!rest || rest[1] != ' ') {
		return -ESRCH;
	}
	rest += 2;
	state = rest[0];
	if (word_u64(rest, 17, &threads) < 0 || word_u64(rest, 19, &start) < 0) {
		return -ESRCH;
	}
	/*
	 * The first thread of a killed QEMU is a zombie at once, but the files stay open until the
	 * last thread is gone, and that one may be resetting the device for a minute
	 * (kernel/exit.c: exit_files(), drivers/vfio/vfio_main.c: vfio_device_fops_release()).
	 */
	if (state == 'X' || state == 'x' || (state == 'Z' && threads <= 1)) {
		return -ESRCH;
	}
	*ret = (struct vh_process){.pid = pid, .start_time = start};
	return 0;
}

int vh_sys_process(struct vh_sys *sys, pid_t pid, struct vh_process *ret)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];

	if (pid <= 0) {
		return -ESRCH;
	}
	(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)pid);
	if (vh_sys_read(sys, path, &text) < 0) {
		return -ESRCH;
	}
	return vh_proc_stat_parse(text, pid, ret);
}

bool vh_sys_process_alive(struct vh_sys *sys, const struct vh_process *p)
{
	struct vh_process now;

	return vh_sys_process(sys, p->pid, &now) == 0 && now.start_time == p->start_time;
}

void vh_sys_process_name(struct vh_sys *sys, pid_t pid, char *buf, size_t size)
{
	if (vh_sys_attr(sys, buf, size, "proc/%d/comm", (int)pid) < 0 || buf[0] == '\0') {
		(void)vh_copy(buf, size, "?");
	}
	/* A process chooses its own name, and we print it. */
	vh_sanitize(buf);
}
