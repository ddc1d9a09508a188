/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/link.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define D "sys/bus/pci/devices/%s"

/* More than any that PCI Express has; 255 lanes are what a dead device seems to have. */
#define WIDTH_MAX 32U
#define SPEED_MAX 10000U

/* "8.0 GT/s PCIe", "16.0 GT/s", before 5.8 "8 GT/s"; 0 for "Unknown" and "Unknown speed". */
static unsigned parse_speed(const char *text)
{
	unsigned tenths = 0;
	unsigned places = 0;
	const char *at = text;

	for (; isdigit((unsigned char)*at) && tenths < SPEED_MAX; at++) {
		tenths = tenths * 10 + (unsigned)(*at - '0');
	}
	if (at > text && at[0] == '.' && isdigit((unsigned char)at[1])) {
		tenths = tenths * 10 + (unsigned)(at[1] - '0');
		places = 1;
		at += 2;
	}
	if (at == text || strncmp(at, " GT/s", 5) != 0 || tenths >= SPEED_MAX) {
		return 0;
	}
	return places ? tenths : tenths * 10;
}

/* -ENOENT: this function has no such file. */
static int read_speed(struct vh_sys *sys, const char *name, const char *attribute, unsigned *ret)
{
	char text[64];
	int rc = vh_sys_attr(sys, text, sizeof(text), D "/%s", name, attribute);

	*ret = rc ? 0 : parse_speed(text);
	return rc;
}

static int read_width(struct vh_sys *sys, const char *name, const char *attribute, unsigned *ret)
{
	uint64_t lanes = 0;
	int rc = vh_sys_attr_u64(sys, 10, &lanes, D "/%s", name, attribute);

	*ret = rc || lanes > WIDTH_MAX ? 0 : (unsigned)lanes;
	/* "Unknown" is an answer, as 255 is. */
	return rc == -EINVAL || rc == -ERANGE ? 0 : rc;
}

int vh_link_read(struct vh_sys *sys, const char *name, struct vh_link *ret)
{
	int rc = read_speed(sys, name, "current_link_speed", &ret->speed);

	if (rc) {
		*ret = (struct vh_link){0};
	}
	rc = rc ? rc : read_speed(sys, name, "max_link_speed", &ret->speed_max);
	rc = rc ? rc : read_width(sys, name, "current_link_width", &ret->width);
	return rc ? rc : read_width(sys, name, "max_link_width", &ret->width_max);
}
