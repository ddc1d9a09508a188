/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Finding a guest of this node below /etc/pve, and what is said when it is not there. */

#include "tests/unit/pve_rig.h"

static void expect_fails(struct pve *p, const char *vmid, int code, const char *msg,
			 const char *hint)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_pve_load(fk_sys(p->fk), vmid, &guest, &err), -code);
	assert_int_equal(err.code, code);
	assert_string_equal(err.msg, msg);
	assert_string_equal(err.hint, hint);
}

static void a_vm_of_this_node(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "name: win11\nlock: backup\n");
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	assert_true(vh_is_pve_node(fk_sys(p->fk)));
	assert_int_equal(vh_pve_load(fk_sys(p->fk), "100", &guest, &err), 0);
	assert_false(guest.is_container);
	assert_string_equal(guest.file, CONF);
	assert_string_equal(guest.node, "pve1");
	assert_string_equal(guest.config.name, "win11");
	assert_string_equal(guest.config.lock, "backup");
}

static void a_container_has_no_devices(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", NULL);
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	fk_set(p->fk, NODE "lxc/101.conf", "hostname: web\nlock: backup\nhostpci0: nonsense\n");
	assert_int_equal(vh_pve_load(fk_sys(p->fk), "101", &guest, &err), 0);
	assert_int_equal(err.code, 0);
	assert_true(guest.is_container);
	assert_string_equal(guest.file, NODE "lxc/101.conf");
	assert_string_equal(guest.config.lock, "");
	assert_false(guest.config.hostpci[0].set);
}

/* A live migration: here it starts, there its configuration still is. */
static void a_guest_that_arrives_is_read_where_it_comes_from(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", NULL);
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	fk_set(p->fk, "etc/pve/nodes/pve2/qemu-server/101.conf",
	       "name: b\nlock: migrate\nhostpci0: mapping=gpu\n");
	assert_int_equal(vh_pve_load_starting(fk_sys(p->fk), "101", &guest, &err), 0);
	assert_string_equal(guest.config.lock, "migrate");
	assert_string_equal(guest.config.hostpci[0].mapping, "gpu");
	/* The mapping's devices are this node's. */
	assert_string_equal(guest.node, "pve1");
	assert_int_equal(vh_pve_load_starting(fk_sys(p->fk), "102", &guest, &err), -ENOENT);
	assert_string_equal(err.msg, "there is no guest 102 on this node, 'pve1'");
}

static void a_guest_that_is_not_here(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "name: a\n");

	expect_fails(p, "101", ENOENT, "there is no guest 101 on this node, 'pve1'", "");
	fk_set(p->fk, "etc/pve/nodes/pve2/qemu-server/101.conf", "name: b\n");
	fk_set(p->fk, "etc/pve/nodes/pve3/lxc/102.conf", "name: c\n");
	expect_fails(p, "101", ENOENT,
		     "the guest 101 is on the node 'pve2', not on this one, 'pve1'", "");
	expect_fails(p, "102", ENOENT,
		     "the guest 102 is on the node 'pve3', not on this one, 'pve1'", "");
	expect_fails(p, "10", ENOENT, "'10' is not the number of a guest", "");
	expect_fails(p, "../100", ENOENT, "'../100' is not the number of a guest", "");
	expect_fails(p, "\033[m", ENOENT, "'?[m' is not the number of a guest", "");
	fk_remove(p->fk, "etc/pve/nodes/pve2");
	fk_remove(p->fk, "etc/pve/nodes/pve3");
}

static void no_cluster_file_system(void **state)
{
	static const char msg[] =
		"/etc/pve/local is no link: Proxmox's cluster file system is not mounted";
	struct pve *p = pve_open(state, "single-gpu", "name: a\n");

	fk_remove(p->fk, "etc/pve/local");
	assert_false(vh_is_pve_node(fk_sys(p->fk)));
	expect_fails(p, "100", ENODEV, msg, "systemctl status pve-cluster");
	fk_set(p->fk, "etc/pve/local", "written below the mount");
	assert_false(vh_is_pve_node(fk_sys(p->fk)));
	expect_fails(p, "100", ENODEV, msg, "systemctl status pve-cluster");
	fk_remove(p->fk, "etc/pve");
	expect_fails(p, "100", ENODEV, msg, "systemctl status pve-cluster");
}

static void a_node_whose_name_is_none(void **state)
{
	static const char *const targets[] = {"..", "nodes/", "nodes/a b", "nodes/a.b", "nodes/%s"};
	struct pve *p = pve_open(state, "single-gpu", NULL);

	for (size_t i = 0; i < VH_ARRAY_SIZE(targets); i++) {
		char msg[128];

		fk_remove(p->fk, "etc/pve/local");
		fk_link(p->fk, "etc/pve/local", targets[i]);
		(void)snprintf(msg, sizeof(msg), "/etc/pve/local: '%s' is no name of a node",
			       vh_basename(targets[i]));
		expect_fails(p, "100", EINVAL, msg, "");
	}
}

static void a_configuration_that_makes_no_sense(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "cores: 2\nhostpci0: 1:0\n");
	VH_AUTO_FREE char *text = calloc(1, VH_PVE_CONFIG_BYTES + 2);
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_pve_load(fk_sys(p->fk), "100", &guest, &err), -EINVAL);
	assert_memory_equal(err.msg, "100.conf:2: hostpci0: '1:0'", 27);
	assert_string_equal(err.path, CONF);
	assert_non_null(text);
	memset(text, '\n', VH_PVE_CONFIG_BYTES);
	fk_set(p->fk, CONF, text);
	assert_int_equal(vh_pve_load(fk_sys(p->fk), "100", &guest, &err), 0);
	text[VH_PVE_CONFIG_BYTES] = '\n';
	fk_set(p->fk, CONF, text);
	expect_fails(p, "100", EINVAL, "/" CONF " is larger than 1 MiB", "");
}

/* Every read below /etc/pve has a deadline; this door asks for it. */
static struct vh_sys_ops asking_ops;
static struct vh_sys asking_sys;
static struct vh_sys *asking_fk;

static int asking_read(struct vh_sys *sys, const char *path, size_t max, unsigned timeout_ms,
		       char **ret, size_t *ret_len)
{
	(void)sys;
	assert_int_equal(timeout_ms, strncmp(path, "etc/pve/", 8) == 0 ? 10000 : 0);
	return asking_fk->ops->read(asking_fk, path, max, timeout_ms, ret, ret_len);
}

static int asking_readlink(struct vh_sys *sys, const char *path, char *buf, size_t size)
{
	(void)sys;
	return asking_fk->ops->readlink(asking_fk, path, buf, size);
}

static int asking_look(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	(void)sys;
	assert_true(timeout_ms > 0);
	return asking_fk->ops->look(asking_fk, path, timeout_ms);
}

static void reads_have_a_deadline(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "name: a\n");
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	asking_fk = fk_sys(p->fk);
	asking_ops = (struct vh_sys_ops){
		.look = asking_look, .read = asking_read, .readlink = asking_readlink};
	asking_sys.ops = &asking_ops;
	assert_int_equal(vh_pve_load(&asking_sys, "100", &guest, &err), 0);
}

static void a_cluster_that_does_not_answer(void **state)
{
	struct pve *p = pve_open(state, "single-gpu", "name: a\n");
	struct vh_profile profile;
	struct vh_error err = {0};

	fk_fault(p->fk, &(struct fk_fault){
				.op = FK_READ, .path_contains = "etc/pve/n", .action = ETIMEDOUT});
	expect_fails(p, "100", ETIMEDOUT,
		     "cannot read Proxmox's configuration: /" CONF ": Connection timed out",
		     "its cluster file system does not answer: systemctl status pve-cluster");
	fk_fault(p->fk, &(struct fk_fault){.op = FK_READ,
					   .path_contains = "etc/pve/.version",
					   .action = ETIMEDOUT});
	expect_fails(p, "100", ETIMEDOUT,
		     "/etc/pve, Proxmox's cluster file system, does not answer",
		     "systemctl status pve-cluster");
	assert_false(vh_is_pve_node(fk_sys(p->fk)));
	fk_no_faults(p->fk);
	fk_fault(p->fk, &(struct fk_fault){
				.op = FK_READ, .path_contains = "100.ini", .action = ETIMEDOUT});
	fk_set(p->fk, VH_PROFILE_CLUSTER_DIR "/100.ini", "");
	assert_int_equal(vh_profile_load(fk_sys(p->fk), "100", &profile, &err), -ETIMEDOUT);
	assert_string_equal(err.hint, "Proxmox's cluster file system does not answer: systemctl "
				      "status pve-cluster");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PVE_TEST(a_vm_of_this_node),
		PVE_TEST(a_container_has_no_devices),
		PVE_TEST(a_guest_that_arrives_is_read_where_it_comes_from),
		PVE_TEST(a_guest_that_is_not_here),
		PVE_TEST(no_cluster_file_system),
		PVE_TEST(a_node_whose_name_is_none),
		PVE_TEST(a_configuration_that_makes_no_sense),
		PVE_TEST(reads_have_a_deadline),
		PVE_TEST(a_cluster_that_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
