/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which devices a VM of Proxmox's gets: its configuration, its profile, and who has them already. */

#include "tests/hooks/phase_rig.h"

#define NO_DEVICE "[host]\ntimeout = 30s\n"

/* VM 100 with these lines in its configuration, and that profile. */
static struct phases *open_vm(void **state, const char *lines, const char *profile)
{
	struct phases *p = phases_open(state, "");

	phases_vm(p, "100", lines);
	phases_put(p, PROFILE "100.ini", profile);
	return p;
}

/* The whole configuration, byte for byte. */
static struct phases *open_config(void **state, const char *config, const char *profile)
{
	struct phases *p = open_vm(state, "", profile);

	phases_put(p, NODE "qemu-server/100.conf", config);
	return p;
}

/* A start that takes this card and no other, and a stop that brings it back. */
static void takes(struct phases *p, const struct card *card)
{
	pve_start(p, "100", card);
	phases_on(p, card, "vfio-pci");
	phases_on(p, card == &first_card ? &second_card : &first_card, "nouveau");
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void refused(struct phases *p, const char *part)
{
	phases_task(p);
	phases_refused(p, "100", "pre-start", part);
	phases_is_clean(p);
}

static int next(void **state)
{
	return phases_teardown(state);
}

/* --- a profile without [device] --------------------------------------------------------------------- */

static void devices_come_from_the_hostpci_lines(void **state)
{
	static const char *const lines[] = {
		"hostpci0: host=01:00\n",
		"hostpci0: 01:00\n",
		"hostpci0: pcie=1,host=0000:01:00,x-vga=1\n",
		"hostpci0: 0000:01:00.0;0000:01:00.1\n",
		"hostpci0: 01:00.1;01:00.0,pcie=1\n",
		"hostpci3: 0000:01:00.0\nhostpci15: 0000:01:00.1\n",
		"hostpci0: 01:00,driver=keep\n",
		"hostpci0: 0000:01:00,romfile=gpu.rom,rombar=0,some-new-option=2\n",
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(lines); i++) {
		takes(open_vm(state, lines[i], NO_DEVICE), &first_card);
		assert_int_equal(next(state), 0);
	}
	takes(open_vm(state, "hostpci0: 02:00\n", NO_DEVICE), &second_card);
}

static void an_empty_profile_is_one(void **state)
{
	takes(open_vm(state, HOSTPCI_FIRST, ""), &first_card);
}

/* Sound alone: the rest of its card goes along, as with a [device]. */
static void one_function_takes_its_card_along(void **state)
{
	struct phases *p = open_vm(state, "hostpci0: 01:00.1\n", NO_DEVICE);

	assert_int_equal(pve_begin(p, "100"), 0);
	phases_on(p, &first_card, "vfio-pci");
	phases_task(p);
	assert_int_equal(pve_begin(p, "101"), 0);
	phases_is_clean(p);
}

static void a_mapping_names_the_card_of_this_node(void **state)
{
	struct phases *p = open_vm(state, "hostpci0: mapping=gpu,pcie=1\n", NO_DEVICE);

	phases_put(p, MAPPINGS,
		   "nic\n\tmap id=8086:1572,node=pve1,path=0000:05:00\n\n"
		   "gpu\n\tdescription the card\n"
		   "\tmap id=10de:2204,iommugroup=15,node=pve0,path=0000:01:00\n"
		   "\tmap id=10de:2204,iommugroup=15,node=pve1,path=0000:02:00\n");
	takes(p, &second_card);
}

/* Proxmox takes the first that nobody has: VM 102's start is not our business. */
static void of_a_mapping_of_two_the_free_one_is_foretold(void **state)
{
	struct phases *p = open_vm(state, "hostpci0: mapping=gpu\n", NO_DEVICE);

	phases_put(p, MAPPINGS,
		   "gpu\n\tmap id=10de:2204,iommugroup=14,node=pve1,path=0000:01:00\n"
		   "\tmap id=10de:2204,iommugroup=15,node=pve1,path=0000:02:00\n");
	takes(p, &first_card);
	pve_run(p, "102", &first_card);
	pve_start(p, "100", &second_card);
	pve_stop(p, "100");
	phases_on(p, &second_card, "nouveau");
	rig_has_no_records(&p->rig);
}

static void a_mapping_that_does_not_fit_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"nic\n\tmap id=10de:2204,node=pve1,path=0000:01:00\n",
		 "100.conf:4: hostpci0: there is no mapping 'gpu'"},
		{"gpu\n\tmap id=10de:2204,node=pve2,path=0000:01:00\n",
		 "has no card on this node, 'pve1'"},
		{"gpu\n\tmap id=10de:ffff,node=pve1,path=0000:01:00\n", "10de:ffff"},
		{"gpu\n\tmap id=10de:2204,node=pve1,path=0000:09:00\n", "0000:09:00.0"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		struct phases *p = open_vm(state, "hostpci0: mapping=gpu\n", NO_DEVICE);

		phases_put(p, MAPPINGS, cases[i].text);
		refused(p, cases[i].says);
		assert_int_equal(next(state), 0);
	}
	refused(open_vm(state, "hostpci0: mapping=gpu\n", NO_DEVICE), "no mapping 'gpu'");
}

static void lines_that_proxmox_would_not_start_are_refused_beforehand(void **state)
{
	static const struct {
		const char *lines;
		const char *says;
	} cases[] = {
		{"hostpci0: 01:00\nhostpci1: 01:00.1\n",
		 "100.conf:5: hostpci1: it names 0000:01:00.1, which hostpci0 of line 4 has"},
		{"hostpci0: 01:00.0;01:00.0\n", "100.conf:4: hostpci0: it names 0000:01:00.0 twice"},
		{"hostpci0: 01:0g\n", "100.conf:4: hostpci0: '01:0g' is no PCI address"},
		{"hostpci0: pcie=1\n", "100.conf:4: hostpci0: it needs either"},
		{"hostpci16: 01:00\n", "100.conf:4: hostpci16: Proxmox knows hostpci0 to"},
		{"hostpci0: 09:00\n", "100.conf:4: there is no PCI device at 0000:09:00.0"},
		{"hostpci0: 0A:00\n", "100.conf:4: hostpci0: '0A:00' is no PCI address"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		refused(open_vm(state, cases[i].lines, NO_DEVICE), cases[i].says);
		if (i + 1 < VH_ARRAY_SIZE(cases)) {
			assert_int_equal(next(state), 0);
		}
	}
}

static void a_vm_without_a_card_is_told_how_to_give_it_one(void **state)
{
	struct phases *p = open_vm(state, "", NO_DEVICE);

	refused(p, "100.conf has no hostpci line");
	phases_said(p, "qm set 100 --hostpci0");
}

static void mediated_devices_need_no_profile(void **state)
{
	struct phases *p = open_vm(state, "hostpci0: 01:00.0,mdev=nvidia-63\n", NO_DEVICE);

	refused(p, "no hostpci line but for mediated devices");
	phases_said(p, "such a VM needs no profile");
}

static void beside_a_mediated_device_a_card_is_handed_over(void **state)
{
	takes(open_vm(state, "hostpci0: 02:00.0,mdev=nvidia-63\nhostpci1: 01:00\n", NO_DEVICE),
	      &first_card);
}

/* --- a profile with [device] ------------------------------------------------------------------------ */

static void profile_and_hostpci_must_agree(void **state)
{
	struct phases *p = open_vm(state, "hostpci0: 02:00\n", DEVICE_FIRST);

	refused(p, "the profile hands over 0000:01:00.0, 0000:01:00.1, but 100.conf:4 (hostpci0) "
		   "gives the VM 0000:02:00.0, 0000:02:00.1");
	phases_said(p, "drop [device] from the profile");
	assert_int_equal(next(state), 0);
	refused(open_vm(state, HOSTPCI_FIRST "hostpci1: 02:00\n", DEVICE_FIRST),
		"and 100.conf:5 (hostpci1) 0000:02:00.0");
	assert_int_equal(next(state), 0);
	refused(open_vm(state, "", DEVICE_FIRST), "100.conf gives the VM no PCI device");
}

static void one_function_in_the_vm_is_enough_to_agree(void **state)
{
	struct phases *p = open_vm(state, "hostpci0: 01:00.0,x-vga=1\n", DEVICE_FIRST);

	assert_int_equal(pve_begin(p, "100"), 0);
	phases_on(p, &first_card, "vfio-pci");
	phases_task(p);
	assert_int_equal(pve_begin(p, "101"), 0);
	phases_is_clean(p);
}

/* --- the file ------------------------------------------------------------------------------------- */

/* Everything that looks like a line of the second card, and is none. */
static void only_the_current_part_counts(void **state)
{
	takes(open_config(state,
			  "#hostpci0: 0000:02:00.0\n"
			  "#the old line was%3A hostpci1%3A 02%3A00\n"
			  "hostpci0: 0000:01:00,pcie=1\n"
			  "xhostpci1: 02:00\n"
			  "args: -device vfio-pci,host=02:00.0\n"
			  "name: hostpci2: 02:00\n"
			  "memory: 8192\n"
			  "\n[PENDING]\nhostpci1: 02:00\ndelete: hostpci0\n"
			  "\n[special:cloudinit]\nhostpci1: 02:00\n"
			  "\n[before-update]\nhostpci0: 02:00\nlock: backup\nsnaptime: 1700000000\n",
			  NO_DEVICE),
	      &first_card);
}

static void a_card_that_is_only_pending_is_none(void **state)
{
	refused(open_config(state, "memory: 8192\n\n[pending]\nhostpci0: 01:00\n", NO_DEVICE),
		"100.conf has no hostpci line");
	assert_int_equal(next(state), 0);
	refused(open_config(state, "memory: 8192\n[snap]\nhostpci0: 01:00\n", NO_DEVICE),
		"100.conf has no hostpci line");
	assert_int_equal(next(state), 0);
	refused(open_config(state, "#hostpci0: 01:00\nmemory: 8192\n", NO_DEVICE),
		"100.conf has no hostpci line");
}

/* lock: backup of a snapshot section is that snapshot's. */
static void the_lock_of_a_snapshot_is_no_lock(void **state)
{
	struct phases *p = open_config(
		state, "hostpci0: 01:00\n\n[snap]\nlock: backup\ntemplate: 1\n", NO_DEVICE);

	takes(p, &first_card);
}

static void windows_line_ends_do_no_harm(void **state)
{
	takes(open_config(state,
			  "memory: 8192\r\nhostpci0: 01:00,pcie=1\r\nname: win\r\n\r\n"
			  "[PENDING]\r\nhostpci0: 02:00\r\n",
			  NO_DEVICE),
	      &first_card);
}

static void the_last_line_of_a_key_wins(void **state)
{
	takes(open_config(state, "hostpci0: 02:00\nhostpci0: 01:00\n", NO_DEVICE), &first_card);
}

/* 1 MiB is what Proxmox's file system holds. */
static void a_large_configuration_is_read_up_to_a_mebibyte(void **state)
{
	static char text[(1U << 20) + 2];
	const char line[] = "hostpci0: 01:00\n";
	struct phases *p;

	memset(text, '#', sizeof(text) - 1);
	for (size_t i = 99; i < sizeof(text) - 1; i += 100) {
		text[i] = '\n';
	}
	memcpy(text, line, sizeof(line) - 1);
	text[sizeof(line) - 1] = '#';
	text[1U << 20] = '\0';
	p = open_config(state, text, NO_DEVICE);
	takes(p, &first_card);
	text[1U << 20] = '\n';
	phases_put(p, NODE "qemu-server/100.conf", text);
	refused(p, "is larger than 1 MiB");
}

/* [PENDING] has just been applied, and the card is in no line any more. */
static void at_the_stop_what_was_taken_counts(void **state)
{
	static const char *const later[] = {"", "hostpci0: 02:00\n", "hostpci0: rubbish\n"};
	struct phases *p = open_vm(state, HOSTPCI_FIRST, NO_DEVICE);

	for (size_t i = 0; i < VH_ARRAY_SIZE(later); i++) {
		pve_start(p, "100", &first_card);
		phases_vm(p, "100", later[i]);
		pve_stop(p, "100");
		phases_on(p, &first_card, "nouveau");
		phases_on(p, &second_card, "nouveau");
		phases_vm(p, "100", HOSTPCI_FIRST);
		rig_has_no_records(&p->rig);
	}
}

static void a_vm_that_is_destroyed_gives_its_card_back(void **state)
{
	struct phases *p = open_vm(state, HOSTPCI_FIRST, NO_DEVICE);

	fk_remove(p->rig.fk, NODE "qemu-server/100.conf");
	fk_remove(p->rig.fk, PROFILE "100.ini");
	phases_begin_here(p);
	phases_vm(p, "100", HOSTPCI_FIRST);
	fk_set(p->rig.fk, PROFILE "100.ini", NO_DEVICE);
	pve_start(p, "100", &first_card);
	fk_remove(p->rig.fk, NODE "qemu-server/100.conf");
	fk_remove(p->rig.fk, PROFILE "100.ini");
	pve_stop(p, "100");
	phases_on(p, &first_card, "nouveau");
	rig_has_no_records(&p->rig);
}

/* A start that failed, and another card in the configuration since. */
static void a_changed_configuration_does_not_pick_up_the_old_card(void **state)
{
	struct phases *p = open_vm(state, HOSTPCI_FIRST, NO_DEVICE);

	assert_int_equal(pve_begin(p, "100"), 0);
	phases_task(p);
	fk_set(p->rig.fk, NODE "qemu-server/100.conf", "hostpci0: 02:00\n");
	pve_start(p, "100", &second_card);
	phases_on(p, &first_card, "nouveau");
	phases_on(p, &second_card, "vfio-pci");
	pve_stop(p, "100");
	rig_has_no_records(&p->rig);
	phases_on(p, &second_card, "nouveau");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PHASE_TEST(devices_come_from_the_hostpci_lines),
		PHASE_TEST(an_empty_profile_is_one),
		PHASE_TEST(one_function_takes_its_card_along),
		PHASE_TEST(a_mapping_names_the_card_of_this_node),
		PHASE_TEST(of_a_mapping_of_two_the_free_one_is_foretold),
		PHASE_TEST(a_mapping_that_does_not_fit_is_refused),
		PHASE_TEST(lines_that_proxmox_would_not_start_are_refused_beforehand),
		PHASE_TEST(a_vm_without_a_card_is_told_how_to_give_it_one),
		PHASE_TEST(mediated_devices_need_no_profile),
		PHASE_TEST(beside_a_mediated_device_a_card_is_handed_over),
		PHASE_TEST(profile_and_hostpci_must_agree),
		PHASE_TEST(one_function_in_the_vm_is_enough_to_agree),
		PHASE_TEST(only_the_current_part_counts),
		PHASE_TEST(a_card_that_is_only_pending_is_none),
		PHASE_TEST(the_lock_of_a_snapshot_is_no_lock),
		PHASE_TEST(windows_line_ends_do_no_harm),
		PHASE_TEST(the_last_line_of_a_key_wins),
		PHASE_TEST(a_large_configuration_is_read_up_to_a_mebibyte),
		PHASE_TEST(at_the_stop_what_was_taken_counts),
		PHASE_TEST(a_vm_that_is_destroyed_gives_its_card_back),
		PHASE_TEST(a_changed_configuration_does_not_pick_up_the_old_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
