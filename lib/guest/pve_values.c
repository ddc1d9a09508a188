/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/pve_values.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"

enum section {
	SECTION_CURRENT,
	SECTION_PENDING,
	SECTION_OTHER,
};

/**
 * struct reader - one file on its way
 * @deleted: `delete:` of [PENDING]
 * @also:    names of keys that no edit asks for, NULL at the end; NULL for none
 */
struct reader {
	struct vh_pve_values current;
	struct vh_pve_values pending;
	struct vh_span deleted;
	enum section section;
	unsigned line;
	const char *const *also;
	struct vh_error *err;
};

static int out_of_memory(struct vh_error *err)
{
	return vh_error_set(err, ENOMEM, NULL, "out of memory");
}

/* Few, so that a file of a million keys costs no more than one of ten. */
static bool is_known(struct vh_span key, const char *const *also)
{
	static const char *const names[] = {"arch",     "args",   "balloon", "bios",    "boot",
					    "bootdisk", "cpu",    "efidisk", "hostpci", "ide",
					    "machine",  "ostype", "sata",    "scsi",    "smbios",
					    "vga",      "virtio"};
	struct vh_span name = key;

	while (name.len > 0 && isdigit((unsigned char)name.at[name.len - 1])) {
		name.len--;
	}
	/* 01 is no number of Proxmox's. */
	if (key.len - name.len > 2 || (key.len - name.len == 2 && name.at[name.len] == '0')) {
		return false;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		if (vh_span_is(name, names[i])) {
			return true;
		}
	}
	for (; also && *also; also++) {
		if (vh_span_is(name, *also)) {
			return true;
		}
	}
	return false;
}

static struct vh_pve_value *find(const struct vh_pve_values *values, struct vh_span key)
{
	for (size_t i = 0; i < values->count; i++) {
		struct vh_pve_value *v = &values->items[i];

		if (v->key.len == key.len && memcmp(v->key.at, key.at, key.len) == 0) {
			return v;
		}
	}
	return NULL;
}

/* The last line of a key is what counts. */
static int put(struct vh_pve_values *values, const struct vh_pve_value *value, struct vh_error *err)
{
	struct vh_pve_value *items = find(values, value->key);

	if (items) {
		*items = *value;
		return 0;
	}
	items = realloc(values->items, (values->count + 1) * sizeof(*items));
	if (!items) {
		return out_of_memory(err);
	}
	values->items = items;
	items[values->count++] = *value;
	return 0;
}

static void drop(struct vh_pve_values *values, struct vh_span key)
{
	struct vh_pve_value *v = find(values, key);

	if (v) {
		*v = values->items[--values->count];
	}
}

/* A second [PENDING] takes the place of the first. */
static void enter(struct reader *r, struct vh_span title)
{
	static const char pending[] = "[PENDING]";

	r->section = SECTION_OTHER;
	if (title.len == strlen(pending) && strncasecmp(title.at, pending, title.len) == 0) {
		r->section = SECTION_PENDING;
		r->pending.count = 0;
		r->deleted.len = 0;
	}
}

static int on_line(struct reader *r, struct vh_span line)
{
	struct vh_pve_value v = {.value = line, .line = r->line};

	if (line.len > 1 && line.at[0] == '[' &&
	    memchr(line.at, ']', line.len) == line.at + line.len - 1) {
		enter(r, line);
		return 0;
	}
	if (r->section == SECTION_OTHER || !vh_span_cut(&v.value, ':', &v.key)) {
		return 0;
	}
	v.value = vh_span_trim(v.value);
	if (v.value.len == 0) {
		return 0;
	}
	if (r->section == SECTION_PENDING && vh_span_is(v.key, "delete")) {
		r->deleted = v.value;
		return 0;
	}
	if (!is_known(v.key, r->also)) {
		return 0;
	}
	return put(r->section == SECTION_PENDING ? &r->pending : &r->current, &v, r->err);
}

/* "a,b;!c d": '!' is for a disk whose volume goes along. */
static void apply_deleted(struct reader *r)
{
	struct vh_span rest = r->deleted;

	while (rest.len > 0) {
		struct vh_span word = {rest.at, 0};

		while (word.len < rest.len && !strchr(",; \t\r\v\f", rest.at[word.len])) {
			word.len++;
		}
		rest.at += word.len;
		rest.len -= word.len;
		if (rest.len > 0) {
			rest.at++;
			rest.len--;
		}
		if (word.len > 0 && word.at[0] == '!') {
			word.at++;
			word.len--;
		}
		drop(&r->current, word);
	}
}

static int apply_pending(struct reader *r)
{
	int rc = 0;

	apply_deleted(r);
	for (size_t i = 0; rc == 0 && i < r->pending.count; i++) {
		rc = put(&r->current, &r->pending.items[i], r->err);
	}
	return rc;
}

int vh_pve_values_read(struct vh_pve_values *ret, const struct vh_pve_text *config,
		       struct vh_error *err)
{
	return vh_pve_values_read_also(ret, config, NULL, err);
}

int vh_pve_values_read_also(struct vh_pve_values *ret, const struct vh_pve_text *config,
			    const char *const *also, struct vh_error *err)
{
	struct reader r = {.also = also, .err = err};
	struct vh_span rest = {config->text, config->len};
	struct vh_span line;
	int rc = 0;

	if (config->len > VH_PVE_CONFIG_BYTES) {
		return vh_error_set(err, EINVAL, NULL, "%s: larger than 1 MiB", config->name);
	}
	if (memchr(config->text, '\0', config->len)) {
		return vh_error_set(err, EINVAL, NULL, "%s: there is a NUL byte in it",
				    config->name);
	}
	while (rc == 0 && vh_span_line(&rest, &line)) {
		r.line++;
		rc = on_line(&r, vh_span_trim_end(line));
	}
	if (rc == 0) {
		rc = apply_pending(&r);
	}
	vh_pve_values_done(&r.pending);
	if (rc) {
		vh_pve_values_done(&r.current);
		return rc;
	}
	*ret = r.current;
	return 0;
}

void vh_pve_values_done(struct vh_pve_values *values)
{
	free(values->items);
	*values = (struct vh_pve_values){0};
}

const struct vh_pve_value *vh_pve_value(const struct vh_pve_values *values, const char *key)
{
	return find(values, vh_span_of(key));
}

struct vh_span vh_span_of(const char *s)
{
	return (struct vh_span){s, strlen(s)};
}

bool vh_span_same(struct vh_span a, struct vh_span b)
{
	int boolean = vh_span_boolean(a);

	return (a.len == b.len && memcmp(a.at, b.at, a.len) == 0) ||
	       (boolean >= 0 && boolean == vh_span_boolean(b));
}

/* The option whose name may be left out. */
static const char *default_option(const char *key)
{
	static const struct {
		const char *key;
		const char *option;
	} defaults[] = {
		{"boot", "legacy"}, {"cpu", "cputype"},  {"efidisk", "file"}, {"hostpci", "host"},
		{"ide", "file"},    {"machine", "type"}, {"sata", "file"},    {"scsi", "file"},
		{"vga", "type"},    {"virtio", "file"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(defaults); i++) {
		if (strncmp(key, defaults[i].key, strlen(defaults[i].key)) == 0) {
			return defaults[i].option;
		}
	}
	return "";
}

static struct vh_span name_of(const char *key, const struct vh_property *part)
{
	return part->key.len > 0 ? part->key : vh_span_of(default_option(key));
}

/* Its index, or the number of parts. */
static size_t find_part(const struct vh_pve_line *line, struct vh_span option)
{
	size_t i = 0;

	for (; i < line->count; i++) {
		struct vh_span name = name_of(line->key, &line->items[i]);

		if (name.len == option.len && memcmp(name.at, option.at, name.len) == 0) {
			break;
		}
	}
	return i;
}

__attribute__((format(printf, 4, 5))) static int fail(const struct vh_pve_line *line,
						      const char *file, struct vh_error *err,
						      const char *fmt, ...)
{
	char why[192];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	vh_sanitize(why);
	return vh_error_set(err, EINVAL, NULL, "%s:%u: %s: %s", file, line->line, line->key, why);
}

static int add_part(struct vh_pve_line *line, const struct vh_property *part, const char *file,
		    struct vh_error *err)
{
	struct vh_span name = name_of(line->key, part);

	if (name.len == 0) {
		return fail(line, file, err, "an option is 'name=value'");
	}
	if (vh_span_trim(part->key).len < part->key.len ||
	    vh_span_trim(part->value).len < part->value.len) {
		return fail(line, file, err, "there is a blank around an option");
	}
	if (find_part(line, name) < line->count) {
		return fail(line, file, err, "'%.*s' is set twice, so Proxmox ignores the line",
			    (int)(name.len < 48 ? name.len : 48), name.at);
	}
	if (line->count == VH_PVE_OPTIONS_MAX) {
		return fail(line, file, err, "it has more than %d options", VH_PVE_OPTIONS_MAX);
	}
	line->items[line->count++] = *part;
	return 0;
}

int vh_pve_line_read(struct vh_pve_line *ret, const char *key, const struct vh_pve_value *value,
		     const char *file, struct vh_error *err)
{
	struct vh_span rest = value ? value->value : (struct vh_span){"", 0};
	struct vh_property part;
	int rc;

	*ret = (struct vh_pve_line){.line = value ? value->line : 0};
	(void)vh_copy(ret->key, sizeof(ret->key), key);
	while ((rc = vh_property_next(&rest, &part)) >
	       0) { // NOLINT(bugprone-assignment-in-if-condition)
		rc = add_part(ret, &part, file, err);
		if (rc) {
			return rc;
		}
	}
	return rc ? fail(ret, file, err, "an option is 'name=value'") : 0;
}

const struct vh_span *vh_pve_line_get(const struct vh_pve_line *line, const char *option)
{
	size_t i = find_part(line, vh_span_of(option));

	return i < line->count ? &line->items[i].value : NULL;
}

bool vh_pve_line_yes(const struct vh_pve_line *line, const char *option)
{
	const struct vh_span *value = vh_pve_line_get(line, option);

	return value && vh_span_boolean(*value) > 0;
}

bool vh_pve_line_put(struct vh_pve_line *line, struct vh_span option, struct vh_span value)
{
	struct vh_property part = {.key = option, .value = value};
	size_t i = find_part(line, option);

	if (i < line->count) {
		line->items[i].value = value;
		line->changed = true;
		return true;
	}
	if (line->count == VH_ARRAY_SIZE(line->items)) {
		return false;
	}
	if (vh_span_is(option, default_option(line->key))) {
		part.key.len = 0;
		memmove(line->items + 1, line->items, line->count * sizeof(part));
		line->items[0] = part;
	} else {
		line->items[line->count] = part;
	}
	line->count++;
	line->changed = true;
	return true;
}

void vh_pve_line_drop(struct vh_pve_line *line, const char *option)
{
	size_t i = find_part(line, vh_span_of(option));

	if (i < line->count) {
		line->count--;
		memmove(line->items + i, line->items + i + 1,
			(line->count - i) * sizeof(line->items[0]));
		line->changed = true;
	}
}

void vh_pve_line_write(const struct vh_pve_line *line, struct vh_text *ret)
{
	for (size_t i = 0; i < line->count; i++) {
		const struct vh_property *part = &line->items[i];

		vh_text_add(ret, i ? "," : "");
		vh_text_addn(ret, part->key.at, part->key.len);
		vh_text_add(ret, part->key.len > 0 ? "=" : "");
		vh_text_addn(ret, part->value.at, part->value.len);
	}
}

bool vh_pve_same_value(const char *key, struct vh_span a, struct vh_span b)
{
	struct vh_pve_value va = {.value = a};
	struct vh_pve_value vb = {.value = b};
	struct vh_error ignored = {0};
	struct vh_pve_line la;
	struct vh_pve_line lb;

	if (vh_span_same(a, b)) {
		return true;
	}
	/* Arguments of QEMU are no list of options, though they may look like one. */
	if (!default_option(key)[0] || vh_pve_line_read(&la, key, &va, "", &ignored) ||
	    vh_pve_line_read(&lb, key, &vb, "", &ignored) || la.count != lb.count) {
		return false;
	}
	for (size_t i = 0; i < la.count; i++) {
		const struct vh_property *part = &la.items[i];
		size_t other = find_part(&lb, name_of(key, part));

		if (other == lb.count || !vh_span_same(part->value, lb.items[other].value)) {
			return false;
		}
	}
	return true;
}

int vh_pve_edit_add(struct vh_pve_edit *edit, const char *key, const char *value,
		    struct vh_error *err)
{
	struct vh_pve_assignment *items;
	char *copy = value ? strdup(value) : NULL;

	items = realloc(edit->items, (edit->count + 1) * sizeof(*items));
	if (items) {
		edit->items = items;
	}
	if (!items || (value && !copy)) {
		free(copy);
		return out_of_memory(err);
	}
	items += edit->count++;
	*items = (struct vh_pve_assignment){.value = copy};
	(void)vh_copy(items->key, sizeof(items->key), key);
	return 0;
}

void vh_pve_edit_done(struct vh_pve_edit *edit)
{
	for (size_t i = 0; i < edit->count; i++) {
		free(edit->items[i].value);
	}
	free(edit->items);
	*edit = (struct vh_pve_edit){0};
}
