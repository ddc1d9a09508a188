/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a text to be shown to strangers: the names that were told are not in it any more, and
 * who does it again changes nothing more.
 */

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/report/anonymise.h"
#include "tests/fuzz/fuzz.h"

static void anonymise(const char *text, size_t len, struct vh_text *out)
{
	VH_AUTO_ANONYMISER struct vh_anonymiser a = {0};

	vh_anonymiser_name(&a, VH_PRIVATE_HOST, "qztower");
	vh_anonymiser_name(&a, VH_PRIVATE_DOMAIN, "lan.qzcorp.com");
	vh_anonymiser_alias(&a, VH_PRIVATE_USER, "qzann", "qzbeispiel");
	vh_anonymise(&a, text, len, out);
	FUZZ_CHECK(!a.failed && !out->failed);
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Is @word in it as a word of its own? */
static bool has_word(const struct vh_text *t, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= t->len; i++) {
		if (strncasecmp(t->data + i, word, len) == 0 &&
		    (i == 0 || !is_word_byte(t->data[i - 1])) && !is_word_byte(t->data[i + len])) {
			return true;
		}
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text second = {0};

	anonymise((const char *)data, size, &first);
	anonymise(vh_text_str(&first), first.len, &second);
	FUZZ_CHECK(first.len == second.len);
	FUZZ_CHECK(first.len == 0 || memcmp(first.data, second.data, first.len) == 0);
	FUZZ_CHECK(!has_word(&first, "qztower"));
	FUZZ_CHECK(!has_word(&first, "qzann"));
	return 0;
}
