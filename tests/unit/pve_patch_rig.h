/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * vh_pve_patch() on a text. Whatever it makes is run by the model of qm, verified, patched again,
 * which must change nothing, and undone, which must bring back every key.
 */

#include <errno.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/support/pve_qm.h"

/* A card of the set: its functions 0 to @functions - 1; or the single @functions = 1 named. */
static inline struct vh_guest_device *rig_card(struct vh_guest_set *set, const char *title,
					       const char *address, size_t functions)
{
	struct vh_guest_device *d = vh_guest_set_add(set);

	assert_non_null(d);
	(void)vh_copy(d->title, sizeof(d->title), title);
	for (size_t i = 0; i < functions; i++) {
		assert_int_equal(vh_pci_address_parse(address, &d->functions[i]), 0);
		d->functions[i].function = (uint8_t)(d->functions[i].function + i);
	}
	d->function_count = functions;
	return d;
}

/* The graphics card that most of the tests are about: 0000:01:00 with its sound. */
static inline struct vh_guest_device *rig_gpu(struct vh_guest_set *set)
{
	struct vh_guest_device *d = rig_card(set, "[device gpu]", "0000:01:00.0", 2);

	d->is_display = true;
	return d;
}

static inline struct vh_pve_text rig_text(const char *text)
{
	return (struct vh_pve_text){"100.conf", text, strlen(text)};
}

/* "KEY VALUE\n", "KEY deleted\n" */
static inline void rig_print(const struct vh_pve_edit *edit, struct vh_text *ret)
{
	for (size_t i = 0; i < edit->count; i++) {
		vh_text_addf(ret, "%s %s\n", edit->items[i].key,
			     edit->items[i].value ? edit->items[i].value : "deleted");
	}
}

/* The changes and notes, a line each. */
static inline void rig_print_report(const struct vh_report *report, struct vh_text *ret)
{
	for (size_t i = 0; i < report->change_count; i++) {
		vh_text_addf(ret, "%u %s (%s)\n", report->changes[i].line, report->changes[i].what,
			     report->changes[i].why);
	}
	for (size_t i = 0; i < report->note_count; i++) {
		vh_text_addf(ret, "note: %s\n", report->notes[i]);
	}
}

static inline void rig_is_settled(const struct vh_guest_set *set, const struct vh_text *text)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	struct vh_pve_text config = rig_text(vh_text_str(text));
	struct vh_error err = {0};
	int rc = vh_pve_patch(set, &config, "", &edit, &report, &err);

	rig_print(&edit, &got);
	if (rc != 0) {
		fail_msg("the second time %d: %s%s\n%s", rc, err.msg, vh_text_str(&got),
			 vh_text_str(text));
	}
}

/* The values of @config, as an edit from nothing. */
static inline void rig_values(const struct vh_pve_text *config, struct vh_text *ret)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_pve_text nothing = rig_text("");
	struct vh_error err = {0};

	assert_true(vh_pve_undo(config, &nothing, &nothing, &edit, &report, &err) >= 0);
	rig_print(&edit, ret);
}

static inline void rig_is_undone(const char *conf, const struct vh_text *patched, bool running)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text wanted = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	struct vh_pve_text before = rig_text(conf);
	struct vh_pve_text after = rig_text(vh_text_str(patched));
	struct vh_pve_text now;
	struct vh_error err = {0};

	if (vh_pve_undo(&before, &after, &after, &edit, &report, &err) != 1) {
		fail_msg("no way back: %s", err.msg);
	}
	pve_qm_run(after.text, after.len, &edit, running, &text);
	now = rig_text(vh_text_str(&text));
	if (vh_pve_verify(&edit, &now, &err)) {
		fail_msg("%s", err.msg);
	}
	rig_values(&before, &wanted);
	rig_values(&now, &got);
	assert_string_equal(vh_text_str(&got), vh_text_str(&wanted));
}

static inline void rig_proves(const struct vh_guest_set *set, const char *conf,
			      const struct vh_pve_edit *edit, bool running)
{
	VH_AUTO_TEXT struct vh_text patched = {0};
	struct vh_pve_text after;
	struct vh_error err = {0};

	pve_qm_run(conf, strlen(conf), edit, running, &patched);
	after = rig_text(vh_text_str(&patched));
	if (vh_pve_verify(edit, &after, &err)) {
		fail_msg("%s", err.msg);
	}
	rig_is_settled(set, &patched);
	rig_is_undone(conf, &patched, running);
}

/* What is set, and what is said; NULL for what does not matter. */
static inline void rig_patches(const struct vh_guest_set *set, const char *conf, const char *wanted,
			       const char *said)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	VH_AUTO_TEXT struct vh_text words = {0};
	struct vh_pve_text config = rig_text(conf);
	struct vh_error err = {0};
	int rc = vh_pve_patch(set, &config, "", &edit, &report, &err);

	if (rc < 0) {
		fail_msg("%s", err.msg);
	}
	rig_print(&edit, &got);
	assert_string_equal(vh_text_str(&got), wanted);
	assert_int_equal(rc, edit.count > 0);
	rig_print_report(&report, &words);
	if (said) {
		assert_string_equal(vh_text_str(&words), said);
	}
	if (rc > 0) {
		rig_proves(set, conf, &edit, false);
		rig_proves(set, conf, &edit, true);
	}
}

static inline void rig_refuses(const struct vh_guest_set *set, const char *conf, const char *msg)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_pve_text config = rig_text(conf);
	struct vh_error err = {0};
	int rc = vh_pve_patch(set, &config, "", &edit, &report, &err);

	assert_string_equal(err.msg, msg);
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(edit.count, 0);
}
