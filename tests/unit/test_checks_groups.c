/* SPDX-License-Identifier: GPL-2.0-or-later */

/* doctor on the IOMMU groups: G4, G5; vm-curator#58, gpu-admin-tools#23. */

#include "tests/unit/checks_rig.h"
#include "tests/unit/config_bytes.h"

#define GPU_PROFILE "[device gpu]\naddress = 0000:01:00.0\n"
#define BOTH        GPU_PROFILE "[device net]\naddress = 0000:02:00.0\n"

static void cards_alone_in_their_groups_pass(void **state)
{
	struct checks *c = checks_open(state, "two-gpus", "");

	checks_run(c, NULL);
	(void)checks_get(c, "groups.exist", NULL, VH_PASS);
	checks_says(checks_get(c, "groups.cards", NULL, VH_PASS),
		    "0000:01:00.0 in group 6, 0000:02:00.0 in group 7");
	checks_none(c, "groups.override");
	checks_none(c, "groups.profile");
	checks_are_whole(c, "groups.");
}

static void card_that_shares_is_a_warning_with_the_port_and_what_helps(void **state)
{
	struct checks *c =
		checks_open(state, "shared-group", "bridge 0000:00:11.0 1b36:000c group=2\n");
	const struct vh_finding *f;

	config_set_port(c->fk, "0000:00:10.0", VH_PCIE_ROOT_PORT, 1, 0);
	config_set_port(c->fk, "0000:00:10.1", VH_PCIE_ROOT_PORT, 2, 0);
	checks_run(c, NULL);
	f = checks_get(c, "groups.cards", "0000:01:00.0", VH_WARNING);
	checks_says(f, "this graphics card shares IOMMU group 1 with other devices");
	checks_says(f, "0000:01:00.0, 0000:01:00.1 and 0000:02:00.0");
	checks_says(f,
		    "the root ports 0000:00:10.0 and 0000:00:10.1 are among the functions of one "
		    "device, without ACS");
	checks_says(f, "0000:00:11.0");
	assert_null(strstr(vh_text_str(&f->remedy), "pcie_acs_override"));
	assert_int_equal(checks_count(c, "groups.cards", VH_PASS), 0);
	checks_are_whole(c, "groups.");
}

/* G5: only where the kernel is known to obey it. */
static void proxmox_kernel_may_be_told_to_override(void **state)
{
	struct checks *c = checks_open(state, "shared-group",
				       "file proc/sys/kernel/osrelease 6.8.12-4-pve\\n\n");

	checks_run(c, NULL);
	checks_says(checks_get(c, "groups.cards", "0000:01:00.0", VH_WARNING),
		    "pcie_acs_override=downstream,multifunction on its command line; the risk:");
}

static void what_the_profile_leaves_in_the_group_is_a_failure(void **state)
{
	struct checks *c = checks_open(state, "shared-group", "");
	const struct vh_finding *f;

	checks_profile(c, "win11", GPU_PROFILE);
	config_set_port(c->fk, "0000:00:10.0", VH_PCIE_ROOT_PORT, 1, 0);
	config_set_port(c->fk, "0000:00:10.1", VH_PCIE_ROOT_PORT, 2, 0);
	checks_run(c, "win11");
	f = checks_get(c, "groups.profile", "0000:01:00.0", VH_FAILURE);
	checks_says(f,
		    "/sys/kernel/iommu_groups/1/devices: also 0000:02:00.0 with the driver e1000e");
	checks_says(f, "0000:00:10.1 are among the functions");
	checks_says(f, "[device] section");
	assert_int_equal(checks_count(c, "groups.profile", VH_FAILURE), 1);
	/* The cards as such are not judged then. */
	checks_none(c, "groups.cards");
	checks_are_whole(c, "groups.");
}

static void whole_group_in_the_profile_passes(void **state)
{
	struct checks *c = checks_open(state, "shared-group", "");

	checks_profile(c, "win11", BOTH);
	checks_run(c, "win11");
	checks_says(checks_get(c, "groups.profile", NULL, VH_PASS), "(1)");
	assert_int_equal(checks_count(c, "groups.profile", VH_FAILURE), 0);
}

static void device_of_no_group_is_a_failure(void **state)
{
	struct checks *c = checks_open(state, "single-gpu",
				       "pci 0000:09:00.0 10de:2204 class=030000 driver=nouveau\n");

	checks_profile(c, "win11", "[device gpu]\naddress = 0000:09:00.0\n");
	checks_run(c, "win11");
	checks_says(checks_get(c, "groups.profile", "0000:09:00.0", VH_FAILURE),
		    "is in no IOMMU group");
	checks_are_whole(c, "groups.");
}

/* kernel.md 2.4: isolation is fiction. */
static void override_is_a_warning(void **state)
{
	struct checks *c = checks_open(state, "two-gpus",
				       "file proc/cmdline quiet pcie_acs_override=downstream\\n\n");
	const struct vh_finding *f;

	checks_run(c, NULL);
	f = checks_get(c, "groups.override", NULL, VH_WARNING);
	checks_says(f, "/proc/cmdline: pcie_acs_override=downstream");
	checks_says(f, "only root can see");
	checks_says(f, "if this kernel has the patch");
	checks_are_whole(c, "groups.");
}

static void override_names_the_groups_that_it_split(void **state)
{
	struct checks *c = checks_open(
		state, "two-gpus",
		"file proc/cmdline quiet pcie_acs_override=downstream,multifunction\\n\n"
		"file proc/sys/kernel/osrelease 6.8.12-4-pve\\n\n"
		"bridge 0000:00:12.0 1b36:000c group=8\n"
		"bridge 0000:00:12.1 1b36:000c group=9\n");
	const struct vh_finding *f;

	config_set_port(c->fk, "0000:00:10.0", VH_PCIE_ROOT_PORT, 1, 1);
	config_set_port(c->fk, "0000:00:11.0", VH_PCIE_ROOT_PORT, 2, 0);
	config_set_port(c->fk, "0000:00:12.0", VH_PCIE_ROOT_PORT, 3, 0);
	config_set_port(c->fk, "0000:00:12.1", VH_PCIE_ROOT_PORT, 4, 0);
	checks_run(c, NULL);
	f = checks_get(c, "groups.override", NULL, VH_WARNING);
	checks_says(f, "the ACS override is active");
	/* The port 00:11.0 would be in one group with the card behind it. */
	checks_says(f, "isolation is claimed, not real, of the groups 2, 7, 8, 9");

	checks_profile(c, "win11", GPU_PROFILE);
	checks_run(c, "win11");
	checks_says(checks_get(c, "groups.override", NULL, VH_WARNING),
		    "no group of the profile was split by it");
}

/* kernel.md 2.2: RMRR. */
static void fixed_memory_of_the_firmware_is_a_failure(void **state)
{
	struct checks *c = checks_open(state, "two-gpus",
				       "file sys/kernel/iommu_groups/6/reserved_regions "
				       "0x00000000000e0000 0x00000000000effff direct\\n"
				       "0x00000000fee00000 0x00000000feefffff msi\\n\n"
				       "file sys/kernel/iommu_groups/7/reserved_regions "
				       "0x000000007b800000 0x000000007fffffff direct-relaxable\\n"
				       "0x00000000fee00000 0x00000000feefffff msi\\n\n");
	const struct vh_finding *f;

	checks_profile(c, "first", GPU_PROFILE);
	checks_profile(c, "second", "[device gpu]\naddress = 0000:02:00.0\n");
	checks_run(c, "first");
	f = checks_get(c, "groups.reserved", "0000:01:00.0", VH_FAILURE);
	checks_says(f, "0x00000000000e0000 0x00000000000effff direct");
	checks_says(f, "Firmware has requested this device have a 1:1 IOMMU mapping");
	checks_are_whole(c, "groups.");
	checks_run(c, "second");
	checks_none(c, "groups.reserved");
}

static void fixed_memory_that_cannot_be_seen_is_unknown(void **state)
{
	struct checks *c = checks_open(state, "two-gpus", "");

	fk_remove(c->fk, "sys/kernel/iommu_groups/6/reserved_regions");
	checks_profile(c, "win11", GPU_PROFILE);
	checks_run(c, "win11");
	(void)checks_get(c, "groups.reserved", NULL, VH_UNKNOWN);
	checks_are_whole(c, "groups.");
}

static void identity_is_no_fault(void **state)
{
	struct checks *c = checks_open(state, "two-gpus",
				       "file sys/kernel/iommu_groups/6/type identity\n"
				       "file sys/kernel/iommu_groups/7/type identity\n");

	checks_run(c, NULL);
	checks_says(checks_get(c, "groups.type", NULL, VH_PASS), "iommu=pt");
}

/* kernel.md 2.3: Debian's INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF. */
static void integrated_graphics_past_the_iommu_are_no_fault(void **state)
{
	struct checks *c = checks_open(state, "two-gpus",
				       "pci 0000:00:02.0 8086:4680 class=030000 group=0\n"
				       "file sys/kernel/iommu_groups/0/type identity\n"
				       "file sys/kernel/iommu_groups/6/type DMA-FQ\n");

	checks_run(c, NULL);
	checks_says(checks_get(c, "groups.type", "0000:00:02.0", VH_PASS), "integrated graphics");
}

/* A card that does not wake blocks nothing. */
static void configuration_that_hangs_is_not_waited_for(void **state)
{
	struct checks *c = checks_open(state, "shared-group", "");

	fk_fault(c->fk,
		 &(struct fk_fault){.op = FK_READ, .path_contains = "/config", .action = FK_HANG});
	checks_run(c, NULL);
	checks_says(checks_get(c, "groups.cards", "0000:01:00.0", VH_WARNING), "could not be read");
	assert_int_equal(fk_report(c->fk)->unguarded, 0);
	fk_release(c->fk);
}

static void without_an_iommu_nothing_is_said_twice(void **state)
{
	struct checks *c = checks_open(state, "no-iommu", "");

	checks_run(c, NULL);
	checks_none(c, "groups.exist");
	c->doctor.all = true;
	checks_run(c, NULL);
	(void)checks_get(c, "groups.exist", NULL, VH_FAILURE);
	checks_none(c, "groups.cards");
	checks_are_whole(c, "groups.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(cards_alone_in_their_groups_pass),
		CHECKS_TEST(card_that_shares_is_a_warning_with_the_port_and_what_helps),
		CHECKS_TEST(proxmox_kernel_may_be_told_to_override),
		CHECKS_TEST(what_the_profile_leaves_in_the_group_is_a_failure),
		CHECKS_TEST(whole_group_in_the_profile_passes),
		CHECKS_TEST(device_of_no_group_is_a_failure),
		CHECKS_TEST(override_is_a_warning),
		CHECKS_TEST(override_names_the_groups_that_it_split),
		CHECKS_TEST(fixed_memory_of_the_firmware_is_a_failure),
		CHECKS_TEST(fixed_memory_that_cannot_be_seen_is_unknown),
		CHECKS_TEST(identity_is_no_fault),
		CHECKS_TEST(integrated_graphics_past_the_iommu_are_no_fault),
		CHECKS_TEST(configuration_that_hangs_is_not_waited_for),
		CHECKS_TEST(without_an_iommu_nothing_is_said_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
