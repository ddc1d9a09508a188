/* SPDX-License-Identifier: GPL-2.0-or-later */

/* `report` on a host whose names stand everywhere: none of them leaves it. */

#include "tests/cli/cli_rig.h"
#include "tests/unit/markup_check.h"

#define UUID "c7a5fdbd-edaf-9455-926a-d65c16db1809"

static const char *const private[] = {"tower",          "berta",
				      "Berta Beispiel", "corp.com",
				      "S4EWNX0M123",    "bc:24:11:aa:bb:cc",
				      "hunter2",        UUID,
				      "10.7.8.9",       "berta@example.com",
				      "0a1b2c3d"};

static struct cli_rig *open_host(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_put(r, "etc/hostname", "tower\n");
	cli_put(r, "etc/hosts", "127.0.1.1 tower.lan.corp.com tower\n10.7.8.9 nas-berta\n");
	cli_put(r, "etc/passwd",
		"root:x:0:0:root:/root:/bin/sh\nberta:x:1000:1000:Berta Beispiel,,:/home/berta:/bin/sh\n");
	cli_put(r, "etc/os-release",
		"NAME=Debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
	cli_put(r, "etc/vfio-handoff/win11.ini", "# of berta@example.com, on tower\n" GPU_PROFILE);
	cli_put(r, "etc/vfio-handoff/win11.ini.d/berta.ini", "[host]\ntimeout = 20s\n");
	cli_put(r, "etc/libvirt/qemu/win11.xml",
		"<domain type='kvm'><name>win11</name><uuid>" UUID "</uuid><devices>"
		"<disk type='block'><source dev='/dev/disk/by-id/nvme-X_S4EWNX0M123'/></disk>"
		"<interface type='bridge'><mac address='bc:24:11:aa:bb:cc'/></interface>"
		"<graphics type='vnc' listen='10.7.8.9' passwd='hunter2'/>"
		"</devices></domain>\n");
	cli_put(r, "var/log/libvirt/qemu/win11.log",
		"-uuid " UUID " mac=bc:24:11:aa:bb:cc /home/berta/rom.bin on tower\n");
	cli_put(r, "captured/dmesg",
		"vfio-pci 0000:01:00.0: reset done on tower\nusb 1-1: SerialNumber: S4EWNX0M123\n");
	cli_put(r, "captured/journalctl-vfio-handoff",
		"{\"__REALTIME_TIMESTAMP\":\"1764590400840000\",\"_PID\":\"7\",\"PRIORITY\":\"6\","
		"\"VM\":\"win11\",\"EVENT\":\"prepare\",\"STEP\":\"session\",\"MESSAGE\":\"a login is "
		"ended: c1 (berta, x11) (120 ms)\"}\n");
	cli_put(r, "run/vfio-handoff/vm/win11/journal",
		"vfio-handoff 1 0a1b2c3d-0000-4000-8000-00000000beef 9e107d9d372bb682 win11 libvirt\n"
		"device 0000:01:00.0\n");
	return r;
}

static void keeps_secrets(const struct cli_rig *r)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(private); i++) {
		if (strcasestr(r->run.out, private[i]) || strcasestr(r->run.err, private[i])) {
			fail_msg("'%s' has left the host:\n%s%s", private[i], r -> run.out,
				 r->run.err);
		}
	}
}

static void test_text(void **state)
{
	struct cli_rig *r = open_host(state);

	cli_expect(r, cli_run(r, "report"), 0);
	keeps_secrets(r);
	cli_out_has(r, "Debian GNU/Linux 12 (bookworm)");
	cli_out_has(r, "== Doctor ==");
	cli_out_has(r, "== PCI devices and IOMMU groups ==");
	cli_out_has(r, "0000:01:00.0");
	cli_out_has(r, "--- /etc/vfio-handoff/win11.ini\n# of mail-1@example.invalid, on host-1\n");
	cli_out_has(r, "--- /etc/vfio-handoff/win11.ini.d/user-1.ini\n[host]\ntimeout = 20s\n");
	cli_out_has(r, "passwd='***'");
	cli_out_has(r, " 9e107d9d372bb682 win11 libvirt\ndevice 0000:01:00.0\n");
	cli_out_has(r, "2025-12-01 12:00:00.840 win11 prepare: a login is ended: c1 (user-1, x11)");
	cli_out_has(r, "/home/user-1/rom.bin on host-1");
	cli_out_has(r, "vfio-pci 0000:01:00.0: reset done on host-1");
	cli_out_has(r, "not read: the journal of 'win11' is from an earlier boot");
	/* Not about us. */
	assert_null(strstr(r->run.out, "SerialNumber"));
	/* What was done, and that it is not to be believed blindly. */
	cli_err_has(r, "1 host name, 1 user name, 1 serial number, 1 MAC address, 2 UUIDs, 1 IP "
		       "address, 1 e-mail address");
	cli_err_has(r, "look through it");
}

/* The definition and QEMU's log speak of the same VM, and one sees that they do. */
static void test_relations_stay(void **state)
{
	struct cli_rig *r = open_host(state);
	const char *in_xml;
	char uuid[37];

	cli_expect(r, cli_run(r, "report", "win11"), 0);
	in_xml = strstr(r->run.out, "<uuid>");
	assert_non_null(in_xml);
	(void)snprintf(uuid, sizeof(uuid), "%.36s", in_xml + strlen("<uuid>"));
	assert_memory_equal(uuid, "00000000-0000-0000-0000-", 24);
	assert_non_null(strstr(strstr(r->run.out, "-uuid "), uuid));
	cli_out_has(r, "<mac address='02:00:00:00:00:01'/>");
	cli_out_has(r, "mac=02:00:00:00:00:01");
}

static void test_page(void **state)
{
	struct cli_rig *r = open_host(state);
	xmlDoc *doc;

	cli_expect(r, cli_run(r, "report", "--html"), 0);
	keeps_secrets(r);
	doc = markup_read(r->run.out);
	assert_int_equal(markup_count(doc->children, "script", NULL), 0);
	assert_int_equal(markup_count(doc->children, "img", NULL), 0);
	assert_int_equal(markup_count(doc->children, "link", NULL), 0);
	assert_int_equal(markup_count(doc->children, "svg", "topology"), 1);
	assert_int_equal(markup_count(doc->children, "svg", "timeline"), 1);
	assert_int_equal(markup_count(doc->children, "section", NULL), 10);
	xmlFreeDoc(doc);
	cli_out_has(r, "default-src 'none'; style-src 'unsafe-inline'");
	/* It asks nobody for anything. */
	assert_null(strstr(r->run.out, "src=\""));
	assert_null(strstr(r->run.out, "url("));
	assert_null(strstr(r->run.out, "@import"));
	assert_null(strstr(r->run.out, "href=\"h"));
	assert_null(strstr(r->run.out, "javascript:"));
}

static char *file_text(const char *path)
{
	FILE *f = fopen(path, "re");
	struct vh_text t = {0};
	char chunk[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		vh_text_addn(&t, chunk, n);
	}
	assert_int_equal(fclose(f), 0);
	return t.data;
}

/* All of it or nothing, and never over another file. */
static void test_output(void **state)
{
	struct cli_rig *r = open_host(state);
	char dir[] = "/tmp/vh-report-XXXXXX";
	VH_AUTO_FREE char *first = NULL;
	VH_AUTO_FREE char *second = NULL;
	char path[64];
	char listing[128];

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/report.txt", dir);
	cli_expect(r, cli_run(r, "report", "--output", path), 0);
	assert_string_equal(r->run.out, "");
	first = file_text(path);
	assert_non_null(strstr(first, "== Doctor =="));
	cli_expect(r, cli_run(r, "report", "--output", path), 1);
	cli_err_has(r, "is not replaced");
	second = file_text(path);
	assert_string_equal(first, second);
	assert_int_equal(unlink(path), 0);
	/* A link into nothing is there, too. */
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	cli_expect(r, cli_run(r, "report", "--output", path), 1);
	assert_int_equal(unlink(path), 0);
	/* Nothing is left of what failed. */
	assert_int_equal(rmdir(dir), 0);
	(void)snprintf(listing, sizeof(listing), "%s/none/report", dir);
	cli_expect(r, cli_run(r, "report", "--output", listing), 1);
	cli_err_has(r, "cannot make the report's file");
}

/* Where nothing can be read, that is what it says. */
static void test_bare_host(void **state)
{
	struct cli_rig *r = cli_open(state, fk_host("no-iommu"));

	cli_expect(r, cli_run(r, "report", "win11"), 0);
	cli_out_has(r, "not read: /etc/libvirt/qemu/win11.xml: No such file or directory");
	cli_out_has(r, "not read: the journal was not captured");
	cli_out_has(r, "no IOMMU is active");
	cli_out_has(r, "there is none: nothing is handed over");
	cli_expect(r, cli_run(r, "report", "--html"), 0);
	xmlFreeDoc(markup_read(r->run.out));
}

/* A definition that cannot be parsed is not shown: who knows where its passwords are. */
static void test_broken_definition(void **state)
{
	struct cli_rig *r = open_host(state);

	cli_put(r, "etc/libvirt/qemu/win11.xml", "<domain><graphics passwd='geheim42'");
	cli_put(r, "var/log/libvirt/qemu/win11.log", "a\x01\x1b[31m\xff<b>\n");
	cli_expect(r, cli_run(r, "report"), 0);
	assert_null(strstr(r->run.out, "geheim42"));
	assert_null(strchr(r->run.out, '\x1b'));
	cli_expect(r, cli_run(r, "report", "--html"), 0);
	assert_null(strstr(r->run.out, "geheim42"));
	xmlFreeDoc(markup_read(r->run.out));
}

static void test_wrong_calls(void **state)
{
	struct cli_rig *r = open_host(state);

	cli_expect(r, cli_run(r, "report", "a", "b"), 2);
	cli_expect(r, cli_run(r, "report", "../x"), 2);
	cli_expect(r, cli_run(r, "report", "--output"), 2);
	cli_expect(r, cli_run(r, "report", "--unknown"), 2);
	cli_expect(r, cli_run(r, "report", "--help"), 0);
	cli_out_has(r, "--html");
}

#define TEST(name) cmocka_unit_test_teardown(name, cli_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),        TEST(test_relations_stay), TEST(test_page),
		TEST(test_output),      TEST(test_bare_host),      TEST(test_broken_definition),
		TEST(test_wrong_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
