/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * KubeVirt's hook, called as its sidecar calls it. The definition is of KubeVirt's shape: written by
 * Go, with double quotes, an end tag for every empty element, and no blanks between elements.
 */

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "lib/base/cleanup.h"
#include "tests/cli/shim.h"

#define VMI(annotations)                                                                        \
	"{\"kind\":\"VirtualMachineInstance\",\"apiVersion\":\"kubevirt.io/v1\","               \
	"\"metadata\":{\"name\":\"win11\",\"namespace\":\"default\","                           \
	"\"annotations\":{\"kubevirt.io/latest-observed-api-version\":\"v1\"" annotations "}}," \
	"\"spec\":{\"domain\":{\"devices\":{\"gpus\":[{\"name\":\"gpu1\","                      \
	"\"deviceName\":\"example.com/GPU\"}]}}},\"status\":{}}"
#define ANNOTATION(name, value) ",\"vfio-handoff.io/" name "\":\"" value "\""

#define HEAD                                                                              \
	"<domain type=\"kvm\" xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\">" \
	"<name>default_win11</name><memory unit=\"b\">4294967296</memory>"                \
	"<os><type arch=\"x86_64\" machine=\"q35\">hvm</type>"                            \
	"<smbios mode=\"sysinfo\"></smbios></os>"                                         \
	"<features><acpi></acpi><apic></apic></features>"                                 \
	"<cpu mode=\"host-model\"><topology sockets=\"1\" cores=\"2\" threads=\"1\"></topology></cpu>"
#define TAIL                                                                                    \
	"<metadata><kubevirt xmlns=\"http://kubevirt.io\"><uid>1-2</uid></kubevirt></metadata>" \
	"<vcpu placement=\"static\">2</vcpu><iothreads>1</iothreads></domain>"
#define GPU(number, slot)                                                                   \
	"<hostdev type=\"pci\" managed=\"no\" mode=\"subsystem\"><source>"                  \
	"<address type=\"pci\" domain=\"0x0000\" bus=\"0x" slot "\" slot=\"0x00\" "         \
	"function=\"0x0\"></address></source><alias name=\"ua-gpu-gpu" number "\"></alias>" \
	"</hostdev>"
#define DEVICES(gpus)                                                                       \
	"<devices><emulator>/usr/bin/kvm</emulator><video><model type=\"vga\" heads=\"1\">" \
	"</model></video><memballoon model=\"none\"></memballoon>" gpus "</devices>"

static const char definition[] = HEAD DEVICES(GPU("1", "3b")) TAIL;

struct answer {
	int status;
	struct vh_text out;
	struct vh_text err;
};

static void answer_done(struct answer *answer)
{
	vh_text_done(&answer->out);
	vh_text_done(&answer->err);
}
#define AUTO_ANSWER __attribute__((cleanup(answer_done)))

static void call(void **state, const char *const arguments[], struct answer *ret)
{
	ret->status = shim_call(*state, arguments, &ret->out, &ret->err);
}

static void define(void **state, const char *vmi, const char *domain, struct answer *ret)
{
	const char *const arguments[] = {"--vmi", vmi, "--domain", domain, NULL};

	call(state, arguments, ret);
}

/* KubeVirt does not start the machine, and its log has one line that says why. */
static void expect_refusal(const struct answer *answer, const char *part)
{
	const char *line = vh_text_str(&answer->err);

	assert_int_equal(answer->status, 1);
	assert_string_equal(vh_text_str(&answer->out), "");
	if (!strstr(line, part)) {
		fail_msg("no '%s' in '%s'", part, line);
	}
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void expect_unchanged(const struct answer *answer, const char *domain)
{
	assert_int_equal(answer->status, 0);
	assert_string_equal(vh_text_str(&answer->out), domain);
	assert_string_equal(vh_text_str(&answer->err), "");
}

/* How many nodes @path finds in @text; with "n:" for the namespace of QEMU's own arguments. */
static int count(const char *text, const char *path)
{
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "out", NULL, XML_PARSE_NONET);
	xmlXPathContext *context = xmlXPathNewContext(doc);
	xmlXPathObject *found;
	int n;

	assert_non_null(doc);
	assert_non_null(context);
	found = xmlXPathEvalExpression((const xmlChar *)path, context);
	assert_non_null(found);
	n = xmlXPathNodeSetGetLength(found->nodesetval);
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	return n;
}

static void machine_without_our_annotations(void **state)
{
	AUTO_ANSWER struct answer a = {0};

	define(state, VMI(""), definition, &a);
	expect_unchanged(&a, definition);
}

/* Not asked, we have no opinion: not even on what is no XML. */
static void anything_comes_back_unread(void **state)
{
	AUTO_ANSWER struct answer a = {0};

	define(state, VMI(ANNOTATION("hide-kvm", "false")), "<domain", &a);
	expect_unchanged(&a, "<domain");
}

static void hidden_kvm(void **state)
{
	AUTO_ANSWER struct answer a = {0};
	AUTO_ANSWER struct answer again = {0};
	const char *text;

	define(state, VMI(ANNOTATION("hide-kvm", "true")), definition, &a);
	assert_int_equal(a.status, 0);
	text = vh_text_str(&a.out);
	assert_int_equal(count(text, "/domain/features/kvm/hidden[@state='on']"), 1);
	assert_int_equal(count(text, "/domain/features/ioapic[@driver='kvm']"), 1);
	assert_int_equal(count(text, "/domain/features/hyperv"), 0);
	/* All of the rest as it came. */
	assert_non_null(strstr(text, "<features><acpi></acpi><apic></apic>"));
	assert_non_null(
		strstr(text, "</features><cpu mode=\"host-model\"><topology sockets=\"1\" "));
	assert_non_null(strstr(text, DEVICES(GPU("1", "3b")) TAIL));
	assert_true(a.err.len > 0);

	define(state, VMI(ANNOTATION("hide-kvm", "yes")), text, &again);
	expect_unchanged(&again, text);
}

static void vendor_id(void **state)
{
	AUTO_ANSWER struct answer a = {0};
	const char *text;

	define(state, VMI(ANNOTATION("vendor-id", "a\\\"<&'b")), definition, &a);
	assert_int_equal(a.status, 0);
	text = vh_text_str(&a.out);
	assert_int_equal(count(text, "/domain/features/hyperv/vendor_id[@state='on']"), 1);
	assert_int_equal(count(text, "//vendor_id[@value=concat('a\"<&', \"'b\")]"), 1);
	assert_int_equal(count(text, "/domain/features/kvm"), 0);
}

static void rom_of_the_gpu(void **state)
{
	AUTO_ANSWER struct answer a = {0};
	const char *text;

	define(state, VMI(ANNOTATION("rom", "/var/run/gpu/gpu.rom")), definition, &a);
	assert_int_equal(a.status, 0);
	text = vh_text_str(&a.out);
	assert_int_equal(count(text, "/domain/devices/hostdev"), 1);
	assert_int_equal(count(text, "/domain/devices/hostdev[alias/@name='ua-gpu-gpu1'][@managed="
				     "'no']/rom[@file='/var/run/gpu/gpu.rom']"),
			 1);
	assert_int_equal(count(text, "//hostdev/source/address[@bus='0x3b']"), 1);
}

/* Which of them it is for cannot be guessed; without any, somebody expects a card that is not there. */
static void rom_of_no_one_gpu(void **state)
{
	AUTO_ANSWER struct answer two = {0};
	AUTO_ANSWER struct answer none = {0};

	define(state, VMI(ANNOTATION("rom", "/gpu.rom")),
	       HEAD DEVICES(GPU("1", "3b") GPU("2", "3c")) TAIL, &two);
	expect_refusal(&two,
		       "cannot do what the annotations ask for: the domain: which of its cards");
	define(state, VMI(ANNOTATION("rom", "/gpu.rom")), HEAD DEVICES("") TAIL, &none);
	expect_refusal(&none,
		       "cannot do what the annotations ask for: the domain: there is no <hostdev>");
}

/* And once more on the result: notes may be said again, the definition stays. */
static void everything_at_once(void **state)
{
	static const char vmi[] = VMI(ANNOTATION("hide-kvm", "true") ANNOTATION(
		"vendor-id", "randomid") ANNOTATION("rom", "/gpu.rom"));
	AUTO_ANSWER struct answer a = {0};
	AUTO_ANSWER struct answer again = {0};
	const char *text;

	define(state, vmi, definition, &a);
	assert_int_equal(a.status, 0);
	text = vh_text_str(&a.out);
	assert_int_equal(count(text, "//kvm/hidden | //vendor_id | //hostdev/rom"), 3);
	define(state, vmi, text, &again);
	assert_int_equal(again.status, 0);
	assert_string_equal(vh_text_str(&again.out), text);
}

static void bad_annotation(void **state)
{
	static const struct {
		const char *vmi;
		const char *part;
	} bad[] = {
		{VMI(ANNOTATION("hide-kvm", "maybe")), "'vfio-handoff.io/hide-kvm', value 'maybe'"},
		{VMI(ANNOTATION("hide-kwm", "true")), "did you mean 'vfio-handoff.io/hide-kvm'?"},
		{VMI(ANNOTATION("vendor-id", "1234567890123")), "it has 13 bytes"},
		{VMI(ANNOTATION("rom", "gpu.rom")), "begins with '/'"},
		{"{", "the VMI is no JSON"},
		{"{}", "the VMI has no metadata"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		AUTO_ANSWER struct answer a = {0};

		define(state, bad[i].vmi, definition, &a);
		expect_refusal(&a, bad[i].part);
	}
}

static void bad_definition(void **state)
{
	static const char *const bad[] = {
		"",
		"<domain",
		"<vm/>",
		"<!DOCTYPE x [<!ENTITY e \"e\">]><domain type=\"kvm\">&e;</domain>",
		"{\"domain\":1}",
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		AUTO_ANSWER struct answer a = {0};

		define(state, VMI(ANNOTATION("hide-kvm", "true")), bad[i], &a);
		expect_refusal(&a, "cannot do what the annotations ask for: the domain");
	}
}

static void arguments_in_any_order(void **state)
{
	const char *const turned[] = {"--domain", definition, "--vmi", VMI(""), NULL};
	const char *const joined[] = {"--vmi=" VMI(""), "--domain", definition, NULL};
	AUTO_ANSWER struct answer a = {0};
	AUTO_ANSWER struct answer b = {0};

	call(state, turned, &a);
	expect_unchanged(&a, definition);
	call(state, joined, &b);
	expect_unchanged(&b, definition);
}

static void wrong_arguments(void **state)
{
	static const char *const calls[][6] = {
		{NULL},
		{"--vmi", VMI("")},
		{"--version", "v1alpha2"},
		{"--vmi", VMI(""), "--domain", "<domain/>", "--help"},
		{"--vmi", VMI(""), "--cloud-init", "{}"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(calls); i++) {
		AUTO_ANSWER struct answer a = {0};

		call(state, calls[i], &a);
		expect_refusal(&a, "usage: onDefineDomain --vmi JSON --domain XML");
	}
}

/* More than a pipe holds, and nearly as much as an argument can have. */
static void large_definition(void **state)
{
	AUTO_ANSWER struct answer a = {0};
	VH_AUTO_TEXT struct vh_text domain = {0};

	vh_text_add(&domain, HEAD);
	vh_text_add(&domain, "<description>");
	for (int i = 0; i < 12000; i++) {
		vh_text_add(&domain, "0123456789");
	}
	vh_text_add(&domain, "</description>" TAIL);
	define(state, VMI(ANNOTATION("hide-kvm", "true")), vh_text_str(&domain), &a);
	assert_int_equal(a.status, 0);
	assert_true(a.out.len > domain.len);
	assert_int_equal(count(vh_text_str(&a.out), "//kvm/hidden"), 1);
}

static int open_command(void **state)
{
	static struct shim shim;

	shim_open(&shim, VH_BINARY_DIR "/cli/vfio-handoff");
	*state = &shim;
	return 0;
}

static int open_second_stage(void **state)
{
	static struct shim shim;

	shim_open(&shim, VH_BINARY_DIR "/hooks/vfio-handoff-xml");
	*state = &shim;
	return 0;
}

static int close_shim(void **state)
{
	shim_close(*state);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_without_our_annotations),
		cmocka_unit_test(anything_comes_back_unread),
		cmocka_unit_test(hidden_kvm),
		cmocka_unit_test(vendor_id),
		cmocka_unit_test(rom_of_the_gpu),
		cmocka_unit_test(rom_of_no_one_gpu),
		cmocka_unit_test(everything_at_once),
		cmocka_unit_test(bad_annotation),
		cmocka_unit_test(bad_definition),
		cmocka_unit_test(arguments_in_any_order),
		cmocka_unit_test(wrong_arguments),
		cmocka_unit_test(large_definition),
	};
	int failed = cmocka_run_group_tests_name("vfio-handoff", tests, open_command, close_shim);

	failed += cmocka_run_group_tests_name("vfio-handoff-xml", tests, open_second_stage,
					      close_shim);
	xmlCleanupParser();
	return failed;
}
