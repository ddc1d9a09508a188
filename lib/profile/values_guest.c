/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <string.h>

#include "lib/base/guest_value.h"
#include "lib/base/text.h"
#include "lib/profile/values.h"

/* The choices are "yes", "no": what is not said goes to the guest. */
int vh_set_hostdev(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);

	s->device->host_only = choice == 1;
	return choice < 0 ? choice : 0;
}

static int take_rom(const struct vh_key_setting *s, char ret[VH_GUEST_ROM_MAX], struct vh_error *err)
{
	struct vh_error why = {0};

	if (vh_check_rom_path(s->value, &why)) {
		return vh_key_bad(s, err, "%s", why.msg);
	}
	(void)vh_copy(ret, VH_GUEST_ROM_MAX, s->value);
	return 0;
}

int vh_set_device_rom(const struct vh_key_setting *s, struct vh_error *err)
{
	return take_rom(s, s->device->rom, err);
}

int vh_set_guest_flag(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);
	bool on = choice == 1;

	memcpy((char *)&s->profile->guest + s->key->flag, &on, sizeof(on));
	return choice < 0 ? choice : 0;
}

int vh_set_vendor_id(const struct vh_key_setting *s, struct vh_error *err)
{
	struct vh_profile_guest *guest = &s->profile->guest;
	struct vh_error why = {0};

	if (vh_check_vendor_id(s->value, &why)) {
		return vh_key_bad(s, err, "%s", why.msg);
	}
	(void)vh_copy(guest->vendor_id, sizeof(guest->vendor_id), s->value);
	return 0;
}

int vh_set_rom(const struct vh_key_setting *s, struct vh_error *err)
{
	struct vh_profile_guest *guest = &s->profile->guest;

	guest->rom_line = s->line;
	(void)vh_copy(guest->rom_file, sizeof(guest->rom_file), s->file);
	return take_rom(s, guest->rom, err);
}

/* The choices stand in the order of enum vh_rom_bar. */
int vh_set_rom_bar(const struct vh_key_setting *s, struct vh_error *err)
{
	int choice = vh_key_choose(s, err);

	if (choice < 0) {
		return choice;
	}
	s->profile->guest.rom_bar = (enum vh_rom_bar)choice;
	return 0;
}

void vh_get_hostdev(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)p;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, key->choices[d->host_only ? 1 : 0]);
}

void vh_get_device_rom(const struct vh_key *key, const struct vh_profile *p,
		       const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)p;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, d->rom);
}

void vh_get_guest_flag(const struct vh_key *key, const struct vh_profile *p,
		       const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	bool on;

	(void)d;
	memcpy(&on, (const char *)&p->guest + key->flag, sizeof(on));
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, key->choices[on ? 1 : 0]);
}

void vh_get_vendor_id(const struct vh_key *key, const struct vh_profile *p,
		      const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, p->guest.vendor_id);
}

void vh_get_rom(const struct vh_key *key, const struct vh_profile *p,
		const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, p->guest.rom);
}

void vh_get_rom_bar(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, key->choices[p->guest.rom_bar]);
}
