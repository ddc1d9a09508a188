/* SPDX-License-Identifier: GPL-2.0-or-later */

/* plan and profile on a Proxmox node: profiles that follow the configuration of their VM. */

#include "tests/cli/cli_rig.h"

#define LOCAL   "etc/vfio-handoff/"
#define CLUSTER "etc/pve/vfio-handoff/"
#define CONF    "etc/pve/nodes/pve1/qemu-server/100.conf"

static struct cli_rig *open_node(void **state, const char *conf)
{
	struct fakekernel *fk = fk_host("single-gpu");

	fk_link(fk, "etc/pve/local", "nodes/pve1");
	fk_set(fk, CONF, conf);
	return cli_open(state, fk);
}

static void plan_follows_the_vm(void **state)
{
	struct cli_rig *r = open_node(state, "name: win11\nhostpci0: 01:00,pcie=1\n");

	cli_put(r, CLUSTER "100.ini", "");
	cli_expect(r, cli_run(r, "plan", "100", "detach"), 0);
	cli_out_has(r, "0000:01:00.0: vfio-pci takes it");
	cli_out_has(r, "0000:01:00.1: vfio-pci takes it");
	assert_null(strstr(r->run.out, "0000:05:00.0"));
	cli_put(r, CONF, "name: win11\nhostpci0: 05:00,pcie=1\n");
	cli_expect(r, cli_run(r, "plan", "100", "reattach"), 0);
	cli_out_has(r, "0000:05:00.0: vfio-pci lets go");
}

/* A device that is not there is a refusal of the plan, and not a wrong profile. */
static void a_device_that_is_not_there_is_refused(void **state)
{
	struct cli_rig *r = open_node(state, "cores: 2\nhostpci0: 07:00\n");

	cli_put(r, LOCAL "100.ini", "");
	cli_expect(r, cli_run(r, "plan", "100", "detach"), 1);
	cli_out_has(r, "refused: 100.conf:2: there is no PCI device at 0000:07:00.0, named in "
		       "hostpci0\n");
}

static void a_difference_is_a_wrong_profile(void **state)
{
	static const char difference[] =
		"the profile hands over 0000:01:00.0, 0000:01:00.1, but 100.conf:1 (hostpci0) "
		"gives the VM 0000:05:00.0";
	struct cli_rig *r = open_node(state, "hostpci0: 05:00\n");

	cli_put(r, LOCAL "100.ini", GPU_PROFILE);
	cli_expect(r, cli_run(r, "plan", "100", "detach"), 2);
	cli_err_has(r, difference);
	cli_err_has(r, "drop [device] from the profile");
	cli_expect(r, cli_run(r, "detach", "100"), 2);
	cli_err_has(r, difference);
	cli_expect(r, cli_run(r, "profile", "check", "100"), 2);
	cli_err_has(r, difference);
	cli_expect(r, cli_run(r, "profile", "show", "100"), 2);
	cli_err_has(r, difference);
}

static void show_tells_where_the_devices_come_from(void **state)
{
	struct cli_rig *r = open_node(state, "cores: 2\nhostpci0: 01:00;05:00\n");

	cli_put(r, CLUSTER "100.ini", "[host]\nlinger = 15s\n");
	cli_expect(r, cli_run(r, "profile", "show", "100"), 0);
	cli_out_has(r, "; the profile has no [device], so 100.conf decides\n"
		       "[device hostpci0]\n"
		       "address         = 0000:01:00.0                 ; 100.conf:2\n"
		       "; id is not set\n"
		       "power           = on                           ; default\n");
	cli_out_has(r, "[device hostpci0-2]\n"
		       "address         = 0000:05:00.0                 ; 100.conf:2\n");
	cli_out_has(r, "linger          = 15s                          ; "
		       "/etc/pve/vfio-handoff/100.ini:2\n");
	cli_out_has(r, "on-backup       = refuse                       ; default\n");
}

static struct json_object *setting(struct json_object *o, const char *section, const char *key)
{
	struct json_object *settings = cli_member(o, "settings");

	for (size_t i = 0; i < json_object_array_length(settings); i++) {
		struct json_object *s = json_object_array_get_idx(settings, i);

		if (strcmp(cli_string(s, "section"), section) == 0 &&
		    strcmp(cli_string(s, "key"), key) == 0) {
			return s;
		}
	}
	fail_msg("no %s in [%s]", key, section);
	return NULL;
}

static void show_as_json_tells_the_same(void **state)
{
	struct cli_rig *r = open_node(state, "cores: 2\nhostpci1: mapping=gpu\n");
	struct json_object *o;
	struct json_object *s;

	cli_put(r, "etc/pve/mapping/pci.cfg", "gpu\n\tmap id=1234:1111,node=pve1,path=0000:01:00\n");
	cli_put(r, LOCAL "100.ini", "");
	cli_expect(r, cli_run(r, "profile", "show", "100", "--json"), 0);
	o = cli_json(r);
	assert_true(json_object_get_boolean(cli_member(o, "from_guest")));
	s = setting(o, "device hostpci1", "address");
	assert_string_equal(cli_string(s, "value"), "0000:01:00.0");
	assert_string_equal(cli_string(s, "file"), "100.conf");
	assert_int_equal(json_object_get_int(cli_member(s, "line")), 2);
	assert_false(json_object_get_boolean(cli_member(s, "default")));
	s = setting(o, "device hostpci1", "id");
	assert_string_equal(cli_string(s, "value"), "1234:1111");
	assert_string_equal(cli_string(s, "file"), "100.conf");
	s = setting(o, "device hostpci1", "power");
	assert_true(json_object_get_boolean(cli_member(s, "default")));
	json_object_put(o);
	cli_put(r, LOCAL "100.ini", GPU_PROFILE);
	cli_expect(r, cli_run(r, "profile", "show", "100", "--json"), 0);
	o = cli_json(r);
	assert_false(json_object_get_boolean(cli_member(o, "from_guest")));
	json_object_put(o);
}

static void check_of_one_wants_the_vm_here(void **state)
{
	struct cli_rig *r = open_node(state, "hostpci0: 01:00\n");

	cli_put(r, LOCAL "100.ini", "");
	cli_put(r, CLUSTER "101.ini", "");
	cli_put(r, "etc/pve/nodes/pve2/qemu-server/101.conf", "hostpci0: 81:00\n");
	cli_expect(r, cli_run(r, "profile", "check", "100"), 0);
	assert_string_equal(r->run.out, "100.ini: ok\n");
	cli_expect(r, cli_run(r, "profile", "check", "101"), 2);
	cli_err_has(r, "the guest 101 is on the node 'pve2', not on this one, 'pve1'");
	cli_expect(r, cli_run(r, "profile", "check", "102"), 2);
	cli_err_has(r, "or /etc/pve/vfio-handoff/102.ini for all nodes");
}

/* The cluster's profiles are here as well, and their VMs may be anywhere. */
static void check_of_all_takes_in_the_cluster(void **state)
{
	struct cli_rig *r = open_node(state, "hostpci0: 01:00\n");
	struct json_object *o;

	cli_put(r, LOCAL "100.ini", "");
	cli_put(r, CLUSTER "100.ini", "[rubbish]\n");
	cli_put(r, CLUSTER "101.ini", "");
	cli_put(r, CLUSTER "win11.ini", "[rubbish]\n");
	cli_put(r, LOCAL "win10.ini", GPU_PROFILE);
	cli_put(r, "etc/pve/nodes/pve2/qemu-server/101.conf", "hostpci0: 81:00\n");
	cli_expect(r, cli_run(r, "profile", "check"), 0);
	assert_string_equal(r->run.out,
			    "100.ini: ok\n"
			    "101.ini: ok; the guest 101 is on the node 'pve2', not on this one, "
			    "'pve1'\n"
			    "win10.ini: ok\n");
	cli_put(r, CLUSTER "102.ini", "[host]\ntimout = 1s\n");
	cli_expect(r, cli_run(r, "profile", "check", "--json"), 2);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(o), 4);
	assert_string_equal(cli_string(json_object_array_get_idx(o, 2), "vm"), "102");
	assert_non_null(strstr(cli_string(json_object_array_get_idx(o, 2), "error"),
			       "/etc/pve/vfio-handoff/102.ini:2: unknown key 'timout'"));
	json_object_put(o);
}

static void two_sections_for_one_card_are_found_before_the_plan(void **state)
{
	struct cli_rig *r = open_node(state, "hostpci0: 01:00\n");

	cli_put(r, LOCAL "win11.ini", GPU_PROFILE "[device audio]\naddress = 0000:01:00.1\n");
	cli_expect(r, cli_run(r, "profile", "check", "win11"), 2);
	cli_err_has(r, "win11.ini:3: [device audio] names 0000:01:00.1, which goes along with "
		       "[device gpu] of win11.ini:1");
	cli_expect(r, cli_run(r, "plan", "win11", "detach"), 1);
	cli_out_has(r, "refused: win11.ini:3: [device audio] names 0000:01:00.1");
	cli_put(r, LOCAL "win11.ini", GPU_PROFILE);
	cli_expect(r, cli_run(r, "profile", "check", "win11"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(plan_follows_the_vm),
		CLI_TEST(a_device_that_is_not_there_is_refused),
		CLI_TEST(a_difference_is_a_wrong_profile),
		CLI_TEST(show_tells_where_the_devices_come_from),
		CLI_TEST(show_as_json_tells_the_same),
		CLI_TEST(check_of_one_wants_the_vm_here),
		CLI_TEST(check_of_all_takes_in_the_cluster),
		CLI_TEST(two_sections_for_one_card_are_found_before_the_plan),
	};

	/* A profile must belong to root, and only root can make such files. */
	return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
