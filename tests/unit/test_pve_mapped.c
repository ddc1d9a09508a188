/* SPDX-License-Identifier: GPL-2.0-or-later */

/* hostpci lines that name a resource mapping: which card Proxmox will take, and when it takes none. */

#include "tests/unit/pve_rig.h"

#define CARD1 "\tmap id=1234:1111,iommugroup=6,node=pve1,path=0000:01:00\n"
#define CARD2 "\tmap id=1002:73bf,iommugroup=7,node=pve1,path=0000:02:00\n"
#define BOTH  "gpu\n" CARD1 CARD2

static struct pve *open_mapped(void **state, const char *conf, const char *mappings)
{
	struct pve *p = pve_open(state, "two-gpus", conf);

	fk_set(p->fk, MAPPINGS, mappings);
	return p;
}

/* "ADDRESS VMID time:UNTIL" or "ADDRESS VMID pid:PID" for each function, as Proxmox writes it. */
static void reserve(struct pve *p, const char *lines)
{
	fk_set(p->fk, RESERVED, lines);
}

static void one_card(void **state)
{
	struct pve *p =
		open_mapped(state, "name: a\nhostpci0: mapping=gpu,pcie=1\n", "gpu\n" CARD2);
	const struct vh_profile_device *d;

	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:02:00.0");
	d = &p->profile.devices[0];
	assert_string_equal(d->title, "hostpci0 (mapping gpu)");
	assert_string_equal(d->file, "100.conf");
	assert_int_equal(d->line, 2);
	assert_true(d->has_id);
	assert_int_equal(d->vendor, 0x1002);
	assert_int_equal(d->device, 0x73bf);
}

static void several_paths_go_together(void **state)
{
	struct pve *p = pve_open(state, "sriov", "hostpci0: mapping=nic\n");

	fk_set(p->fk, MAPPINGS,
	       "nic\n\tmap node=pve1,id=8086:10ca,path=0000:06:10.0;0000:06:10.2\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:06:10.0, hostpci0-2 0000:06:10.2");
	assert_true(p->profile.devices[0].has_id);
	assert_true(p->profile.devices[1].has_id);
	pve_plans(p, "0000:06:10.0 0000:06:10.2");
}

static void another_card_sits_there(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n",
				    "gpu\n\tmap id=10de:2204,node=pve1,path=0000:02:00\n");

	pve_completes(p, "");
	pve_plans(p, "100.conf:1: the device at 0000:02:00.0 is 1002:73bf, but hostpci0 (mapping "
		     "gpu) expects 10de:2204");
	fk_set(p->fk, MAPPINGS, "gpu\n\tmap id=10de:2204,node=pve1,path=0000:07:00\n");
	pve_completes(p, "");
	pve_plans(p, "100.conf:1: there is no PCI device at 0000:07:00.0, named in hostpci0 "
		     "(mapping gpu)");
	/* A mapped slot stands for its function 0. */
	fk_vanish(p->fk, "0000:02:00.0");
	fk_set(p->fk, MAPPINGS, "gpu\n" CARD2);
	pve_completes(p, "");
	pve_plans(p, "100.conf:1: there is no PCI device at 0000:02:00.0, named in hostpci0 "
		     "(mapping gpu)");
}

static void no_such_mapping(void **state)
{
	static const char hint[] =
		"the mappings of the cluster are under Datacenter, Resource Mappings";
	struct pve *p = open_mapped(state, "\nhostpci0: mapping=gpus\n", BOTH);

	pve_refuses(p, "",
		    "100.conf:2: hostpci0: there is no mapping 'gpus' in "
		    "/etc/pve/mapping/pci.cfg",
		    hint);
	fk_remove(p->fk, MAPPINGS);
	pve_refuses(p, "",
		    "100.conf:2: hostpci0: there is no mapping 'gpus' in "
		    "/etc/pve/mapping/pci.cfg",
		    hint);
}

static void no_card_on_this_node(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n",
				    "gpu\n\tmap id=10de:2204,node=pve2,path=0000:01:00\n");

	pve_refuses(p, "",
		    "100.conf:1: hostpci0: the mapping 'gpu' has no card on this node, 'pve1'", "");
	fk_set(p->fk, MAPPINGS, "gpu\n\tmap id=10de:2204,node=pve1,path=01:00\n");
	pve_refuses(p, "",
		    "100.conf:1: hostpci0: the mapping 'gpu' has no card on this node, 'pve1'",
		    "Proxmox cannot read line 2 of /etc/pve/mapping/pci.cfg");
}

static void mappings_that_cannot_be_read(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n", BOTH);

	fk_fault(p->fk, &(struct fk_fault){.op = FK_READ,
					   .path_contains = "mapping/pci.cfg",
					   .action = ETIMEDOUT});
	assert_int_equal(pve_complete(p, ""), -ETIMEDOUT);
	assert_string_equal(p->err.msg, "cannot read Proxmox's configuration: "
					"/etc/pve/mapping/pci.cfg: Connection timed out");
	/* Nobody needs them for a line with an address. */
	fk_set(p->fk, CONF, "hostpci0: 01:00\nhostpci1: mapping=gpu,mdev=x\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
}

static void the_first_free_card(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n", BOTH);

	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
	/* Starting, for years to come. */
	reserve(p, "0000:01:00.0 101 time:1890000000\n0000:01:00.1 101 time:1890000000\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:02:00.0");
	/* One function is enough. */
	reserve(p, "0000:01:00.1 101 time:1890000000\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:02:00.0");
	reserve(p, "0000:01:00.0 101 time:1700000000\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
	reserve(p, "0000:01:00.0 100 time:1890000000\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
	reserve(p, "0000:01:00.0 101 pid:4711\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
}

static void a_card_of_a_running_vm_is_not_free(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n", BOTH);
	pid_t pid = fk_proxmox_qemu(p->fk, "101");
	char line[64];

	(void)snprintf(line, sizeof(line), "0000:01:00.0 101 pid:%jd\n", (intmax_t)pid);
	reserve(p, line);
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:02:00.0");
	fk_process_exit(p->fk, pid);
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
}

static void a_card_of_an_earlier_line_is_not_free(void **state)
{
	struct pve *p = open_mapped(state, "hostpci1: mapping=gpu\nhostpci0: mapping=gpu\n", BOTH);

	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0, hostpci1 0000:02:00.0");
	/* In the order of their numbers, as Proxmox goes. */
	fk_set(p->fk, CONF, "hostpci0: mapping=gpu\nhostpci1: 01:00\n");
	assert_int_equal(pve_complete(p, ""), -EINVAL);
	fk_set(p->fk, CONF, "hostpci1: mapping=gpu\nhostpci0: 01:00.1\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.1, hostpci1 0000:02:00.0");
}

static void no_card_is_free(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: 01:00\nhostpci1: mapping=gpu\n", BOTH);

	reserve(p, "0000:02:00.0 102 time:1890000000\n");
	pve_refuses(p, "",
		    "100.conf:2: hostpci1: no card of the mapping 'gpu' is free: 0000:01:00.0 by "
		    "hostpci0, 0000:02:00.0 by VM 102",
		    "");
}

/* With one card there is no choice: the plan refuses it, and says whose it is. */
static void the_only_card_is_taken(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n", "gpu\n" CARD2);

	reserve(p, "0000:02:00.0 102 time:1890000000\n");
	pve_completes(p, "");
	pve_plans(p, "0000:02:00.0 is reserved by Proxmox for VM 102, which is starting");
}

/* Proxmox checks them all before it takes one. */
static void an_alternative_that_is_out_of_date(void **state)
{
	static const char hint[] = "Proxmox refuses the whole mapping then; correct it under "
				   "Datacenter, Resource Mappings";
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n",
				    "gpu\n" CARD1 "\tmap id=10de:2204,node=pve1,path=0000:02:00\n");

	pve_refuses(p, "",
		    "100.conf:1: hostpci0: the mapping 'gpu' is out of date: line 3 of "
		    "/etc/pve/mapping/pci.cfg expects a 10de:2204 at 0000:02:00.0, but there is a "
		    "1002:73bf",
		    hint);
	fk_set(p->fk, MAPPINGS, BOTH "\tmap id=10de:2204,node=pve1,path=0000:07:00.0\n");
	pve_refuses(p, "",
		    "100.conf:1: hostpci0: the mapping 'gpu' is out of date: line 4 of "
		    "/etc/pve/mapping/pci.cfg expects a 10de:2204 at 0000:07:00.0, but there is "
		    "nothing",
		    hint);
}

static void a_profile_with_devices_is_held_against_the_choice(void **state)
{
	static const char profile[] = "[device gpu]\naddress = 0000:01:00.0\n";
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n", BOTH);

	pve_completes(p, profile);
	pve_devices(p, "gpu 0000:01:00.0");
	reserve(p, "0000:01:00.0 101 time:1890000000\n");
	pve_refuses(p, profile,
		    "the profile hands over 0000:01:00.0, 0000:01:00.1, but 100.conf:1 (hostpci0) "
		    "gives the VM 0000:02:00.0, 0000:02:00.1",
		    "make them agree, or drop [device] from the profile, so that it follows the "
		    "VM's configuration");
}

static void hash_covers_the_choice_and_the_id(void **state)
{
	struct pve *p = open_mapped(state, "hostpci0: mapping=gpu\n", BOTH);
	uint64_t first;

	pve_completes(p, "");
	first = p->profile.hash;
	reserve(p, "0000:01:00.0 101 time:1890000000\n");
	pve_completes(p, "");
	assert_true(p->profile.hash != first);
	reserve(p, "");
	fk_set(p->fk, CONF, "hostpci0: 01:00\n");
	pve_completes(p, "");
	assert_true(p->profile.hash != first);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PVE_TEST(one_card),
		PVE_TEST(several_paths_go_together),
		PVE_TEST(another_card_sits_there),
		PVE_TEST(no_such_mapping),
		PVE_TEST(no_card_on_this_node),
		PVE_TEST(mappings_that_cannot_be_read),
		PVE_TEST(the_first_free_card),
		PVE_TEST(a_card_of_a_running_vm_is_not_free),
		PVE_TEST(a_card_of_an_earlier_line_is_not_free),
		PVE_TEST(no_card_is_free),
		PVE_TEST(the_only_card_is_taken),
		PVE_TEST(an_alternative_that_is_out_of_date),
		PVE_TEST(a_profile_with_devices_is_held_against_the_choice),
		PVE_TEST(hash_covers_the_choice_and_the_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
