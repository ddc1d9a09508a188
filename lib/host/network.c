/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/function.h"

#define UPPER_DEPTH 4

/* Flags of a route (include/uapi/linux/route.h): up, and "answer with unreachable". */
#define ROUTE_UP     0x1U
#define ROUTE_REJECT 0x200U

struct tables {
	char *route;  /* proc/net/route */
	char *route6; /* proc/net/ipv6_route */
	char *inet6;  /* proc/net/if_inet6 */
};

/* Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask ... (net/ipv4/fib_trie.c) */
static bool has_ipv4(const struct tables *t, const char *ifname, bool want_default)
{
	for (const char *line = t->route; line; line = strchr(line, '\n')) {
		char name[32];
		unsigned destination;
		unsigned flags;
		unsigned mask;

		line += *line == '\n';
		if (sscanf(line, "%31s %x %*x %x %*d %*d %*d %x", // NOLINT(cert-err34-c)
			   name, &destination, &flags, &mask) == 4 &&
		    (flags & ROUTE_UP) && strcmp(name, ifname) == 0 &&
		    (!want_default || (destination == 0 && mask == 0))) {
			return true;
		}
	}
	return false;
}

/* Columns: destination length source length next-hop metric refs use flags device
 * (net/ipv6/route.c: rt6_info_route) */
static bool has_default_ipv6(const struct tables *t, const char *ifname)
{
	for (const char *line = t->route6; line; line = strchr(line, '\n')) {
		char destination[40];
		char name[32];
		unsigned length;
		unsigned flags;

		line += *line == '\n';
		if (sscanf(line, "%39s %x %*s %*x %*s %*x %*x %*x %x %31s", // NOLINT(cert-err34-c)
			   destination, &length, &flags, name) == 4 &&
		    length == 0 && strspn(destination, "0") == 32 && (flags & ROUTE_UP) &&
		    !(flags & ROUTE_REJECT) && strcmp(name, ifname) == 0) {
			return true;
		}
	}
	return false;
}

/* Columns: address index prefix-length scope flags device; scope 00 is global (net/ipv6/addrconf.c) */
static bool has_global_ipv6(const struct tables *t, const char *ifname)
{
	for (const char *line = t->inet6; line; line = strchr(line, '\n')) {
		char name[32];
		unsigned scope;

		line += *line == '\n';
		if (sscanf(line, "%*s %*x %*x %x %*x %31s", &scope, name) == // NOLINT(cert-err34-c)
			    2 &&
		    scope == 0 && strcmp(name, ifname) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_default(const struct tables *t, const char *ifname)
{
	return has_ipv4(t, ifname, true) || has_default_ipv6(t, ifname);
}

/* Walks sysfs' upper_<name> links: bridge, bond, VLAN on top of this interface. */
static bool look_above(struct vh_sys *sys, const struct tables *t, const char *ifname,
		       unsigned depth, struct vh_text *reason) // NOLINT(misc-no-recursion)
{
	VH_AUTO_LIST struct vh_list names = {0};

	if (depth == 0 || vh_sys_list(sys, &names, "sys/class/net/%s", ifname)) {
		return false;
	}
	for (size_t i = 0; i < names.count; i++) {
		const char *upper = names.items[i] + strlen("upper_");

		if (strncmp(names.items[i], "upper_", strlen("upper_")) != 0) {
			continue;
		}
		if (has_default(t, upper)) {
			vh_text_addf(reason, "%s is below %s, which carries the default route",
				     ifname, upper);
		} else if (has_ipv4(t, upper, false) || has_global_ipv6(t, upper)) {
			vh_text_addf(reason, "%s is below %s, which has an address of this host",
				     ifname, upper);
		} else if (!look_above(sys, t, upper, depth - 1, reason)) {
			/* The kernel takes it out when the driver goes, and nothing puts it back. */
			vh_text_addf(reason, "%s is below %s and would not return there by itself",
				     ifname, upper);
		}
		return true;
	}
	return false;
}

static void look_at_interfaces(struct vh_sys *sys, const struct vh_function *f,
			       const struct tables *t, struct vh_text *reason)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char link[VH_PATH_MAX];

	if (vh_sys_list(sys, &names, "sys/class/net")) {
		return;
	}
	for (size_t i = 0; reason->len == 0 && i < names.count; i++) {
		if (vh_sys_link(sys, link, sizeof(link), "sys/class/net/%s", names.items[i]) ||
		    !vh_function_owns(f, link)) {
			continue;
		}
		if (has_default(t, names.items[i])) {
			vh_text_addf(reason, "%s carries the default route", names.items[i]);
		} else {
			(void)look_above(sys, t, names.items[i], UPPER_DEPTH, reason);
		}
	}
}

int vh_network_in_use(struct vh_sys *sys, const struct vh_function *f, char **ret)
{
	VH_AUTO_TEXT struct vh_text reason = {0};
	VH_AUTO_FREE char *route = NULL;
	VH_AUTO_FREE char *route6 = NULL;
	VH_AUTO_FREE char *inet6 = NULL;
	struct tables t;

	*ret = NULL;
	/* A kernel without IPv6 has no such files. */
	if (vh_sys_read(sys, "proc/self/net/route", &route)) {
		route = NULL;
	}
	if (vh_sys_read(sys, "proc/self/net/ipv6_route", &route6)) {
		route6 = NULL;
	}
	if (vh_sys_read(sys, "proc/self/net/if_inet6", &inet6)) {
		inet6 = NULL;
	}
	t = (struct tables){route, route6, inet6};
	look_at_interfaces(sys, f, &t, &reason);
	if (reason.failed) {
		return -ENOMEM;
	}
	*ret = VH_TAKE(reason.data);
	reason.len = 0;
	return 0;
}
