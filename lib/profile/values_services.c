/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/values.h"

#define SERVICES 16

/* Characters of a unit's name: systemd.unit(5). */
#define UNIT_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@"

/* What stops and starts as a service does. */
static const char *const suffixes[] = {".service", ".socket", ".target", ".timer", ".path"};

/* What systemd knows besides; to stop one of these is not ours to do. */
static const char *const other_suffixes[] = {".mount", ".automount", ".swap",
					     ".slice", ".scope",     ".device"};

static bool ends_in(const char *name, const char *const list[], size_t count)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < count; i++) {
		if (strcmp(dot, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* The word at @index of @list; false behind the last. */
static bool word_at(const char *list, size_t index, char buf[VH_SERVICE_MAX])
{
	const char *at = list + strspn(list, " \t");

	for (; *at && index > 0; index--) {
		at += strcspn(at, " \t");
		at += strspn(at, " \t");
	}
	(void)snprintf(buf, VH_SERVICES_MAX, "%.*s", (int)strcspn(at, " \t"), at);
	return *at != '\0';
}

void vh_key_full_unit(const char *name, char buf[VH_SERVICE_MAX])
{
	(void)snprintf(buf, VH_SERVICE_MAX, "%s%s", name,
		       ends_in(name, suffixes, VH_ARRAY_SIZE(suffixes)) ? "" : suffixes[0]);
}

bool vh_profile_service(const struct vh_profile *profile, size_t index, char buf[VH_SERVICE_MAX])
{
	char word[VH_SERVICE_MAX];

	if (!word_at(profile->services, index, word)) {
		return false;
	}
	vh_key_full_unit(word, buf);
	return true;
}

int vh_key_check_unit(const struct vh_key_setting *s, const char *name, struct vh_error *err)
{
	const char *at = strchr(name, '@');
	const char *end = at ? at + 1 : name;

	if (name[strspn(name, UNIT_CHARACTERS)] || name[0] == '.' || name[0] == '@') {
		return vh_key_bad(s, err,
				  "'%s' is no unit's name: letters, digits and :-_.\\@, with blanks "
				  "between the units",
				  name);
	}
	if (ends_in(name, other_suffixes, VH_ARRAY_SIZE(other_suffixes))) {
		return vh_key_bad(
			s, err, "'%s' is none of .service, .socket, .target, .timer, .path", name);
	}
	if (at && (*end == '\0' || (*end == '.' && strchr(end + 1, '.') == NULL &&
				    ends_in(end, suffixes, VH_ARRAY_SIZE(suffixes))))) {
		return vh_key_bad(s, err, "'%s' is a template; name an instance", name);
	}
	return 0;
}

/* Is the unit at @index one before it? */
static bool is_twice(const struct vh_profile *p, size_t index)
{
	char name[VH_SERVICE_MAX];
	char before[VH_SERVICE_MAX];

	(void)vh_profile_service(p, index, name);
	for (size_t i = 0; i < index; i++) {
		if (vh_profile_service(p, i, before) && strcmp(before, name) == 0) {
			return true;
		}
	}
	return false;
}

static int check_all(const struct vh_key_setting *s, struct vh_error *err)
{
	char name[VH_SERVICE_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && word_at(s->profile->services, i, name); i++) {
		rc = vh_key_check_unit(s, name, err);
		if (rc == 0 && is_twice(s->profile, i)) {
			rc = vh_key_bad(s, err, "'%s' is named twice", name);
		}
		if (rc == 0 && i == SERVICES) {
			rc = vh_key_bad(s, err, "there are more than %d", SERVICES);
		}
	}
	return rc;
}

int vh_set_services(const struct vh_key_setting *s, struct vh_error *err)
{
	struct vh_profile *p = s->profile;
	int rc;

	if (!vh_copy(p->services, sizeof(p->services), s->value)) {
		return vh_key_bad(s, err, "it is longer than %zu bytes", sizeof(p->services) - 1);
	}
	p->services_line = s->line;
	(void)vh_copy(p->services_file, sizeof(p->services_file), s->file);
	rc = check_all(s, err);
	if (rc) {
		p->services[0] = '\0';
	}
	return rc;
}

void vh_get_services(const struct vh_key *key, const struct vh_profile *p,
		     const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, p->services);
}
