/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a captured tree says of itself in its directory captured/, since the files of whoever unpacked
 * it cannot: whose they were and which of them were device nodes (stat), which frame buffer each text
 * console was on (con2fb), and when it was captured (time). It is believed as far as the tree is: nothing of this machine depends on it.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/internal.h"

#define STAT_FILE "captured/stat"
#define TIME_FILE "captured/time"
#define CONSOLES  "captured/con2fb"

struct file {
	dev_t dev;
	ino_t inode;
	char type;
	unsigned major;
	unsigned minor;
	uid_t uid;
	gid_t gid;
};

/**
 * struct vh_captured - what was read of it, once
 * @unpacker: who has the file captured/stat: what else is his was root's
 */
struct vh_captured {
	bool has_stat;
	uid_t unpacker;
	struct file *files;
	size_t count;
	uint64_t time_s;
};

/* TYPE MAJOR:MINOR UID GID PATH; what is not there any more, or reads otherwise, says nothing. */
static int take_line(struct vh_real *real, struct vh_captured *c, const char *line)
{
	VH_AUTO_CLOSE int fd = -1;
	struct file f = {0};
	struct file *grown;
	struct stat st;
	int at = 0;

	// NOLINTNEXTLINE(cert-err34-c)
	if (sscanf(line, "%c %u:%u %u %u %n", &f.type, &f.major, &f.minor, &f.uid, &f.gid, &at) !=
		    5 ||
	    at == 0) {
		return 0;
	}
	fd = vh_real_open(real, line + at, O_PATH | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return 0;
	}
	f.dev = st.st_dev;
	f.inode = st.st_ino;
	grown = reallocarray(c->files, c->count + 1, sizeof(*grown));
	if (!grown) {
		return -ENOMEM;
	}
	c->files = grown;
	c->files[c->count++] = f;
	return 0;
}

static int read_stat(struct vh_real *real, struct vh_captured *c)
{
	VH_AUTO_FREE char *text = NULL;
	VH_AUTO_CLOSE int fd = vh_real_open(real, STAT_FILE, O_PATH);
	char *save = NULL;
	struct stat st;
	int rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || vh_sys_read(&real->base, STAT_FILE, &text)) {
		return 0;
	}
	c->has_stat = true;
	c->unpacker = st.st_uid;
	for (char *line = strtok_r(text, "\n", &save); rc == 0 && line;
	     line = strtok_r(NULL, "\n", &save)) {
		rc = take_line(real, c, line);
	}
	return rc;
}

int vh_captured_read(struct vh_real *real)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_captured *c = calloc(1, sizeof(*c));

	if (!c) {
		return -ENOMEM;
	}
	real->captured = c;
	if (vh_sys_read(&real->base, TIME_FILE, &text) == 0) {
		c->time_s = strtoull(text, NULL, 10);
	}
	return read_stat(real, c);
}

void vh_captured_done(struct vh_real *real)
{
	if (real->captured) {
		free(real->captured->files);
		free(real->captured);
		real->captured = NULL;
	}
}

static const struct file *find(const struct vh_captured *c, dev_t dev, ino_t inode)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->files[i].dev == dev && c->files[i].inode == inode) {
			return &c->files[i];
		}
	}
	return NULL;
}

void vh_captured_stat(const struct vh_real *real, dev_t dev, struct vh_stat *st)
{
	const struct vh_captured *c = real->captured;
	const struct file *f = c ? find(c, dev, st->inode) : NULL;

	if (f) {
		st->uid = f->uid;
		st->gid = f->gid;
	} else if (c && c->has_stat && st->uid == c->unpacker) {
		st->uid = 0;
		st->gid = 0;
	}
	if (f && st->type == VH_FILE_REGULAR && f->type != '-') {
		st->type = f->type == 'b' ? VH_FILE_BLOCK : VH_FILE_CHAR;
		st->rdev_major = f->major;
		st->rdev_minor = f->minor;
	}
}

/* CONSOLE FRAMEBUFFER on a line each; -1 is none. */
int vh_captured_console_fb(struct vh_real *real, unsigned console)
{
	VH_AUTO_FREE char *text = NULL;
	char *save = NULL;

	if (vh_sys_read(&real->base, CONSOLES, &text)) {
		return -EROFS;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned number;
		int fb;

		// NOLINTNEXTLINE(cert-err34-c)
		if (sscanf(line, "%u %d", &number, &fb) == 2 && number == console) {
			return fb >= 0 ? fb : -ENXIO;
		}
	}
	return -EROFS;
}

uint64_t vh_captured_time_s(const struct vh_real *real)
{
	return real->captured ? real->captured->time_s : 0;
}
