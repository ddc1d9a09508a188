/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Cleanup attributes: an owner that leaves its scope frees what it owns. errno survives them, so
 * they may run between a failing call and the reader of errno.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void vh_cleanup_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

static inline void vh_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0) {
		(void)close(*fd);
	}
	errno = saved;
}

static inline void vh_cleanup_file(FILE **f)
{
	int saved = errno;

	if (*f) {
		(void)fclose(*f);
	}
	errno = saved;
}

static inline void vh_cleanup_dir(DIR **d)
{
	int saved = errno;

	if (*d) {
		(void)closedir(*d);
	}
	errno = saved;
}

#define VH_AUTO_FREE  __attribute__((cleanup(vh_cleanup_free)))
#define VH_AUTO_CLOSE __attribute__((cleanup(vh_cleanup_close)))
#define VH_AUTO_FILE  __attribute__((cleanup(vh_cleanup_file)))
#define VH_AUTO_DIR   __attribute__((cleanup(vh_cleanup_dir)))

/* Hands ownership over: the old owner holds NULL afterwards. */
#define VH_TAKE(p)                          \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#define VH_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
