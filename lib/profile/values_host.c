/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section [host]: what becomes of the desktop and of those who have the card open. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/values.h"

int vh_set_display_manager(const struct vh_key_setting *s, struct vh_error *err)
{
	static const char *const words[] = {"auto", "none"};
	struct vh_profile *p = s->profile;
	int rc;

	p->display_line = s->line;
	(void)vh_copy(p->display_file, sizeof(p->display_file), s->file);
	p->display_unit[0] = '\0';
	if (strcmp(s->value, "auto") == 0 || strcmp(s->value, "none") == 0) {
		p->display_manager = s->value[0] == 'a' ? VH_DISPLAY_MANAGER_AUTO
							: VH_DISPLAY_MANAGER_NONE;
		return 0;
	}
	if (strlen(s->value) >= VH_SERVICES_MAX || strchr(s->value, ' ')) {
		return vh_key_bad(s, err, "it is auto, none or one unit");
	}
	if (strcmp(s->value, "no") == 0 || strcmp(s->value, "off") == 0) {
		return vh_key_bad(s, err, "it is auto, none or a unit; did you mean 'none'?");
	}
	/* "non" is a slip; "lightdm" is a unit. */
	if (vh_nearest(s->value, words, VH_ARRAY_SIZE(words)) >= 0) {
		return vh_key_bad(s, err, "it is auto, none or a unit; did you mean '%s'?",
				  words[vh_nearest(s->value, words, VH_ARRAY_SIZE(words))]);
	}
	rc = vh_key_check_unit(s, s->value, err);
	if (rc == 0) {
		p->display_manager = VH_DISPLAY_MANAGER_UNIT;
		vh_key_full_unit(s->value, p->display_unit);
	}
	return rc;
}

/* "wait 20s" */
static int set_wait(const struct vh_key_setting *s, struct vh_error *err)
{
	struct vh_key_setting number = *s;

	number.value = s->value + strlen("wait");
	number.value += strspn(number.value, " \t");
	s->profile->holders = VH_HOLDERS_WAIT;
	return vh_key_duration(&number, 1000, "from 1s to 10m", &s->profile->holders_wait_ms, err);
}

int vh_set_holders(const struct vh_key_setting *s, struct vh_error *err)
{
	static const char *const words[] = {
		[VH_HOLDERS_REFUSE] = "refuse",
		[VH_HOLDERS_WAIT] = "wait",
		[VH_HOLDERS_TERMINATE] = "terminate",
		[VH_HOLDERS_KILL] = "kill",
	};
	size_t first = strcspn(s->value, " \t");
	int near = vh_nearest(s->value, words, VH_ARRAY_SIZE(words));

	s->profile->holders_wait_ms = 0;
	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], s->value) == 0) {
			s->profile->holders = (enum vh_holders)i;
			return 0;
		}
	}
	if (first == strlen("wait") && strncmp(s->value, "wait", first) == 0) {
		return set_wait(s, err);
	}
	if (near >= 0) {
		return vh_key_bad(s, err, "did you mean '%s'?", words[near]);
	}
	return vh_key_bad(s, err, "it is refuse, wait, wait and a time, terminate or kill");
}

int vh_set_modules(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);

	if (choice >= 0) {
		s->profile->modules = (enum vh_modules)choice;
	}
	return choice < 0 ? choice : 0;
}

int vh_set_inhibit_sleep(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);

	s->profile->inhibit_sleep = choice == 0;
	return choice < 0 ? choice : 0;
}

void vh_get_display_manager(const struct vh_key *key, const struct vh_profile *p,
			    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	const char *value = p->display_unit;

	(void)key;
	(void)d;
	if (p->display_manager != VH_DISPLAY_MANAGER_UNIT) {
		value = p->display_manager == VH_DISPLAY_MANAGER_NONE ? "none" : "auto";
	}
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, value);
}

void vh_get_holders(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	static const char *const words[] = {
		[VH_HOLDERS_REFUSE] = "refuse",
		[VH_HOLDERS_WAIT] = "wait",
		[VH_HOLDERS_TERMINATE] = "terminate",
		[VH_HOLDERS_KILL] = "kill",
	};
	char text[VH_KEY_VALUE_MAX];

	(void)key;
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, words[p->holders]);
	if (p->holders == VH_HOLDERS_WAIT && p->holders_wait_ms > 0) {
		vh_key_show_duration(p->holders_wait_ms, text);
		(void)snprintf(buf, VH_KEY_VALUE_MAX, "wait %.32s", text);
	}
}

void vh_get_modules(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, key->choices[p->modules]);
}

void vh_get_inhibit_sleep(const struct vh_key *key, const struct vh_profile *p,
			  const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, p->inhibit_sleep ? "yes" : "no");
}
