/* SPDX-License-Identifier: GPL-2.0-or-later */

/* <cpu>: the host's passed through, and the hypervisor bit. */

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

#include "tests/unit/domain_case.h"

static const struct vh_guest_set host = {.host_cpu = true};
static const struct vh_guest_set bit = {.hide_hypervisor = true};
static const struct vh_guest_set both = {.host_cpu = true, .hide_hypervisor = true};

static void a_cpu_is_made_where_libvirt_has_it(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&both, DOMAIN("  <features/>\n  <clock offset='utc'/>\n  <devices/>\n"),
			    DOMAIN("  <features/>\n"
				   "  <cpu mode='host-passthrough' check='none'>\n"
				   "    <feature policy='disable' name='hypervisor'/>\n"
				   "  </cpu>\n"
				   "  <clock offset='utc'/>\n  <devices/>\n"),
			    &report);
	assert_int_equal(report.change_count, 2);
	expect_change(&report, 0, 0, "cpu", "<cpu mode='host-passthrough' check='none'/>");
	expect_change(&report, 1, 0, "hide-hypervisor",
		      "<feature policy='disable' name='hypervisor'/>");
}

/* virsh-patcher of 2018 wrote a new <cpu> and lost all that. */
static void what_is_not_the_model_stays(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(
		&host,
		DOMAIN("  <cpu mode='custom' match='exact' check=\"partial\">\n"
		       "    <model fallback='allow'>Skylake-Client</model>\n"
		       "    <!-- four of eight -->\n"
		       "    <topology sockets='1' dies='1' cores='2' threads='2'/>\n"
		       "    <vendor>Intel</vendor>\n"
		       "    <cache level='3' mode='emulate'/>\n"
		       "    <maxphysaddr mode='passthrough'/>\n"
		       "    <feature policy='require' name='vmx'/>\n"
		       "    <feature policy='disable' name='mpx'/>\n"
		       "    <numa><cell id='0' cpus='0-3' memory='1' unit='GiB'/></numa>\n"
		       "  </cpu>\n"),
		DOMAIN("  <cpu mode='host-passthrough' check=\"none\">\n"
		       "    <!-- four of eight -->\n"
		       "    <topology sockets='1' dies='1' cores='2' threads='2'/>\n"
		       "    <cache level='3' mode='emulate'/>\n"
		       "    <maxphysaddr mode='passthrough'/>\n"
		       "    <feature policy='require' name='vmx'/>\n"
		       "    <feature policy='disable' name='mpx'/>\n"
		       "    <numa><cell id='0' cpus='0-3' memory='1' unit='GiB'/></numa>\n"
		       "  </cpu>\n"),
		&report);
	assert_int_equal(report.change_count, 5);
	expect_change(&report, 0, 3, "cpu", "<cpu mode='host-passthrough'>, was 'custom'");
	expect_change(&report, 1, 3, "cpu", "match='exact' of <cpu> removed");
	expect_change(&report, 2, 3, "cpu", "<cpu check='none'>, was 'partial'");
	expect_change(&report, 3, 4, "cpu", "<model> 'Skylake-Client' removed");
	expect_change(&report, 4, 7, "cpu", "<vendor> 'Intel' removed");
}

static void every_mode_becomes_the_hosts(void **state)
{
	(void)state;
	expect_patch(&host, DOMAIN("<cpu mode='host-model'><model fallback='forbid'/></cpu>\n"),
		     DOMAIN("<cpu mode='host-passthrough'></cpu>\n"));
	expect_patch(&host, DOMAIN("<cpu mode='maximum' migratable='off'/>\n"),
		     DOMAIN("<cpu mode='host-passthrough' migratable='off'/>\n"));
	expect_patch(&host, DOMAIN("<cpu><topology sockets='1' cores='4' threads='1'/></cpu>\n"),
		     DOMAIN("<cpu mode='host-passthrough'>"
			    "<topology sockets='1' cores='4' threads='1'/></cpu>\n"));
	expect_same(&host, DOMAIN("<cpu mode='host-passthrough' check='full' migratable='on'>"
				  "<cache mode='passthrough'/></cpu>\n"));
}

static void the_hosts_cpu_needs_kvm(void **state)
{
	(void)state;
	expect_refusal(&host, DOMAIN_OF("qemu", ""),
		       "vm.xml:1: cpu = host-passthrough needs <domain type='kvm'>; an emulated CPU "
		       "is not the host's",
		       "");
}

static void the_bit_comes_after_the_features(void **state)
{
	(void)state;
	expect_patch(&bit,
		     DOMAIN("  <cpu match='exact'>\n"
			    "    <model>Penryn</model>\n"
			    "    <feature policy='require' name='aes'/>\n"
			    "    <numa/>\n"
			    "  </cpu>\n"),
		     DOMAIN("  <cpu match='exact'>\n"
			    "    <model>Penryn</model>\n"
			    "    <feature policy='require' name='aes'/>\n"
			    "    <feature policy='disable' name='hypervisor'/>\n"
			    "    <numa/>\n"
			    "  </cpu>\n"));
	expect_patch(&bit, DOMAIN("<cpu mode='maximum'/>\n"),
		     DOMAIN("<cpu mode='maximum'>\n"
			    "  <feature policy='disable' name='hypervisor'/>\n</cpu>\n"));
}

static void a_policy_is_changed_in_place(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&bit,
			    DOMAIN("<cpu mode='host-model'>\n"
				   "<feature name='hypervisor' policy='require'/></cpu>\n"),
			    DOMAIN("<cpu mode='host-model'>\n"
				   "<feature name='hypervisor' policy='disable'/></cpu>\n"),
			    &report);
	expect_change(&report, 0, 4, "hide-hypervisor", "<feature policy='disable'>, was 'require'");
	/* Without a policy it is 'require'. */
	expect_patch(&bit, DOMAIN("<cpu mode='host-model'><feature name='hypervisor'/></cpu>\n"),
		     DOMAIN("<cpu mode='host-model'><feature name='hypervisor' "
			    "policy='disable'/></cpu>\n"));
	expect_same(&bit, DOMAIN("<cpu mode='host-model'>"
				 "<feature name='hypervisor' policy='forbid'/></cpu>\n"));
}

/* libvirt: "Non-empty feature list specified without CPU model". */
static void no_cpu_is_guessed(void **state)
{
	(void)state;
	expect_refusal(&bit, DOMAIN(""),
		       "vm.xml: hide-hypervisor needs a CPU to clear the bit of, and there is no "
		       "<cpu>",
		       "cpu = host-passthrough");
	expect_refusal(&bit, DOMAIN("<cpu><topology sockets='1' cores='4' threads='1'/></cpu>\n"),
		       "vm.xml:3: hide-hypervisor needs a CPU to clear the bit of, and this <cpu> "
		       "names no <model>",
		       "cpu = host-passthrough");
	expect_refusal(&bit,
		       DOMAIN("<cpu mode='custom'><model fallback='forbid'> </model></cpu>\n"),
		       "vm.xml:3: hide-hypervisor needs a CPU to clear the bit of, and this <cpu> "
		       "names no <model>",
		       "");
}

static void windows_loses_its_enlightenments(void **state)
{
	VH_AUTO_REPORT struct vh_report with = {0};
	VH_AUTO_REPORT struct vh_report without = {0};
	const char *cpu = "<cpu mode='host-model'><feature policy='disable' "
			  "name='hypervisor'/></cpu>\n";
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	vh_text_addf(&text, DOMAIN("<features><hyperv><vapic state='on'/></hyperv></features>%s"),
		     cpu);
	expect_same_noting(&bit, vh_text_str(&text), &with);
	assert_int_equal(with.note_count, 1);
	expect_note(&with, "Windows does not look for the <hyperv> enlightenments");
	vh_text_done(&text);
	vh_text_addf(&text, DOMAIN("<features><hyperv><vapic state='off'/></hyperv></features>%s"),
		     cpu);
	expect_same_noting(&bit, vh_text_str(&text), &without);
	assert_int_equal(without.note_count, 0);
}

static void of_two_none_is_chosen(void **state)
{
	(void)state;
	expect_refusal(&host, DOMAIN("<cpu/>\n<cpu/>"),
		       "vm.xml:4: a second <cpu>; the first is in line 3", "by hand");
	expect_refusal(&host, DOMAIN("<cpu><model>a</model>\n<model>b</model></cpu>"),
		       "vm.xml:4: a second <model>; the first is in line 3", "");
	expect_refusal(&bit,
		       DOMAIN("<cpu mode='maximum'><feature name='hypervisor'/>\n"
			      "<feature name='aes'/><feature name='hypervisor'/></cpu>"),
		       "vm.xml:4: a second <feature name='hypervisor'>; the first is in line 3",
		       "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_is_made_where_libvirt_has_it),
		cmocka_unit_test(what_is_not_the_model_stays),
		cmocka_unit_test(every_mode_becomes_the_hosts),
		cmocka_unit_test(the_hosts_cpu_needs_kvm),
		cmocka_unit_test(the_bit_comes_after_the_features),
		cmocka_unit_test(a_policy_is_changed_in_place),
		cmocka_unit_test(no_cpu_is_guessed),
		cmocka_unit_test(windows_loses_its_enlightenments),
		cmocka_unit_test(of_two_none_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
