/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json.h"

#include <string.h>

/* Length of the UTF-8 sequence at @s, 0 if it is none (RFC 3629, section 4; overlong forms too). */
static size_t sequence_length(const unsigned char *s)
{
	size_t len;

	if (s[0] < 0x80) {
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		len = 2;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		len = 3;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		len = 4;
	} else {
		return 0;
	}
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) {
		return 0;
	}
	return len;
}

void cli_json_string(struct json_object *object, const char *key, const char *value)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	while (*value) {
		size_t len = sequence_length((const unsigned char *)value);

		if (len == 0) {
			vh_text_add(&text, "?");
			value++;
		} else {
			vh_text_addn(&text, value, len);
			value += len;
		}
	}
	(void)json_object_object_add(object, key, json_object_new_string(vh_text_str(&text)));
}

void cli_json_print(struct json_object *object)
{
	(void)puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
								  JSON_C_TO_STRING_SPACED |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
	(void)json_object_put(object);
}
