/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What libvirt hands to QEMU unread: x-vga, arguments that undo the set; and masked passwords. */

#include <errno.h>
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
#include "tests/unit/domain_case.h"

#define QEMU "xmlns:qemu='" VH_QEMU_NAMESPACE "'"

#define HOSTDEV(inside)                                                              \
	"    <hostdev mode='subsystem' type='pci' managed='yes'>\n"                  \
	"      <source>\n"                                                           \
	"        <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n" \
	"      </source>\n" inside "    </hostdev>\n"

#define OVERRIDE(alias)                                                    \
	"  <qemu:override>\n"                                              \
	"    <qemu:device alias='" alias "'>\n"                            \
	"      <qemu:frontend>\n"                                          \
	"        <qemu:property name='x-vga' type='bool' value='true'/>\n" \
	"      </qemu:frontend>\n"                                         \
	"    </qemu:device>\n"                                             \
	"  </qemu:override>\n"

/* A domain with one hostdev; @inside of it, @others beside it, @behind the devices. */
#define WITH_CARD(inside, others, behind)                                    \
	"<domain type='kvm' " QEMU ">\n  <devices>\n" HOSTDEV(inside) others \
		"  </devices>\n" behind "</domain>\n"

/* Arguments, the first in line 3. */
#define WITH_ARGUMENTS(arguments)                                                            \
	"<domain type='kvm' " QEMU ">\n<qemu:commandline>\n" arguments                       \
	"</qemu:commandline>\n<cpu mode='host-passthrough'>"                                 \
	"<feature policy='disable' name='hypervisor'/></cpu>"                                \
	"<features><kvm><hidden state='on'/></kvm><ioapic driver='kvm'/>"                    \
	"<hyperv><vapic state='on'/><vendor_id state='on' value='abc'/></hyperv></features>" \
	"</domain>\n"

static const struct vh_guest_set vga = {.x_vga = true};
static const struct vh_guest_set vga_fix = {.x_vga = true, .fix_args = true};
static const struct vh_guest_set all = {
	.hide_kvm = true, .hide_hypervisor = true, .vendor_id = "abc", .host_cpu = true};
static const struct vh_guest_set all_fix = {.hide_kvm = true,
					    .hide_hypervisor = true,
					    .vendor_id = "abc",
					    .host_cpu = true,
					    .fix_args = true};

static void x_vga_is_an_override(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(
		&vga, WITH_CARD("      <rom bar='on'/>\n", "", ""),
		WITH_CARD("      <alias name='ua-vfio-handoff-gpu'/>\n      <rom bar='on'/>\n", "",
			  OVERRIDE("ua-vfio-handoff-gpu")),
		&report);
	assert_int_equal(report.change_count, 2);
	expect_change(&report, 0, 0, "x-vga", "<alias name='ua-vfio-handoff-gpu'>");
	expect_change(
		&report, 1, 0, "x-vga",
		"<qemu:property name='x-vga' type='bool' value='true'/> for ua-vfio-handoff-gpu");
}

static void the_namespace_is_declared_once(void **state)
{
	(void)state;
	expect_patch(
		&vga,
		"<domain type='kvm'>\n  <devices>\n" HOSTDEV(
			"      <alias name='ua-a'/>\n") "  </devices>\n</domain>\n",
		"<domain type='kvm' " QEMU
		">\n  <devices>\n" HOSTDEV("      <alias name='ua-a'/>\n") "  </devices>\n" OVERRIDE(
			"ua-a") "</domain>\n");
}

static void aliases_are_kept_or_made_anew(void **state)
{
	(void)state;
	expect_patch(&vga, WITH_CARD("      <alias name='ua-gpu0'/>\n", "", ""),
		     WITH_CARD("      <alias name='ua-gpu0'/>\n", "", OVERRIDE("ua-gpu0")));
	/* One of a running domain's, which a definition does not keep. */
	expect_patch(&vga, WITH_CARD("      <alias name='hostdev0'/>\n", "", ""),
		     WITH_CARD("      <alias name='ua-vfio-handoff-gpu'/>\n", "",
			       OVERRIDE("ua-vfio-handoff-gpu")));
	expect_patch(
		&vga,
		WITH_CARD(
			"",
			"    <video><alias name='ua-vfio-handoff-gpu'/><model type='none'/></video>\n",
			""),
		WITH_CARD(
			"      <alias name='ua-vfio-handoff-gpu-2'/>\n",
			"    <video><alias name='ua-vfio-handoff-gpu'/><model type='none'/></video>\n",
			OVERRIDE("ua-vfio-handoff-gpu-2")));
}

static void an_override_is_merged(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(
		&vga,
		WITH_CARD("      <alias name='ua-a'/>\n", "",
			  "  <qemu:override><qemu:device alias='ua-b'/><qemu:device alias='ua-a'>"
			  "<qemu:frontend><qemu:property name='x-vga' type='unsigned' value='0'/>"
			  "</qemu:frontend></qemu:device></qemu:override>\n"),
		WITH_CARD("      <alias name='ua-a'/>\n", "",
			  "  <qemu:override><qemu:device alias='ua-b'/><qemu:device alias='ua-a'>"
			  "<qemu:frontend><qemu:property name='x-vga' type='bool' value='true'/>"
			  "</qemu:frontend></qemu:device></qemu:override>\n"),
		&report);
	assert_int_equal(report.change_count, 2);
	expect_change(&report, 0, 10, "x-vga", "<property type='bool'>, was 'unsigned'");
	expect_change(&report, 1, 10, "x-vga", "<property value='true'>, was '0'");
	expect_patch(&vga,
		     WITH_CARD("      <alias name='ua-a'/>\n", "",
			       "  <qemu:override><qemu:device alias='ua-a'><qemu:frontend>"
			       "<qemu:property name='x-igd-opregion' type='bool' value='true'/>"
			       "</qemu:frontend></qemu:device></qemu:override>\n"),
		     WITH_CARD("      <alias name='ua-a'/>\n", "",
			       "  <qemu:override><qemu:device alias='ua-a'><qemu:frontend>"
			       "<qemu:property name='x-igd-opregion' type='bool' value='true'/>"
			       "<qemu:property name='x-vga' type='bool' value='true'/>"
			       "</qemu:frontend></qemu:device></qemu:override>\n"));
}

static void of_two_overrides_none_is_chosen(void **state)
{
	(void)state;
	expect_refusal(&vga,
		       WITH_CARD("      <alias name='ua-a'/>\n", "",
				 "<qemu:override/>\n<qemu:override/>\n"),
		       "vm.xml:11: a second <override>; the first is in line 10", "by hand");
	expect_refusal(&vga,
		       WITH_CARD("      <alias name='ua-a'/>\n", "",
				 "<qemu:override><qemu:device alias='ua-a'/>\n"
				 "<qemu:device alias='ua-a'/></qemu:override>\n"),
		       "vm.xml:11: a second <qemu:device alias='ua-a'>; the first is in line 10",
		       "");
}

static void the_old_way_to_x_vga_is_named_or_removed(void **state)
{
	VH_AUTO_REPORT struct vh_report noted = {0};
	VH_AUTO_REPORT struct vh_report fixed = {0};
	const char *before = WITH_CARD("      <alias name='ua-a'/>\n", "",
				       "  <qemu:commandline>\n"
				       "    <qemu:arg value='-set'/>\n"
				       "    <qemu:arg value='device.hostdev0.x-vga=on'/>\n"
				       "  </qemu:commandline>\n" OVERRIDE("ua-a"));

	(void)state;
	expect_same_noting(&vga, before, &noted);
	assert_int_equal(noted.note_count, 1);
	expect_note(&noted, "line 11: -set device.hostdev0.x-vga=on");
	expect_patch_noting(&vga_fix, before,
			    WITH_CARD("      <alias name='ua-a'/>\n", "", OVERRIDE("ua-a")),
			    &fixed);
	assert_int_equal(fixed.note_count, 0);
	expect_change(&fixed, 0, 11, "fix-args",
		      "-set device.hostdev0.x-vga=on removed from <qemu:commandline>");
}

static void a_cpu_argument_is_read(void **state)
{
	static const struct {
		const char *value;
		const char *undone; /* "" for nothing */
	} cases[] = {
		{"host", "undoes: hide-kvm, hide-hypervisor, vendor-id;"},
		{"Penryn,kvm=on,vendor=GenuineIntel",
		 "undoes: hide-kvm, hide-hypervisor, vendor-id, cpu;"},
		{"host,kvm=off,-hypervisor,hv_vendor_id=abc", ""},
		{"host,kvm=no,hypervisor=false,hv-vendor-id=abc", ""},
		{"host,kvm=off,hypervisor=off,hv_vendor_id=abcd", "undoes: vendor-id;"},
		{"host,kvm=off,kvm=on,-hypervisor,hv_vendor_id=abc", "undoes: hide-kvm;"},
		{"host,kvm=off,-hypervisor,hypervisor=on,hv_vendor_id=abc", ""},
		{"host,kvm=off,hypervisor,hv_vendor_id=abc", "undoes: hide-hypervisor;"},
		{"host,kvm=off,+hypervisor,hypervisor=off,hv_vendor_id=abc",
		 "undoes: hide-hypervisor;"},
		{"host,xkvm=off,kvm,hypervisor=off,hv_vendor_id=abc", "undoes: hide-kvm;"},
		{"hosts,kvm=off,-hypervisor,hv_vendor_id=abc", "undoes: cpu;"},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		VH_AUTO_REPORT struct vh_report report = {0};
		VH_AUTO_TEXT struct vh_text text = {0};

		vh_text_addf(&text,
			     WITH_ARGUMENTS("<qemu:arg value='-cpu'/><qemu:arg value='%s'/>\n"),
			     cases[i].value);
		expect_same_noting(&all, vh_text_str(&text), &report);
		/* One note is about the enlightenments without the hypervisor bit. */
		assert_int_equal(report.note_count, cases[i].undone[0] ? 2 : 1);
		expect_note(&report, cases[i].undone);
	}
}

static void what_is_not_asked_for_is_not_undone(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	static const struct vh_guest_set fix = {.fix_args = true};

	(void)state;
	expect_same_noting(&fix,
			   WITH_ARGUMENTS("<qemu:arg value='-cpu'/><qemu:arg value='Penryn'/>\n"),
			   &report);
	assert_int_equal(report.note_count, 0);
}

static void a_cpu_argument_is_taken_out_with_its_value(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&all_fix,
			    WITH_ARGUMENTS("  <qemu:arg value='-no-hpet'/>\n"
					   "  <qemu:arg value='--cpu'/>\n"
					   "  <!-- kept -->\n"
					   "  <qemu:arg value='host,kvm=on'/>\n"
					   "  <qemu:env name='A' value='-cpu'/>\n"
					   "  <qemu:arg value='-cpu'/><qemu:arg value='max'/>\n"
					   "  <qemu:arg value='-snapshot'/>\n"),
			    WITH_ARGUMENTS("  <qemu:arg value='-no-hpet'/>\n"
					   "  <!-- kept -->\n"
					   "  <qemu:env name='A' value='-cpu'/>\n"
					   "  \n"
					   "  <qemu:arg value='-snapshot'/>\n"),
			    &report);
	assert_int_equal(report.change_count, 2);
	expect_change(&report, 0, 4, "fix-args", "-cpu host,kvm=on removed from <qemu:commandline>");
	expect_change(&report, 1, 8, "fix-args", "-cpu max removed from <qemu:commandline>");
}

static void an_argument_without_a_value_is_no_trap(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_same_noting(&all,
			   WITH_ARGUMENTS("<qemu:arg/><qemu:arg value=''/><qemu:arg value='-'/>"
					  "<qemu:arg value='-cpu'/>\n"),
			   &report);
	expect_note(&report, "line 3: -cpu");
}

static void another_irqchip_is_named(void **state)
{
	static const struct {
		const char *option;
		const char *value;
		bool named;
	} cases[] = {
		{"-machine", "kernel_irqchip=split", true},
		{"-M", "q35,kernel-irqchip=off", true},
		{"-accel", "kvm,kernel-irqchip=split", true},
		{"-machine", "kernel_irqchip=on", false},
		{"-machine", "vmport=off", false},
		{"-smbios", "kernel_irqchip=split", false},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		VH_AUTO_REPORT struct vh_report report = {0};
		VH_AUTO_TEXT struct vh_text text = {0};

		vh_text_addf(&text,
			     WITH_ARGUMENTS("<qemu:arg value='%s'/><qemu:arg value='%s'/>\n"),
			     cases[i].option, cases[i].value);
		expect_same_noting(&all_fix, vh_text_str(&text), &report);
		assert_int_equal(report.note_count, cases[i].named ? 2 : 1);
	}
}

static void passwords_are_masked(void **state)
{
	const char *text = "<domain type='kvm' " QEMU ">\n"
			   "  <description>passwd='text'</description>\n"
			   "  <graphics type='vnc' passwd='hush' passwdValidTo='2030'/>\n"
			   "  <cookies>\n    <cookie name='a'>hush</cookie>\n  </cookies>\n"
			   "  <qemu:commandline>\n"
			   "    <qemu:arg value='secret,id=a,data=hush,format=raw'/>\n"
			   "    <qemu:arg value='vnc,password=on,passwd=hush'/>\n"
			   "    <qemu:env name='API_TOKEN' value='hush'/>\n"
			   "    <qemu:env name='LANG' value='C'/>\n"
			   "  </qemu:commandline>\n</domain>\n";
	struct vh_domain_xml domain = {.name = "vm.xml", .text = text, .len = strlen(text)};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_domain_mask(&domain, &out, &err), 0);
	assert_string_equal(vh_text_str(&out),
			    "<domain type='kvm' " QEMU ">\n"
			    "  <description>passwd='text'</description>\n"
			    "  <graphics type='vnc' passwd='***' passwdValidTo='2030'/>\n"
			    "  <cookies>\n    <cookie name='a' value='***'/>\n  </cookies>\n"
			    "  <qemu:commandline>\n"
			    "    <qemu:arg value='secret,id=a,data=***,format=raw'/>\n"
			    "    <qemu:arg value='vnc,password=on,passwd=***'/>\n"
			    "    <qemu:env name='API_TOKEN' value='***'/>\n"
			    "    <qemu:env name='LANG' value='C'/>\n"
			    "  </qemu:commandline>\n</domain>\n");
}

static void mask_is(const char *argument, const char *masked)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text expected = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_domain_xml domain = {.name = "vm.xml"};
	struct vh_error err = {0};

	vh_text_addf(&text, WITH_ARGUMENTS("<qemu:arg value='%s'/>\n"), argument);
	vh_text_addf(&expected, WITH_ARGUMENTS("<qemu:arg value='%s'/>\n"), masked);
	domain.text = vh_text_str(&text);
	domain.len = text.len;
	assert_int_equal(vh_domain_mask(&domain, &out, &err), 0);
	assert_string_equal(vh_text_str(&out), vh_text_str(&expected));
}

static void passwords_in_arguments_are_masked_as_qemu_reads_them(void **state)
{
	(void)state;
	mask_is("secret,data=a,,b=hush,id=x", "secret,data=***,id=x");
	mask_is("secret,id=x,data=a,,", "secret,id=x,data=***");
	mask_is("id=a,,b,data=hush", "id=a,,b,data=***");
	mask_is("if=none,file.password=hush,file.cookie=hush",
		"if=none,file.password=***,file.cookie=***");
	mask_is("if=none,file.password-secret=id", "if=none,file.password-secret=id");
	mask_is("{\"qom-type\":\"secret\", \"data\" : \"a,b\\\"c\",\"id\":\"data\"}",
		"{\"qom-type\":\"secret\", \"data\" : \"***\",\"id\":\"data\"}");
	mask_is("{\"data\":\"hush", "{\"data\":\"***");
	mask_is("{\"data\":1}", "{\"data\":1}");
	mask_is("file=https://me:hush@host/a@b,if=none", "file=https://me:***@host/a@b,if=none");
	mask_is("nbd://host:10809/x", "nbd://host:10809/x");
	mask_is("a://b:c@d e://f:g@h ://", "a://b:***@d e://f:***@h ://");
}

static void any_document_can_be_masked(void **state)
{
	struct vh_domain_xml domain = {.name = "x", .text = "<cookie passwd='a'/>", .len = 20};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_domain_mask(&domain, &out, &err), 0);
	assert_string_equal(vh_text_str(&out), "<cookie passwd='***'/>");
}

static void what_cannot_be_read_is_not_masked(void **state)
{
	struct vh_domain_xml domain = {.name = "vm.xml", .text = "<a", .len = 2};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_domain_mask(&domain, &out, &err), -EINVAL);
	assert_string_equal(vh_text_str(&out), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x_vga_is_an_override),
		cmocka_unit_test(the_namespace_is_declared_once),
		cmocka_unit_test(aliases_are_kept_or_made_anew),
		cmocka_unit_test(an_override_is_merged),
		cmocka_unit_test(of_two_overrides_none_is_chosen),
		cmocka_unit_test(the_old_way_to_x_vga_is_named_or_removed),
		cmocka_unit_test(a_cpu_argument_is_read),
		cmocka_unit_test(what_is_not_asked_for_is_not_undone),
		cmocka_unit_test(a_cpu_argument_is_taken_out_with_its_value),
		cmocka_unit_test(an_argument_without_a_value_is_no_trap),
		cmocka_unit_test(another_irqchip_is_named),
		cmocka_unit_test(passwords_are_masked),
		cmocka_unit_test(passwords_in_arguments_are_masked_as_qemu_reads_them),
		cmocka_unit_test(any_document_can_be_masked),
		cmocka_unit_test(what_cannot_be_read_is_not_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
