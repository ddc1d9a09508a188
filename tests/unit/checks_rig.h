/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* doctor on a fake host, for the tests of lib/checks. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/checks/checks.h"
#include "lib/profile/profile.h"
#include "tests/support/fakekernel.h"

/**
 * struct checks - a host, and what doctor said of it the last time
 * @doctor: what the next checks_run() asks for; root of a living host unless a test says otherwise
 */
struct checks {
	struct fakekernel *fk;
	struct vh_doctor doctor;
	struct vh_diagnosis d;
};

/* Owner: checks_teardown(), which CHECKS_TEST() calls. */
static inline struct checks *checks_open_host(void **state, struct fakekernel *fk)
{
	struct checks *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	*state = c;
	c->fk = fk;
	c->doctor = (struct vh_doctor){.sys = fk_sys(fk), .is_root = true};
	return c;
}

/* tests/hosts/HOST.host; @lines: more of the host's language, or "" */
static inline struct checks *checks_open(void **state, const char *host, const char *lines)
{
	return checks_open_host(state, fk_host_with(host, lines));
}

static inline int checks_teardown(void **state)
{
	struct checks *c = *state;

	vh_diagnosis_done(&c->d);
	fk_free(c->fk);
	free(c);
	return 0;
}

#define CHECKS_TEST(name) cmocka_unit_test_teardown(name, checks_teardown)

/* The profile of @vm, as a file of this host. */
static inline void checks_profile(struct checks *c, const char *vm, const char *text)
{
	char path[VH_PATH_MAX];

	assert_int_equal(vh_profile_path(path, sizeof(path), vm), 0);
	fk_set(c->fk, path, text);
}

static inline void checks_print_one(const struct vh_finding *f)
{
	print_message("%s %s [%s]%s: %s\n  seen: %s\n  means: %s\n  remedy: %s\n  command: %s\n",
		      f->id, vh_verdict_word(f->verdict), f->subject, f->breaks ? " BREAKS" : "",
		      vh_text_str(&f->title), vh_text_str(&f->seen), vh_text_str(&f->means),
		      vh_text_str(&f->remedy), vh_text_str(&f->command));
}

/*
 * One style for what a person reads: a title is a clause, what it means and what to do are sentences,
 * what was seen are fragments, a command is one line.
 */
static inline bool checks_is_sentence(const char *text)
{
	size_t len = strlen(text);
	size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	static const char *const names[] = {"vfio",           "vfio-pci", "libvirt",
					    "libvirt-guests", "chmod",    "vendor-reset"};

	if (len == 0) {
		return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(text, names[i], strlen(names[i])) == 0) {
			word = 0;
		}
	}
	return word == 0 && text[len - 1] == '.' && text[len > 1 ? len - 2 : 0] != '.' &&
	       !strchr(text, '\n');
}

static inline bool checks_is_clause(const char *text)
{
	static const char *const names[] = {
		"AppArmor", "GRUB", "HA",   "Intel", "KVM", "NVIDIA", "Proxmox",    "QEMU",
		"SELinux",  "VFIO", "VT-d", "AMD",   "SVM", "IOMMU",  "Secure Boot"};
	bool is_name = !(text[0] >= 'A' && text[0] <= 'Z');

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		is_name |= strncmp(text, names[i], strlen(names[i])) == 0;
	}
	return is_name && text[0] && text[strlen(text) - 1] != '.' && !strchr(text, '\n');
}

static inline void checks_have_style(const struct checks *c)
{
	for (size_t i = 0; i < c->d.count; i++) {
		const struct vh_finding *f = &c->d.items[i];
		const char *seen = vh_text_str(&f->seen);
		/* Where lines of a log are shown they end as they do. */
		bool stops = f->seen.len > 0 && seen[f->seen.len - 1] == '.' &&
			     !strchr(seen, '\n') && strncmp(f->id, "logs.", 5) != 0;

		if (!checks_is_clause(vh_text_str(&f->title)) ||
		    !checks_is_sentence(vh_text_str(&f->means)) ||
		    !checks_is_sentence(vh_text_str(&f->remedy)) || stops ||
		    strchr(vh_text_str(&f->command), '\n')) {
			checks_print_one(f);
			fail_msg("%s is not said as the others are", f->id);
		}
	}
}

/* @vm: NULL for the host alone. */
static inline void checks_run(struct checks *c, const char *vm)
{
	struct vh_error err = {0};

	vh_diagnosis_done(&c->d);
	c->doctor.vm = vm;
	if (vh_diagnose(&c->doctor, &c->d, &err)) {
		fail_msg("%s", err.msg);
	}
	checks_have_style(c);
}

static inline void checks_print(const struct checks *c)
{
	for (size_t i = 0; i < c->d.count; i++) {
		checks_print_one(&c->d.items[i]);
	}
}

/* The first with this id; @subject: NULL for any. NULL if there is none. */
static inline const struct vh_finding *checks_find(const struct checks *c, const char *id,
						   const char *subject)
{
	for (size_t i = 0; i < c->d.count; i++) {
		const struct vh_finding *f = &c->d.items[i];

		if (strcmp(f->id, id) == 0 && (!subject || strcmp(f->subject, subject) == 0)) {
			return f;
		}
	}
	return NULL;
}

/* The same; without one, or with another verdict, the test fails and shows all of them. */
static inline const struct vh_finding *checks_get(const struct checks *c, const char *id,
						  const char *subject, enum vh_verdict verdict)
{
	const struct vh_finding *f = checks_find(c, id, subject);

	if (!f || f->verdict != verdict) {
		checks_print(c);
		fail_msg("%s [%s] is %s, not %s", id, subject ? subject : "",
			 f ? vh_verdict_word(f->verdict) : "not there", vh_verdict_word(verdict));
	}
	return f;
}

/* Nothing of this id was found: the test that a check keeps quiet. */
static inline void checks_none(const struct checks *c, const char *id)
{
	const struct vh_finding *f = checks_find(c, id, NULL);

	if (f) {
		checks_print_one(f);
		fail_msg("%s was found", id);
	}
}

/* How many with this id have that verdict. */
static inline size_t checks_count(const struct checks *c, const char *id, enum vh_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < c->d.count; i++) {
		count += strcmp(c->d.items[i].id, id) == 0 && c->d.items[i].verdict == verdict;
	}
	return count;
}

/* One of its texts has @text in it. */
static inline bool checks_has(const struct vh_finding *f, const char *text)
{
	return strstr(vh_text_str(&f->title), text) || strstr(vh_text_str(&f->seen), text) ||
	       strstr(vh_text_str(&f->means), text) || strstr(vh_text_str(&f->remedy), text) ||
	       strstr(vh_text_str(&f->command), text);
}

static inline void checks_says(const struct vh_finding *f, const char *text)
{
	if (!checks_has(f, text)) {
		checks_print_one(f);
		fail_msg("it does not say '%s'", text);
	}
}

/*
 * What every finding whose id begins with @prefix owes its reader: a title without a full stop; if
 * it is no pass: what was seen, what it means and what to do.
 */
static inline void checks_are_whole(const struct checks *c, const char *prefix)
{
	for (size_t i = 0; i < c->d.count; i++) {
		const struct vh_finding *f = &c->d.items[i];
		bool explains = f->verdict == VH_PASS || f->verdict == VH_NOT_APPLICABLE ||
				(f->seen.len > 0 && f->means.len > 0 && f->remedy.len > 0);

		if (strncmp(f->id, prefix, strlen(prefix)) != 0) {
			continue;
		}
		if (f->title.len == 0 || vh_text_str(&f->title)[f->title.len - 1] == '.' ||
		    strchr(vh_text_str(&f->title), '\n') || !explains) {
			checks_print_one(f);
			fail_msg("%s does not say enough", f->id);
		}
	}
}
