/* SPDX-License-Identifier: GPL-2.0-or-later */

/* patch: its words and options, the daemon that is not there, and new machines. */

#include "tests/cli/cli_rig.h"

#define NOBODY "qemu+unix:///system?socket=/nonexistent/socket"

static void without_words_it_explains_itself(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "patch"), 2);
	cli_err_has(r, "usage: vfio-handoff patch VM");
	assert_string_equal(r->run.out, "");
	cli_expect(r, cli_run(r, "patch", "--help"), 0);
	cli_out_has(r, "usage: vfio-handoff patch VM");
	cli_out_has(r, "--vendor-id ID");
	assert_string_equal(r->run.err, "");
	cli_expect(r, cli_run(r, "patch", "win11", "-h"), 0);
	cli_out_has(r, "usage: vfio-handoff patch VM");
	cli_expect(r, cli_run(r, "--help"), 0);
	cli_out_has(r, "  patch");
}

static void options_of_one_command_are_none_of_another(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "status", "--apply"), 2);
	cli_err_has(r, "unknown option '--apply'; a VM of that name goes after --");
	cli_expect(r, cli_run(r, "--apply", "patch", "win11"), 2);
	cli_err_has(r, "unknown option '--apply'");
	cli_expect(r, cli_run(r, "patch", "win11", "--watch"), 2);
	cli_err_has(r, "unknown option '--watch'");
}

static void unknown_option_is_met_with_the_nearest(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "patch", "win11", "--aply"), 2);
	cli_err_has(r, "unknown option '--aply'; did you mean '--apply'?");
	cli_expect(r, cli_run(r, "patch", "win11", "--frobnicate"), 2);
	cli_err_has(r, "unknown option '--frobnicate'; a VM of that name goes after --");
}

static void vm_with_a_dash_goes_after_two(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "patch", "--connect", NOBODY, "--", "--undo"), 1);
	cli_err_has(r, "cannot connect to " NOBODY);
}

static void wrong_calls(void **state)
{
	static const struct {
		const char *words[6];
		const char *says;
	} calls[] = {
		{{"win11", "--apply", "--undo"}, "only one of --apply, --check and --undo"},
		{{"win11", "win12"}, "one VM at a time"},
		{{"win11", "--profile"}, "--profile needs a value"},
		{{"win11", "--profile", ""}, "--profile '': it is empty"},
		{{"", "--check"}, "the name of a VM is not empty"},
		{{"--file", "", "--hide-kvm"}, "--file '': it is empty"},
		{{"win11", "--vendor-id", "1234567890123"}, "--vendor-id '1234567890123': "},
		{{"win11", "--vendor-id", ""}, "--vendor-id '': "},
		{{"win11", "--vendor-id", "a,b"}, "--vendor-id 'a,b': "},
		{{"win11", "--rom", "gpu.rom"}, "--rom 'gpu.rom': "},
		{{"win11", "--undo", "--hide-kvm"}, "--undo takes back what --apply did"},
		{{"win11", "--undo", "--profile", "x"}, "--undo takes back what --apply did"},
		{{"win11", "--minimal"}, "--minimal does not go with"},
		{{"win11", "--storage", "local"}, "--storage is for a VM of Proxmox"},
		{{"win11", "--hypervisor", "libvirt"}, "--hypervisor does not go with"},
		{{"--new", "x"}, "--new needs --hypervisor"},
		{{"--new", "x", "--hypervisor", "xen"}, "--new needs --hypervisor"},
		{{"--new", "x", "--hypervisor", "proxmox"}, "named by its VMID"},
		{{"--new", "x", "--hypervisor", "libvirt", "--apply"}, "does not go with --new"},
		{{"--new", "x", "--file", "y"}, "--file and --new: one of the two"},
		{{"--new", "x", "--memory", "0"}, "--memory takes a number from 1 to"},
		{{"--new", "x", "--vcpus", "four"}, "--vcpus takes a number from 1 to"},
	};
	struct cli_rig *r = cli_open_gpu(state);

	for (size_t i = 0; i < VH_ARRAY_SIZE(calls); i++) {
		const char *words[VH_ARRAY_SIZE(calls[i].words) + 2] = {"patch"};

		memcpy(&words[1], calls[i].words, sizeof(calls[i].words));
		cli_expect(r, cli_run_words(r, words), 2);
		cli_err_has(r, calls[i].says);
		assert_string_equal(r->run.out, "");
	}
}

static void no_daemon_says_what_to_do(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "patch", "win11", "--connect", NOBODY, "--hide-kvm"), 1);
	cli_err_has(r, "cannot connect to " NOBODY);
	cli_err_has(r, "systemctl start libvirtd");
	cli_err_has(r, "patch --file needs none");
	/* libvirt itself has said nothing. */
	assert_memory_equal(r->run.err, "vfio-handoff: ", strlen("vfio-handoff: "));
	assert_string_equal(r->run.out, "");
	cli_expect(r, cli_run(r, "patch", "win11", "--connect", "nonsense", "--hide-kvm"), 1);
	cli_err_has(r, "cannot connect to nonsense");
}

static void domain_that_is_not_there(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "patch", "tset", "--connect", "test:///default", "--hide-kvm"), 1);
	cli_err_has(r, "test:///default has no domain 'tset'");
	cli_err_has(r, "did you mean 'test'?");
	cli_expect(r, cli_run(r, "patch", "nothing-like", "--connect", "test:///default"), 1);
	cli_err_has(r, "virsh list --all");
}

static void tree_that_is_only_looked_at_is_not_patched(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r,
		   cli_run(r, "patch", "test", "--connect", "test:///default", "--hide-kvm",
			   "--apply"),
		   1);
	cli_err_has(r, "is only looked at");
	cli_expect(r, cli_run(r, "patch", "test", "--connect", "test:///default", "--undo"), 1);
	cli_err_has(r, "is only looked at");
}

static void without_a_profile_something_must_be_asked_for(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "patch", "test", "--connect", "test:///default"), 2);
	cli_err_has(r, "there is no profile for the VM 'test'");
	cli_err_has(r, "--hide-kvm");
}

static void new_machine_has_what_its_profile_asks_for(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r,
		   cli_run(r, "patch", "--new", "win11", "--hypervisor", "libvirt", "--memory",
			   "2048", "--hide-kvm"),
		   0);
	cli_out_has(r, "<name>win11</name>");
	cli_out_has(r, "<hidden state='on'/>");
	cli_out_has(r, "<address domain='0x0000' bus='0x01' slot='0x00' function='0x1'/>");
	cli_expect(r, cli_run(r, "patch", "--new", "empty", "--hypervisor", "libvirt", "--minimal"),
		   0);
	assert_null(strstr(r->run.out, "<hostdev"));
}

static void new_machine_of_proxmox_is_a_command(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r,
		   cli_run(r, "patch", "--new", "900", "--hypervisor", "proxmox", "--profile",
			   "win11", "--hide-kvm"),
		   0);
	assert_memory_equal(r->run.out, "qm create 900 ", strlen("qm create 900 "));
	cli_out_has(r, "hidden=1");
	cli_out_has(r, "--hostpci0 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(without_words_it_explains_itself),
		CLI_TEST(options_of_one_command_are_none_of_another),
		CLI_TEST(unknown_option_is_met_with_the_nearest),
		CLI_TEST(vm_with_a_dash_goes_after_two),
		CLI_TEST(wrong_calls),
		CLI_TEST(no_daemon_says_what_to_do),
		CLI_TEST(domain_that_is_not_there),
		CLI_TEST(tree_that_is_only_looked_at_is_not_patched),
		CLI_TEST(without_a_profile_something_must_be_asked_for),
		CLI_TEST(new_machine_has_what_its_profile_asks_for),
		CLI_TEST(new_machine_of_proxmox_is_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
