/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/words.h"

#include <errno.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One word, which begins at *@at; leaves *@at behind it. */
static int take_word(const char **at, struct vh_list *ret)
{
	VH_AUTO_TEXT struct vh_text word = {0};
	bool quoted = false;
	const char *c = *at;

	for (; *c && (quoted || !is_blank(*c)); c++) {
		if (*c == '"') {
			quoted = !quoted;
		} else {
			vh_text_addn(&word, c, 1);
		}
	}
	*at = c;
	if (quoted) {
		return -EINVAL;
	}
	return word.failed ? -ENOMEM : vh_list_add(ret, vh_text_str(&word));
}

int vh_words(const char *text, struct vh_list *ret)
{
	int rc = 0;

	while (rc == 0) {
		while (is_blank(*text)) {
			text++;
		}
		if (*text == '\0') {
			break;
		}
		rc = take_word(&text, ret);
	}
	return rc;
}
