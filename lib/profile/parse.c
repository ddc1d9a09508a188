/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/parse.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/profile/keys.h"
#include "lib/profile/values.h"

/*
 * inih splits a line into section, name and value. What it would do silently is caught before it
 * sees the line: it cuts a line at its buffer's size and a section's name at 49 bytes, ends a line
 * at a NUL, takes an indented line for more of the value above, 'name: x' for 'name = x', ignores
 * text after ']' and does not tell of a section without keys. Its handler is not told the line, as
 * that is a compile-time switch of the library; our reader counts lines instead.
 */

/**
 * struct parser - one text on its way through inih
 * @result:        the first failure; after it the reader reports the end of the text
 * @waiting:       the reader handed out a line with a key, and the handler has not seen it yet
 * @section:       name from vh_sections, NULL before the first one
 * @title:         the same with the device's name
 * @key_lines:     where this section set each key, 0 if it did not
 * @section_lines: where this text has each section
 */
struct parser {
	struct vh_profile *profile;
	const struct vh_source *source;
	struct vh_trace *trace;
	struct vh_error *err;
	size_t at;
	unsigned line;
	int result;
	bool waiting;
	const char *section;
	char title[VH_TITLE_MAX];
	struct vh_profile_device *device;
	unsigned key_lines[VH_KEY_COUNT];
	unsigned section_lines[VH_SECTION_COUNT];
	unsigned device_lines[VH_PROFILE_DEVICES_MAX];
};

/* Puts "file:line: " before the message that is already there. */
static int place(struct parser *p)
{
	(void)vh_copy(p->err->path, sizeof(p->err->path), p->source->path);
	p->result = vh_error_wrap(p->err, "%s:%u", p->source->file, p->line);
	return p->result;
}

__attribute__((format(printf, 2, 3))) static int fail(struct parser *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)vh_error_set(p->err, EINVAL, NULL, "%s", text);
	return place(p);
}

static int fail_memory(struct parser *p)
{
	(void)vh_error_set(p->err, ENOMEM, NULL, "out of memory");
	return place(p);
}

static int check_device_name(struct parser *p, const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (!*name) {
		return fail(p, "[device] needs a name, such as [device gpu]");
	}
	if (name[strspn(name, allowed)]) {
		return fail(p,
			    "the device name '%s' may hold letters, digits, '_', '.' and '-' "
			    "only",
			    name);
	}
	if (strlen(name) >= sizeof(p->device->name)) {
		return fail(p, "the device name is longer than %zu bytes",
			    sizeof(p->device->name) - 1);
	}
	return 0;
}

static int add_device(struct parser *p, const char *name)
{
	struct vh_profile *profile = p->profile;
	struct vh_profile_device *devices;

	if (profile->device_count == VH_PROFILE_DEVICES_MAX) {
		return fail(p, "more than %d devices", VH_PROFILE_DEVICES_MAX);
	}
	devices = realloc(profile->devices, (profile->device_count + 1) * sizeof(*devices));
	if (!devices) {
		return fail_memory(p);
	}
	profile->devices = devices;
	p->device = &devices[profile->device_count++];
	*p->device = (struct vh_profile_device){
		.address.function = VH_ADDRESS_UNSET,
		.pin_power = true,
		.pin_d3cold = true,
		.line = p->line,
	};
	(void)vh_copy(p->device->name, sizeof(p->device->name), name);
	(void)snprintf(p->device->title, sizeof(p->device->title), "[device %s]", name);
	(void)vh_copy(p->device->file, sizeof(p->device->file), p->source->file);
	return 0;
}

/* The current section is @title, from this line on; @seen is where this text had it before. */
static int note_section(struct parser *p, unsigned *seen)
{
	if (*seen) {
		return fail(p, "[%s] is there twice, first on line %u", p->title, *seen);
	}
	*seen = p->line;
	return 0;
}

static int enter_device(struct parser *p, const char *name)
{
	int rc = check_device_name(p, name);
	size_t i = 0;

	if (rc) {
		return rc;
	}
	while (i < p->profile->device_count && strcmp(p->profile->devices[i].name, name) != 0) {
		i++;
	}
	if (i == p->profile->device_count) {
		rc = add_device(p, name);
		if (rc) {
			return rc;
		}
	}
	p->device = &p->profile->devices[i];
	(void)snprintf(p->title, sizeof(p->title), "%s %s", p->section, name);
	return note_section(p, &p->device_lines[i]);
}

static int enter_section(struct parser *p, const char *kind, const char *name)
{
	int index = vh_section_find(kind);

	if (index < 0) {
		(void)vh_section_unknown(kind, p->err);
		return place(p);
	}
	p->section = vh_sections[index];
	p->device = NULL;
	memset(p->key_lines, 0, sizeof(p->key_lines));
	if (index == VH_SECTION_DEVICE) {
		return enter_device(p, name);
	}
	if (*name) {
		return fail(p, "[%s] takes no name", kind);
	}
	(void)vh_copy(p->title, sizeof(p->title), kind);
	return note_section(p, &p->section_lines[index]);
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* @line begins with '['. */
static int scan_section(struct parser *p, const char *line)
{
	const char *end = strchr(line, ']');
	const char *rest = end ? skip_blanks(end + 1) : "";
	const char *at = skip_blanks(line + 1);
	char kind[128] = "";
	char name[128] = "";
	size_t len;

	if (!end) {
		return fail(p, "']' is missing after the section's name");
	}
	if (*rest && (*rest != ';' || rest == end + 1)) {
		return fail(p, "there is text after ']': '%s'", rest);
	}
	len = strcspn(at, " \t]");
	if (len == 0) {
		return fail(p, "the section has no name");
	}
	if ((size_t)(end - at) >= sizeof(kind)) {
		return fail(p, "the section's name is longer than %zu bytes", sizeof(kind) - 1);
	}
	memcpy(kind, at, len);
	at = skip_blanks(at + len);
	memcpy(name, at, (size_t)(end - at));
	return enter_section(p, kind, vh_trim_end(name));
}

/* A line with a key: exactly what inih must make of it, or an error. */
static int scan_key(struct parser *p, const char *line)
{
	size_t len = strcspn(line, "=:");
	const char *comment = strstr(line, " ;");
	const char *tab = strstr(line, "\t;");

	if (!line[len] || (comment && comment < line + len) || (tab && tab < line + len)) {
		return fail(p, "there is neither a section nor 'name = value' here: '%s'", line);
	}
	if (line[len] == ':') {
		return fail(p, "'name: value' is not a form of this file; write '%.*s = ...'",
			    (int)len, line);
	}
	if (len == 0) {
		return fail(p, "there is no name before '='");
	}
	if (!p->section) {
		return fail(p, "a key before the first [section]");
	}
	p->waiting = true;
	return 0;
}

static int check_bytes(struct parser *p, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c == '\0') {
			return fail(p, "a NUL byte: this is not a text file in UTF-8 or ASCII");
		}
		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return fail(p, "a control byte 0x%02x", c);
		}
	}
	return 0;
}

/* Checks one raw line and writes what inih is to see, at most @size bytes with its NUL. */
static int scan_line(struct parser *p, const char *line, size_t len, char *buf, size_t size)
{
	size_t indent = 0;
	int rc = check_bytes(p, line, len);

	if (rc) {
		return rc;
	}
	while (indent < len && (line[indent] == ' ' || line[indent] == '\t')) {
		indent++;
	}
	if (indent == len || line[indent] == ';' || line[indent] == '#') {
		(void)vh_copy(buf, size, "\n");
		return 0;
	}
	if (len + 2 > size) {
		return fail(p, "the line is longer than %zu bytes", size - 2);
	}
	if (indent > 0) {
		return fail(p, "the line begins with a blank; there are no continued lines, "
			       "and keys and sections begin in the first column");
	}
	memcpy(buf, line, len);
	buf[len] = '\0';
	rc = *buf == '[' ? scan_section(p, buf) : scan_key(p, buf);
	buf[len] = '\n';
	buf[len + 1] = '\0';
	return rc;
}

/* inih's reader: the next line into @buf, like fgets(). */
static char *next_line(char *buf, int size, void *stream)
{
	struct parser *p = stream;
	const char *start = p->source->text + p->at;
	size_t left = p->source->len - p->at;
	const char *newline = memchr(start, '\n', left);
	size_t len = newline ? (size_t)(newline - start) : left;

	if (p->result || left == 0) {
		return NULL;
	}
	if (p->waiting || size < 2) {
		(void)fail(p, "libinih does not understand this line");
		return NULL;
	}
	p->at += newline ? len + 1 : len;
	p->line++;
	if (len > 0 && start[len - 1] == '\r') {
		len--;
	}
	return scan_line(p, start, len, buf, (size_t)size) ? NULL : buf;
}

static int set_key(struct parser *p, int index, const char *value)
{
	const struct vh_key *key = &vh_keys[index];
	struct vh_key_setting setting = {.profile = p->profile,
					 .device = p->device,
					 .key = key,
					 .value = value,
					 .file = p->source->file,
					 .line = p->line};
	struct vh_origin origin = {.key = key, .line = p->line};

	if (p->key_lines[index]) {
		return fail(p, "'%s' is set twice in [%s], first on line %u", key->name, p->title,
			    p->key_lines[index]);
	}
	if (!*value) {
		return fail(p, "'%s' has no value", key->name);
	}
	if (key->set(&setting, p->err)) {
		return place(p);
	}
	p->key_lines[index] = p->line;
	if (!p->trace) {
		return 0;
	}
	(void)vh_copy(origin.title, sizeof(origin.title), p->title);
	(void)vh_copy(origin.file, sizeof(origin.file), p->source->file);
	return vh_trace_add(p->trace, &origin) ? fail_memory(p) : 0;
}

/* inih's handler. Its idea of the section is cut at 49 bytes; ours is whole. */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *p = user;
	int index;

	(void)section;
	if (p->result) {
		return 0;
	}
	if (!p->waiting || !value) {
		(void)fail(p, "libinih does not understand this line");
		return 0;
	}
	p->waiting = false;
	index = vh_key_find(p->section, name);
	if (index >= 0) {
		return set_key(p, index, value) == 0;
	}
	(void)vh_key_unknown(p->section, p->title, name, p->err);
	(void)place(p);
	return 0;
}

int vh_parse_source(struct vh_profile *profile, const struct vh_source *source,
		    struct vh_trace *trace, struct vh_error *err)
{
	struct parser p = {.profile = profile, .source = source, .trace = trace, .err = err};
	int rc;

	if (source->len > VH_PROFILE_SIZE_MAX) {
		return vh_error_set(err, EINVAL, source->path, "%s: larger than 1 MiB",
				    source->file);
	}
	vh_profile_hash(profile, source->text, source->len);
	if (source->len >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0) {
		p.at = 3;
	}
	rc = ini_parse_stream(next_line, &p, on_key, &p);
	if (!p.result && (rc || p.waiting)) {
		(void)fail(&p, "libinih does not understand this line");
	}
	return p.result;
}

int vh_profile_parse(struct vh_profile *profile, const char *file, const char *text, size_t len,
		     struct vh_error *err)
{
	struct vh_source source = {file, file, text, len};

	return vh_parse_source(profile, &source, NULL, err);
}
