/* SPDX-License-Identifier: GPL-2.0-or-later */

/* patch --file: a definition in, a definition out; no daemon, and nothing on disk changes. */

#include "tests/cli/cli_rig.h"

#define PLAIN                                                  \
	"<domain type='kvm'>\n"                                \
	"  <name>win11</name>\n"                               \
	"  <memory unit='MiB'>4096</memory>\n"                 \
	"  <os>\n"                                             \
	"    <type arch=\"x86_64\" machine='q35'>hvm</type>\n" \
	"  </os>\n"                                            \
	"  <features>\n"                                       \
	"    <acpi/>\n"                                        \
	"  </features>\n"                                      \
	"  <devices>\n"                                        \
	"    <!-- the owner's own words -->\n"                 \
	"    <graphics type='vnc' passwd='sesame'/>\n"         \
	"  </devices>\n"                                       \
	"</domain>\n"

#define HIDDEN                                                 \
	"<domain type='kvm'>\n"                                \
	"  <name>win11</name>\n"                               \
	"  <memory unit='MiB'>4096</memory>\n"                 \
	"  <os>\n"                                             \
	"    <type arch=\"x86_64\" machine='q35'>hvm</type>\n" \
	"  </os>\n"                                            \
	"  <features>\n"                                       \
	"    <acpi/>\n"                                        \
	"    <kvm>\n"                                          \
	"      <hidden state='on'/>\n"                         \
	"    </kvm>\n"                                         \
	"    <ioapic driver='kvm'/>\n"                         \
	"  </features>\n"                                      \
	"  <devices>\n"                                        \
	"    <!-- the owner's own words -->\n"                 \
	"    <graphics type='vnc' passwd='sesame'/>\n"         \
	"  </devices>\n"                                       \
	"</domain>\n"

/**
 * struct files - paths of files in the rig's directory
 */
struct files {
	char plain[96];
	char hidden[96];
};

static struct cli_rig *open_rig(void **state, struct files *ret)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_put(r, "tmp/win11.xml", PLAIN);
	cli_put(r, "tmp/hidden.xml", HIDDEN);
	(void)snprintf(ret->plain, sizeof(ret->plain), "%s/tmp/win11.xml", r->dir);
	(void)snprintf(ret->hidden, sizeof(ret->hidden), "%s/tmp/hidden.xml", r->dir);
	return r;
}

/* Puts a file and makes it the next runs' stdin. */
static void feed(struct cli_rig *r, const char *text)
{
	cli_put(r, "tmp/input", text);
	(void)snprintf(r->input, sizeof(r->input), "%s/tmp/input", r->dir);
}

static void result_is_on_stdout_and_reasons_on_stderr(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--hide-kvm"), 0);
	assert_string_equal(r->run.out, HIDDEN);
	cli_err_has(r, "win11.xml: <kvm><hidden state='on'/></kvm> (hide-kvm)\n");
	cli_err_has(r, "ioapic");
}

static void nothing_to_change_gives_the_input(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_expect(r, cli_run(r, "patch", "--file", f.hidden, "--hide-kvm"), 0);
	assert_string_equal(r->run.out, HIDDEN);
	assert_string_equal(r->run.err, "");
}

static void dash_makes_it_a_filter(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	feed(r, PLAIN);
	cli_expect(r, cli_run(r, "patch", "--file", "-", "--hide-kvm"), 0);
	assert_string_equal(r->run.out, HIDDEN);
	cli_err_has(r, "stdin: ");
	feed(r, HIDDEN);
	cli_expect(r, cli_run(r, "patch", "--hide-kvm", "--file", "-"), 0);
	assert_string_equal(r->run.out, HIDDEN);
}

static void check_lists_what_is_missing(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--hide-kvm", "--check"), 1);
	assert_string_equal(r->run.out, "<kvm><hidden state='on'/></kvm> (hide-kvm)\n"
					"<ioapic driver='kvm'/> (hide-kvm)\n");
	assert_string_equal(r->run.err, "");
	cli_expect(r, cli_run(r, "patch", "--file", f.hidden, "--hide-kvm", "--check"), 0);
	assert_string_equal(r->run.out, "");
	assert_string_equal(r->run.err, "");
}

static void check_as_json(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);
	struct json_object *o;
	struct json_object *changes;

	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--hide-kvm", "--check", "--json"), 1);
	o = cli_json(r);
	changes = cli_member(o, "changes");
	assert_string_equal(cli_string(o, "name"), "win11.xml");
	assert_int_equal(json_object_array_length(changes), 2);
	assert_string_equal(cli_string(json_object_array_get_idx(changes, 0), "why"), "hide-kvm");
	assert_string_equal(cli_string(json_object_array_get_idx(changes, 1), "what"),
			    "<ioapic driver='kvm'/>");
	json_object_put(o);
}

static void profile_of_a_vm_brings_its_devices(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--profile", "win11"), 0);
	cli_out_has(r, "<address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>");
	cli_out_has(r, "<address domain='0x0000' bus='0x01' slot='0x00' function='0x1'/>");
	cli_err_has(r, "([device gpu])");
	assert_null(strstr(r->run.out, "<hidden"));
	/* The options are on top of the profile. */
	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--profile", "win11", "--hide-kvm"), 0);
	cli_out_has(r, "function='0x1'/>");
	cli_out_has(r, "<hidden state='on'/>");
}

static void profile_in_any_file(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);
	char path[96];

	cli_put(r, "tmp/mine.ini", GPU_PROFILE "[guest]\nhide-kvm = yes\n");
	(void)snprintf(path, sizeof(path), "%s/tmp/mine.ini", r->dir);
	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--profile", path), 0);
	cli_out_has(r, "<hidden state='on'/>");
	cli_out_has(r, "function='0x1'/>");
	cli_put(r, "tmp/mine.ini", "[device gpu]\naddress = 0000:01:00.0\ncolour = red\n");
	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--profile", path), 2);
	cli_err_has(r, "mine.ini:3: ");
	assert_string_equal(r->run.out, "");
	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--profile", "./there-is.none"), 2);
	cli_err_has(r, "./there-is.none");
}

static void profile_that_is_not_there(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--profile", "win12"), 2);
	cli_err_has(r, "there is no profile for the VM 'win12'");
	assert_string_equal(r->run.out, "");
}

static void device_that_is_not_on_this_host(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_put(r, "etc/vfio-handoff/other.ini", "[device gpu]\naddress = 0000:7f:00.0\n");
	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--profile", "other"), 1);
	cli_err_has(r, "0000:7f:00.0");
	assert_string_equal(r->run.out, "");
}

static void rom_goes_to_the_only_display_card(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_put(r, "usr/share/vgabios/gpu.rom", "rom");
	cli_expect(r,
		   cli_run(r, "patch", "--file", f.plain, "--profile", "win11", "--rom",
			   "/usr/share/vgabios/gpu.rom"),
		   0);
	cli_out_has(r, "<rom file='/usr/share/vgabios/gpu.rom'/>");
	assert_null(strstr(r->run.err, "note: "));
}

static void rom_that_nobody_can_read_is_noted(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_put(r, "sys/module/apparmor/parameters/enabled", "Y\n");
	cli_expect(r,
		   cli_run(r, "patch", "--file", f.plain, "--profile", "win11", "--rom",
			   "/opt/gpu.rom"),
		   0);
	cli_err_has(r, "note: the ROM file /opt/gpu.rom is not on this host");
	cli_err_has(r, "note: AppArmor does not let libvirt's QEMU read /opt/gpu.rom: put it into ");
	cli_put(r, "opt/gpu.rom", "rom");
	cli_put(r, "sys/module/apparmor/parameters/enabled", "N\n");
	cli_expect(r,
		   cli_run(r, "patch", "--file", f.plain, "--profile", "win11", "--rom",
			   "/opt/gpu.rom"),
		   0);
	assert_null(strstr(r->run.err, "note: "));
}

/* One line each, nothing on stdout: a redirected output must not become a definition. */
static void bad_input_gives_one_line_and_no_output(void **state)
{
	static const char *const inputs[] = {
		"",
		"no XML at all\n",
		"<domain type='kvm'><name>torn</name>",
		"<network><name>x</name></network>\n",
		"<!DOCTYPE domain [<!ENTITY a 'b'>]><domain type='kvm'>&a;</domain>\n",
		"<?xml version='1.0' encoding='UTF-16'?><domain type='kvm'/>\n",
	};
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	for (size_t i = 0; i < VH_ARRAY_SIZE(inputs); i++) {
		feed(r, inputs[i]);
		cli_expect(r, cli_run(r, "patch", "--file", "-", "--hide-kvm"), 1);
		assert_string_equal(r->run.out, "");
		assert_memory_equal(r->run.err, "vfio-handoff: ", strlen("vfio-handoff: "));
		cli_expect(r, cli_run(r, "patch", "--file", "-", "--hide-kvm", "--check"), 1);
		assert_string_equal(r->run.out, "");
	}
}

static void file_beyond_all_measure(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	(void)snprintf(r->input, sizeof(r->input), "/dev/zero");
	cli_expect(r, cli_run(r, "patch", "--file", "-", "--hide-kvm"), 1);
	assert_string_equal(r->run.out, "");
	cli_err_has(r, "stdin");
}

static void file_that_cannot_be_read(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_expect(r, cli_run(r, "patch", "--file", "/no/such.xml", "--hide-kvm"), 1);
	cli_err_has(r, "cannot read /no/such.xml: No such file");
	cli_expect(r, cli_run(r, "patch", "--file", r->dir, "--hide-kvm"), 1);
	cli_err_has(r, "cannot read ");
	cli_err_has(r, "Is a directory");
}

static void full_disk_is_a_failure(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);
	char *const words[] = {(char[]){"/bin/bash"},
			       (char[]){"-c"},
			       (char[]){"exec \"$0\" patch --file \"$1\" --hide-kvm >/dev/full"},
			       (char[]){BINARY},
			       f.plain,
			       NULL};

	tree_run_done(&r->run);
	tree_run(words, &r->run);
	cli_expect(r, r->run.status, 1);
	cli_err_has(r, "cannot write the output");
}

static void redirecting_is_how_it_is_applied(void **state)
{
	struct files f;
	struct cli_rig *r = open_rig(state, &f);

	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--hide-kvm", "--apply"), 2);
	cli_err_has(r, "--apply does not go with --file");
	cli_err_has(r, "redirect it");
	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--hide-kvm", "--undo"), 2);
	cli_expect(r, cli_run(r, "patch", "--file", f.plain, "--hide-kvm", "--json"), 2);
	cli_expect(r, cli_run(r, "patch", "--file", f.plain), 2);
	cli_err_has(r, "what shall the definition have?");
	cli_expect(r, cli_run(r, "patch", "win11", "--file", f.plain, "--hide-kvm"), 2);
	assert_string_equal(r->run.out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(result_is_on_stdout_and_reasons_on_stderr),
		CLI_TEST(nothing_to_change_gives_the_input),
		CLI_TEST(dash_makes_it_a_filter),
		CLI_TEST(check_lists_what_is_missing),
		CLI_TEST(check_as_json),
		CLI_TEST(profile_of_a_vm_brings_its_devices),
		CLI_TEST(profile_in_any_file),
		CLI_TEST(profile_that_is_not_there),
		CLI_TEST(device_that_is_not_on_this_host),
		CLI_TEST(rom_goes_to_the_only_display_card),
		CLI_TEST(rom_that_nobody_can_read_is_noted),
		CLI_TEST(bad_input_gives_one_line_and_no_output),
		CLI_TEST(file_beyond_all_measure),
		CLI_TEST(file_that_cannot_be_read),
		CLI_TEST(full_disk_is_a_failure),
		CLI_TEST(redirecting_is_how_it_is_applied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
