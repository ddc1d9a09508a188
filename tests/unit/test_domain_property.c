/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What holds of every edit, over definitions and sets made by chance: nothing else changes, in
 * canonical XML and in bytes; patched again nothing changes at all. And that the checks themselves
 * see what they are for.
 */

#include <ctype.h>
#include <errno.h>
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
#include "lib/guest/domain.h"
#include "tests/support/domain_check.h"
#include "tests/support/domain_random.h"
#include "tests/support/domain_set.h"

#define ROUNDS 4000

static struct domain_bytes bytes_of(const struct vh_text *t)
{
	return (struct domain_bytes){vh_text_str(t), t->len};
}

static int patch(const struct vh_guest_set *set, const struct vh_text *xml, struct vh_text *ret,
		 struct vh_report *report, struct vh_error *err)
{
	struct vh_domain_xml domain = {"x.xml", vh_text_str(xml), xml->len};

	return vh_domain_patch(set, &domain, ret, report, err);
}

static void expect_again(const struct vh_guest_set *set, const struct vh_text *xml)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	int rc = patch(set, xml, &text, &report, &err);

	if (rc != 0) {
		(void)fprintf(stderr, "%s\n", vh_text_str(xml));
		fail_msg("patched again: %s", rc == 1 ? report.changes[0].what : err.msg);
	}
}

static void expect_edit(const struct vh_guest_set *set, const struct vh_text *before,
			const struct vh_text *after)
{
	VH_AUTO_TEXT struct vh_text why = {0};

	if (!domain_check_owned(set, bytes_of(before), bytes_of(after), &why) ||
	    !domain_check_kept(set, bytes_of(before), bytes_of(after), &why)) {
		/* cmocka's own messages are cut. */
		(void)fprintf(stderr, "%s\n--- before\n%s\n--- after\n%s\n", vh_text_str(&why),
			      vh_text_str(before), vh_text_str(after));
		fail();
	}
	expect_again(set, after);
}

static void expect_refusal(const struct vh_error *err, const struct vh_text *text)
{
	assert_int_equal(err->code, EINVAL);
	assert_int_equal(text->len, 0);
	assert_memory_equal(err->msg, "x.xml:", 6);
	assert_null(strstr(err->msg, "well-formed"));
	for (const char *c = err->msg; *c; c++) {
		assert_false(iscntrl((unsigned char)*c));
	}
}

struct tally {
	size_t changed;
	size_t unchanged;
	size_t refused;
};

static void one_round(struct domain_random *r, struct tally *tally)
{
	VH_AUTO_TEXT struct vh_text before = {0};
	VH_AUTO_TEXT struct vh_text after = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_error err = {0};
	int rc;

	domain_random_definition(r, &before);
	domain_random_set(r, &set);
	rc = patch(&set, &before, &after, &report, &err);
	if (rc == 1) {
		tally->changed++;
		assert_true(report.change_count > 0);
		expect_edit(&set, &before, &after);
	} else if (rc == 0) {
		tally->unchanged++;
		assert_int_equal(report.change_count, 0);
		assert_int_equal(after.len, 0);
	} else {
		tally->refused++;
		expect_refusal(&err, &after);
	}
}

static void by_chance(void **state)
{
	struct domain_random r = {.state = 20240229};
	struct tally tally = {0};

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++) {
		one_round(&r, &tally);
	}
	print_message("%zu changed, %zu not, %zu refused\n", tally.changed, tally.unchanged,
		      tally.refused);
	assert_true(tally.changed > ROUNDS / 4);
	assert_true(tally.unchanged > ROUNDS / 400);
	assert_true(tally.refused > ROUNDS / 20);
}

/* One key after another comes to the same as all of them at once. */
static void in_steps(struct domain_random *r, size_t *compared)
{
	static const char *const keys[] = {"hide-kvm = yes", "vendor-id = randomid",
					   "cpu = host-passthrough", "video = none",
					   "balloon = none"};
	VH_AUTO_TEXT struct vh_text before = {0};
	VH_AUTO_TEXT struct vh_text at_once = {0};
	struct vh_guest_set all = {.hide_kvm = true,
				   .vendor_id = "randomid",
				   .host_cpu = true,
				   .no_video = true,
				   .no_balloon = true};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};

	domain_random_definition(r, &before);
	if (patch(&all, &before, &at_once, &report, &err) != 1) {
		return;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(keys); i++) {
		VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
		VH_AUTO_TEXT struct vh_text next = {0};

		domain_set_parse("key", keys[i], &set);
		if (patch(&set, &before, &next, &report, &err) == 1) {
			vh_text_done(&before);
			before = next;
			next = (struct vh_text){0};
		}
	}
	expect_again(&all, &before);
	(*compared)++;
}

static void steps_come_to_the_same(void **state)
{
	struct domain_random r = {.state = 19};
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < ROUNDS / 8; i++) {
		in_steps(&r, &compared);
	}
	assert_true(compared > ROUNDS / 40);
}

/*
 * The checks themselves.
 */

static const char original[] = "<domain type='kvm'>\n"
			       "  <!-- mine -->\n"
			       "  <metadata><m xmlns='u:m'>  <features/></m></metadata>\n"
			       "  <features>\n"
			       "    <acpi/>\n"
			       "    <pae/>\n"
			       "  </features>\n"
			       "  <cpu mode='host-model'>\n"
			       "    <topology sockets='1'/>\n"
			       "  </cpu>\n"
			       "  <devices>\n"
			       "    <video><model type='qxl'/></video>\n"
			       "    <memballoon model='virtio'/>\n"
			       "  </devices>\n"
			       "</domain>\n";

/* The original with @from replaced by @to. */
static void replace(struct vh_text *ret, const char *from, const char *to)
{
	const char *at = strstr(original, from);

	assert_non_null(at);
	vh_text_addn(ret, original, (size_t)(at - original));
	vh_text_add(ret, to);
	vh_text_add(ret, at + strlen(from));
}

static void expect(const char *key, const char *from, const char *to, bool owned, bool kept)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_TEXT struct vh_text after = {0};
	VH_AUTO_TEXT struct vh_text why = {0};
	struct domain_bytes before = {original, sizeof(original) - 1};

	domain_set_parse("key", key, &set);
	replace(&after, from, to);
	assert_int_equal(domain_check_owned(&set, before, bytes_of(&after), &why), owned);
	assert_int_equal(domain_check_kept(&set, before, bytes_of(&after), &why), kept);
	assert_int_equal(why.len == 0, owned && kept);
}

static const char kvm[] = "<pae/>\n    <kvm>\n      <hidden state='on'/>\n    </kvm>\n";

static void checks_let_through_what_was_asked_for(void **state)
{
	(void)state;
	expect("# nothing", "<pae/>", "<pae/>", true, true);
	expect("hide-kvm = yes", "<pae/>\n", kvm, true, true);
	expect("hide-kvm = yes", "    <pae/>\n", "    <pae/><ioapic driver='kvm'/>\n", true, true);
	expect("cpu = host-passthrough", "host-model", "host-passthrough", true, true);
	expect("video = none", "<model type='qxl'/>", "<model type='none'/>", true, true);
	expect("balloon = none", "'virtio'", "'none'", true, true);
}

static void checks_see_what_was_not(void **state)
{
	(void)state;
	expect("balloon = none", "<pae/>\n", kvm, false, false);
	expect("balloon = none", "'qxl'", "'none'", false, false);
	expect("hide-kvm = yes", "host-model", "host-passthrough", false, false);
	expect("hide-kvm = yes", "<pae/>", "", false, false);
	expect("hide-kvm = yes", "<acpi/>\n    <pae/>", "<pae/>\n    <acpi/>", false, false);
	expect("hide-kvm = yes", "<pae/>", "<pae/>text", false, false);
	expect("cpu = host-passthrough", "sockets='1'", "sockets='2'", false, false);
	expect("video = none", "    <memballoon model='virtio'/>\n", "", false, false);
}

static void checks_see_what_only_bytes_tell(void **state)
{
	(void)state;
	expect("hide-kvm = yes", "<pae/>", "<pae />", true, false);
	expect("hide-kvm = yes", "sockets='1'", "sockets=\"1\"", true, false);
	expect("hide-kvm = yes", "<pae/>", "<pae></pae>", true, false);
	expect("hide-kvm = yes", "'/>\n  </cpu>", "'/>\n</cpu>", true, false);
	expect("hide-kvm = yes", "  <cpu", "\t<cpu", true, false);
}

static void checks_see_comments_and_metadata(void **state)
{
	(void)state;
	expect("hide-kvm = yes", "<!-- mine -->", "", false, false);
	expect("hide-kvm = yes", "<!-- mine -->", "<!-- mine-->", false, false);
	expect("hide-kvm = yes", "  <features/></m>", " <features/></m>", false, false);
	expect("hide-kvm = yes", "<features/></m>", "<features><kvm/></features></m>", false, false);
	expect("hide-kvm = yes", "'u:m'", "'u:n'", false, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_chance),
		cmocka_unit_test(steps_come_to_the_same),
		cmocka_unit_test(checks_let_through_what_was_asked_for),
		cmocka_unit_test(checks_see_what_was_not),
		cmocka_unit_test(checks_see_what_only_bytes_tell),
		cmocka_unit_test(checks_see_comments_and_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
