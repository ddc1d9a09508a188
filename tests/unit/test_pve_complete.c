/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A profile and the hostpci lines of its VM: the one made from the other, and the two compared. */

#include "tests/unit/pve_rig.h"

#define GPU_AND(more) "[device gpu]\naddress = 0000:01:00.0\n" more

static const char agree[] =
	"make them agree, or drop [device] from the profile, so that it follows "
	"the VM's configuration";

static void a_slot_is_a_device(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "cores: 2\nhostpci0: 01:00,pcie=1\n");
	const struct vh_profile_device *d;

	pve_completes(p, "[host]\ntimeout = 5s\n");
	assert_true(p->profile.from_guest);
	assert_int_equal(p->profile.timeout_ms, 5000);
	pve_devices(p, "hostpci0 0000:01:00.0");
	d = &p->profile.devices[0];
	assert_string_equal(d->title, "hostpci0");
	assert_string_equal(d->file, "100.conf");
	assert_int_equal(d->line, 2);
	assert_false(d->has_id);
	assert_true(d->pin_power);
	assert_true(d->pin_d3cold);
	pve_plans(p, GPU " " AUDIO);
}

static void functions_of_one_card_are_a_device(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "hostpci0: 01:00.0;01:00.1\n");

	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
	/* Each on a line of its own, too. */
	fk_set(p->fk, CONF, "hostpci2: 01:00.0\nhostpci1: 01:00.1\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci1 0000:01:00.1");
	pve_plans(p, GPU " " AUDIO);
	/* Without its audio function, which goes along all the same. */
	fk_set(p->fk, CONF, "hostpci3: 0000:01:00.0\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci3 0000:01:00.0");
	pve_plans(p, GPU " " AUDIO);
}

static void several_cards_on_one_line_and_on_several(void **state)
{
	struct pve *p = pve_open(state, "single-gpu",
				 "hostpci10: 03:00\nhostpci2: 01:00;05:00.0\nhostpci3: 04:00\n");

	pve_completes(p, "");
	pve_devices(p, "hostpci2 0000:01:00.0, hostpci2-2 0000:05:00.0, hostpci3 0000:04:00.0, "
		       "hostpci10 0000:03:00.0");
	assert_string_equal(p->profile.devices[1].title, "hostpci2");
	assert_int_equal(p->profile.devices[1].line, 2);
	pve_plans(p, GPU " " AUDIO " " NVME " " NIC " " USB);
}

/* They share a slot and are no card: each goes alone, and all named go. */
static void virtual_functions_of_one_slot(void **state)
{
	struct pve *p = pve_open(state, "sriov", "hostpci0: 06:10.0;06:10.2\n");

	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:06:10.0, hostpci0-2 0000:06:10.2");
	pve_plans(p, "0000:06:10.0 0000:06:10.2");
	fk_set(p->fk, CONF, "hostpci0: 06:10.2\nhostpci1: 06:10.0\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:06:10.2, hostpci1 0000:06:10.0");
	pve_plans(p, "0000:06:10.0 0000:06:10.2");
	/* The slot: those that are there now, which here are two of four. */
	fk_set(p->fk, CONF, "hostpci0: 06:10\n");
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:06:10.0, hostpci0-2 0000:06:10.2");
	pve_plans(p, "0000:06:10.0 0000:06:10.2");
}

static void a_device_that_is_not_there(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "\nhostpci0: 07:00,pcie=1\n");

	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:07:00.0");
	pve_plans(p, "100.conf:2: there is no PCI device at 0000:07:00.0, named in hostpci0");
	fk_set(p->fk, CONF, "hostpci0: 01:00;01:00.5\n");
	pve_completes(p, "");
	pve_plans(p, "100.conf:1: there is no PCI device at 0000:01:00.5, named in hostpci0");
}

static void a_function_named_twice(void **state)
{
	static const char delete1[] =
		"Proxmox does not start a VM with such lines; one with the slot, as 0000:01:00, "
		"has all functions of the card: qm set 100 --delete hostpci1";
	static const char delete0[] =
		"Proxmox does not start a VM with such lines; one with the slot, as 0000:01:00, "
		"has all functions of the card: qm set 100 --delete hostpci0";
	static const char once[] =
		"Proxmox does not start a VM with such a line; name each function "
		"once, or the slot without a function";
	struct pve *p = pve_open(state, "single-gpu", "hostpci0: 01:00\nhostpci1: 01:00.1\n");

	pve_refuses(p, "",
		    "100.conf:2: hostpci1: it names 0000:01:00.1, which hostpci0 of line 1 has "
		    "already",
		    delete1);
	/* The other way round the slot is what should stay. */
	fk_set(p->fk, CONF, "hostpci1: 01:00\nhostpci0: 01:00.0\n");
	pve_refuses(p, "",
		    "100.conf:1: hostpci1: it names 0000:01:00.0, which hostpci0 of line 2 has "
		    "already",
		    delete0);
	fk_set(p->fk, CONF, "hostpci0: 01:00;01:00.1\n");
	pve_refuses(p, "", "100.conf:1: hostpci0: it names 0000:01:00.1 twice", once);
	/* With a profile that names its devices it is no better. */
	pve_refuses(p, GPU_AND(""), "100.conf:1: hostpci0: it names 0000:01:00.1 twice", once);
	fk_set(p->fk, CONF, "hostpci0: 01:00\nhostpci1: 01:00.1,mdev=a\n");
	pve_completes(p, "");
}

static void nothing_to_hand_over(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "cores: 2\n[snap]\nhostpci0: 01:00\n");

	pve_refuses(p, "",
		    "there is nothing to hand over: the profile of 100 has no [device], and "
		    "100.conf has no hostpci line",
		    "give the VM a device, such as: qm set 100 --hostpci0 01:00,pcie=1");
	fk_set(p->fk, CONF, "hostpci0: 01:00.4,mdev=nvidia-65\n");
	pve_refuses(p, "",
		    "there is nothing to hand over: the profile of 100 has no [device], and "
		    "100.conf has no hostpci line but for mediated devices",
		    "Proxmox makes mediated devices by itself, and such a VM needs no profile");
}

static void more_devices_than_one_hand_over_takes(void **state)
{
	VH_AUTO_TEXT struct vh_text conf = {0};
	struct pve *p = pve_open(state, "single-gpu", NULL);

	vh_text_add(&conf, "hostpci0: 40:00");
	for (unsigned i = 1; i < VH_PVE_ADDRESS_MAX; i++) {
		vh_text_addf(&conf, ";%02x:00", 0x40 + i);
	}
	fk_set(p->fk, CONF, vh_text_str(&conf));
	pve_completes(p, "");
	assert_int_equal(p->profile.device_count, 64);
	vh_text_add(&conf, "\nhostpci1: 01:00\n");
	fk_set(p->fk, CONF, vh_text_str(&conf));
	pve_refuses(p, "", "100.conf:2: hostpci1: more than 64 devices for one VM", "");
}

static void a_container_is_none_of_ours(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", NULL);

	fk_set(p->fk, NODE "lxc/100.conf", "hostname: web\n");
	pve_refuses(p, "", "100 is a container: its profile has no effect", "");
}

static void both_agree(void **state)
{
	static const char *const confs[] = {
		"hostpci0: 01:00\n",
		"hostpci0: 01:00.0\n",
		"hostpci0: 01:00.1\n",
		"hostpci0: 01:00.0;01:00.1\n",
		"hostpci3: 0000:01:00.1\nhostpci0: 01:00.0,driver=keep\nhostpci1: 05:00,mdev=x\n",
	};
	struct pve *p = pve_open(state, "single-gpu", NULL);

	for (size_t i = 0; i < VH_ARRAY_SIZE(confs); i++) {
		fk_set(p->fk, CONF, confs[i]);
		pve_completes(p, GPU_AND("power = keep\n"));
		assert_false(p->profile.from_guest);
		pve_devices(p, "gpu 0000:01:00.0");
		assert_false(p->profile.devices[0].pin_power);
	}
}

static void two_devices_in_any_order_agree(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "hostpci1: 01:00\nhostpci0: 05:00\n");

	pve_completes(p, GPU_AND("[device usb]\naddress = 0000:05:00.0\n"));
	pve_devices(p, "gpu 0000:01:00.0, usb 0000:05:00.0");
}

static void the_vm_has_another_card(void **state)
{
	struct pve *p = pve_open(state, "two-gpus", "cores: 2\nhostpci0: 01:00,pcie=1\n");

	pve_refuses(p, "[device gpu]\naddress = 0000:02:00.0\n",
		    "the profile hands over 0000:02:00.0, 0000:02:00.1, but 100.conf:2 (hostpci0) "
		    "gives the VM 0000:01:00.0, 0000:01:00.1",
		    agree);
}

static void the_vm_has_more(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "hostpci0: 01:00\nhostpci1: 05:00.0\n");

	pve_refuses(p, GPU_AND(""),
		    "the profile hands over 0000:01:00.0, 0000:01:00.1, but 100.conf:1 (hostpci0) "
		    "gives the VM 0000:01:00.0, 0000:01:00.1 and 100.conf:2 (hostpci1) "
		    "0000:05:00.0",
		    agree);
}

static void the_profile_has_more(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "hostpci0: 01:00\n");

	pve_refuses(p, GPU_AND("[device usb]\naddress = 0000:05:00.0\n"),
		    "the profile hands over 0000:01:00.0, 0000:01:00.1, 0000:05:00.0, but "
		    "100.conf:1 (hostpci0) gives the VM 0000:01:00.0, 0000:01:00.1",
		    agree);
}

static void the_vm_has_nothing(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "hostpci0: 05:00,mdev=x\n");

	pve_refuses(p, GPU_AND(""),
		    "the profile hands over 0000:01:00.0, 0000:01:00.1, but 100.conf gives the VM "
		    "no PCI device",
		    agree);
}

/* Without its whole group a device does not work in the VM, so the rest of it must go along. */
static void the_rest_of_a_group_may_be_in_the_profile_only(void **state)
{
	struct pve *p = pve_open(state, "shared-group", "hostpci0: 01:00\n");

	pve_completes(p, GPU_AND("[device nic]\naddress = 0000:02:00.0\n"));
	pve_devices(p, "gpu 0000:01:00.0, nic 0000:02:00.0");
	pve_plans(p, "0000:01:00.0 0000:01:00.1 0000:02:00.0");
	/* Without it the profile is made from the one line, and the plan says what is missing. */
	pve_completes(p, "");
	pve_devices(p, "hostpci0 0000:01:00.0");
	pve_plans(p, "IOMMU group 1 of 0000:01:00.0 also holds 0000:02:00.0 (8086:10d3, driver "
		     "e1000e), which the profile does not hand over");
}

static void without_an_iommu_there_is_no_group_to_share(void **state)
{
	struct pve *p = pve_open(state, "no-iommu", "hostpci0: 01:00\n");

	pve_refuses(p, GPU_AND("[device bridge]\naddress = 0000:00:10.0\n"),
		    "the profile hands over 0000:00:10.0, 0000:01:00.0, 0000:01:00.1, but "
		    "100.conf:1 (hostpci0) gives the VM 0000:01:00.0, 0000:01:00.1",
		    agree);
}

/* The plan says it better than a list of two names that differ. */
static void what_is_in_neither_machine_nor_vm(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "hostpci0: 07:00\n");

	pve_completes(p, "[device gpu]\naddress = 0000:07:00.0\n");
	pve_plans(p, "100.ini:1: there is no PCI device at 0000:07:00.0, named in [device gpu]");
	pve_refuses(p, GPU_AND(""),
		    "the profile hands over 0000:01:00.0, 0000:01:00.1, but 100.conf:1 (hostpci0) "
		    "gives the VM 0000:07:00.0",
		    agree);
	fk_set(p->fk, CONF, "hostpci0: 01:00\n");
	pve_refuses(p, "[device gpu]\naddress = 0000:07:00.0\n",
		    "the profile hands over 0000:07:00.0, but 100.conf:1 (hostpci0) gives the VM "
		    "0000:01:00.0, 0000:01:00.1",
		    agree);
}

static uint64_t hash_with(struct pve *p, const char *conf, const char *profile)
{
	fk_set(p->fk, CONF, conf);
	pve_completes(p, profile);
	return p->profile.hash;
}

static void hash_covers_the_devices_of_the_vm(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", NULL);
	uint64_t one = hash_with(p, "hostpci0: 01:00\n", "");

	assert_true(hash_with(p, "hostpci0: 05:00\n", "") != one);
	assert_true(hash_with(p, "hostpci0: 01:00\nhostpci1: 05:00\n", "") != one);
	assert_true(hash_with(p, "hostpci0: 01:00\n", "; other\n") != one);
	/* What is not about the devices is not about the hand-over. */
	assert_true(hash_with(p, "cores: 4\nhostpci0: 0000:01:00.0;01:00.1,x-vga=1\n", "") == one);
}

/* vh_profile_of_vm() */

static int of_vm(struct pve *p, const char *vm)
{
	vh_profile_done(&p->profile);
	p->err = (struct vh_error){0};
	return vh_profile_of_vm(fk_sys(p->fk), vm, &p->profile, &p->err);
}

static void of_vm_is_completed_for_a_vmid_on_a_node(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "hostpci0: 05:00\n");

	fk_set(p->fk, "etc/pve/vfio-handoff/100.ini", "");
	assert_int_equal(of_vm(p, "100"), 0);
	pve_devices(p, "hostpci0 0000:05:00.0");
	fk_set(p->fk, "etc/vfio-handoff/100.ini", GPU_AND(""));
	assert_int_equal(of_vm(p, "100"), -EINVAL);
	assert_null(p->profile.devices);
	fk_set(p->fk, "etc/vfio-handoff/win11.ini", GPU_AND(""));
	assert_int_equal(of_vm(p, "win11"), 0);
	fk_set(p->fk, "etc/vfio-handoff/101.ini", GPU_AND(""));
	assert_int_equal(of_vm(p, "101"), -ENOENT);
	assert_string_equal(p->err.msg, "there is no guest 101 on this node, 'pve1'");
	fk_remove(p->fk, "etc/pve");
	assert_int_equal(of_vm(p, "101"), 0);
	assert_int_equal(of_vm(p, "100"), 0);
	assert_int_equal(of_vm(p, "102"), -ENOENT);
}

/* The plan's word: what a card's functions are, only the host knows. */
static void two_sections_for_one_card_are_refused(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", NULL);

	fk_set(p->fk, "etc/vfio-handoff/win11.ini",
	       GPU_AND("[device audio]\naddress = 0000:01:00.1\n"));
	assert_int_equal(of_vm(p, "win11"), 0);
	pve_plans(p, "win11.ini:3: [device audio] names 0000:01:00.1, which goes along with "
		     "[device gpu] of win11.ini:1");
}

static void two_virtual_functions_of_one_slot_are_two_devices(void **state)
{
	struct pve *p = pve_open(state, "sriov", NULL);

	fk_set(p->fk, "etc/vfio-handoff/win11.ini",
	       "[device a]\naddress = 0000:06:10.0\n[device b]\naddress = 0000:06:10.2\n");
	assert_int_equal(of_vm(p, "win11"), 0);
	pve_plans(p, "0000:06:10.0 0000:06:10.2");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PVE_TEST(a_slot_is_a_device),
		PVE_TEST(functions_of_one_card_are_a_device),
		PVE_TEST(several_cards_on_one_line_and_on_several),
		PVE_TEST(virtual_functions_of_one_slot),
		PVE_TEST(a_device_that_is_not_there),
		PVE_TEST(a_function_named_twice),
		PVE_TEST(nothing_to_hand_over),
		PVE_TEST(more_devices_than_one_hand_over_takes),
		PVE_TEST(a_container_is_none_of_ours),
		PVE_TEST(both_agree),
		PVE_TEST(two_devices_in_any_order_agree),
		PVE_TEST(the_vm_has_another_card),
		PVE_TEST(the_vm_has_more),
		PVE_TEST(the_profile_has_more),
		PVE_TEST(the_vm_has_nothing),
		PVE_TEST(the_rest_of_a_group_may_be_in_the_profile_only),
		PVE_TEST(without_an_iommu_there_is_no_group_to_share),
		PVE_TEST(what_is_in_neither_machine_nor_vm),
		PVE_TEST(hash_covers_the_devices_of_the_vm),
		PVE_TEST(of_vm_is_completed_for_a_vmid_on_a_node),
		PVE_TEST(two_sections_for_one_card_are_refused),
		PVE_TEST(two_virtual_functions_of_one_slot_are_two_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
