/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A fake host that is the node pve1 of a Proxmox cluster, and its VM 100. */

#include "lib/plan/plan.h"
#include "lib/proxmox/proxmox.h"
#include "tests/unit/handoff_rig.h"

#define NODE     "etc/pve/nodes/pve1/"
#define CONF     NODE "qemu-server/100.conf"
#define MAPPINGS "etc/pve/mapping/pci.cfg"
#define RESERVED "run/qemu-server/pci-id-reservations"

/* Like struct rig, without an engine. */
struct pve {
	struct fakekernel *fk;
	struct vh_profile profile;
	struct vh_error err;
};

/* tests/hosts/HOST.host with the configuration @conf of VM 100; NULL: it has none. */
static inline struct pve *pve_open(void **state, const char *host, const char *conf)
{
	struct pve *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	*state = p;
	p->fk = fk_host(host);
	fk_link(p->fk, "etc/pve/local", "nodes/pve1");
	fk_set(p->fk, NODE "lrm_status", "{}");
	if (conf) {
		fk_set(p->fk, CONF, conf);
	}
	return p;
}

static inline int pve_teardown(void **state)
{
	struct pve *p = *state;

	vh_profile_done(&p->profile);
	fk_free(p->fk);
	free(p);
	return 0;
}

#define PVE_TEST(name) cmocka_unit_test_teardown(name, pve_teardown)

/* vh_pve_complete() for a profile with this text; its result. */
static inline int pve_complete(struct pve *p, const char *text)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	vh_profile_done(&p->profile);
	vh_profile_init(&p->profile, "100");
	p->err = (struct vh_error){0};
	if (vh_profile_parse(&p->profile, "100.ini", text, strlen(text), &err) ||
	    vh_pve_load(fk_sys(p->fk), "100", &guest, &err)) {
		fail_msg("%s", err.msg);
	}
	return vh_pve_complete(fk_sys(p->fk), &guest, &p->profile, &p->err);
}

static inline void pve_completes(struct pve *p, const char *text)
{
	if (pve_complete(p, text)) {
		fail_msg("%s", p->err.msg);
	}
	assert_int_equal(p->err.code, 0);
}

static inline void pve_refuses(struct pve *p, const char *text, const char *msg, const char *hint)
{
	assert_int_equal(pve_complete(p, text), -EINVAL);
	assert_int_equal(p->err.code, EINVAL);
	assert_string_equal(p->err.msg, msg);
	assert_string_equal(p->err.hint, hint);
}

/* "NAME ADDRESS" of each device of the profile, ", " between them. */
static inline void pve_devices(const struct pve *p, const char *wanted)
{
	VH_AUTO_TEXT struct vh_text got = {0};

	for (size_t i = 0; i < p->profile.device_count; i++) {
		char address[VH_PCI_ADDRESS_MAX];

		vh_text_addf(&got, "%s%s %s", i ? ", " : "", p->profile.devices[i].name,
			     vh_pci_address_format(&p->profile.devices[i].address, address));
	}
	assert_string_equal(vh_text_str(&got), wanted);
}

/* The plan of the completed profile: its functions, or the first refusal. */
static inline void pve_plans(struct pve *p, const char *wanted)
{
	VH_AUTO_HOST struct vh_host host = {0};
	VH_AUTO_PLAN struct vh_plan plan = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_host_load(fk_sys(p->fk), &host, &err), 0);
	for (size_t i = 0; i < p->profile.device_count; i++) {
		assert_int_equal(vh_host_inspect(fk_sys(p->fk), &host,
						 &p->profile.devices[i].address, 1000, &err),
				 0);
	}
	assert_int_equal(vh_plan_detach(&host, &p->profile, &plan), 0);
	for (size_t i = 0; plan.refusal_count == 0 && i < plan.devices.count; i++) {
		vh_text_addf(&got, "%s%s", i ? " " : "", plan.devices.items[i]);
	}
	if (plan.refusal_count > 0) {
		vh_text_add(&got, plan.refusals[0].reason);
	}
	assert_string_equal(vh_text_str(&got), wanted);
}
