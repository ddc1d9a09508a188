/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/values.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define TIMEOUT_MIN_MS  1000U
#define DURATION_MAX_MS (10U * 60U * 1000U)

/* Shorter words are too near to each other: 'off' is no typing error of 'on'. */
#define GUESS_MIN 4

/* Source: pci_reset_fn_methods in drivers/pci/pci.c; cxl_bus since Linux 6.12. */
static const char *const reset_methods[] = {
	"device_specific", "acpi", "flr", "af_flr", "pm", "bus", "cxl_bus",
};

void vh_key_join(char *buf, size_t size, const char *const *words, const char *glue)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; words[i] && len < size; i++) {
		int n = snprintf(buf + len, size - len, "%s%s", i ? glue : "", words[i]);

		len += n > 0 ? (size_t)n : 0;
	}
}

int vh_key_bad(const struct vh_key_setting *s, struct vh_error *err, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);

	(void)vh_error_set(err, EINVAL, NULL, "bad value '%s' for '%s': %s", s->value, s->key->name,
			   why);
	if (strpbrk(s->value, ";#")) {
		(void)vh_error_hint(err, "a comment after a value begins with a blank and ';'");
	}
	return -EINVAL;
}

int vh_key_choose(const struct vh_key_setting *s, struct vh_error *err)
{
	const char *const *choices = s->key->choices;
	char all[VH_KEY_VALUE_MAX];
	size_t count = 0;
	int near;

	for (; choices[count]; count++) {
		if (strcmp(choices[count], s->value) == 0) {
			return (int)count;
		}
	}
	vh_key_join(all, sizeof(all), choices, " or ");
	near = strlen(s->value) < GUESS_MIN ? -1 : vh_nearest(s->value, choices, count);
	if (near >= 0) {
		return vh_key_bad(s, err, "it is %s; did you mean '%s'?", all, choices[near]);
	}
	return vh_key_bad(s, err, "it is %s", all);
}

int vh_set_address(const struct vh_key_setting *s, struct vh_error *err)
{
	if (vh_pci_address_parse(s->value, &s->device->address)) {
		return vh_key_bad(s, err, "a PCI address is DDDD:BB:SS.F, such as 0000:01:00.0");
	}
	return 0;
}

int vh_set_id(const struct vh_key_setting *s, struct vh_error *err)
{
	char vendor[5] = "";
	uint64_t v;
	uint64_t d;

	if (strlen(s->value) == 9 && s->value[4] == ':') {
		memcpy(vendor, s->value, 4);
	}
	if (vh_parse_u64(vendor, 16, UINT16_MAX, &v) ||
	    vh_parse_u64(s->value + 5, 16, UINT16_MAX, &d)) {
		return vh_key_bad(s, err,
				  "an id is vendor:device as four hexadecimal digits each, "
				  "such as 10de:2204");
	}
	s->device->has_id = true;
	s->device->vendor = (uint16_t)v;
	s->device->device = (uint16_t)d;
	return 0;
}

int vh_set_power(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);

	s->device->pin_power = choice == 0;
	return choice < 0 ? choice : 0;
}

int vh_set_d3cold(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);

	s->device->pin_d3cold = choice == 0;
	return choice < 0 ? choice : 0;
}

/* Milliseconds in a unit, 0 if it is none. */
static unsigned unit_ms(const char *unit)
{
	if (strcmp(unit, "ms") == 0) {
		return 1;
	}
	if (strcmp(unit, "s") == 0) {
		return 1000;
	}
	return strcmp(unit, "m") == 0 ? 60 * 1000 : 0;
}

int vh_key_duration(const struct vh_key_setting *s, unsigned min_ms, const char *range,
		    unsigned *ret_ms, struct vh_error *err)
{
	size_t digits = strspn(s->value, "0123456789");
	const char *unit = s->value + digits;
	unsigned ms = unit_ms(unit);
	uint64_t number = 0;
	char text[8];

	if (digits > 0 && !*unit) {
		return vh_key_bad(s, err, "the unit is missing; write %ss for seconds", s->value);
	}
	if (digits == 0 || ms == 0) {
		return vh_key_bad(s, err, "it is a number and its unit ms, s or m, such as 30s");
	}
	(void)snprintf(text, sizeof(text), "%.*s", digits < sizeof(text) ? (int)digits : 0,
		       s->value);
	if (vh_parse_u64(text, 10, DURATION_MAX_MS / ms, &number) || number * ms < min_ms) {
		return vh_key_bad(s, err, "it must be %s", range);
	}
	*ret_ms = (unsigned)number * ms;
	return 0;
}

int vh_key_timeout(const struct vh_key_setting *s, unsigned *ret_ms, struct vh_error *err)
{
	return vh_key_duration(s, TIMEOUT_MIN_MS, "from 1s to 10m", ret_ms, err);
}

int vh_set_timeout(const struct vh_key_setting *s, struct vh_error *err)
{
	return vh_key_timeout(s, &s->profile->timeout_ms, err);
}

int vh_set_linger(const struct vh_key_setting *s, struct vh_error *err)
{
	return vh_key_duration(s, 0, "from 0s to 10m", &s->profile->linger_ms, err);
}

static int check_method(const struct vh_key_setting *s, const char *name, const char *before,
			struct vh_error *err)
{
	int near;

	for (size_t i = 0; i < VH_ARRAY_SIZE(reset_methods); i++) {
		const char *again;

		if (strcmp(reset_methods[i], name) != 0) {
			continue;
		}
		/* @before has one blank after each name, and one in front. */
		again = strstr(before, name);
		while (again && (again[-1] != ' ' || again[strlen(name)] != ' ')) {
			again = strstr(again + 1, name);
		}
		return again ? vh_key_bad(s, err, "'%s' is named twice", name) : 0;
	}
	if (strcmp(name, "auto") == 0 || strcmp(name, "none") == 0) {
		return vh_key_bad(s, err, "'%s' stands alone", name);
	}
	if (strchr(name, ',')) {
		return vh_key_bad(s, err, "write blanks between the methods");
	}
	near = vh_nearest(name, reset_methods, VH_ARRAY_SIZE(reset_methods));
	if (near < 0) {
		return vh_key_bad(s, err, "unknown reset method '%s'", name);
	}
	return vh_key_bad(s, err, "unknown reset method '%s'; did you mean '%s'?", name,
			  reset_methods[near]);
}

static int set_method_list(const struct vh_key_setting *s, struct vh_error *err)
{
	/* All methods fit, and none may come twice. */
	char list[sizeof(s->profile->reset_method)] = " ";
	const char *at = s->value;

	while (*at) {
		size_t len = strcspn(at, " \t");
		size_t used = strlen(list);
		char name[64];
		int rc;

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, at);
		rc = check_method(s, name, list, err);
		if (rc) {
			return rc;
		}
		(void)snprintf(list + used, sizeof(list) - used, "%s ", name);
		at += len;
		at += strspn(at, " \t");
	}
	(void)vh_copy(s->profile->reset_method, sizeof(s->profile->reset_method),
		      vh_trim_end(list) + 1);
	s->profile->reset = VH_RESET_LIST;
	return 0;
}

int vh_set_reset(const struct vh_key_setting *s, struct vh_error *err)
{
	struct vh_profile *p = s->profile;

	if (strcmp(s->value, "auto") == 0 || strcmp(s->value, "none") == 0) {
		p->reset = s->value[0] == 'a' ? VH_RESET_AUTO : VH_RESET_NONE;
		p->reset_method[0] = '\0';
		return 0;
	}
	return set_method_list(s, err);
}

/* The choices stand in the order of enum vh_on_backup. */
int vh_set_on_backup(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);

	if (choice < 0) {
		return choice;
	}
	s->profile->on_backup = (enum vh_on_backup)choice;
	return 0;
}

void vh_get_address(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)p;
	(void)vh_pci_address_format(&d->address, buf);
}

void vh_get_id(const struct vh_key *key, const struct vh_profile *p,
	       const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)p;
	buf[0] = '\0';
	if (d->has_id) {
		(void)snprintf(buf, VH_KEY_VALUE_MAX, "%04x:%04x", d->vendor, d->device);
	}
}

void vh_get_power(const struct vh_key *key, const struct vh_profile *p,
		  const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)p;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, d->pin_power ? "on" : "keep");
}

void vh_get_d3cold(const struct vh_key *key, const struct vh_profile *p,
		   const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)p;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, d->pin_d3cold ? "off" : "keep");
}

void vh_key_show_duration(unsigned ms, char buf[VH_KEY_VALUE_MAX])
{
	if (ms > 0 && ms % 60000 == 0) {
		(void)snprintf(buf, VH_KEY_VALUE_MAX, "%um", ms / 60000);
	} else if (ms % 1000 == 0) {
		(void)snprintf(buf, VH_KEY_VALUE_MAX, "%us", ms / 1000);
	} else {
		(void)snprintf(buf, VH_KEY_VALUE_MAX, "%ums", ms);
	}
}

void vh_get_timeout(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)d;
	vh_key_show_duration(p->timeout_ms, buf);
}

void vh_get_linger(const struct vh_key *key, const struct vh_profile *p,
		   const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)d;
	vh_key_show_duration(p->linger_ms, buf);
}

void vh_get_reset(const struct vh_key *key, const struct vh_profile *p,
		  const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	const char *value = p->reset_method;

	(void)key;
	(void)d;
	if (p->reset != VH_RESET_LIST) {
		value = p->reset == VH_RESET_NONE ? "none" : "auto";
	}
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, value);
}

void vh_get_on_backup(const struct vh_key *key, const struct vh_profile *p,
		      const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	static const char *const words[] = {
		[VH_BACKUP_REFUSE] = "refuse",
		[VH_BACKUP_DETACH] = "detach",
		[VH_BACKUP_SKIP] = "skip",
	};

	(void)key;
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, words[p->on_backup]);
}
