/* SPDX-License-Identifier: GPL-2.0-or-later */
/* G21: what the host and the definition show of poor performance. */
#include "lib/checks/speed_parts.h"
#include "tests/unit/checks_rig.h"

#define GPU  "0000:01:00.0"
#define PORT "0000:00:10.0"
#define D    "sys/bus/pci/devices/"

#define DOMAIN(type, more)                                                                   \
	"<domain type='" type "'><name>win11</name><memory>1048576</memory>" more            \
	"<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"                     \
	"<hostdev type='pci' managed='yes'><source><address bus='0x01'/></source></hostdev>" \
	"</devices></domain>"

static struct checks *open_host(void **state, const char *definition)
{
	struct checks *c = checks_open(state, "single-gpu", "");

	fk_set(c->fk, "sys/devices/system/cpu/online", "0-7\n");
	checks_profile(c, "win11", "[device gpu]\naddress = 0000:01:00.0\n");
	c->doctor.all = true;
	c->doctor.definition = definition;
	return c;
}

static void set_link(struct checks *c, const char *name, const char *width, const char *width_max,
		     const char *speed)
{
	char path[128];

	(void)snprintf(path, sizeof(path), D "%s/current_link_width", name);
	fk_set(c->fk, path, width);
	(void)snprintf(path, sizeof(path), D "%s/max_link_width", name);
	fk_set(c->fk, path, width_max);
	(void)snprintf(path, sizeof(path), D "%s/current_link_speed", name);
	fk_set(c->fk, path, speed);
	(void)snprintf(path, sizeof(path), D "%s/max_link_speed", name);
	fk_set(c->fk, path, "16.0 GT/s PCIe\n");
}

/* --- the link */

static void test_a_link_at_rest_is_no_fault(void **state)
{
	struct checks *c = open_host(state, DOMAIN("kvm", ""));
	const struct vh_finding *f;

	set_link(c, GPU, "16\n", "16\n", "2.5 GT/s PCIe\n");
	set_link(c, PORT, "16\n", "16\n", "2.5 GT/s PCIe\n");
	checks_run(c, "win11");
	f = checks_get(c, "speed.link", GPU, VH_PASS);
	checks_says(f, "2.5 of 16.0 GT/s");
	checks_says(f, "at rest");
}

static void test_a_narrow_slot(void **state)
{
	struct checks *c = open_host(state, DOMAIN("kvm", ""));
	const struct vh_finding *f;

	set_link(c, GPU, "4\n", "16\n", "16.0 GT/s PCIe\n");
	set_link(c, PORT, "4\n", "4\n", "16.0 GT/s PCIe\n");
	checks_run(c, "win11");
	f = checks_get(c, "speed.link", GPU, VH_WARNING);
	checks_says(f, "4 of its 16");
	checks_says(f, "The slot has no more lanes");
	set_link(c, PORT, "4\n", "16\n", "16.0 GT/s PCIe\n");
	checks_run(c, "win11");
	f = checks_get(c, "speed.link", GPU, VH_WARNING);
	checks_says(f, "riser");
	checks_are_whole(c, "speed.");
}

/* Below the card's own switch everything has all lanes; the slot is above the switch. */
static void test_the_link_of_a_card_with_a_switch(void **state)
{
	static const char lines[] =
		"kernel 6.8.0\niommu dmar0\nconsole fbcon=1 dummy=0\n"
		"bridge 0000:00:01.0 8086:460d group=1\n"
		"bridge 0000:01:00.0 8086:4fa1 group=1 parent=0000:00:01.0\n"
		"bridge 0000:02:01.0 8086:4fa4 group=1 parent=0000:01:00.0\n"
		"bridge 0000:02:04.0 8086:4fa4 group=1 parent=0000:01:00.0\n"
		"pci 0000:03:00.0 8086:56a0 class=030000 driver=i915 group=2 parent=0000:02:01.0 "
		"bar0=de000000+1000000 drm=card0\n"
		"pci 0000:04:00.0 8086:4f90 class=040300 driver=snd_hda_intel group=3 "
		"parent=0000:02:04.0 snd=card0\n";
	struct checks *c = checks_open_host(state, fk_parse("arc", lines));
	const struct vh_finding *f;

	checks_profile(c, "win11", "[device gpu]\naddress = 0000:03:00.0\n");
	c->doctor.all = true;
	set_link(c, "0000:03:00.0", "1\n", "1\n", "2.5 GT/s PCIe\n");
	set_link(c, "0000:01:00.0", "8\n", "16\n", "16.0 GT/s PCIe\n");
	set_link(c, "0000:00:01.0", "8\n", "16\n", "16.0 GT/s PCIe\n");
	checks_run(c, "win11");
	f = checks_get(c, "speed.link", "0000:03:00.0", VH_WARNING);
	checks_says(f, "8 of its 16");
	checks_says(f, "0000:01:00.0");
	checks_are_whole(c, "speed.");
}

static void test_a_card_without_a_link_is_not_judged(void **state)
{
	struct checks *c = open_host(state, DOMAIN("kvm", ""));

	checks_run(c, "win11");
	checks_none(c, "speed.link");
}

/* --- the CPU */

static void test_the_guests_cpu(void **state)
{
	struct checks *c = open_host(state, DOMAIN("kvm", "<cpu mode='host-passthrough'/>"));

	checks_run(c, "win11");
	(void)checks_get(c, "speed.cpu", "", VH_PASS);
	c->doctor.definition = DOMAIN("kvm", "<cpu mode='custom'><model>qemu64</model></cpu>");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.cpu", "", VH_WARNING);
	c->doctor.definition = DOMAIN("qemu", "");
	checks_run(c, "win11");
	checks_says(checks_get(c, "speed.cpu", "", VH_WARNING), "emulated");
	checks_are_whole(c, "speed.");
}

static void test_proxmoxs_cpu(void **state)
{
	struct checks *c = checks_open(state, "proxmox", "");
	const char *conf = "etc/pve/nodes/pve1/qemu-server/100.conf";

	fk_set(c->fk, "sys/devices/system/cpu/online", "0-3\n");
	c->doctor.all = true;
	fk_set(c->fk, conf, "cpu: x86-64-v2-AES\nhostpci0: 0000:02:00\ncores: 8\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "speed.cpu", "", VH_WARNING), "qm set 100 --cpu host");
	checks_says(checks_get(c, "speed.vcpus", "", VH_WARNING), "--cores 2");
	fk_set(c->fk, conf, "cpu: host,hidden=1\nhostpci0: 0000:02:00\ncores: 4\n");
	checks_run(c, "100");
	(void)checks_get(c, "speed.cpu", "", VH_PASS);
	(void)checks_get(c, "speed.vcpus", "", VH_PASS);
	checks_are_whole(c, "speed.");
}

static void test_sockets(void **state)
{
	struct checks *c = open_host(state, DOMAIN("kvm", "<vcpu>8</vcpu>"));

	checks_run(c, "win11");
	checks_says(checks_get(c, "speed.vcpus", "", VH_WARNING), "topology.cores=8");
	c->doctor.definition = DOMAIN("kvm", "<vcpu>8</vcpu><cpu mode='host-passthrough'>"
					     "<topology sockets='1' cores='4' threads='2'/></cpu>");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.vcpus", "", VH_PASS);
	c->doctor.definition = DOMAIN("kvm", "<vcpu>9</vcpu>");
	checks_run(c, "win11");
	checks_says(checks_get(c, "speed.vcpus", "", VH_WARNING), "more CPUs than the host");
	checks_are_whole(c, "speed.");
}

/* --- the host */

static void set_governor(struct checks *c, const char *governor, const char *driver)
{
	fk_set(c->fk, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor);
	fk_set(c->fk, "sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", driver);
	fk_set(c->fk, "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", governor);
	fk_set(c->fk, "sys/devices/system/cpu/cpufreq/boost", "1\n");
}

static void test_powersave_means_two_things(void **state)
{
	struct checks *c = open_host(state, DOMAIN("kvm", ""));
	const struct vh_finding *f;

	checks_run(c, "win11");
	checks_none(c, "speed.governor");
	set_governor(c, "powersave\n", "intel_pstate\n");
	checks_run(c, "win11");
	f = checks_get(c, "speed.governor", "", VH_PASS);
	checks_says(f, "does not mean the lowest");
	checks_says(f, "2 CPUs");
	set_governor(c, "powersave\n", "acpi-cpufreq\n");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.governor", "", VH_WARNING);
	set_governor(c, "schedutil\n", "acpi-cpufreq\n");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.governor", "", VH_PASS);
	checks_are_whole(c, "speed.");
}

static void test_huge_pages_are_a_hint(void **state)
{
	struct checks *c = open_host(state, DOMAIN("kvm", ""));

	fk_set(c->fk, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.pages", "", VH_WARNING);
	checks_are_whole(c, "speed.");
	fk_set(c->fk, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.pages", "", VH_PASS);
}

static void test_a_guest_on_the_wrong_node(void **state)
{
	struct checks *c = open_host(
		state, DOMAIN("kvm", "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='0'/>"
				     "<vcpupin vcpu='1' cpuset='1'/></cputune>"));

	fk_set(c->fk, D GPU "/numa_node", "1\n");
	checks_run(c, "win11");
	checks_none(c, "speed.numa");
	fk_set(c->fk, "sys/devices/system/node/online", "0-1\n");
	fk_set(c->fk, "sys/devices/system/node/node0/cpulist", "0-3\n");
	fk_set(c->fk, "sys/devices/system/node/node1/cpulist", "4-7\n");
	checks_run(c, "win11");
	checks_says(checks_get(c, "speed.numa", GPU, VH_WARNING), "node 1");
	checks_are_whole(c, "speed.");
	fk_set(c->fk, D GPU "/numa_node", "0\n");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.numa", GPU, VH_PASS);
	c->doctor.definition = DOMAIN("kvm", "<vcpu cpuset='0-7,^0-3'>2</vcpu>");
	checks_run(c, "win11");
	(void)checks_get(c, "speed.numa", GPU, VH_WARNING);
	c->doctor.definition = DOMAIN("kvm", "");
	checks_run(c, "win11");
	checks_says(checks_get(c, "speed.numa", GPU, VH_PASS), "nothing binds");
	fk_set(c->fk, D GPU "/numa_node", "-1\n");
	checks_run(c, "win11");
	checks_none(c, "speed.numa");
}

static void test_cpu_lists(void **state)
{
	static const char *const bad[] = {"a", "3-1", "1,,2", "-", "8192", "0-99999999999", "1-"};
	struct vh_cpu_list list;

	(void)state;
	assert_true(vh_cpu_list_parse(&list, "0-3,8"));
	assert_int_equal(list.count, 5);
	assert_true(vh_cpu_list_has(&list, 8));
	assert_false(vh_cpu_list_has(&list, 4));
	assert_false(vh_cpu_list_has(&list, 8192));
	assert_true(vh_cpu_list_parse(&list, "0-3,^1,1"));
	assert_int_equal(list.count, 4);
	assert_true(vh_cpu_list_parse(&list, "2,2,^2,^2"));
	assert_int_equal(list.count, 0);
	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		assert_false(vh_cpu_list_parse(&list, bad[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(test_a_link_at_rest_is_no_fault),
		CHECKS_TEST(test_a_narrow_slot),
		CHECKS_TEST(test_the_link_of_a_card_with_a_switch),
		CHECKS_TEST(test_a_card_without_a_link_is_not_judged),
		CHECKS_TEST(test_the_guests_cpu),
		CHECKS_TEST(test_proxmoxs_cpu),
		CHECKS_TEST(test_sockets),
		CHECKS_TEST(test_powersave_means_two_things),
		CHECKS_TEST(test_huge_pages_are_a_hint),
		CHECKS_TEST(test_a_guest_on_the_wrong_node),
		cmocka_unit_test(test_cpu_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
