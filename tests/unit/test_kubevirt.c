/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The annotations of a KubeVirt VMI, and the arguments of its hook. */

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guest/kubevirt.h"
#include "lib/guest/report.h"

#define VMI(annotations)                                                          \
	"{\"kind\":\"VirtualMachineInstance\",\"apiVersion\":\"kubevirt.io/v1\"," \
	"\"metadata\":{\"name\":\"win11\",\"annotations\":{" annotations "}},\"spec\":{}}"
#define ONE(name, value) VMI("\"vfio-handoff.io/" name "\":" value)

static void get(const char *json, struct vh_guest_set *ret)
{
	struct vh_error err = {0};

	if (vh_kubevirt_set(ret, json, &err)) {
		fail_msg("%s", err.msg);
	}
}

static void expect_nothing(const char *json)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	get(json, &set);
	assert_memory_equal(&set, &(struct vh_guest_set){0}, sizeof(set));
}

static void expect(const char *json, const char *msg)
{
	struct vh_guest_set set = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_kubevirt_set(&set, json, &err), -EINVAL);
	assert_string_equal(err.msg, msg);
	assert_string_equal(err.hint, "");
	assert_memory_equal(&set, &(struct vh_guest_set){0}, sizeof(set));
}

static void every_annotation(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	get(VMI("\"other.io/hide-kvm\":\"nonsense\",\"vfio-handoff.io/hide-kvm\":\"true\","
		"\"vfio-handoff.io/vendor-id\":\"randomid\","
		"\"vfio-handoff.io/rom\":\"/var/run/gpu/gpu.rom\""),
	    &set);
	assert_true(set.hide_kvm);
	assert_string_equal(set.vendor_id, "randomid");
	assert_string_equal(set.rom, "/var/run/gpu/gpu.rom");
	assert_int_equal(set.device_count, 0);
	assert_false(set.hide_hypervisor || set.host_cpu || set.no_video || set.x_vga ||
		     set.fix_args);
}

static void booleans(void **state)
{
	static const struct {
		const char *json;
		bool value;
	} good[] = {
		{ONE("hide-kvm", "\"true\""), true},
		{ONE("hide-kvm", "\"yes\""), true},
		{ONE("hide-kvm", "\"false\""), false},
		{ONE("hide-kvm", "\"no\""), false},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(good); i++) {
		VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

		get(good[i].json, &set);
		assert_int_equal(set.hide_kvm, good[i].value);
	}
	expect(ONE("hide-kvm", "\"True\""),
	       "annotation 'vfio-handoff.io/hide-kvm', value 'True': it is \"true\" or \"false\"");
	expect(ONE("hide-kvm", "\"\""),
	       "annotation 'vfio-handoff.io/hide-kvm', value '': it is \"true\" or \"false\"");
	expect(ONE("hide-kvm", "true"), "annotation 'vfio-handoff.io/hide-kvm': it is no string");
	expect(ONE("hide-kvm", "null"), "annotation 'vfio-handoff.io/hide-kvm': it is no string");
	expect(ONE("hide-kvm", "\"yes\\u0000\""),
	       "annotation 'vfio-handoff.io/hide-kvm': it has a NUL byte");
}

static void machine_that_asks_for_nothing(void **state)
{
	(void)state;
	expect_nothing(VMI(""));
	expect_nothing(VMI("\"kubevirt.io/vfio-handoff.io/hide-kvm\":\"x\",\"vfio-handoff.io\":1"));
	expect_nothing("{\"metadata\":{}}");
	expect_nothing("{\"metadata\":{\"annotations\":null}}");
	expect_nothing(" {\"metadata\" : { \"annotations\" : {} } } \n");
}

static void unknown_annotation(void **state)
{
	(void)state;
	expect(ONE("hidekvm", "\"true\""), "unknown annotation 'vfio-handoff.io/hidekvm'; did you "
					   "mean 'vfio-handoff.io/hide-kvm'?");
	expect(ONE("vendor_id", "\"x\""), "unknown annotation 'vfio-handoff.io/vendor_id'; did you "
					  "mean 'vfio-handoff.io/vendor-id'?");
	expect(ONE("balloon", "\"none\""), "unknown annotation 'vfio-handoff.io/balloon'; there "
					   "are hide-kvm, vendor-id and rom");
	expect(ONE("", "\"\""), "unknown annotation 'vfio-handoff.io/'; there are hide-kvm, "
				"vendor-id and rom");
	expect(ONE("a\\nb\\u001b[2J", "\"\""),
	       "unknown annotation 'vfio-handoff.io/a?b?[2J'; there "
	       "are hide-kvm, vendor-id and rom");
}

static void bad_value(void **state)
{
	(void)state;
	expect(ONE("vendor-id", "\"1234567890123\""),
	       "annotation 'vfio-handoff.io/vendor-id', value '1234567890123': it has 13 bytes, at "
	       "most 12 fit");
	expect(ONE("vendor-id", "\"\""),
	       "annotation 'vfio-handoff.io/vendor-id', value '': it is empty");
	expect(ONE("vendor-id", "\"a,b\""),
	       "annotation 'vfio-handoff.io/vendor-id', value 'a,b': it has a comma, which QEMU's "
	       "options cannot hold");
	expect(ONE("rom", "\"gpu.rom\""),
	       "annotation 'vfio-handoff.io/rom', value 'gpu.rom': the path of a ROM file begins "
	       "with '/'");
	expect(ONE("rom", "\"/a\\nb\""),
	       "annotation 'vfio-handoff.io/rom', value '/a?b': it has a control character");
	expect(ONE("rom", "[\"/a\"]"), "annotation 'vfio-handoff.io/rom': it is no string");
}

static void what_is_no_vmi(void **state)
{
	(void)state;
	expect("[]", "the VMI is no JSON object");
	expect("null", "the VMI is no JSON object");
	expect("7", "the VMI is no JSON object");
	expect("{}", "the VMI has no metadata");
	expect("{\"metadata\":[]}", "the VMI has no metadata");
	expect("{\"metadata\":{\"annotations\":[]}}", "the VMI's annotations are no JSON object");
	expect("{\"kind\":\"VirtualMachine\",\"metadata\":{}}",
	       "the VMI is of the kind 'VirtualMachine', not VirtualMachineInstance");
	expect("{\"kind\":[],\"metadata\":{}}",
	       "the VMI is of the kind '[ ]', not VirtualMachineInstance");
}

/* The place, and whatever json-c has to say. */
static void expect_no_json(const char *json)
{
	static const char begin[] = "the VMI is no JSON: byte ";
	struct vh_guest_set set = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_kubevirt_set(&set, json, &err), -EINVAL);
	assert_int_equal(strncmp(err.msg, begin, strlen(begin)), 0);
	assert_null(set.devices);
}

static void what_is_no_json(void **state)
{
	VH_AUTO_TEXT struct vh_text deep = {0};

	(void)state;
	expect_no_json("");
	expect_no_json("{");
	expect_no_json("{\"metadata\":{}} x");
	expect_no_json("{\"metadata\":{},}");
	expect_no_json("{\"metadata\":{\"name\":\"\xff\"}}");
	for (int i = 0; i < 100; i++) {
		vh_text_add(&deep, "[");
	}
	expect_no_json(vh_text_str(&deep));
}

/* The manifest we ship asks for what there is: each line of ours, also those that are a comment. */
static void sample_is_right(void **state)
{
	VH_AUTO_FILE FILE *f = fopen(VH_SOURCE_DIR "/profiles/kubevirt/virtual-machine.yaml", "re");
	char line[256];
	unsigned count = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
		VH_AUTO_TEXT struct vh_text json = {0};
		const char *key = strstr(line, "vfio-handoff.io/");
		const char *value = key ? strchr(key, ' ') : NULL;

		if (!value) {
			continue;
		}
		assert_int_equal(value[-1], ':');
		vh_text_addf(&json, "{\"metadata\":{\"annotations\":{\"%.*s\":%s}}}",
			     (int)(value - key - 1), key, value);
		get(vh_text_str(&json), &set);
		assert_true(set.hide_kvm || set.vendor_id[0] || set.rom[0]);
		count++;
	}
	assert_int_equal(count, 3);
}

/* What `onDefineDomain ARGUMENTS` makes of it. */
static int call(char *const arguments[], struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	char *argv[8] = {(char[]){VH_KUBEVIRT_NAME}};
	int argc = 1;

	while (arguments[argc - 1]) {
		argv[argc] = arguments[argc - 1];
		argc++;
	}
	*err = (struct vh_error){0};
	return vh_kubevirt_main(argc, argv, ret, &report, err);
}

static void arguments_in_any_order(void **state)
{
	char vmi[] = "--vmi";
	char domain[] = "--domain";
	char json[] = VMI("");
	char xml[] = "no XML at all: not asked for, not looked at";
	char vmi_joined[] = "--vmi=" VMI("");
	char domain_joined[] = "--domain=no XML at all: not asked for, not looked at";
	char *const calls[][5] = {
		{vmi, json, domain, xml},    {domain, xml, vmi, json},  {vmi_joined, domain, xml},
		{domain_joined, vmi_joined}, {domain, xml, vmi_joined},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(calls); i++) {
		VH_AUTO_TEXT struct vh_text text = {0};
		struct vh_error err;

		assert_int_equal(call(calls[i], &text, &err), 0);
		assert_string_equal(vh_text_str(&text), xml);
	}
}

static void wrong_arguments(void **state)
{
	char vmi[] = "--vmi";
	char domain[] = "--domain";
	char json[] = VMI("");
	char more[] = "--vmix";
	char help[] = "--help";
	char *const calls[][7] = {
		{NULL},
		{vmi},
		{vmi, json},
		{vmi, json, domain},
		{vmi, json, vmi, json},
		{vmi, json, domain, json, domain, json},
		{vmi, json, domain, json, help},
		{more, json, domain, json},
		{json, vmi, json, domain, json},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(calls); i++) {
		VH_AUTO_TEXT struct vh_text text = {0};
		struct vh_error err;

		assert_int_equal(call(calls[i], &text, &err), -EINVAL);
		assert_string_equal(err.msg, "usage: onDefineDomain --vmi JSON --domain XML");
		assert_int_equal(text.len, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_annotation),
		cmocka_unit_test(booleans),
		cmocka_unit_test(machine_that_asks_for_nothing),
		cmocka_unit_test(unknown_annotation),
		cmocka_unit_test(bad_value),
		cmocka_unit_test(what_is_no_vmi),
		cmocka_unit_test(what_is_no_json),
		cmocka_unit_test(sample_is_right),
		cmocka_unit_test(arguments_in_any_order),
		cmocka_unit_test(wrong_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
