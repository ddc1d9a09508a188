/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The definitions of tests/golden/domain through libvirt itself, in this process: what libvirt makes
 * of a patched definition still says what was asked for, and the definition from before brings back
 * what libvirt had from it. Its test driver takes everything but the elements of QEMU's namespace;
 * its QEMU driver takes those too, and puts in addresses, controllers and the machine's version.
 */

#include "lib/base/cleanup.h"
#include "lib/base/diff.h"
#include "lib/guest/domain.h"
#include "tests/support/domain_cases.h"
#include "tests/unit/embedded_qemu.h"

/* Else a driver that takes nothing would pass. */
#define DEFINITIONS_MIN 14
#define EDITS_MIN       50

/* The definition that libvirt has after it was given @xml; NULL if it does not take that. */
static char *define(virConnectPtr conn, const char *xml, unsigned flags)
{
	virDomainPtr domain = virDomainDefineXMLFlags(conn, xml, flags);
	char *text;

	if (!domain) {
		return NULL;
	}
	text = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	(void)virDomainFree(domain);
	return text;
}

static void undefine(virConnectPtr conn, const char *xml)
{
	const char *at = strstr(xml, "<uuid>");
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	virDomainPtr domain;

	assert_non_null(at);
	(void)snprintf(uuid, sizeof(uuid), "%s", at + strlen("<uuid>"));
	domain = virDomainLookupByUUIDString(conn, uuid);
	assert_non_null(domain);
	assert_int_equal(virDomainUndefineFlags(domain, 0), 0);
	(void)virDomainFree(domain);
}

static int patch(const struct vh_guest_set *set, const char *xml, struct vh_text *ret,
		 struct vh_report *report)
{
	struct vh_domain_xml domain = {"definition", xml, strlen(xml)};
	struct vh_error err = {0};

	return vh_domain_patch(set, &domain, ret, report, &err);
}

/* Of what libvirt made of the patched definition. */
static void expect_all_there(const char *input, const struct domain_named_set *set, const char *xml)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	int rc = patch(&set->set, xml, &text, &report);

	if (rc != 0) {
		fail_msg("%s, %s: libvirt lost: %s\n%s", input, set->name,
			 report.change_count ? report.changes[0].what : "-", xml);
	}
}

/* 1 if the set had something to change. What libvirt had before is not looked at. */
static size_t there(virConnectPtr conn, const char *input, const struct domain_named_set *set,
		    const char *first)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_FREE char *second = NULL;

	if (patch(&set->set, first, &text, &report) != 1) {
		return 0;
	}
	second = define(conn, vh_text_str(&text), VIR_DOMAIN_DEFINE_VALIDATE);
	if (!second) {
		fail_msg("%s, %s: libvirt does not take it: %s\n%s", input, set->name,
			 embedded_qemu_error(), vh_text_str(&text));
	}
	assert_string_not_equal(second, first);
	expect_all_there(input, set, second);
	return 1;
}

static void and_back(virConnectPtr conn, const char *input, const char *first)
{
	VH_AUTO_FREE char *undone = define(conn, first, VIR_DOMAIN_DEFINE_VALIDATE);
	VH_AUTO_TEXT struct vh_text diff = {0};

	assert_non_null(undone);
	vh_diff(&diff, "before", first, "undone", undone);
	if (diff.len > 0) {
		fail_msg("%s: undone it is another\n%s", input, vh_text_str(&diff));
	}
}

struct tally {
	size_t definitions;
	size_t edits;
};

/*
 * The definition as libvirt has it, read twice: controllers that it added itself come in another
 * order when it reads them back, with or without us.
 */
static char *settle(virConnectPtr conn, const struct domain_input *input)
{
	VH_AUTO_FREE char *once =
		define(conn, input->text, input->invalid ? 0 : VIR_DOMAIN_DEFINE_VALIDATE);

	return once ? define(conn, once, VIR_DOMAIN_DEFINE_VALIDATE) : NULL;
}

/* The QEMU driver is the slow one, and what both do alike the test driver has shown. */
static bool is_for(const struct domain_named_set *set, bool has_qemu_namespace)
{
	return has_qemu_namespace ? set->set.device_count > 0 || set->set.fix_args
				  : !set->set.x_vga;
}

/* What this libvirt, on this host, does not take unpatched is no case of ours. */
static void each_set(virConnectPtr conn, const struct domain_cases *cases,
		     const struct domain_input *input, bool has_qemu_namespace, struct tally *ret)
{
	VH_AUTO_FREE char *first = settle(conn, input);

	if (!first) {
		print_message("%s: not for this libvirt: %s\n", input->name, embedded_qemu_error());
		return;
	}
	ret->definitions++;
	for (size_t i = 0; i < cases->set_count; i++) {
		const struct domain_named_set *set = &cases->sets[i];

		if (domain_input_wants(input, set->name) && is_for(set, has_qemu_namespace)) {
			ret->edits += there(conn, input->name, set, first);
		}
	}
	and_back(conn, input->name, first);
	undefine(conn, first);
}

static void each_definition(virConnectPtr conn, bool has_qemu_namespace, struct tally *ret)
{
	AUTO_DOMAIN_CASES struct domain_cases cases;

	domain_cases_load(&cases);
	for (size_t i = 0; i < cases.input_count; i++) {
		if (!cases.inputs[i].foreign) {
			each_set(conn, &cases, &cases.inputs[i], has_qemu_namespace, ret);
		}
	}
	print_message("%zu definitions, %zu edits\n", ret->definitions, ret->edits);
}

static void through_the_test_driver(void **state)
{
	virConnectPtr conn = virConnectOpen("test:///default");
	struct tally tally = {0};

	(void)state;
	assert_non_null(conn);
	each_definition(conn, false, &tally);
	assert_true(tally.definitions >= DEFINITIONS_MIN);
	assert_true(tally.edits >= EDITS_MIN);
	assert_true(virConnectClose(conn) >= 0);
}

static void through_the_qemu_driver(void **state)
{
	virConnectPtr conn = embedded_qemu_open(*state);
	struct tally tally = {0};

	if (!conn) {
		skip();
	}
	each_definition(conn, true, &tally);
	assert_true(tally.definitions >= DEFINITIONS_MIN);
	assert_true(tally.edits >= EDITS_MIN);
	embedded_qemu_close(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_the_test_driver),
		cmocka_unit_test(through_the_qemu_driver),
	};

	return cmocka_run_group_tests(tests, embedded_qemu_setup, temp_root_teardown);
}
