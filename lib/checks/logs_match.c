/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/checks/logs_match.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/pci_address.h"

#define SHOWN_MAX    300
#define NEARBY_LINES 60
#define ADDRESS_LEN  12 /* 0000:01:00.0 */

bool vh_log_has(const char *line, size_t len, const char *pattern)
{
	return memmem(line, len, pattern, strlen(pattern)) != NULL;
}

/* One of "vfio|nvidia" in the next lines. */
static bool is_nearby(const char *text, const char *words)
{
	const char *end = text;

	for (unsigned i = 0; i < NEARBY_LINES && *end; i++) {
		end += strcspn(end, "\n");
		end += *end != '\0';
	}
	while (*words) {
		size_t len = strcspn(words, "|");

		if (memmem(text, (size_t)(end - text), words, len)) {
			return true;
		}
		words += len + (words[len] != '\0');
	}
	return false;
}

static bool fits(const struct vh_log_cause *cause, enum vh_log log, const char *line, size_t len)
{
	if (!(cause->logs & log)) {
		return false;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(cause->patterns) && cause->patterns[i]; i++) {
		if (!vh_log_has(line, len, cause->patterns[i])) {
			return false;
		}
	}
	return !cause->nearby || is_nearby(line + len, cause->nearby);
}

static const struct vh_log_cause *cause_of(const struct vh_log_cause *causes, enum vh_log log,
					   const char *line, size_t len)
{
	for (; causes->id; causes++) {
		if (fits(causes, log, line, len)) {
			return causes;
		}
	}
	return NULL;
}

static void note(struct vh_log_hits *hits, const struct vh_log_hit *hit)
{
	struct vh_log_hit *items;

	/* Two entries of a table may be the same cause in other words. */
	for (size_t i = 0; i < hits->count; i++) {
		if (strcmp(hits->items[i].cause->id, hit->cause->id) == 0) {
			unsigned count = hits->items[i].count + 1;

			hits->items[i] = *hit;
			hits->items[i].count = count;
			return;
		}
	}
	items = reallocarray(hits->items, hits->count + 1, sizeof(*items));
	if (!items) {
		hits->failed = true;
		return;
	}
	hits->items = items;
	items[hits->count] = *hit;
	items[hits->count++].count = 1;
}

static int newest_first(const void *a, const void *b)
{
	const struct vh_log_hit *x = a;
	const struct vh_log_hit *y = b;

	return x->at == y->at ? 0 : x->at > y->at ? -1 : 1;
}

void vh_log_match(const char *text, enum vh_log log, vh_log_filter *filter, void *arg,
		  struct vh_log_hits *ret)
{
	const char *line = text;

	while (*line) {
		size_t len = strcspn(line, "\n");
		const struct vh_log_cause *cause = cause_of(vh_log_causes, log, line, len);

		if (!cause) {
			cause = cause_of(vh_log_kernel_causes, log, line, len);
		}
		if (cause && (cause->anywhere || !filter || filter(line, len, arg))) {
			const struct vh_log_hit hit = {.cause = cause,
						       .line = line,
						       .len = len,
						       .at = (size_t)(line - text)};

			note(ret, &hit);
		}
		line += len + (line[len] != '\0');
	}
	if (ret->count > 1) {
		qsort(ret->items, ret->count, sizeof(*ret->items), newest_first);
	}
}

void vh_log_hits_done(struct vh_log_hits *hits)
{
	free(hits->items);
	*hits = (struct vh_log_hits){0};
}

void vh_log_flatten(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		text[i] = text[i] == '\0' ? ' ' : text[i];
	}
}

void vh_log_show(const char *line, size_t len, struct vh_text *ret)
{
	char shown[SHOWN_MAX + 1];
	size_t n = len < SHOWN_MAX ? len : SHOWN_MAX;

	memcpy(shown, line, n);
	shown[n] = '\0';
	/* A cut must not leave half of a character. */
	while (n < len && n > 0 && ((unsigned char)shown[n - 1] & 0x80)) {
		shown[--n] = '\0';
	}
	vh_sanitize(shown);
	vh_text_add(ret, vh_trim_end(shown));
	if (n < len) {
		vh_text_add(ret, "...");
	}
}

void vh_log_device(const char *line, size_t len, char *buf, size_t size)
{
	struct vh_pci_address address;
	char word[ADDRESS_LEN + 1] = "";

	buf[0] = '\0';
	for (size_t i = 0; i + ADDRESS_LEN <= len; i++) {
		if (line[i + 4] != ':' || !isxdigit((unsigned char)line[i])) {
			continue;
		}
		memcpy(word, line + i, ADDRESS_LEN);
		if (vh_pci_address_parse(word, &address) == 0) {
			(void)vh_copy(buf, size, word);
			return;
		}
	}
}

void vh_log_fill(const char *text, const char *vm, const char *device, struct vh_text *ret)
{
	while (*text) {
		size_t len = strcspn(text, "{");

		vh_text_addn(ret, text, len);
		text += len;
		if (strncmp(text, "{vm}", 4) == 0) {
			vh_text_add(ret, vm[0] ? vm : "VM");
			text += 4;
		} else if (strncmp(text, "{device}", 8) == 0) {
			vh_text_add(ret, device[0] ? device : "ADDRESS");
			text += 8;
		} else if (*text) {
			vh_text_addn(ret, text++, 1);
		}
	}
}
