/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The definitions of tests/golden/domain through libvirt itself, in this process: what libvirt makes
 * of a patched definition still says what was asked for, and the definition from before brings back
 * what libvirt had from it. Its test driver takes everything but the elements of QEMU's namespace;
 * its QEMU driver takes those too, and puts in addresses, controllers and the machine's version.
 */

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/cleanup.h"
#include "lib/base/diff.h"
#include "lib/guest/domain.h"
#include "tests/support/domain_cases.h"
#include "tests/unit/temp_root.h"

/* Else a driver that takes nothing would pass. */
#define DEFINITIONS_MIN 14
#define EDITS_MIN       50

static char last_error[1024];

static void remember(void *data, virErrorPtr error)
{
	(void)data;
	(void)snprintf(last_error, sizeof(last_error), "%s", error->message);
}

static int setup(void **state)
{
	virSetErrorFunc(NULL, remember);
	return virEventRegisterDefaultImpl() ? -1 : temp_root_setup(state);
}

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
		fail_msg("%s, %s: libvirt does not take it: %s\n%s", input, set->name, last_error,
			 vh_text_str(&text));
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

/* What this libvirt, on this host, does not take unpatched is no case of ours. */
static void each_set(virConnectPtr conn, const struct domain_cases *cases,
		     const struct domain_input *input, bool has_qemu_namespace, struct tally *ret)
{
	VH_AUTO_FREE char *first = settle(conn, input);

	if (!first) {
		print_message("%s: not for this libvirt: %s\n", input->name, last_error);
		return;
	}
	ret->definitions++;
	for (size_t i = 0; i < cases->set_count; i++) {
		const struct domain_named_set *set = &cases->sets[i];

		if (domain_input_wants(input, set->name) &&
		    (has_qemu_namespace || !set->set.x_vga)) {
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

static atomic_bool stop;

static void *run_events(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop)) {
		(void)virEventRunDefaultImpl();
	}
	return NULL;
}

static void wake(int timer, void *unused)
{
	(void)timer;
	(void)unused;
}

/* As root without the user libvirt-qemu, for whom it would probe QEMU anew each time. */
static virConnectPtr open_embedded(const struct temp_root *t)
{
	char uri[128];

	assert_int_equal(mkdirat(t->dir, "etc", 0755), 0);
	temp_root_file(t, "etc/qemu.conf",
		       "stdio_handler = \"file\"\nuser = \"root\"\ngroup = \"root\"\n"
		       "security_driver = \"none\"\nnamespaces = []\ncgroup_controllers = []\n");
	(void)snprintf(uri, sizeof(uri), "qemu:///embed?root=%s", t->path);
	return virConnectOpen(uri);
}

static void through_the_qemu_driver(void **state)
{
	const struct temp_root *t = *state;
	struct tally tally = {0};
	virConnectPtr conn;
	pthread_t events;

	if (geteuid() != 0 || access("/dev/kvm", R_OK | W_OK) != 0) {
		print_message("needs root and /dev/kvm\n");
		skip();
	}
	assert_true(virEventAddTimeout(100, wake, NULL, NULL) >= 0);
	assert_int_equal(pthread_create(&events, NULL, run_events, NULL), 0);
	conn = open_embedded(t);
	if (conn) {
		each_definition(conn, true, &tally);
		assert_true(virConnectClose(conn) >= 0);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(events, NULL), 0);
	if (!conn) {
		print_message("libvirt's QEMU driver is not installed: %s\n", last_error);
		skip();
	}
	assert_true(tally.definitions >= DEFINITIONS_MIN);
	assert_true(tally.edits >= EDITS_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_the_test_driver),
		cmocka_unit_test(through_the_qemu_driver),
	};

	return cmocka_run_group_tests(tests, setup, temp_root_teardown);
}
