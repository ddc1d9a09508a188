/* SPDX-License-Identifier: GPL-2.0-or-later */

/* <features>: hidden KVM, the I/O APIC, the vendor id; and what is no domain at all. */

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

static const struct vh_guest_set nothing;
static const struct vh_guest_set hide = {.hide_kvm = true};
static const struct vh_guest_set vendor = {.vendor_id = "randomid"};
static const struct vh_guest_set both = {.hide_kvm = true, .vendor_id = "randomid"};

static void an_empty_set_changes_nothing(void **state)
{
	(void)state;
	expect_same(&nothing, DOMAIN(""));
	expect_same(&nothing, DOMAIN("  <features><kvm/><kvm/></features>\n"));
}

static void only_a_domain_of_qemu_is_taken(void **state)
{
	(void)state;
	expect_refusal(&nothing, "<domainsnapshot/>",
		       "vm.xml:1: this is no domain: it begins with <domainsnapshot>", "");
	expect_refusal(&nothing, "<!-- a -->\n<domain xmlns='urn:x' type='kvm'/>",
		       "vm.xml:2: this is no domain of libvirt's: <domain> has a namespace", "");
	expect_refusal(&nothing, "<domain type='xen'/>",
		       "vm.xml:1: a domain of type 'xen'; only 'kvm' and 'qemu' are QEMU's", "");
	expect_refusal(&nothing, "<domain/>",
		       "vm.xml:1: a domain of type ''; only 'kvm' and 'qemu' are QEMU's", "");
	expect_refusal(&nothing, DOMAIN("<devices/>\n<devices/>"),
		       "vm.xml:4: a second <devices>; the first is in line 3", "by hand");
}

static void x86_alone_has_cpuid(void **state)
{
	static const struct vh_guest_set bit = {.hide_hypervisor = true};
	const char *arm = DOMAIN("<os>\n<type arch='aarch64'>hvm</type></os>\n");

	(void)state;
	expect_refusal(&hide, arm,
		       "vm.xml:4: hide-kvm is for x86 guests, and this is one of aarch64", "");
	expect_refusal(&vendor, arm,
		       "vm.xml:4: vendor-id is for x86 guests, and this is one of aarch64", "");
	expect_refusal(&bit, arm,
		       "vm.xml:4: hide-hypervisor is for x86 guests, and this is one of aarch64",
		       "");
	expect_same(&nothing, arm);
}

static void features_are_made_where_libvirt_has_them(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&both,
			    DOMAIN("  <os><type>hvm</type></os>\n"
				   "  <clock offset='utc'/>\n"),
			    DOMAIN("  <os><type>hvm</type></os>\n"
				   "  <features>\n"
				   "    <hyperv>\n"
				   "      <relaxed state='on'/>\n"
				   "      <vendor_id state='on' value='randomid'/>\n"
				   "    </hyperv>\n"
				   "    <kvm>\n"
				   "      <hidden state='on'/>\n"
				   "    </kvm>\n"
				   "    <ioapic driver='kvm'/>\n"
				   "  </features>\n"
				   "  <clock offset='utc'/>\n"),
			    &report);
	assert_int_equal(report.change_count, 4);
	expect_change(&report, 0, 0, "vendor-id",
		      "<hyperv><vendor_id state='on' value='randomid'/></hyperv>");
	expect_change(&report, 1, 0, "vendor-id",
		      "<hyperv><relaxed state='on'/></hyperv>, without which QEMU shows no "
		      "vendor id");
	expect_change(&report, 2, 0, "hide-kvm", "<kvm><hidden state='on'/></kvm>");
	expect_change(&report, 3, 0, "hide-kvm", "<ioapic driver='kvm'/>");
}

static void what_is_there_is_changed_in_place(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(
		&both,
		DOMAIN("  <features >\n"
		       "    <ioapic driver=\"qemu\" />\n"
		       "    <kvm><!-- mine --><poll-control state='on'/><hidden  state='off'/></kvm>\n"
		       "    <acpi/>\n"
		       "    <hyperv mode='custom'>\n"
		       "      <vendor_id value='other' state='on'></vendor_id>\n"
		       "      <relaxed state='on'/>\n"
		       "    </hyperv>\n"
		       "  </features>\n"),
		DOMAIN("  <features >\n"
		       "    <ioapic driver=\"kvm\" />\n"
		       "    <kvm><!-- mine --><poll-control state='on'/><hidden  state='on'/></kvm>\n"
		       "    <acpi/>\n"
		       "    <hyperv mode='custom'>\n"
		       "      <vendor_id value='randomid' state='on'></vendor_id>\n"
		       "      <relaxed state='on'/>\n"
		       "    </hyperv>\n"
		       "  </features>\n"),
		&report);
	assert_int_equal(report.change_count, 3);
	expect_change(&report, 0, 8, "vendor-id", "<vendor_id value='randomid'>, was 'other'");
	expect_change(&report, 1, 5, "hide-kvm", "<hidden state='on'>, was 'off'");
	expect_change(&report, 2, 4, "hide-kvm", "<ioapic driver='kvm'>, was 'qemu'");
	assert_int_equal(report.note_count, 0);
}

static void a_vendor_id_that_is_off_is_switched_on(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(
		&vendor,
		DOMAIN("<features><hyperv><vapic state='on'/><vendor_id state='off'/></hyperv>"
		       "</features>\n"),
		DOMAIN("<features><hyperv><vapic state='on'/>"
		       "<vendor_id state='on' value='randomid'/></hyperv></features>\n"),
		&report);
	expect_change(&report, 0, 3, "vendor-id",
		      "<vendor_id state='on' value='randomid'>, was off");
}

static void a_vendor_id_is_escaped(void **state)
{
	static const struct vh_guest_set odd = {.vendor_id = "<&'\">"};

	(void)state;
	expect_patch(&odd, DOMAIN("<features><hyperv><vendor_id state='on'/></hyperv></features>"),
		     DOMAIN("<features><hyperv><relaxed state='on'/><vendor_id state='on' "
			    "value='&lt;&amp;&apos;\"&gt;'/></hyperv></features>"));
}

static void no_mode_is_switched_silently(void **state)
{
	const char *passthrough = DOMAIN("<features>\n<hyperv mode='passthrough'/></features>");

	(void)state;
	expect_refusal(&both, passthrough,
		       "vm.xml:4: vendor-id cannot stand with <hyperv mode='passthrough'>, which "
		       "takes what the host has",
		       "mode='custom'");
	expect_patch(&hide, passthrough,
		     DOMAIN("<features>\n<hyperv mode='passthrough'/>\n<kvm>\n"
			    "  <hidden state='on'/>\n</kvm>\n<ioapic driver='kvm'/>\n</features>"));
}

static void the_iommu_keeps_its_io_apic(void **state)
{
	static const char *const drivers[] = {"intremap='on'", "eim='on'"};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(drivers); i++) {
		VH_AUTO_REPORT struct vh_report report = {0};
		VH_AUTO_TEXT struct vh_text text = {0};

		vh_text_addf(&text,
			     DOMAIN("<features><kvm><hidden state='on'/></kvm>"
				    "<ioapic driver='qemu'/></features>\n<devices>\n"
				    "<iommu model='smmuv3'/>\n"
				    "<iommu model='intel'><driver %s/></iommu></devices>"),
			     drivers[i]);
		expect_same_noting(&hide, vh_text_str(&text), &report);
		expect_note(&report, "the <iommu> in line 6 remaps interrupts");
	}
	expect_patch(&hide,
		     DOMAIN("<features><kvm><hidden state='on'/></kvm></features>"
			    "<devices><iommu model='intel'/></devices>"),
		     DOMAIN("<features><kvm><hidden state='on'/></kvm>"
			    "<ioapic driver='kvm'/></features>"
			    "<devices><iommu model='intel'/></devices>"));
}

static void emulation_gets_no_kernel_io_apic(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_same_noting(&both,
			   DOMAIN_OF("qemu",
				     "<features><kvm><hidden state='on'/></kvm><hyperv><vendor_id "
				     "state='on' value='randomid'/></hyperv></features>"),
			   &report);
	assert_int_equal(report.note_count, 2);
	expect_note(&report, "hide-kvm hides no KVM there");
	expect_note(&report, "vendor-id has no effect in an emulated domain");
}

#define WITH_ID(inside)                                                                        \
	DOMAIN("<features><hyperv>" inside "<vendor_id state='on' value='randomid'/></hyperv>" \
	       "</features>")

/* QEMU shows the vendor id in the leaf of the enlightenments, which is there with one of them. */
static void a_vendor_id_alone_is_not_seen(void **state)
{
	(void)state;
	expect_patch(&vendor, WITH_ID(""), WITH_ID("<relaxed state='on'/>"));
	expect_patch(&vendor, WITH_ID("<relaxed state='off'/>"), WITH_ID("<relaxed state='on'/>"));
	expect_same(&vendor, WITH_ID("<relaxed state='on'/>"));
	expect_same(&vendor, WITH_ID("<spinlocks state='on' retries='8191'/>"));
	expect_patch(&vendor, WITH_ID("<spinlocks state='off'/>"),
		     WITH_ID("<relaxed state='on'/><spinlocks state='off'/>"));
}

#define WITH_CLOCK(present, hyperv)                                                   \
	DOMAIN("<features><hyperv>" hyperv "<vendor_id state='on' value='randomid'/>" \
	       "</hyperv></features><clock><timer name='rtc'/>"                       \
	       "<timer name='hypervclock' present='" present "'/></clock>")

static void the_hyperv_clock_is_an_enlightenment(void **state)
{
	(void)state;
	expect_same(&vendor, WITH_CLOCK("yes", ""));
	expect_patch(&vendor, WITH_CLOCK("no", ""), WITH_CLOCK("no", "<relaxed state='on'/>"));
}

static void of_two_none_is_chosen(void **state)
{
	(void)state;
	expect_refusal(&hide, DOMAIN("<features/>\n<features/>"),
		       "vm.xml:4: a second <features>; the first is in line 3", "by hand");
	expect_refusal(&hide, DOMAIN("<features><kvm/>\n<kvm/></features>"),
		       "vm.xml:4: a second <kvm>; the first is in line 3", "");
	expect_refusal(&hide, DOMAIN("<features><kvm><hidden/>\n<hidden/></kvm></features>"),
		       "vm.xml:4: a second <hidden>; the first is in line 3", "");
	expect_refusal(&hide, DOMAIN("<features><ioapic/>\n<ioapic/></features>"),
		       "vm.xml:4: a second <ioapic>; the first is in line 3", "");
	expect_refusal(&vendor, DOMAIN("<features><hyperv/>\n<hyperv/></features>"),
		       "vm.xml:4: a second <hyperv>; the first is in line 3", "");
	expect_refusal(&vendor,
		       DOMAIN("<features><hyperv><vendor_id/>\n<vendor_id/></hyperv></features>"),
		       "vm.xml:4: a second <vendor_id>; the first is in line 3", "");
}

/* An element of a foreign namespace is somebody else's. */
static void foreign_elements_are_not_ours(void **state)
{
	(void)state;
	expect_patch(&hide,
		     DOMAIN("<x:features xmlns:x='urn:x'><x:kvm/></x:features>\n"
			    "<features xmlns:x='urn:x'><x:kvm/></features>\n"),
		     DOMAIN("<x:features xmlns:x='urn:x'><x:kvm/></x:features>\n"
			    "<features xmlns:x='urn:x'><x:kvm/><kvm><hidden state='on'/></kvm>"
			    "<ioapic driver='kvm'/></features>\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_set_changes_nothing),
		cmocka_unit_test(only_a_domain_of_qemu_is_taken),
		cmocka_unit_test(x86_alone_has_cpuid),
		cmocka_unit_test(features_are_made_where_libvirt_has_them),
		cmocka_unit_test(what_is_there_is_changed_in_place),
		cmocka_unit_test(a_vendor_id_that_is_off_is_switched_on),
		cmocka_unit_test(a_vendor_id_is_escaped),
		cmocka_unit_test(no_mode_is_switched_silently),
		cmocka_unit_test(the_iommu_keeps_its_io_apic),
		cmocka_unit_test(emulation_gets_no_kernel_io_apic),
		cmocka_unit_test(a_vendor_id_alone_is_not_seen),
		cmocka_unit_test(the_hyperv_clock_is_an_enlightenment),
		cmocka_unit_test(of_two_none_is_chosen),
		cmocka_unit_test(foreign_elements_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
