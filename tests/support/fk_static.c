/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lines that set a file's content, owner and age; alone in a host that is static. */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_words.h"

static const char *path_of(const struct fk_words *w)
{
	if (w->count < 2) {
		fk_abort("%s: too few words", w->where);
	}
	return w->items[1];
}

/* file PATH CONTENT: the rest of the line, \n inside, a newline at the end */
void fk_file_declare(struct fakekernel *fk, const struct fk_words *w)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	const char *path = path_of(w);

	for (const char *p = w->rest; *p; p++) {
		if (p[0] == '\\' && p[1] == 'n') {
			vh_text_add(&t, "\n");
			p++;
		} else {
			vh_text_addn(&t, p, 1);
		}
	}
	vh_text_add(&t, "\n");
	(void)fk_put(fk, 0644, vh_text_str(&t), "%s", path);
}

void fk_text_declare(struct fakekernel *fk, const struct fk_words *w)
{
	fk_copy(fk->text, sizeof(fk->text), path_of(w));
	fk->text_end = '\n';
	(void)fk_put(fk, 0644, "", "%s", fk->text);
}

/* As /proc/PID/cmdline: each line is ended by a NUL. */
void fk_words_declare(struct fakekernel *fk, const struct fk_words *w)
{
	fk_text_declare(fk, w);
	fk->text_end = '\0';
}

/* The newline at its end is none. */
void fk_chop_declare(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_node *n = fk_find(fk, "%s", path_of(w));

	if (!n || n->len == 0) {
		fk_abort("%s: nothing to chop", w->where);
	}
	n->data[--n->len] = '\0';
}

void fk_text_more(struct fakekernel *fk, const char *line)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	struct fk_node *n = fk->text[0] ? fk_find(fk, "%s", fk->text) : NULL;

	if (!n) {
		fk_abort("%s: no text before '|%s'", fk->name, line);
	}
	vh_text_addn(&t, n->data, n->len);
	vh_text_add(&t, line);
	vh_text_addn(&t, &fk->text_end, 1);
	fk_node_content(n, vh_text_str(&t), t.len);
}

/* hex PATH BYTES: blanks between them as one likes; BYTE*COUNT repeats it */
void fk_hex_declare(struct fakekernel *fk, const struct fk_words *w)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	const char *path = path_of(w);

	for (const char *p = w->rest + strspn(w->rest, " \t"); *p; p += strspn(p, " \t")) {
		char digits[3] = {p[0], p[0] ? p[1] : '\0', '\0'};
		char byte = (char)strtoul(digits, NULL, 16);
		unsigned long times = 1;

		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1])) {
			fk_abort("%s: '%s' are no bytes", w->where, p);
		}
		p += 2;
		if (*p == '*') {
			char *end;

			times = strtoul(p + 1, &end, 10);
			p = end;
		}
		while (times-- > 0) {
			vh_text_addn(&t, &byte, 1);
		}
	}
	vh_text_addn(&t, "", 0);
	fk_set_bytes(fk, path, vh_text_str(&t), t.len);
}

static uint64_t number(const struct fk_words *w, unsigned index, int base)
{
	char *end;
	uint64_t value;

	if (index >= w->count) {
		return 0;
	}
	value = strtoull(w->items[index], &end, base);
	if (end == w->items[index] || *end) {
		fk_abort("%s: '%s' is no number", w->where, w->items[index]);
	}
	return value;
}

/* stat PATH MODE [UID [GID [MTIME]]]; a file that was not captured is there all the same */
void fk_stat_declare(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_node *n = fk_find(fk, "%s", path_of(w));

	if (!n && fk->is_static) {
		n = fk_put(fk, 0644, "", "%s", path_of(w));
	}
	if (!n) {
		fk_abort("%s: no '%s' yet", w->where, w->items[1]);
	}
	n->mode = (unsigned)number(w, 2, 8);
	n->uid = (uid_t)number(w, 3, 10);
	n->gid = (gid_t)number(w, 4, 10);
	n->mtime_s = number(w, 5, 10);
}
