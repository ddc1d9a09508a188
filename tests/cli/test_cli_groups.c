/* SPDX-License-Identifier: GPL-2.0-or-later */

/* groups as a tree, as data and as a drawing: G4, G5. */

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "cli/groups.h"
#include "tests/cli/cli_rig.h"
#include "tests/unit/config_bytes.h"

/* Wider than any line; a terminal that is this wide cuts nothing. */
#define WIDE 400

static struct cli_rig *shared_group(void **state)
{
	struct fakekernel *fk = fk_host_with("shared-group",
					     "bridge 0000:00:11.0 1b36:000c group=2\n"
					     "file sys/bus/pci/slots/4/address 0000:03:00\\n\n");

	config_set_port(fk, "0000:00:10.0", VH_PCIE_ROOT_PORT, 1, 0);
	config_set_port(fk, "0000:00:10.1", VH_PCIE_ROOT_PORT, 2, 0);
	config_set_port(fk, "0000:00:11.0", VH_PCIE_ROOT_PORT, 3, 1);
	return cli_open(state, fk);
}

static void every_function_is_a_line_that_begins_with_its_address(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	unsigned lines = 0;

	cli_expect(r, cli_run(r, "groups"), 0);
	cli_out_has(r, "ADDRESS       GROUP  DRIVER");
	for (const char *at = r->run.out; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		lines += strncmp(at, "0000:", 5) == 0;
	}
	assert_int_equal(lines, 10);
	cli_out_has(r, "\n0000:01:00.0      6  bochs-drm ");
	cli_out_has(r, "|- VGA: ");
	cli_out_has(r, "`- audio: Intel");
	cli_out_has(r, "[1234:1111], boot VGA, reset bus\n");
	cli_out_has(r, "group 6: 0000:01:00.0 and 0000:01:00.1 leave together\n");
	assert_string_equal(r->run.err, "");
}

static void shared_group_says_who_why_and_what_helps(void **state)
{
	struct cli_rig *r = shared_group(state);

	cli_expect(r, cli_run(r, "groups"), 0);
	cli_out_has(r, "group 1: 2 devices share it: all of them leave together, or none\n"
		       "  0000:01:00.0 and 0000:01:00.1  VGA: ");
	cli_out_has(r, "\n  0000:02:00.0  Ethernet: Intel");
	cli_out_has(r, "  why      the root ports 0000:00:10.0 and 0000:00:10.1 are among the ");
	cli_out_has(r, "[1b36:000c], slot 4\n");
	assert_null(strstr(r->run.out, "pcie_acs_override"));
}

static void override_is_offered_on_proxmox_and_its_claims_are_marked(void **state)
{
	struct cli_rig *r = shared_group(state);

	cli_put(r, "proc/sys/kernel/osrelease", "6.8.12-4-pve\n");
	cli_expect(r, cli_run(r, "groups"), 0);
	cli_out_has(r, "  override this kernel would split the group with");
	cli_out_has(r, "the risk:");
	cli_put(r, "proc/cmdline", "quiet pcie_acs_override=downstream\n");
	cli_expect(r, cli_run(r, "groups"), 0);
	assert_null(strstr(r->run.out, "  override "));
	cli_out_has(r, "pcie_acs_override=downstream is on the command line of the kernel\n");
	cli_out_has(r, "isolation is claimed, not real");
}

/* The fields of before are where they were, below the key "groups". */
static void json_has_a_schema_and_what_text_says(void **state)
{
	struct cli_rig *r = shared_group(state);
	struct json_object *o;
	struct json_object *group;
	struct json_object *f;
	size_t functions = 0;

	cli_expect(r, cli_run(r, "groups", "--json"), 0);
	o = cli_json(r);
	assert_int_equal(json_object_get_int(cli_member(o, "schema")), CLI_GROUPS_SCHEMA);
	assert_true(json_object_get_boolean(cli_member(o, "iommu")));
	assert_null(cli_member(o, "acs_override"));
	for (size_t i = 0; i < json_object_array_length(cli_member(o, "groups")); i++) {
		functions += json_object_array_length(cli_member(
			json_object_array_get_idx(cli_member(o, "groups"), i), "functions"));
	}
	assert_int_equal(functions, 6);
	group = json_object_array_get_idx(cli_member(o, "groups"), 0);
	assert_int_equal(json_object_get_int(cli_member(group, "group")), 1);
	assert_int_equal(json_object_get_int(cli_member(group, "cards")), 2);
	assert_int_equal(json_object_get_int(cli_member(group, "endpoints")), 3);
	assert_string_equal(cli_string(group, "isolation"), "real");
	assert_non_null(strstr(cli_string(group, "why"), "without ACS"));
	f = json_object_array_get_idx(cli_member(group, "functions"), 0);
	assert_string_equal(cli_string(f, "address"), "0000:00:10.0");
	assert_string_equal(cli_string(f, "leak"), "functions-without-acs");
	assert_false(json_object_get_boolean(cli_member(cli_member(f, "acs"), "present")));
	f = json_object_array_get_idx(cli_member(group, "functions"), 3);
	assert_string_equal(cli_string(f, "address"), "0000:01:00.1");
	assert_string_equal(cli_string(f, "id"), "8086:293e");
	assert_string_equal(cli_string(f, "class"), "040300");
	assert_string_equal(cli_string(f, "driver"), "snd_hda_intel");
	assert_string_equal(cli_string(f, "parent"), "0000:00:10.0");
	assert_string_equal(cli_string(f, "card"), "0000:01:00.0");
	assert_null(cli_member(f, "acs"));
	json_object_put(o);
}

static void dot_draws_groups_as_boxes(void **state)
{
	struct cli_rig *r = shared_group(state);

	cli_expect(r, cli_run(r, "groups", "--dot"), 0);
	cli_out_has(r, "digraph pci {\n");
	cli_out_has(r, "  subgraph cluster_1 {\n    label=\"group 1\";\n    color=\"#cc0000\";\n");
	cli_out_has(r, "  subgraph cluster_2 {\n    label=\"group 2\";\n    color=\"#888888\";\n");
	cli_out_has(r, "  \"0000:00:10.0\" -> \"0000:01:00.1\";\n");
	cli_out_has(r, "\"0000:02:00.0\" [fillcolor=\"#cfe2f3\"");
}

/* Where Graphviz is there, it takes what is drawn. */
static void dot_is_what_graphviz_reads(void **state)
{
	struct cli_rig *r = shared_group(state);
	char command[512];

	if (access("/usr/bin/dot", X_OK) != 0) {
		skip();
	}
	(void)snprintf(command, sizeof(command), "%s --root %s groups --dot | /usr/bin/dot -Tsvg",
		       BINARY, r->dir);
	tree_run_done(&r->run);
	tree_run((char *[]){(char[]){"/bin/sh"}, (char[]){"-c"}, command, NULL}, &r->run);
	cli_expect(r, r->run.status, 0);
	cli_out_has(r, "group 1</text>");
	cli_out_has(r, "snd_hda_intel</text>");
	assert_string_equal(r->run.err, "");
}

/* A tree that a stranger sends may call a driver what it likes. */
static void a_name_with_escapes_does_not_reach_the_terminal(void **state)
{
	struct fakekernel *fk = fk_host("single-gpu");
	struct cli_rig *r;

	fk_set(fk, "sys/bus/pci/devices/0000:01:00.0/reset_method", "bus\033[31m\n");
	fk_remove(fk, "sys/bus/pci/devices/0000:01:00.1/driver");
	fk_link(fk, "sys/bus/pci/devices/0000:01:00.1/driver", "../../drivers/a\033[2J\"\\b");
	r = cli_open(state, fk);
	cli_expect(r, cli_run(r, "groups"), 0);
	cli_out_has(r, "a?[2J\"\\b");
	cli_out_has(r, "reset bus?[31m");
	assert_null(strchr(r->run.out, '\033'));
	cli_expect(r, cli_run(r, "groups", "--dot"), 0);
	cli_out_has(r, "a?[2J\\\"\\\\b");
	assert_null(strchr(r->run.out, '\033'));
	cli_expect(r, cli_run(r, "doctor", "none\033[31m"), 2);
	assert_null(strchr(r->run.err, '\033'));
}

static void dot_and_json_are_a_wrong_call(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "groups", "--dot", "--json"), 2);
	cli_expect(r, cli_run(r, "groups", "0000:01:00.0"), 2);
	cli_expect(r, cli_run(r, "groups", "--svg"), 2);
	cli_expect(r, cli_run(r, "groups", "--help"), 0);
	cli_out_has(r, "--dot");
}

static void without_an_iommu_it_says_where_to_look(void **state)
{
	struct cli_rig *r = cli_open(state, fk_host("no-iommu"));

	cli_expect(r, cli_run(r, "groups"), 0);
	cli_out_has(r, "\n0000:01:00.0      -  ");
	cli_err_has(r, "no IOMMU is active");
	cli_err_has(r, "vfio-handoff doctor");
}

/* --- what a person sees */

static void render(const char *host, const struct cli_groups_style *style, struct vh_text *ret)
{
	FK_AUTO struct fakekernel *fk = fk_host(host);
	VH_AUTO_HOST struct vh_host picture = {0};
	VH_AUTO_TOPOLOGY struct vh_topology t = {0};
	struct cli_pci_names names;
	struct vh_error err = {0};

	assert_int_equal(vh_host_load(fk_sys(fk), &picture, &err), 0);
	assert_int_equal(vh_topology_load(fk_sys(fk), &picture, 1000, &t, &err), 0);
	cli_pci_names_open(&names);
	cli_groups_render(&t, &names, style, ret);
	cli_pci_names_close(&names);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	for (unsigned columns = 80; columns <= 160; columns += 40) {
		VH_AUTO_TEXT struct vh_text text = {0};
		const struct cli_groups_style style = {.columns = columns};

		render("proxmox", &style, &text);
		for (const char *at = vh_text_str(&text); *at; at += strcspn(at, "\n") + 1) {
			if (strcspn(at, "\n") > columns) {
				fail_msg("%.*s", (int)strcspn(at, "\n"), at);
			}
		}
	}
}

static void lines_are_drawn_where_they_can_be(void **state)
{
	VH_AUTO_TEXT struct vh_text drawn = {0};
	VH_AUTO_TEXT struct vh_text plain = {0};

	(void)state;
	render("proxmox", &(struct cli_groups_style){.columns = WIDE, .utf8 = true}, &drawn);
	assert_non_null(strstr(vh_text_str(&drawn), "\xe2\x94\x9c\xe2\x94\x80 VGA: "));
	assert_non_null(strstr(vh_text_str(&drawn), "\xe2\x94\x94\xe2\x94\x80 audio: "));
	render("proxmox", &(struct cli_groups_style){.columns = 0, .utf8 = false}, &plain);
	assert_null(strchr(vh_text_str(&plain), '\xe2'));
	assert_non_null(strstr(vh_text_str(&plain), "|- VGA: NVIDIA "));
}

/* On a terminal, as wide as that is. */
static void terminal_gets_lines_that_fit(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	struct winsize size = {.ws_row = 40, .ws_col = 90};
	VH_AUTO_TEXT struct vh_text text = {0};
	char chunk[4096];
	ssize_t n;
	int master;
	int status;
	pid_t pid = forkpty(&master, NULL, NULL, &size);

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setenv("LC_ALL", "C.UTF-8", 1);
		(void)execl(BINARY, BINARY, "--root", r->dir, "groups", (char *)NULL);
		_exit(127);
	}
	/* EIO is how a terminal ends whose last user has gone. */
	while ((n = read(master, chunk, sizeof(chunk))) > 0) {
		vh_text_addn(&text, chunk, (size_t)n);
	}
	(void)close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_non_null(strstr(vh_text_str(&text), "\xe2\x94\x9c\xe2\x94\x80 VGA: "));
	for (const char *at = vh_text_str(&text); *at; at += strcspn(at, "\n") + (*at != '\0')) {
		size_t width = 0;

		for (size_t i = 0; i < strcspn(at, "\r\n"); i++) {
			width += ((unsigned char)at[i] & 0xc0U) != 0x80;
		}
		assert_true(width <= 90);
		if (!at[strcspn(at, "\n")]) {
			break;
		}
	}
	cli_unchanged(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(every_function_is_a_line_that_begins_with_its_address),
		CLI_TEST(shared_group_says_who_why_and_what_helps),
		CLI_TEST(override_is_offered_on_proxmox_and_its_claims_are_marked),
		CLI_TEST(json_has_a_schema_and_what_text_says),
		CLI_TEST(dot_draws_groups_as_boxes),
		CLI_TEST(dot_is_what_graphviz_reads),
		CLI_TEST(dot_and_json_are_a_wrong_call),
		CLI_TEST(a_name_with_escapes_does_not_reach_the_terminal),
		CLI_TEST(without_an_iommu_it_says_where_to_look),
		CLI_TEST(terminal_gets_lines_that_fit),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(lines_are_drawn_where_they_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
