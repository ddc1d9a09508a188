/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as /proc/PID/cgroup and as loginctl's answer: what becomes an argument of a command is a
 * session's or a unit's name, and what was read is read again as it was written.
 */

#include <ctype.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/session.h"
#include "tests/fuzz/fuzz.h"

static void check_holder(const char *text)
{
	struct vh_holder h = {.uid = 0};

	vh_cgroup_parse(text, &h);
	FUZZ_CHECK(!h.session[0] || vh_session_id_is_valid(h.session));
	FUZZ_CHECK(!h.session[0] || !h.user_unit[0]);
	FUZZ_CHECK(h.user_unit[0] != '-' && h.user_unit[0] != '.' && h.user_unit[0] != '@');
	for (const char *c = h.user_unit; *c; c++) {
		FUZZ_CHECK(isalnum((unsigned char)*c) || strchr(":-_.\\@", *c));
	}
}

static bool is_plain(const char *s)
{
	while (*s && !iscntrl((unsigned char)*s)) {
		s++;
	}
	return *s == '\0';
}

static void write_session(struct vh_text *t, const struct vh_session *s)
{
	FUZZ_CHECK(vh_session_id_is_valid(s->id));
	FUZZ_CHECK(is_plain(s->user) && is_plain(s->type) && is_plain(s->class) &&
		   is_plain(s->seat) && is_plain(s->scope) && is_plain(s->service));
	vh_text_addf(t, "Id=%s\nUser=%u\nName=%s\nVTNr=%u\nSeat=%s\nService=%s\nScope=%s\n", s->id,
		     (unsigned)s->uid, s->user, s->vt, s->seat, s->service, s->scope);
	vh_text_addf(t, "Leader=%d\nType=%s\nClass=%s\nActive=%s\n\n", (int)s->leader.pid, s->type,
		     s->class, s->active ? "yes" : "no");
}

/* The text is cut up. */
static size_t read_and_write(struct vh_text *text, struct vh_text *ret)
{
	VH_AUTO_FREE struct vh_session *sessions = NULL;
	size_t count;

	FUZZ_CHECK(vh_sessions_parse(text->data, &sessions, &count) == 0);
	for (size_t i = 0; i < count; i++) {
		write_session(ret, &sessions[i]);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text copy = {0};
	VH_AUTO_TEXT struct vh_text second = {0};
	size_t count;

	vh_text_addn(&text, (const char *)data, size);
	vh_text_add(&text, "\n");
	check_holder(vh_text_str(&text));
	count = read_and_write(&text, &first);
	if (count > 0) {
		vh_text_add(&copy, vh_text_str(&first));
		FUZZ_CHECK(read_and_write(&copy, &second) == count);
		FUZZ_CHECK(strcmp(vh_text_str(&first), vh_text_str(&second)) == 0);
	}
	return 0;
}
