/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clock speed and memory nodes of the host. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"
#include "lib/checks/speed_parts.h"

#define HOST_CPUS "sys/devices/system/cpu"
#define NODES     "sys/devices/system/node"

static bool change(struct vh_cpu_list *list, uint64_t from, uint64_t to, bool in)
{
	if (from > to || to >= VH_CPUS_MAX) {
		return false;
	}
	for (uint64_t i = from; i <= to; i++) {
		unsigned char bit = (unsigned char)(1U << i % CHAR_BIT);
		bool was = list->bits[i / CHAR_BIT] & bit;

		list->bits[i / CHAR_BIT] = (unsigned char)(in ? list->bits[i / CHAR_BIT] | bit
							      : list->bits[i / CHAR_BIT] & ~bit);
		list->count += (unsigned)(in && !was);
		list->count -= (unsigned)(!in && was);
	}
	return true;
}

bool vh_cpu_list_parse(struct vh_cpu_list *ret, const char *text)
{
	VH_AUTO_FREE char *copy = strdup(text);
	char *rest = copy;
	char *part;

	*ret = (struct vh_cpu_list){0};
	while ((part = strsep(&rest, ","))) {
		bool out = *part == '^';
		char *to = strchr(part, '-');
		uint64_t first;
		uint64_t last;

		part += out;
		if (to) {
			*to++ = '\0';
		}
		if (vh_parse_u64(part, 10, VH_CPUS_MAX, &first) ||
		    vh_parse_u64(to ? to : part, 10, VH_CPUS_MAX, &last) ||
		    !change(ret, first, last, !out)) {
			return false;
		}
	}
	return copy != NULL;
}

bool vh_cpu_list_has(const struct vh_cpu_list *list, unsigned number)
{
	return number < VH_CPUS_MAX && list->bits[number / CHAR_BIT] & 1U << number % CHAR_BIT;
}

static bool read_list(struct vh_sys *sys, const char *path, struct vh_cpu_list *ret)
{
	char text[512];

	return vh_sys_attr(sys, text, sizeof(text), "%s", path) == 0 &&
	       vh_cpu_list_parse(ret, text);
}

unsigned vh_cpu_count(struct vh_sys *sys, const char *path)
{
	struct vh_cpu_list list;

	return read_list(sys, path, &list) ? list.count : 0;
}

/* --- the governor */

/**
 * struct governors - how many CPUs have the first one's
 */
struct governors {
	char name[32];
	char driver[32];
	unsigned cpus;
};

static bool read_governors(struct vh_sys *sys, struct governors *ret)
{
	VH_AUTO_LIST struct vh_list cpus = {0};

	*ret = (struct governors){0};
	if (vh_sys_list(sys, &cpus, HOST_CPUS)) {
		return false;
	}
	for (size_t i = 0; i < cpus.count; i++) {
		const char *cpu = cpus.items[i];
		char name[32];

		if (strncmp(cpu, "cpu", 3) != 0 || cpu[3] < '0' || cpu[3] > '9' ||
		    vh_sys_attr(sys, name, sizeof(name), HOST_CPUS "/%s/cpufreq/scaling_governor",
				cpu)) {
			continue;
		}
		if (ret->cpus == 0) {
			(void)vh_copy(ret->name, sizeof(ret->name), name);
			if (vh_sys_attr(sys, ret->driver, sizeof(ret->driver),
					HOST_CPUS "/%s/cpufreq/scaling_driver", cpu)) {
				ret->driver[0] = '\0';
			}
		}
		ret->cpus += strcmp(ret->name, name) == 0;
	}
	return ret->cpus > 0;
}

/*
 * With a driver that lets the hardware choose, `powersave` is the normal one of two, and means no
 * lowest speed. Source: Documentation/admin-guide/pm/intel_pstate.rst, amd-pstate.rst
 */
static bool chooses_itself(const char *driver)
{
	return strcmp(driver, "intel_pstate") == 0 || strcmp(driver, "amd-pstate-epp") == 0;
}

void vh_check_speed_governor(struct vh_checkup *c)
{
	struct governors g;
	struct vh_finding *f;

	/* A host that is a guest itself, and some servers, have none. */
	if (!read_governors(c->sys, &g)) {
		return;
	}
	if (strcmp(g.name, "powersave") == 0 && !chooses_itself(g.driver)) {
		f = vh_found(c, VH_WARNING, "", "the host's CPUs run at their lowest speed");
		vh_seen(f,
			"/%s/cpu*/cpufreq/scaling_governor: powersave (%u CPUs); scaling_driver: %s",
			HOST_CPUS, g.cpus, g.driver[0] ? g.driver : "unknown");
		vh_means(f, "With this driver, powersave never leaves the lowest speed.");
		vh_remedy(f, "Choose schedutil, or performance while the guest plays.");
		vh_remedy_command(f, "cpupower frequency-set -g schedutil");
		return;
	}
	f = vh_found(c, VH_PASS, "", "the governor of the host's CPUs is %s", g.name);
	vh_seen(f, "/%s/cpu*/cpufreq/scaling_governor: %s (%u CPUs); scaling_driver: %s", HOST_CPUS,
		g.name, g.cpus, g.driver[0] ? g.driver : "unknown");
	if (strcmp(g.name, "powersave") == 0) {
		vh_means(f,
			 "With %s, powersave is the normal one, and does not mean the lowest "
			 "speed.",
			 g.driver);
	}
}

/* --- nodes */

static int node_of(struct vh_sys *sys, const char *name)
{
	char text[16];
	uint64_t node;

	/* -1 where the firmware does not say. */
	if (vh_sys_attr(sys, text, sizeof(text), "sys/bus/pci/devices/%s/numa_node", name) ||
	    vh_parse_u64(text, 10, VH_CPUS_MAX - 1, &node)) {
		return -1;
	}
	return (int)node;
}

/* Is any of the guest's CPUs, or of its memory, on the card's node? */
static bool is_near(struct vh_sys *sys, const struct vh_guest_facts *facts, unsigned node)
{
	struct vh_cpu_list bound;
	struct vh_cpu_list near;
	char path[VH_PATH_MAX];

	if (facts->nodes.len > 0 && vh_cpu_list_parse(&bound, vh_text_str(&facts->nodes)) &&
	    !vh_cpu_list_has(&bound, node)) {
		return false;
	}
	(void)snprintf(path, sizeof(path), NODES "/node%u/cpulist", node);
	if (facts->cpus.len == 0 || !vh_cpu_list_parse(&bound, vh_text_str(&facts->cpus)) ||
	    !read_list(sys, path, &near)) {
		return true;
	}
	for (unsigned i = 0; i < VH_CPUS_MAX; i++) {
		if (vh_cpu_list_has(&bound, i) && vh_cpu_list_has(&near, i)) {
			return true;
		}
	}
	return false;
}

static void judge_node(struct vh_checkup *c, const struct vh_guest_facts *facts,
		       const struct vh_function *card, unsigned node)
{
	bool bound = facts->cpus.len > 0 || facts->nodes.len > 0;
	struct vh_finding *f;

	if (!bound) {
		f = vh_found(c, VH_PASS, card->name,
			     "nothing binds the guest to the memory node of the card");
		vh_seen(f, "numa_node: %u; %s: no pinning", node, facts->name);
		vh_means(f,
			 "The kernel may run it on another node than the card's, which is slower: "
			 "vcpupin and numatune, or Proxmox's affinity, bind it.");
		return;
	}
	if (is_near(c->sys, facts, node)) {
		f = vh_found(c, VH_PASS, card->name,
			     "the guest runs on the memory node of the card");
		vh_seen(f, "numa_node: %u; %s: CPUs %s", node, facts->name,
			vh_text_str(&facts->cpus));
		return;
	}
	f = vh_found(c, VH_WARNING, card->name,
		     "the guest is bound to another memory node than the card");
	vh_seen(f, "/sys/bus/pci/devices/%s/numa_node: %u; %s: CPUs %s, nodes %s", card->name, node,
		facts->name, facts->cpus.len ? vh_text_str(&facts->cpus) : "all",
		facts->nodes.len ? vh_text_str(&facts->nodes) : "all");
	vh_means(f,
		 "Everything between the guest and its card goes over the link between the nodes.");
	vh_remedy(f, "Bind it to the CPUs of node %u.", node);
	vh_remedy_command(f, "cat /" NODES "/node%u/cpulist", node);
}

void vh_check_speed_numa(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};

	if (vh_cpu_count(c->sys, NODES "/online") < 2 || vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	for (size_t i = 0; i < facts.given_count; i++) {
		const struct vh_function *card = vh_given_function(c, &facts.given[i]);
		int node = card ? node_of(c->sys, card->name) : -1;

		/* The other functions of a card are where it is. */
		if (node >= 0 && card->address.function == 0) {
			judge_node(c, &facts, card, (unsigned)node);
		}
	}
}
