/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known by what stands before it. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/report/anonymise_parts.h"

/**
 * struct key - a word that says what the value behind it is
 * @blank: a blank is enough between: "Device Serial Number 00-11-22-ff-ff-33-44-55"
 *
 * The longest come first. ID_SERIAL_SHORT is found by its second word.
 */
struct key {
	const char *word;
	enum vh_private kind;
	bool blank;
};

static const struct key keys[] = {
	{"serial number", VH_PRIVATE_SERIAL, true},
	{"serial_number", VH_PRIVATE_SERIAL, false},
	{"serial-number", VH_PRIVATE_SERIAL, false},
	{"serialnumber", VH_PRIVATE_SERIAL, false},
	{"serial_short", VH_PRIVATE_SERIAL, false},
	{"serial no", VH_PRIVATE_SERIAL, false},
	{"serial", VH_PRIVATE_SERIAL, false},
	{"s/n", VH_PRIVATE_SERIAL, false},
	{"asset tag", VH_PRIVATE_SERIAL, false},
	{"asset_tag", VH_PRIVATE_SERIAL, false},
	{"asset", VH_PRIVATE_SERIAL, false},
	{"service tag", VH_PRIVATE_SERIAL, false},
	{"wwn", VH_PRIVATE_SERIAL, false},
	{"wwid", VH_PRIVATE_SERIAL, false},
	{"cipassword", VH_PRIVATE_SECRET, false},
	{"vncpasswd", VH_PRIVATE_SECRET, false},
	{"password", VH_PRIVATE_SECRET, false},
	{"passwd", VH_PRIVATE_SECRET, false},
	{"passphrase", VH_PRIVATE_SECRET, false},
	{"secret", VH_PRIVATE_SECRET, false},
	{"token", VH_PRIVATE_SECRET, false},
	{"apikey", VH_PRIVATE_SECRET, false},
	{"api_key", VH_PRIVATE_SECRET, false},
	{"api-key", VH_PRIVATE_SECRET, false},
	{"psk", VH_PRIVATE_SECRET, false},
	{"sshkeys", VH_PRIVATE_SECRET, false},
	{"bearer", VH_PRIVATE_SECRET, true},
	/* Of file systems that have no real one: FAT's ABCD-1234. */
	{"partuuid", VH_PRIVATE_SERIAL, false},
	{"uuid", VH_PRIVATE_SERIAL, false},
};

/* Directories whose entries are named after what is to be replaced. */
static const struct key folders[] = {
	{"/home/", VH_PRIVATE_USER, false},
	{"by-uuid/", VH_PRIVATE_SERIAL, false},
	{"by-partuuid/", VH_PRIVATE_SERIAL, false},
};

#define LONGEST ((size_t)VH_PRIVATE_MAX_LEN + 1)

static size_t blanks(const struct vh_scan *s, size_t at)
{
	size_t n = 0;

	while (vh_scan_byte(s, at + n) == ' ' || vh_scan_byte(s, at + n) == '\t') {
		n++;
	}
	return n;
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

/*
 * From behind the key to the value, 0 if nothing of the kind stands there: serial=X, serial: X,
 * "serial":"X", <serial>X<, name='serial'>X<.
 */
static size_t separator(const struct vh_scan *s, size_t key, size_t at, bool blank)
{
	size_t n = is_quote(vh_scan_byte(s, at)) && key > 0 && is_quote(s->text[key - 1]);
	bool is_tag = n > 0 || (key > 0 && s->text[key - 1] == '<');
	char c;

	n += blanks(s, at + n);
	c = vh_scan_byte(s, at + n);
	if (c == '=' || c == ':' || (c == '>' && is_tag)) {
		n++;
	} else if (!blank || n == 0) {
		return 0;
	}
	return n + blanks(s, at + n);
}

/*
 * Up to the quote that ends it, or to what ends a word. What is longer than any name is none: only a
 * password may be, and is looked at once.
 */
static size_t value_end(const struct vh_scan *s, size_t at, char quote, bool any_length)
{
	size_t max = any_length || s->len - at <= LONGEST ? s->len : at + LONGEST;

	while (at < max && s->text[at] && s->text[at] != '\n' &&
	       (quote ? s->text[at] != quote : !strchr(" \t\r,;<>\"')&|]", s->text[at]))) {
		at++;
	}
	return at;
}

/* Has it a digit, and is it none of those that stand where nobody filled it in? */
static bool is_serial(const char *value, size_t len)
{
	static const char *const nobodys[] = {"8250/16550", "0123456789", "123456789", "12345678"};
	size_t digits = 0;
	size_t zeros = 0;

	for (size_t i = 0; i < len; i++) {
		digits += isdigit((unsigned char)value[i]) != 0;
		zeros += value[i] == '0' || value[i] == 'x' || value[i] == '-';
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(nobodys); i++) {
		if (strlen(nobodys[i]) == len && strncmp(value, nobodys[i], len) == 0) {
			return false;
		}
	}
	return len >= 4 && len <= VH_PRIVATE_MAX_LEN && digits > 0 && zeros < len;
}

/* -vnc password=on, "secret": null. */
static bool is_secret(const char *value, size_t len)
{
	static const char *const words[] = {"on", "off",  "yes",  "no",  "true", "false", "0",
					    "1",  "none", "null", "***", "{",    "["};

	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == len && strncasecmp(value, words[i], len) == 0) {
			return false;
		}
	}
	return len > 0;
}

/* That has a stand-in of its own. */
static bool is_whole_uuid(const char *value, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (!vh_is_hex(value[i]) && value[i] != '-') {
			return false;
		}
		digits += value[i] != '-';
	}
	return digits == 32;
}

static bool is_user(const char *value, size_t len)
{
	return len > 0 && len <= VH_PRIVATE_MAX_LEN && vh_is_word_byte(value[0]) &&
	       vh_is_word_byte(value[len - 1]);
}

static void take_value(struct vh_scan *s, enum vh_private kind, size_t at, size_t end)
{
	const char *value = s->text + at;
	size_t len = end - at;
	bool is_it;

	if (kind == VH_PRIVATE_SECRET) {
		is_it = is_secret(value, len);
	} else if (kind == VH_PRIVATE_USER) {
		is_it = is_user(value, len);
	} else {
		is_it = is_serial(value, len) && !is_whole_uuid(value, len);
	}
	if (is_it && (kind == VH_PRIVATE_SECRET || !vh_has_stand_in(value, len))) {
		s->value = at;
		s->value_end = end;
		s->value_kind = kind;
	}
}

static void scan_word(struct vh_scan *s, size_t at)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(keys); i++) {
		size_t len = strlen(keys[i].word);
		size_t behind;
		char quote;

		if (!vh_scan_is(s, at, keys[i].word) || !vh_word_ends(s, at + len)) {
			continue;
		}
		behind = separator(s, at, at + len, keys[i].blank);
		/* password-secret=ID names an object, and is none. */
		if (behind == 0 || (keys[i].kind == VH_PRIVATE_SECRET && at > 0 &&
				    s->text[at - 1] == '-' && tolower(s->text[at]) == 's')) {
			return;
		}
		behind += at + len;
		quote = vh_scan_byte(s, behind);
		if (is_quote(quote)) {
			behind++;
		} else {
			quote = '\0';
		}
		take_value(s, keys[i].kind, behind,
			   value_end(s, behind, quote, keys[i].kind == VH_PRIVATE_SECRET));
		return;
	}
}

/* Of ata-MODEL_SERIAL-part1 the serial number; of wwn-0x5002538e40b5a1d2-part1 all of it. */
static void scan_by_id(struct vh_scan *s, size_t at)
{
	static const char *const whole[] = {"wwn-",     "nvme-eui.",    "nvme-nvme.", "scsi-",
					    "dm-uuid-", "lvm-pv-uuid-", "md-uuid-",   "nvme-uuid."};
	size_t end = value_end(s, at, '\0', false);
	size_t begin = at;

	for (size_t i = at; i < end; i++) {
		if (strchr("/=", s->text[i]) || vh_scan_is(s, i, "-part") ||
		    vh_scan_is(s, i, "-if0") || vh_scan_is(s, i, "-0:0")) {
			end = i;
		}
	}
	if (end - at == LONGEST) {
		return;
	}
	/* nvme-MODEL_SERIAL_1 */
	while (end - at > 2 && isdigit((unsigned char)s->text[end - 1]) &&
	       strchr("-_", s->text[end - 2])) {
		end -= 2;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(whole); i++) {
		if (vh_scan_is(s, at, whole[i])) {
			begin = at + strlen(whole[i]);
		}
	}
	for (size_t i = at; begin == at && i < end; i++) {
		size_t last = end - (i - at) - 1;

		if (s->text[last] == '_' || s->text[last] == '-') {
			begin = last + 1;
		}
	}
	if (begin < end) {
		take_value(s, VH_PRIVATE_SERIAL, begin, end);
	}
}

/* https://name:password@host */
static void scan_url(struct vh_scan *s, size_t at)
{
	size_t end = at;

	while (end < s->len && s->text[end] && !strchr(" \t\n/@\"'<>", s->text[end])) {
		end++;
	}
	if (vh_scan_byte(s, end) == '@' && memchr(s->text + at, ':', end - at)) {
		take_value(s, VH_PRIVATE_SECRET, at, end);
	}
}

void vh_scan_key(struct vh_scan *s, size_t at)
{
	if (vh_scan_is(s, at, "by-id/")) {
		scan_by_id(s, at + strlen("by-id/"));
	}
	if (vh_scan_is(s, at, "://")) {
		scan_url(s, at + strlen("://"));
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(folders) && !s->value_end; i++) {
		size_t behind = at + strlen(folders[i].word);

		if (vh_scan_is(s, at, folders[i].word)) {
			size_t end = value_end(s, behind, '\0', false);
			const char *slash = memchr(s->text + behind, '/', end - behind);

			take_value(s, folders[i].kind, behind,
				   slash ? (size_t)(slash - s->text) : end);
		}
	}
	if (!s->value_end && vh_word_begins(s, at)) {
		scan_word(s, at);
	}
}
