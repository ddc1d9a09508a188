/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/inhibit.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 150

/* FNV-1a */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++) {
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	}
	return h;
}

void vh_inhibit_unit(char *buf, const char *vm)
{
	char name[NAME_MAX_LEN + 5] = "";
	size_t len = 0;
	const char *at;

	for (at = vm; *at && len < NAME_MAX_LEN; at++) {
		unsigned char c = (unsigned char)*at;

		len += (size_t)snprintf(name + len, sizeof(name) - len,
					isalnum(c) || strchr("-_.:", c) ? "%c" : "\\x%02x", c);
	}
	if (*at || len > NAME_MAX_LEN) {
		len = NAME_MAX_LEN - 40;
		(void)snprintf(name + len, sizeof(name) - len, "-%016" PRIx64, hash(vm));
	}
	(void)snprintf(buf, VH_INHIBIT_UNIT_MAX, "vfio-handoff-sleep-%s.service", name);
}
