/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One finding: how a check says it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/checkup.h"

const char *vh_verdict_word(enum vh_verdict verdict)
{
	static const char *const words[] = {
		[VH_PASS] = "pass",
		[VH_WARNING] = "warning",
		[VH_FAILURE] = "failure",
		[VH_UNKNOWN] = "unknown",
		[VH_NOT_APPLICABLE] = "not-applicable",
	};

	return words[verdict];
}

const char *vh_stage_word(enum vh_stage stage)
{
	static const char *const words[VH_STAGE_MAX] = {
		[VH_STAGE_IOMMU] = "iommu",     [VH_STAGE_GROUPS] = "groups",
		[VH_STAGE_BINDING] = "binding", [VH_STAGE_HOOK] = "hook",
		[VH_STAGE_LOGS] = "logs",       [VH_STAGE_GUEST] = "guest",
	};

	return words[stage];
}

const char *vh_stage_title(enum vh_stage stage)
{
	static const char *const titles[VH_STAGE_MAX] = {
		[VH_STAGE_IOMMU] = "IOMMU",
		[VH_STAGE_GROUPS] = "IOMMU groups",
		[VH_STAGE_BINDING] = "Drivers and devices",
		[VH_STAGE_HOOK] = "Hook",
		[VH_STAGE_LOGS] = "Logs",
		[VH_STAGE_GUEST] = "Guest's definition",
	};

	return titles[stage];
}

/* Only ever written to: the diagnosis has failed already. */
static struct vh_finding *spare(struct vh_checkup *c)
{
	static struct vh_finding none;

	c->diagnosis->failed = true;
	none = (struct vh_finding){.title = {.failed = true},
				   .seen = {.failed = true},
				   .means = {.failed = true},
				   .remedy = {.failed = true},
				   .command = {.failed = true}};
	return &none;
}

/* What was read on the host may hold escapes for a terminal; a line break stays only in @lines. */
static void clean(char *text, bool lines)
{
	while (lines && *text) {
		size_t len = strcspn(text, "\n");
		char behind = text[len];

		text[len] = '\0';
		vh_sanitize(text);
		text[len] = behind;
		text += len + (behind != '\0');
	}
	vh_sanitize(text);
}

static void set_text(struct vh_text *t, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void set_text(struct vh_text *t, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		t->failed = true;
		return;
	}
	clean(text, false);
	if (!t->failed) {
		vh_text_done(t);
		vh_text_add(t, text);
	}
	free(text);
}

struct vh_finding *vh_found(struct vh_checkup *c, enum vh_verdict verdict, const char *subject,
			    const char *fmt, ...)
{
	struct vh_diagnosis *d = c->diagnosis;
	struct vh_finding *items = reallocarray(d->items, d->count + 1, sizeof(*d->items));
	struct vh_finding *f;
	va_list ap;

	if (!items) {
		return spare(c);
	}
	d->items = items;
	f = &items[d->count++];
	*f = (struct vh_finding){.id = c->check->id, .stage = c->check->stage, .verdict = verdict};
	(void)vh_copy(f->subject, sizeof(f->subject), subject);
	clean(f->subject, false);
	va_start(ap, fmt);
	set_text(&f->title, fmt, ap);
	va_end(ap);
	return f;
}

void vh_seen(struct vh_finding *f, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0) {
		f->seen.failed = true;
		text = NULL;
	}
	va_end(ap);
	if (text) {
		clean(text, true);
		if (f->seen.len > 0) {
			vh_text_add(&f->seen, "; ");
		}
		vh_text_add(&f->seen, text);
	}
	free(text);
}

void vh_means(struct vh_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(&f->means, fmt, ap);
	va_end(ap);
}

void vh_remedy(struct vh_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(&f->remedy, fmt, ap);
	va_end(ap);
}

/* A command, a path or a key keeps its first letter. */
static bool begins_with_a_word(const char *text)
{
	static const char *const commands[] = {"chmod", "chown", "modprobe",  "mount", "pvesm",
					       "qm",    "setup", "systemctl", "virsh"};
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < VH_ARRAY_SIZE(commands); i++) {
		if (len == strlen(commands[i]) && strncmp(text, commands[i], len) == 0) {
			return false;
		}
	}
	return len > 0 && strchr(" ,;:.'", text[len]) && strncmp(text + len, " -", 2) != 0 &&
	       strncmp(text + len, " =", 2) != 0;
}

void vh_remedy_hint(struct vh_finding *f, const char *hint)
{
	size_t len = strlen(hint);

	vh_remedy(f, "%c%s%s", begins_with_a_word(hint) ? hint[0] - 'a' + 'A' : hint[0],
		  len > 0 ? hint + 1 : "", len > 0 && hint[len - 1] == '.' ? "" : ".");
}

void vh_remedy_command(struct vh_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(&f->command, fmt, ap);
	va_end(ap);
}

const char *vh_quote_word(char buf[VH_QUOTED_MAX], const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=:,./@%";
	size_t len = 0;

	if (word[0] && word[strspn(word, plain)] == '\0' && vh_copy(buf, VH_QUOTED_MAX, word)) {
		return buf;
	}
	buf[len++] = '\'';
	for (; *word && len + 6 < VH_QUOTED_MAX; word++) {
		if (*word == '\'') {
			memcpy(buf + len, "'\\'", 3);
			len += 3;
		}
		buf[len++] = *word;
	}
	buf[len++] = '\'';
	buf[len] = '\0';
	return buf;
}

static bool is_whole(const struct vh_finding *f)
{
	return !f->title.failed && !f->seen.failed && !f->means.failed && !f->remedy.failed &&
	       !f->command.failed;
}

bool vh_diagnosis_is_whole(const struct vh_diagnosis *d)
{
	for (size_t i = 0; i < d->count; i++) {
		if (!is_whole(&d->items[i])) {
			return false;
		}
	}
	return !d->failed;
}

void vh_diagnosis_done(struct vh_diagnosis *d)
{
	for (size_t i = 0; i < d->count; i++) {
		vh_text_done(&d->items[i].title);
		vh_text_done(&d->items[i].seen);
		vh_text_done(&d->items[i].means);
		vh_text_done(&d->items[i].remedy);
		vh_text_done(&d->items[i].command);
	}
	free(d->items);
	*d = (struct vh_diagnosis){0};
}
