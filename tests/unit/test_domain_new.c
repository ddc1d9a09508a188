/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Definitions of fresh machines: libvirt's schema takes them, its test driver and its QEMU driver
 * define them, and nothing that was asked for is missing.
 */

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/guest/domain.h"
#include "tests/support/domain_check.h"
#include "tests/support/domain_set.h"
#include "tests/unit/embedded_qemu.h"

static void make(const char *set_text, const struct vh_domain_new *machine, struct vh_text *ret,
		 struct vh_report *report)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_TEXT struct vh_text why = {0};
	VH_AUTO_TEXT struct vh_text again = {0};
	VH_AUTO_REPORT struct vh_report nothing = {0};
	struct vh_error err = {0};
	struct vh_domain_xml xml;

	domain_set_parse("set", set_text, &set);
	if (vh_domain_new(&set, machine, ret, report, &err)) {
		fail_msg("%s", err.msg);
	}
	if (domain_check_schema((struct domain_bytes){vh_text_str(ret), ret->len}, &why) ==
	    DOMAIN_SCHEMA_INVALID) {
		fail_msg("%s\n%s", vh_text_str(&why), vh_text_str(ret));
	}
	xml = (struct vh_domain_xml){"new", vh_text_str(ret), ret->len};
	assert_int_equal(vh_domain_patch(&set, &xml, &again, &nothing, &err), 0);
	assert_int_equal(report->change_count, 0);
}

static void expect_name(const char *name, const char *wanted)
{
	struct vh_domain_new machine = {.name = name, .disk = ""};
	struct vh_guest_set set = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_domain_new(&set, &machine, &text, &report, &err), -EINVAL);
	assert_int_equal(text.len, 0);
	if (!strstr(err.msg, wanted)) {
		fail_msg("'%s', instead of: %s", err.msg, wanted);
	}
}

static void bad_names(void **state)
{
	char name[300];

	(void)state;
	expect_name("", "empty");
	expect_name("   ", "empty");
	expect_name(".", "name of a file");
	expect_name("..", "name of a file");
	expect_name("../../etc/passwd", "name of a file");
	expect_name("a/b", "name of a file");
	expect_name("a\nb", "control character");
	expect_name("a\x1b[2J", "control character");
	expect_name("b\xfcro", "UTF-8");
	(void)memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	expect_name(name, "299 bytes");
}

static void bad_disks(void **state)
{
	static const char *const disks[] = {"disk.img", "/a\nb", "/b\xfcro"};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(disks); i++) {
		struct vh_domain_new machine = {.name = "x", .disk = disks[i]};
		struct vh_guest_set set = {0};
		VH_AUTO_TEXT struct vh_text text = {0};
		VH_AUTO_REPORT struct vh_report report = {0};
		struct vh_error err = {0};

		assert_int_equal(vh_domain_new(&set, &machine, &text, &report, &err), -EINVAL);
		assert_int_equal(text.len, 0);
		assert_non_null(strstr(err.msg, "disk"));
	}
}

static void has(const struct vh_text *text, const char *part)
{
	if (!strstr(vh_text_str(text), part)) {
		fail_msg("no %s in\n%s", part, vh_text_str(text));
	}
}

static void has_no(const struct vh_text *text, const char *part)
{
	assert_null(strstr(vh_text_str(text), part));
}

static void without_wishes(void **state)
{
	struct vh_domain_new machine = {.name = "fresh", .disk = ""};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	make("# nothing", &machine, &text, &report);
	has(&text, "<name>fresh</name>");
	has(&text, "<memory unit='MiB'>8192</memory>");
	has(&text, ">4</vcpu>");
	has(&text, "<topology sockets='1' cores='4' threads='1'/>");
	has(&text, "<os firmware='efi'>");
	has(&text, "<feature enabled='no' name='secure-boot'/>");
	has(&text, "machine='q35'");
	has(&text, "<cpu mode='host-passthrough'");
	has(&text, "<source file='/var/lib/libvirt/images/fresh.qcow2'/>");
	has(&text, "<graphics type='vnc'");
	has_no(&text, "<hostdev");
	assert_int_equal(report.note_count, 1);
	assert_non_null(strstr(report.notes[0], "/var/lib/libvirt/images/fresh.qcow2"));
}

static void odd_names_are_escaped(void **state)
{
	struct vh_domain_new machine = {.name = "<a> & 'b' \"c\" -- d\xc3\xbc",
					.disk = "/d <&'\"> -- e.raw"};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	make("# nothing", &machine, &text, &report);
	has(&text, "<name>&lt;a&gt; &amp; &apos;b&apos; \"c\" -- d\xc3\xbc</name>");
	has(&text, "<source file='/d &lt;&amp;&apos;\"&gt; -- e.raw'/>");
}

static void disks_by_their_path(void **state)
{
	static const struct {
		const char *path;
		const char *parts[2];
	} disks[] = {
		{"/srv/a.qcow2", {"<disk type='file'", "type='qcow2'"}},
		{"/srv/a.img", {"<disk type='file'", "type='raw'"}},
		{"/dev/zvol/tank/a", {"<source dev='/dev/zvol/tank/a'/>", "type='raw'"}},
		{"/dev/a.qcow2", {"<disk type='block'", "type='raw'"}},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(disks); i++) {
		struct vh_domain_new machine = {.name = "x", .disk = disks[i].path};
		VH_AUTO_TEXT struct vh_text text = {0};
		VH_AUTO_REPORT struct vh_report report = {0};

		make("# nothing", &machine, &text, &report);
		has(&text, disks[i].parts[0]);
		has(&text, disks[i].parts[1]);
	}
}

static void with_all_wishes(void **state)
{
	struct vh_domain_new machine = {.name = "all", .disk = "", .memory_mib = 16384, .vcpus = 12};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	make("hide-kvm = yes\nhide-hypervisor = yes\nvendor-id = randomid\n"
	     "cpu = host-passthrough\nvideo = none\nx-vga = yes\nballoon = none\nmachine = q35\n"
	     "firmware = uefi\nrom-bar = on\n"
	     "device gpu = 01:00.0 01:00.1 display rom=/usr/share/vgabios/gpu.rom\n",
	     &machine, &text, &report);
	has(&text, "<memory unit='MiB'>16384</memory>");
	has(&text, "cores='12'");
	has(&text, "<hidden state='on'/>");
	has(&text, "value='randomid'/>");
	has(&text, "<hostdev mode='subsystem' type='pci' managed='yes'>");
	has(&text, "multifunction='on'");
	has(&text, "<rom file='/usr/share/vgabios/gpu.rom' bar='on'/>");
	has(&text, "name='x-vga'");
	has(&text, "<memballoon model='none'/>");
	has_no(&text, "<graphics");
	has_no(&text, "<model type='virtio'/>\n    </video>");
}

static void minimal(void **state)
{
	struct vh_domain_new machine = {.name = "small", .minimal = true, .disk = ""};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	make("device gpu = 01:00.0 01:00.1 display", &machine, &text, &report);
	has(&text, "bus='0x01' slot='0x00' function='0x1'");
	has(&text, "<controller type='usb' model='none'/>");
	has_no(&text, "<disk");
	has_no(&text, "<interface");
	has_no(&text, "<graphics");
	has_no(&text, "<video");
	has_no(&text, "<input");
	assert_int_equal(report.note_count, 0);
}

static void define(virConnectPtr conn, const char *set, const struct vh_domain_new *machine)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	virDomainPtr domain;

	make(set, machine, &text, &report);
	domain = virDomainDefineXMLFlags(conn, vh_text_str(&text), VIR_DOMAIN_DEFINE_VALIDATE);
	if (!domain) {
		fail_msg("%s\n%s", embedded_qemu_error(), vh_text_str(&text));
	}
	assert_string_equal(virDomainGetName(domain), machine->name);
	assert_int_equal(virDomainUndefineFlags(domain, 0), 0);
	(void)virDomainFree(domain);
}

static void define_all(virConnectPtr conn)
{
	static const char all[] = "hide-kvm = yes\nvendor-id = randomid\nvideo = none\n"
				  "balloon = none\nx-vga = yes\nmachine = q35\nfirmware = uefi\n"
				  "device gpu = 01:00.0 01:00.1 display rom=/usr/share/a.rom\n"
				  "device nvme = 41:00.0\n";
	struct vh_domain_new full = {.name = "full & <odd>", .disk = ""};
	struct vh_domain_new small = {.name = "small", .minimal = true, .disk = ""};

	define(conn, "# nothing", &full);
	define(conn, "# nothing", &small);
	define(conn, all, &full);
	define(conn, all, &small);
}

static void replace(struct vh_text *text, const char *from, const char *to)
{
	VH_AUTO_TEXT struct vh_text old = *text;
	const char *at = strstr(vh_text_str(&old), from);

	assert_non_null(at);
	*text = (struct vh_text){0};
	vh_text_addn(text, old.data, (size_t)(at - old.data));
	vh_text_add(text, to);
	vh_text_add(text, at + strlen(from));
}

/* Emulated, for the CPU of a host that is a guest itself does not always pass through; no card. */
static void start(virConnectPtr conn)
{
	struct vh_domain_new machine = {
		.name = "small", .minimal = true, .memory_mib = 128, .vcpus = 1, .disk = ""};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	virDomainPtr domain;

	make("video = none", &machine, &text, &report);
	replace(&text, "<domain type='kvm'>", "<domain type='qemu'>");
	replace(&text, "mode='host-passthrough'", "mode='maximum'");
	domain = virDomainDefineXMLFlags(conn, vh_text_str(&text), VIR_DOMAIN_DEFINE_VALIDATE);
	assert_non_null(domain);
	if (virDomainCreateWithFlags(domain, VIR_DOMAIN_START_PAUSED) == 0) {
		assert_int_equal(virDomainDestroy(domain), 0);
	} else if (strstr(embedded_qemu_error(), "Unable to find any firmware")) {
		print_message("OVMF is not installed\n");
	} else {
		fail_msg("%s\n%s", embedded_qemu_error(), vh_text_str(&text));
	}
	assert_int_equal(virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_NVRAM), 0);
	(void)virDomainFree(domain);
}

static void the_test_driver_defines_them(void **state)
{
	virConnectPtr conn = virConnectOpen("test:///default");

	(void)state;
	assert_non_null(conn);
	define_all(conn);
	assert_true(virConnectClose(conn) >= 0);
}

static void the_qemu_driver_defines_and_starts_them(void **state)
{
	virConnectPtr conn = embedded_qemu_open(*state);

	if (!conn) {
		skip();
	}
	define_all(conn);
	start(conn);
	embedded_qemu_close(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_names),
		cmocka_unit_test(bad_disks),
		cmocka_unit_test(without_wishes),
		cmocka_unit_test(odd_names_are_escaped),
		cmocka_unit_test(disks_by_their_path),
		cmocka_unit_test(with_all_wishes),
		cmocka_unit_test(minimal),
		cmocka_unit_test(the_test_driver_defines_them),
		cmocka_unit_test(the_qemu_driver_defines_and_starts_them),
	};
	int failed = cmocka_run_group_tests(tests, embedded_qemu_setup, temp_root_teardown);

	domain_schema_done();
	return failed;
}
