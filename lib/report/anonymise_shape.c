/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known by its shape alone. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/report/anonymise_parts.h"

bool vh_is_word_byte(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

bool vh_is_hex(char c)
{
	return isxdigit((unsigned char)c) != 0;
}

char vh_scan_byte(const struct vh_scan *s, size_t at)
{
	return at < s->len ? s->text[at] : '\0';
}

bool vh_scan_is(const struct vh_scan *s, size_t at, const char *word)
{
	size_t len = strlen(word);

	return at <= s->len && s->len - at >= len && strncasecmp(s->text + at, word, len) == 0;
}

/* Is what ends before @at an escaped byte: %20, \x2d, \n? */
static bool is_behind_escape(const struct vh_scan *s, size_t at)
{
	if (at >= 2 && s->text[at - 2] == '\\' && strchr("nrt", s->text[at - 1])) {
		return true;
	}
	if (at < 3 || !vh_is_hex(s->text[at - 1]) || !vh_is_hex(s->text[at - 2])) {
		return false;
	}
	return s->text[at - 3] == '%' ||
	       (at >= 4 && s->text[at - 3] == 'x' && s->text[at - 4] == '\\');
}

bool vh_word_begins(const struct vh_scan *s, size_t at)
{
	return vh_is_word_byte(vh_scan_byte(s, at)) &&
	       (at == 0 || !vh_is_word_byte(s->text[at - 1]) || is_behind_escape(s, at));
}

bool vh_word_ends(const struct vh_scan *s, size_t at)
{
	return at > 0 && vh_is_word_byte(s->text[at - 1]) && !vh_is_word_byte(vh_scan_byte(s, at));
}

static size_t digits_at(const struct vh_scan *s, size_t at)
{
	size_t n = 0;

	while (isdigit((unsigned char)vh_scan_byte(s, at + n))) {
		n++;
	}
	return n;
}

size_t vh_is_stand_in(const struct vh_scan *s, size_t at)
{
	static const struct {
		const char *prefix;
		const char *suffix;
	} forms[] = {
		{"host-", ""},   {"user-", ""},           {"cluster-", ""},
		{"serial-", ""}, {"domain-", ".example"}, {"mail-", "@example.invalid"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(forms) && vh_word_begins(s, at); i++) {
		size_t prefix = strlen(forms[i].prefix);
		size_t suffix = strlen(forms[i].suffix);
		size_t digits;

		if (!vh_scan_is(s, at, forms[i].prefix)) {
			continue;
		}
		digits = digits_at(s, at + prefix);
		if (digits > 0 && digits <= 6 &&
		    vh_scan_is(s, at + prefix + digits, forms[i].suffix) &&
		    vh_word_ends(s, at + prefix + digits + suffix)) {
			return prefix + digits + suffix;
		}
	}
	return 0;
}

static bool has_name(const char *text, size_t len)
{
	struct vh_scan s = {.text = text, .len = len};

	for (size_t at = 0; at < len; at++) {
		if (vh_is_stand_in(&s, at) > 0) {
			return true;
		}
	}
	return false;
}

bool vh_has_stand_in(const char *text, size_t len)
{
	static const char *const shapes[] = {
		"02:00:00:", "02-00-00-",   "enx020000",    "00000000-0000-0000-0000-",
		"192.0.2.",  "198.51.100.", "203.0.113.",   "198.18.",
		"2001:db8:", "***",         "AAAAA-AAAAA-", "00000000000000000000",
	};
	struct vh_scan s = {.text = text, .len = len};

	if (has_name(text, len)) {
		return true;
	}
	for (size_t at = 0; at < len; at++) {
		for (size_t i = 0; i < VH_ARRAY_SIZE(shapes); i++) {
			if (vh_scan_is(&s, at, shapes[i])) {
				return true;
			}
		}
	}
	return false;
}

size_t vh_scan_keep(struct vh_scan *s, size_t at, size_t len)
{
	if (s->out) {
		vh_text_addn(s->out, s->text + at, len);
	}
	return len;
}

bool vh_joins_address(char c)
{
	return vh_is_word_byte(c) || c == ':';
}

/* --- MAC addresses -------------------------------------------------------------------------- */

static void add_mac(struct vh_text *out, unsigned number, const char *separator)
{
	vh_text_addf(out, "02%s00%s00%s%02x%s%02x%s%02x", separator, separator, separator,
		     number >> 16 & 0xff, separator, number >> 8 & 0xff, separator, number & 0xff);
}

/* How many pairs of hex digits stand there with that separator between. */
static size_t pairs(const struct vh_scan *s, size_t at, char separator)
{
	size_t n = 0;

	while (vh_is_hex(vh_scan_byte(s, at)) && vh_is_hex(vh_scan_byte(s, at + 1))) {
		n++;
		at += 2;
		if (vh_scan_byte(s, at) != separator || !vh_is_hex(vh_scan_byte(s, at + 1))) {
			break;
		}
		at++;
	}
	return n;
}

/* Nobody's: all zeros, all ones, or our own stand-in. */
static bool is_nobodys(const char *hex, size_t len)
{
	return strspn(hex, "0") == len || strspn(hex, "fF") == len ||
	       strncasecmp(hex, "020000", 6) == 0;
}

/* Six pairs are Ethernet's, eight an EUI-64, twenty InfiniBand's; more are no address. */
static size_t scan_mac(struct vh_scan *s, size_t at)
{
	char separator = vh_scan_byte(s, at + 2);
	char between[2] = {separator, '\0'};
	char hex[2 * 20 + 1];
	size_t n = separator == ':' || separator == '-' ? pairs(s, at, separator) : 0;
	size_t len = n > 0 ? n * 3 - 1 : 0;
	unsigned number;

	/* In the middle of more pairs than any address has. */
	if (at > 1 && s->text[at - 1] == '-' && vh_is_hex(s->text[at - 2])) {
		return 0;
	}
	if ((n != 6 && n != 8 && n != 20) || vh_joins_address(vh_scan_byte(s, at + len)) ||
	    (vh_scan_byte(s, at + len) == '-' && vh_is_hex(vh_scan_byte(s, at + len + 1)))) {
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(hex + 2 * i, s->text + at + 3 * i, 2);
	}
	hex[2 * n] = '\0';
	if (is_nobodys(hex, 2 * n)) {
		return vh_scan_keep(s, at, len);
	}
	number = vh_private_number(s, VH_PRIVATE_MAC, hex, 2 * n);
	if (s->out) {
		add_mac(s->out, number, between);
	}
	return len;
}

/* systemd's names of interfaces: enx and the address without colons. */
static size_t scan_enx(struct vh_scan *s, size_t at)
{
	size_t n = 3;

	while (n < 15 && vh_is_hex(vh_scan_byte(s, at + n))) {
		n++;
	}
	if (!vh_scan_is(s, at, "enx") || n != 15 || !vh_word_ends(s, at + n)) {
		return 0;
	}
	if (is_nobodys(s->text + at + 3, 12)) {
		return vh_scan_keep(s, at, n);
	}
	if (s->out) {
		vh_text_add(s->out, "enx");
	}
	n = vh_private_number(s, VH_PRIVATE_MAC, s->text + at + 3, 12);
	if (s->out) {
		add_mac(s->out, (unsigned)n, "");
	}
	return 15;
}

/* --- UUIDs ---------------------------------------------------------------------------------- */

/* Length of the separator: '-', '_', or systemd's "\x2d". */
static size_t separator_at(const struct vh_scan *s, size_t at)
{
	if (vh_scan_is(s, at, "\\x2d")) {
		return 4;
	}
	return vh_scan_byte(s, at) == '-' || vh_scan_byte(s, at) == '_';
}

/* With separators, or all 32 digits in one, as systemd's ids are. */
static size_t uuid_at(const struct vh_scan *s, size_t at, char hex[33], char separator[5])
{
	size_t begin = at;
	size_t n = 0;

	separator[0] = '\0';
	while (n < 32) {
		size_t gap = n == 8 || n == 12 || n == 16 || n == 20 ? separator_at(s, at) : 0;

		if (gap > 0 && (n == 8 || separator[0])) {
			(void)snprintf(separator, 5, "%.*s", (int)gap, s->text + at);
			at += gap;
		} else if (n > 8 && (n == 12 || n == 16 || n == 20) && separator[0]) {
			return 0;
		}
		if (!vh_is_hex(vh_scan_byte(s, at))) {
			return 0;
		}
		hex[n++] = s->text[at++];
	}
	hex[32] = '\0';
	return vh_word_ends(s, at) ? at - begin : 0;
}

static size_t scan_uuid(struct vh_scan *s, size_t at)
{
	char hex[33];
	char separator[5];
	size_t len = uuid_at(s, at, hex, separator);
	const char *g = separator;
	unsigned number;

	if (len == 0) {
		return 0;
	}
	if (strspn(hex, "0") >= 20 || strspn(hex, "fF") == 32) {
		return vh_scan_keep(s, at, len);
	}
	number = vh_private_number(s, VH_PRIVATE_UUID, hex, 32);
	if (s->out) {
		vh_text_addf(s->out, "00000000%s0000%s0000%s0000%s%012u", g, g, g, g, number);
	}
	return len;
}

/* --- mail addresses, product keys ------------------------------------------------------------ */

#define MAIL_MAX 254

static size_t run_of(const struct vh_scan *s, size_t at, const char *more)
{
	size_t n = 0;

	while (n <= MAIL_MAX && at + n < s->len &&
	       (isalnum((unsigned char)s->text[at + n]) ||
		(s->text[at + n] && strchr(more, s->text[at + n])))) {
		n++;
	}
	return n;
}

/* user@1000.service, serial-getty@ttyS0.service and their like. */
static bool is_file_suffix(const char *suffix, size_t len)
{
	static const char *const suffixes[] = {"service",   "socket", "scope",   "slice",  "target",
					       "timer",     "mount",  "path",    "device", "swap",
					       "conf",      "log",    "xml",     "ini",    "rom",
					       "automount", "sh",     "desktop", "json",   "txt"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(suffixes); i++) {
		if (strlen(suffixes[i]) == len && strncasecmp(suffixes[i], suffix, len) == 0) {
			return true;
		}
	}
	return false;
}

static size_t scan_mail(struct vh_scan *s, size_t at)
{
	size_t local = run_of(s, at, "._%+-");
	size_t domain;
	size_t suffix = 0;
	unsigned number;

	if (local == 0 || local > MAIL_MAX || vh_scan_byte(s, at + local) != '@' ||
	    has_name(s->text + at, local)) {
		return 0;
	}
	domain = run_of(s, at + local + 1, ".-");
	while (domain > 0 && strchr(".-", s->text[at + local + domain])) {
		domain--;
	}
	while (suffix < domain && isalpha((unsigned char)s->text[at + local + domain - suffix])) {
		suffix++;
	}
	if (domain > MAIL_MAX || !vh_word_ends(s, at + local + 1 + domain) || suffix < 2 ||
	    suffix == domain || s->text[at + local + domain - suffix] != '.' ||
	    s->text[at + local + 1] == '.' ||
	    is_file_suffix(s->text + at + local + 1 + domain - suffix, suffix)) {
		return 0;
	}
	number = vh_private_number(s, VH_PRIVATE_MAIL, s->text + at, local + 1 + domain);
	if (s->out) {
		vh_text_addf(s->out, "mail-%u@example.invalid", number);
	}
	return local + 1 + domain;
}

/* Five groups of five, in capitals. */
static size_t scan_product_key(struct vh_scan *s, size_t at)
{
	unsigned number;

	for (size_t i = 0; i < 29; i++) {
		char c = vh_scan_byte(s, at + i);

		if (i % 6 == 5 ? c != '-' : !isdigit((unsigned char)c) && !(c >= 'A' && c <= 'Z')) {
			return 0;
		}
	}
	if (!vh_word_ends(s, at + 29) || vh_scan_byte(s, at + 29) == '-') {
		return 0;
	}
	if (vh_scan_is(s, at, "AAAAA-AAAAA-AAAAA-AAAAA-")) {
		return vh_scan_keep(s, at, 29);
	}
	number = vh_private_number(s, VH_PRIVATE_KEY, s->text + at, 29);
	if (s->out) {
		vh_text_addf(s->out, "AAAAA-AAAAA-AAAAA-AAAAA-%05u", number % 100000);
	}
	return 29;
}

size_t vh_scan_shape(struct vh_scan *s, size_t at)
{
	static size_t (*const scans[])(struct vh_scan *, size_t) = {
		scan_mac, scan_uuid,        vh_scan_ipv4, vh_scan_ipv6,
		scan_enx, scan_product_key, scan_mail};
	bool begins = vh_word_begins(s, at);
	size_t len = 0;

	if (!begins &&
	    !(vh_scan_is(s, at, "::") && (at == 0 || !vh_joins_address(s->text[at - 1])))) {
		return 0;
	}
	if (at > 0 && s->text[at - 1] == ':' && at > 1 && vh_is_hex(s->text[at - 2]) &&
	    vh_is_hex(s->text[at])) {
		/* In the middle of 0000:01:00.0; what is long enough was taken at its beginning. */
		return begins ? scan_mail(s, at) : 0;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(scans) && len == 0; i++) {
		len = scans[i](s, at);
	}
	return len;
}
