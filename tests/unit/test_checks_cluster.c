/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HA, migration, and what starts a guest besides people: G23. */
#include "tests/unit/checks_rig.h"

#define CONF      "etc/pve/nodes/pve1/qemu-server/100.conf"
#define OTHER     "etc/pve/nodes/pve1/qemu-server/101.conf"
#define MAPPINGS  "etc/pve/mapping/pci.cfg"
#define RESOURCES "etc/pve/ha/resources.cfg"
#define RULES     "etc/pve/ha/rules.cfg"
#define GROUPS    "etc/pve/ha/groups.cfg"
#define PROFILE   "[device gpu]\naddress = 0000:01:00.0\n"

#define ON_PVE1 "map id=10de:2204,iommugroup=15,node=pve1,path=0000:02:00\n"
#define ON_PVE2 "map id=10de:2204,iommugroup=15,node=pve2,path=0000:41:00\n"

/* A cluster of three nodes; this is pve1, and its VM 100 has @conf. */
static struct checks *open_cluster(void **state, const char *conf)
{
	struct checks *c = checks_open(state, "proxmox", "");

	fk_set(c->fk, "etc/pve/nodes/pve1/lrm_status", "{}");
	fk_set(c->fk, "etc/pve/nodes/pve2/lrm_status", "{}");
	fk_set(c->fk, "etc/pve/nodes/pve3/lrm_status", "{}");
	fk_set(c->fk, CONF, conf);
	fk_set(c->fk, RESOURCES, "ct: 100\n\tstate started\n\nvm: 100\n\tstate started\n");
	checks_profile(c, "100", "[host]\nholders = wait\n");
	c->doctor.all = true;
	return c;
}

static void test_without_ha(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: 0000:02:00\n");

	fk_set(c->fk, RESOURCES, "vm: 1000\n\tstate started\n\nct: 100\n\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "", VH_PASS);
	fk_set(c->fk, RESOURCES, "vm: 100\n\tstate ignored\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "cluster.ha", "", VH_PASS), "ignored");
	fk_remove(c->fk, RESOURCES);
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "", VH_PASS);
	assert_int_equal(checks_count(c, "cluster.ha", VH_WARNING), 0);
	checks_are_whole(c, "cluster.");
}

static void test_an_address_under_ha(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: 0000:02:00\n");
	const struct vh_finding *f;

	checks_run(c, "100");
	f = checks_get(c, "cluster.ha", "host address", VH_WARNING);
	checks_says(f, "pve1, pve2, pve3");
	checks_says(f, "hostpci0");
	f = checks_get(c, "cluster.ha", "rule", VH_WARNING);
	checks_says(f, "--nodes pve1 --strict 1");
	f = checks_get(c, "cluster.ha", "other nodes", VH_UNKNOWN);
	checks_says(f, "the profile is a file of this node");
	checks_are_whole(c, "cluster.");
}

static void test_a_mapping_without_a_node(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: mapping=gpu,pcie=1\nmachine: q35\n");
	const struct vh_finding *f;

	fk_set(c->fk, MAPPINGS, "gpu\n\t" ON_PVE1 "\t" ON_PVE2);
	checks_run(c, "100");
	f = checks_get(c, "cluster.ha", "gpu", VH_FAILURE);
	checks_says(f, "nothing for pve3");
	assert_null(checks_find(c, "cluster.ha", "host address"));
	checks_are_whole(c, "cluster.");
}

static void test_a_strict_rule_leaves_only_its_nodes(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: mapping=gpu,pcie=1\nmachine: q35\n");

	fk_set(c->fk, MAPPINGS, "gpu\n\t" ON_PVE1 "\t" ON_PVE2);
	fk_set(c->fk, RULES,
	       "node-affinity: other\n\tnodes pve3\n\tresources vm:101\n\tstrict 1\n\n"
	       "node-affinity: gpus\n\tnodes pve1:2,pve2\n\tresources ct:7,vm:100\n\tstrict 1\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "gpu", VH_PASS);
	checks_says(checks_get(c, "cluster.ha", "rule", VH_PASS), "'gpus' of /" RULES);
	/* Neither one that is switched off nor one that only prefers. */
	fk_set(c->fk, RULES,
	       "node-affinity: gpus\n\tdisable\n\tnodes pve1\n\tresources vm:100\n\tstrict 1\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "rule", VH_WARNING);
	fk_set(c->fk, RULES, "node-affinity: gpus\n\tnodes pve1\n\tresources vm:100\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "cluster.ha", "rule", VH_WARNING), "'gpus'");
	(void)checks_get(c, "cluster.ha", "gpu", VH_FAILURE);
	checks_are_whole(c, "cluster.");
}

/* Proxmox VE 8. */
static void test_a_restricted_group(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: 0000:02:00\n");

	fk_set(c->fk, RESOURCES, "vm: 100\n\tgroup gpus\n\tstate started\n");
	fk_set(c->fk, GROUPS, "group: gpus\n\tnodes pve1\n\trestricted 1\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "rule", VH_PASS);
	/* It stays here: the address means what it means here. */
	assert_null(checks_find(c, "cluster.ha", "host address"));
	assert_null(checks_find(c, "cluster.ha", "other nodes"));
	fk_set(c->fk, GROUPS, "group: gpus\n\tnodes pve1\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "rule", VH_WARNING);
}

static void test_a_shutdown_that_migrates(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: 0000:02:00\n");

	fk_set(c->fk, "etc/pve/datacenter.cfg", "keyboard: de\nha: shutdown_policy=migrate\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "shutdown", VH_WARNING);
	fk_set(c->fk, "etc/pve/datacenter.cfg", "ha: shutdown_policy=freeze\n");
	checks_run(c, "100");
	assert_null(checks_find(c, "cluster.ha", "shutdown"));
	checks_are_whole(c, "cluster.");
}

static void test_ha_that_cannot_be_read(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: 0000:02:00\n");
	struct fk_fault fault = {
		.op = FK_READ, .path_contains = RESOURCES, .action = EACCES, .nth = 0};

	fk_fault(c->fk, &fault);
	checks_run(c, "100");
	(void)checks_get(c, "cluster.ha", "", VH_UNKNOWN);
	checks_are_whole(c, "cluster.");
}

/* --- onboot, autostart */

static void test_two_vms_of_one_card_start_with_the_node(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: 0000:01:00\nonboot: 1\n");
	const struct vh_finding *f;

	fk_set(c->fk, OTHER, "hostpci0: 0000:01:00.1\nonboot: 1\n");
	checks_run(c, "100");
	f = checks_get(c, "cluster.autostart", "0000:01:00.1", VH_WARNING);
	checks_says(f, "101");
	fk_set(c->fk, OTHER, "hostpci0: 0000:01:00\nonboot: 0\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.autostart", "", VH_PASS);
	fk_set(c->fk, OTHER, "hostpci0: 0000:02:00\nonboot: 1\n");
	checks_run(c, "100");
	(void)checks_get(c, "cluster.autostart", "", VH_PASS);
	checks_are_whole(c, "cluster.");
}

static const char domain[] =
	"<domain type='kvm'><name>win11</name><memory>1048576</memory><devices>"
	"<hostdev type='pci' managed='yes'><source><address bus='0x01'/></source></hostdev>"
	"<graphics type='vnc' passwd='S3cret'/></devices></domain>";

static void test_two_domains_of_one_card_start_with_the_host(void **state)
{
	struct checks *c = checks_open(state, "single-gpu", "");

	c->doctor.all = true;
	c->doctor.definition = domain;
	checks_profile(c, "win11", PROFILE);
	fk_set(c->fk, "etc/libvirt/qemu/autostart/win11.xml", domain);
	fk_set(c->fk, "etc/libvirt/qemu/autostart/steam.xml", domain);
	fk_set(c->fk, "etc/libvirt/qemu/autostart/router.xml", "<domain><devices/></domain>");
	fk_set(c->fk, "etc/libvirt/qemu/autostart/broken.xml", "<domain");
	checks_run(c, "win11");
	checks_says(checks_get(c, "cluster.autostart", "0000:01:00.0", VH_WARNING), "steam.xml");
	checks_are_whole(c, "cluster.");
	fk_remove(c->fk, "etc/libvirt/qemu/autostart/win11.xml");
	checks_run(c, "win11");
	(void)checks_get(c, "cluster.autostart", "", VH_PASS);
	for (size_t i = 0; i < c->d.count; i++) {
		assert_false(checks_has(&c->d.items[i], "S3cret"));
	}
}

static void test_autostart_needs_root(void **state)
{
	struct checks *c = checks_open(state, "single-gpu", "");

	c->doctor.all = true;
	c->doctor.is_root = false;
	c->doctor.definition = domain;
	checks_run(c, "win11");
	(void)checks_get(c, "cluster.autostart", "", VH_UNKNOWN);
	checks_are_whole(c, "cluster.");
}

/* --- */

static void test_nobody_promises_migration(void **state)
{
	struct checks *c = checks_open(state, "single-gpu", "");

	c->doctor.all = true;
	c->doctor.definition = domain;
	checks_run(c, "win11");
	checks_says(checks_get(c, "cluster.migration", "", VH_NOT_APPLICABLE),
		    "cannot be migrated live");
	c->doctor.definition = "<domain><devices/></domain>";
	checks_run(c, "win11");
	checks_none(c, "cluster.migration");
}

static void test_a_host_that_saves_its_guests(void **state)
{
	struct checks *c = checks_open(state, "single-gpu", "");

	c->doctor.all = true;
	c->doctor.definition = domain;
	fk_set(c->fk, "etc/default/libvirt-guests", "#ON_SHUTDOWN=suspend\nON_SHUTDOWN=shutdown\n");
	checks_run(c, "win11");
	checks_none(c, "cluster.shutdown");
	fk_set(c->fk, "etc/default/libvirt-guests", "ON_BOOT=ignore\nON_SHUTDOWN=\"suspend\"\n");
	checks_run(c, "win11");
	(void)checks_get(c, "cluster.shutdown", "etc/default/libvirt-guests", VH_WARNING);
	checks_are_whole(c, "cluster.");
}

/* alflewerken's header history: backups and shared cards. */
static void test_what_a_backup_does(void **state)
{
	struct checks *c = open_cluster(state, "hostpci0: 0000:02:00\n");

	checks_run(c, "100");
	checks_says(checks_get(c, "cluster.backup", "", VH_PASS), "is refused");
	checks_profile(c, "100", "[proxmox]\non-backup = detach\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "cluster.backup", "", VH_PASS), "takes the card");
	checks_profile(c, "100", "[proxmox]\non-backup = skip\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "cluster.backup", "", VH_PASS), "leaves the card alone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(test_without_ha),
		CHECKS_TEST(test_an_address_under_ha),
		CHECKS_TEST(test_a_mapping_without_a_node),
		CHECKS_TEST(test_a_strict_rule_leaves_only_its_nodes),
		CHECKS_TEST(test_a_restricted_group),
		CHECKS_TEST(test_a_shutdown_that_migrates),
		CHECKS_TEST(test_ha_that_cannot_be_read),
		CHECKS_TEST(test_two_vms_of_one_card_start_with_the_node),
		CHECKS_TEST(test_two_domains_of_one_card_start_with_the_host),
		CHECKS_TEST(test_autostart_needs_root),
		CHECKS_TEST(test_nobody_promises_migration),
		CHECKS_TEST(test_a_host_that_saves_its_guests),
		CHECKS_TEST(test_what_a_backup_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
