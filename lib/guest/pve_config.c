/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/pve_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guest/pve_property.h"

#define HOSTPCI "hostpci"

/* As much of foreign text as a message shows. */
#define SHOWN_MAX 48

/**
 * struct parser - one file on its way
 * @line: of the file, from 1
 * @what: "hostpci0" while one is read
 */
struct parser {
	struct vh_pve_config config;
	const char *file;
	struct vh_error *err;
	unsigned line;
	char what[sizeof(HOSTPCI) + 8];
};

/* "100.conf:7: hostpci0: why" */
__attribute__((format(printf, 2, 3))) static int fail(const struct parser *p, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return vh_error_set(p->err, EINVAL, NULL, "%s:%u: %s: %s", p->file, p->line, p->what, why);
}

/* "'VALUE' is WHAT": @value is somebody else's text. */
static int fail_value(const struct parser *p, struct vh_span value, const char *what)
{
	char shown[SHOWN_MAX];
	bool whole = vh_span_show(shown, sizeof(shown), value);

	return fail(p, "'%s%s' is %s", shown, whole ? "" : "...", what);
}

static int set_host(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	struct vh_span bad;
	int rc = vh_pve_addresses_parse(value, h->addresses, &h->address_count, &bad);

	if (rc == -E2BIG) {
		return fail(p, "more than %d addresses", VH_PVE_ADDRESS_MAX);
	}
	return rc ? fail_value(p, bad,
			       "no PCI address; one is 01:00, 01:00.0 or 0000:01:00.0, "
			       "with small letters")
		  : 0;
}

/* Source: pve-common src/PVE/JSONSchema.pm: pve_verify_configid */
static int set_mapping(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	bool good = value.len > 1 && value.len < sizeof(h->mapping) &&
		    isalpha((unsigned char)value.at[0]);

	for (size_t i = 0; good && i < value.len; i++) {
		good = isalnum((unsigned char)value.at[i]) || value.at[i] == '_' ||
		       value.at[i] == '-';
	}
	if (!good) {
		return fail_value(p, value, "no name of a resource mapping");
	}
	(void)vh_span_show(h->mapping, sizeof(h->mapping), value);
	return 0;
}

static int set_boolean(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	(void)h;
	return vh_span_boolean(value) < 0 ? fail_value(p, value, "neither 0 nor 1") : 0;
}

static int set_hex(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	bool good = value.len == 6 && memcmp(value.at, "0x", 2) == 0;

	(void)h;
	for (size_t i = 2; good && i < value.len; i++) {
		good = isxdigit((unsigned char)value.at[i]);
	}
	return good ? 0 : fail_value(p, value, "not 0x and four hexadecimal digits");
}

static int set_mdev(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (strchr("/.:", value.at[i])) {
			return fail_value(p, value, "no type of a mediated device");
		}
	}
	h->is_mdev = true;
	return 0;
}

/* A driver that a later Proxmox knows is no reason to refuse; only 'keep' means something here. */
static int set_driver(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	(void)p;
	h->keep = vh_span_is(value, "keep");
	return 0;
}

static int set_romfile(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	(void)h;
	return memchr(value.at, ';', value.len) ? fail_value(p, value, "no file's name") : 0;
}

/* Source: qemu-server src/PVE/QemuServer/PCI.pm: $hostpci_fmt */
static const struct {
	const char *name;
	int (*set)(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value);
} options[] = {
	{"host", set_host},          {"mapping", set_mapping},   {"rombar", set_boolean},
	{"romfile", set_romfile},    {"pcie", set_boolean},      {"x-vga", set_boolean},
	{"legacy-igd", set_boolean}, {"mdev", set_mdev},         {"vendor-id", set_hex},
	{"device-id", set_hex},      {"sub-vendor-id", set_hex}, {"sub-device-id", set_hex},
	{"driver", set_driver},
};

enum {
	OPTION_HOST,
	OPTION_MAPPING
};

/* Index into options; -ENOENT: none of this version's; -EINVAL: none of any version's. */
static int find_option(struct vh_span key)
{
	if (key.len == 0) {
		return OPTION_HOST;
	}
	for (int i = 0; i < (int)VH_ARRAY_SIZE(options); i++) {
		if (vh_span_is(key, options[i].name)) {
			return i;
		}
	}
	for (size_t i = 0; i < key.len; i++) {
		if (!isalnum((unsigned char)key.at[i]) && key.at[i] != '-' && key.at[i] != '_') {
			return -EINVAL;
		}
	}
	return -ENOENT;
}

static int set_option(struct parser *p, struct vh_pve_hostpci *h, const struct vh_property *part,
		      unsigned *seen)
{
	int option = find_option(part->key);

	if (option == -EINVAL) {
		return fail_value(p, part->key, "no option's name");
	}
	if (option == -ENOENT) {
		return 0;
	}
	if (*seen & 1U << option) {
		return fail(p, "'%s' is set twice", options[option].name);
	}
	*seen |= 1U << option;
	return options[option].set(p, h, part->value);
}

static int parse_hostpci(struct parser *p, struct vh_pve_hostpci *h, struct vh_span value)
{
	struct vh_property part;
	unsigned seen = 0;
	int rc;

	*h = (struct vh_pve_hostpci){.set = true, .line = p->line};
	while ((rc = vh_property_next(&value, &part)) >
	       0) { // NOLINT(bugprone-assignment-in-if-condition)
		rc = set_option(p, h, &part, &seen);
		if (rc) {
			return rc;
		}
	}
	if (rc) {
		return fail(p, "an option is 'name=value'");
	}
	if (!(seen & 1U << OPTION_HOST) == !(seen & 1U << OPTION_MAPPING)) {
		return fail(p, "it needs either an address or a mapping");
	}
	return 0;
}

/* A line that is meant to be one, whether or not Proxmox can read it. */
static bool is_hostpci(struct vh_span line)
{
	size_t len = strlen(HOSTPCI);

	line = vh_span_trim(line);
	return line.len > len && memcmp(line.at, HOSTPCI, len) == 0 &&
	       isdigit((unsigned char)line.at[len]);
}

/* "hostpci0: value". Proxmox would warn of any other form, and start the VM without the device. */
static int on_hostpci(struct parser *p, struct vh_span line)
{
	struct vh_span name = vh_span_trim(line);
	struct vh_span value = line;
	struct vh_pve_hostpci h;
	size_t len = strlen(HOSTPCI);
	uint64_t index;
	int rc;

	while (len < name.len && isdigit((unsigned char)name.at[len])) {
		len++;
	}
	name.len = len;
	(void)vh_span_show(p->what, sizeof(p->what), name);
	if (name.at != line.at || line.len == name.len || line.at[name.len] != ':') {
		return fail(p, "Proxmox does not understand this line");
	}
	if (vh_parse_u64(p->what + strlen(HOSTPCI), 10, VH_PVE_HOSTPCI_MAX - 1, &index) ||
	    (name.len > strlen(HOSTPCI "0") && p->what[strlen(HOSTPCI)] == '0')) {
		return fail(p, "Proxmox knows " HOSTPCI "0 to " HOSTPCI "%d",
			    VH_PVE_HOSTPCI_MAX - 1);
	}
	value.at += name.len + 1;
	value.len -= name.len + 1;
	rc = parse_hostpci(p, &h, vh_span_trim(value));
	if (rc == 0) {
		p->config.hostpci[index] = h;
	}
	return rc;
}

/* For people; what does not fit is cut off, and the blank before it. */
static void keep_text(char *dst, size_t size, struct vh_span value)
{
	(void)vh_span_show(dst, size, value);
	(void)vh_trim_end(dst);
}

static void on_setting(struct parser *p, struct vh_span key, struct vh_span value)
{
	if (vh_span_is(key, "name")) {
		keep_text(p->config.name, sizeof(p->config.name), value);
	} else if (vh_span_is(key, "lock")) {
		keep_text(p->config.lock, sizeof(p->config.lock), value);
	} else if (vh_span_is(key, "hookscript")) {
		keep_text(p->config.hookscript, sizeof(p->config.hookscript), value);
	} else if (vh_span_is(key, "template") && vh_span_boolean(value) >= 0) {
		p->config.is_template = vh_span_boolean(value) > 0;
	}
}

static int on_line(struct parser *p, struct vh_span line)
{
	struct vh_span value = line;
	struct vh_span key;

	if (is_hostpci(line)) {
		return on_hostpci(p, line);
	}
	if (vh_span_cut(&value, ':', &key)) {
		value = vh_span_trim(value);
		if (value.len > 0) {
			on_setting(p, key, value);
		}
	}
	return 0;
}

/* "[name]" alone on its line; "[name" and "[name] more" are lines that Proxmox drops. */
static bool is_section(struct vh_span line)
{
	return line.len > 1 && line.at[0] == '[' &&
	       memchr(line.at, ']', line.len) == line.at + line.len - 1;
}

int vh_pve_config_parse(struct vh_pve_config *ret, const char *file, const char *text, size_t len,
			struct vh_error *err)
{
	struct parser p = {.file = file, .err = err};
	struct vh_span rest = {text, len};
	struct vh_span line;

	if (len > VH_PVE_CONFIG_BYTES) {
		return vh_error_set(err, EINVAL, NULL, "%s: larger than 1 MiB", file);
	}
	while (vh_span_line(&rest, &line)) {
		int rc;

		p.line++;
		line = vh_span_trim_end(line);
		if (is_section(line)) {
			break;
		}
		rc = on_line(&p, line);
		if (rc) {
			return rc;
		}
	}
	*ret = p.config;
	return 0;
}
