/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/guest_value.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static int refuse_byte(struct vh_error *err, unsigned char c)
{
	if (c == ',') {
		return vh_error_set(err, EINVAL, NULL,
				    "it has a comma, which QEMU's options cannot hold");
	}
	return vh_error_set(err, EINVAL, NULL,
			    "it has the byte 0x%02x, which is no printable ASCII character", c);
}

int vh_check_vendor_id(const char *id, struct vh_error *err)
{
	size_t len = strlen(id);

	if (len == 0) {
		return vh_error_set(err, EINVAL, NULL, "it is empty");
	}
	for (const char *p = id; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c > 0x7e || c == ',') {
			return refuse_byte(err, c);
		}
	}
	if (len > VH_VENDOR_ID_MAX) {
		return vh_error_set(err, EINVAL, NULL, "it has %zu bytes, at most %d fit", len,
				    VH_VENDOR_ID_MAX);
	}
	return 0;
}

/* Bytes of a UTF-8 sequence that begins with @lead, 0 if none does. */
static size_t sequence_length(unsigned char lead)
{
	if (lead < 0x80) {
		return 1;
	}
	if (lead >= 0xc2 && lead < 0xe0) {
		return 2;
	}
	if (lead >= 0xe0 && lead < 0xf0) {
		return 3;
	}
	return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* The next character of valid UTF-8, with *@len the bytes it took; *@len is 0 if it is not valid. */
static uint32_t next_character(const char *s, size_t *len)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)*s;
	size_t n = sequence_length(lead);
	uint32_t c = n > 1 ? lead & (0x7fU >> n) : lead;

	*len = 0;
	for (size_t i = 1; i < n; i++) {
		unsigned char more = (unsigned char)s[i];

		if ((more & 0xc0U) != 0x80) {
			return 0;
		}
		c = c << 6 | (more & 0x3fU);
	}
	if (n == 0 || c < smallest[n] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff) {
		return 0;
	}
	*len = n;
	return c;
}

int vh_check_rom_path(const char *path, struct vh_error *err)
{
	size_t len;

	if (path[0] != '/') {
		return vh_error_set(err, EINVAL, NULL, "the path of a ROM file begins with '/'");
	}
	for (const char *p = path; *p; p += len) {
		uint32_t c = next_character(p, &len);

		if (len == 0) {
			return vh_error_set(err, EINVAL, NULL, "it is no valid UTF-8");
		}
		/* XML cannot hold the last two at all. */
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffe || c == 0xffff) {
			return vh_error_set(err, EINVAL, NULL, "it has a control character");
		}
	}
	if (strlen(path) >= VH_GUEST_ROM_MAX) {
		return vh_error_set(err, EINVAL, NULL, "it has %zu bytes, at most %d fit",
				    strlen(path), VH_GUEST_ROM_MAX - 1);
	}
	return 0;
}
