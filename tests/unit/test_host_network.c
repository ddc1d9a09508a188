/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Network interfaces that the host needs to be reached. */

#include "tests/unit/host_picture.h"

#define ROUTE  "proc/self/net/route"
#define ROUTE6 "proc/self/net/ipv6_route"
#define INET6  "proc/self/net/if_inet6"
#define HEAD   "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define ZERO6  "00000000000000000000000000000000"
#define NET    "sys/devices/virtual/net/"

static struct picture *host(void **state)
{
	return picture_of(state, fk_host("single-gpu"));
}

static void used(struct picture *p, const char *reason)
{
	const struct vh_function *f = inspected(p, NIC);

	assert_non_null(f->network);
	assert_string_equal(f->network, reason);
}

static void is_free(struct picture *p)
{
	if (inspected(p, NIC)->network) {
		fail_msg("in use: %s", function(p, NIC)->network);
	}
}

/* @upper sits on @lower, as the kernel shows bridges, bonds and VLANs alike. */
static void put_above(struct picture *p, const char *upper, const char *lower)
{
	char path[160];
	char target[160];

	(void)snprintf(path, sizeof(path), NET "%s/operstate", upper);
	fk_set(p->fk, path, "up\n");
	(void)snprintf(path, sizeof(path), "sys/class/net/%s", upper);
	(void)snprintf(target, sizeof(target), "../../devices/virtual/net/%s", upper);
	fk_link(p->fk, path, target);
	(void)snprintf(path, sizeof(path), "sys/class/net/%s/upper_%s", lower, upper);
	fk_link(p->fk, path, target);
}

static void idle_interface_is_free(void **state)
{
	struct picture *p = host(state);

	is_free(p);
	fk_remove(p->fk, ROUTE);
	fk_remove(p->fk, ROUTE6);
	fk_remove(p->fk, INET6);
	is_free(p);
}

static void default_route_of_ipv4(void **state)
{
	struct picture *p = host(state);

	fk_set(p->fk, ROUTE,
	       HEAD "enp4s0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
	used(p, "enp4s0 carries the default route");
}

static void other_routes_do_not_count(void **state)
{
	struct picture *p = host(state);

	fk_set(p->fk, ROUTE,
	       HEAD "enp4s0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
		    "enp4s01\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
		    "enp4s0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000080\t0\t0\t0\n");
	is_free(p);
}

/* A route that is down, and "unreachable default", which keeps others out and needs no interface. */
static void routes_that_lead_nowhere_are_ignored(void **state)
{
	struct picture *p = host(state);

	fk_set(p->fk, ROUTE,
	       HEAD "enp4s0\t00000000\t0102A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n"
		    "*\t00000000\t00000000\t0200\t0\t0\t100\t00000000\t0\t0\t0\n");
	fk_set(p->fk, ROUTE6,
	       ZERO6 " 00 " ZERO6 " 00 " ZERO6 " ffffffff 00000001 00000000 00200201   enp4s0\n");
	is_free(p);
}

static void default_route_of_ipv6(void **state)
{
	struct picture *p = host(state);

	fk_set(p->fk, ROUTE6,
	       ZERO6 " 00 " ZERO6 " 00 fe800000000000000000000000000001 00000400 00000001 00000000 "
		     "00000003   enp4s0\n");
	used(p, "enp4s0 carries the default route");
	fk_set(p->fk, ROUTE6,
	       "fe800000000000000000000000000000 40 " ZERO6 " 00 " ZERO6
	       " 00000100 00000001 00000000 00000001   enp4s0\n");
	is_free(p);
}

static void port_of_a_bridge_with_the_default_route(void **state)
{
	struct picture *p = picture_of(state, fk_host("desktop"));
	const struct vh_function *f = inspected(p, "0000:04:00.0");

	assert_non_null(f->network);
	assert_string_equal(f->network, "enp4s0 is below br0, which carries the default route");
}

static void vlan_on_a_bond_is_followed_upwards(void **state)
{
	struct picture *p = host(state);

	put_above(p, "bond0", "enp4s0");
	put_above(p, "bond0.7", "bond0");
	fk_set(p->fk, ROUTE, HEAD "bond0.7\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	used(p, "bond0 is below bond0.7, which carries the default route");
}

/* The address of the host on a bridge without a default route: whoever works on it is cut off. */
static void bridge_with_an_address_of_the_host(void **state)
{
	struct picture *p = host(state);

	put_above(p, "br1", "enp4s0");
	fk_set(p->fk, ROUTE, HEAD "br1\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
	used(p, "enp4s0 is below br1, which has an address of this host");
	fk_set(p->fk, ROUTE, HEAD);
	fk_set(p->fk, INET6, "20010db8000000000000000000000002 02 40 00 80      br1\n");
	used(p, "enp4s0 is below br1, which has an address of this host");
}

/* A link-local address is no address to work on; yet the port would not return there. */
static void port_of_anything_would_not_return_by_itself(void **state)
{
	struct picture *p = host(state);

	put_above(p, "br2", "enp4s0");
	fk_set(p->fk, INET6, "fe800000000000000000000000000002 02 40 20 80      br2\n");
	used(p, "enp4s0 is below br2 and would not return there by itself");
}

static void interfaces_above_each_other_for_ever_end(void **state)
{
	struct picture *p = host(state);

	put_above(p, "a", "enp4s0");
	put_above(p, "b", "a");
	put_above(p, "a", "b");
	assert_non_null(inspected(p, NIC)->network);
}

static void interface_of_another_card_does_not_count(void **state)
{
	struct picture *p = picture_of(state, fk_host("desktop"));

	assert_non_null(inspected(p, "0000:03:00.0")->network);
	assert_null(inspected(p, "0000:02:00.0")->network);
	assert_null(inspected(p, "0000:05:00.0")->network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(idle_interface_is_free),
		PICTURE_TEST(default_route_of_ipv4),
		PICTURE_TEST(other_routes_do_not_count),
		PICTURE_TEST(routes_that_lead_nowhere_are_ignored),
		PICTURE_TEST(default_route_of_ipv6),
		PICTURE_TEST(port_of_a_bridge_with_the_default_route),
		PICTURE_TEST(vlan_on_a_bond_is_followed_upwards),
		PICTURE_TEST(bridge_with_an_address_of_the_host),
		PICTURE_TEST(port_of_anything_would_not_return_by_itself),
		PICTURE_TEST(interfaces_above_each_other_for_ever_end),
		PICTURE_TEST(interface_of_another_card_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
