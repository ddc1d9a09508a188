/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a profile; a byte 0x1e begins a drop-in. A failure says where and why in printable
 * text; a success has only values that a profile can have, and survives being written and read.
 */

#include <ctype.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/profile/keys.h"
#include "lib/profile/profile.h"
#include "tests/fuzz/fuzz.h"

static int read_all(struct vh_profile *profile, const char *data, size_t size, struct vh_error *err)
{
	int rc;

	for (unsigned part = 0;; part++) {
		const char *cut = size ? memchr(data, 0x1e, size) : NULL;
		size_t len = cut ? (size_t)(cut - data) : size;

		rc = vh_profile_parse(profile, part ? "vm.ini.d/10.ini" : "vm.ini", data, len, err);
		if (rc || !cut) {
			break;
		}
		data += len + 1;
		size -= len + 1;
	}
	return rc ? rc : vh_profile_finish(profile, "vm.ini", err);
}

static void check_error(int rc, const struct vh_error *err)
{
	FUZZ_CHECK(rc == -err->code);
	FUZZ_CHECK(strncmp(err->msg, "vm.ini", 6) == 0);
	for (const char *c = err->msg; *c; c++) {
		FUZZ_CHECK(!iscntrl((unsigned char)*c) || *c == '\t');
	}
}

static void write_section(struct vh_text *t, const struct vh_profile *p,
			  const struct vh_profile_device *d, const char *section)
{
	vh_text_addf(t, "[%s%s%s]\n", section, d ? " " : "", d ? d->name : "");
	for (size_t i = 0; i < VH_KEY_COUNT; i++) {
		char value[VH_KEY_VALUE_MAX];

		if (strcmp(vh_keys[i].section, section) == 0) {
			vh_keys[i].get(&vh_keys[i], p, d, value);
			/* No longer than it was: a line has its limit. */
			if (value[0]) {
				vh_text_addf(t, "%s=%s%s\n", vh_keys[i].name, value,
					     strlen(value) < 100 ? " ; comment" : "");
			}
		}
	}
}

static void write_profile(struct vh_text *t, const struct vh_profile *p)
{
	for (size_t i = 0; i < p->device_count; i++) {
		write_section(t, p, &p->devices[i], "device");
	}
	for (size_t i = VH_SECTION_DEVICE + 1; i < VH_SECTION_COUNT; i++) {
		write_section(t, p, NULL, vh_sections[i]);
	}
}

static void check_profile(const struct vh_profile *p)
{
	VH_AUTO_PROFILE struct vh_profile again;
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text second = {0};
	struct vh_error err = {0};

	FUZZ_CHECK(p->device_count > 0);
	FUZZ_CHECK(p->timeout_ms >= 1000 && p->timeout_ms <= 600000);
	FUZZ_CHECK(p->linger_ms <= 600000);
	FUZZ_CHECK((p->reset == VH_RESET_LIST) == (p->reset_method[0] != '\0'));
	for (size_t i = 0; i < p->device_count; i++) {
		FUZZ_CHECK(p->devices[i].address.function <= 7);
		FUZZ_CHECK(p->devices[i].name[0] && p->devices[i].line > 0);
	}
	write_profile(&first, p);
	vh_profile_init(&again, "vm");
	FUZZ_CHECK(vh_profile_parse(&again, "vm.ini", vh_text_str(&first), first.len, &err) == 0);
	FUZZ_CHECK(vh_profile_finish(&again, "vm.ini", &err) == 0);
	write_profile(&second, &again);
	FUZZ_CHECK(strcmp(vh_text_str(&first), vh_text_str(&second)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_PROFILE struct vh_profile profile;
	struct vh_error err = {0};
	int rc;

	vh_profile_init(&profile, "vm");
	rc = read_all(&profile, (const char *)data, size, &err);
	if (rc) {
		check_error(rc, &err);
	} else {
		FUZZ_CHECK(err.code == 0 && err.msg[0] == '\0');
		check_profile(&profile);
	}
	return 0;
}
