/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What doctor says of a guest's definition, on both platforms. */
#include "tests/unit/checks_rig.h"

#define GPU     "0000:01:00.0"
#define AUDIO   "0000:01:00.1"
#define NVME    "0000:03:00.0"
#define PROFILE "[device gpu]\naddress = 0000:01:00.0\n"
#define CONF    "etc/pve/nodes/pve1/qemu-server/100.conf"
#define MEMINFO "proc/meminfo"

#define HOSTDEV_OF(bus, function, managed, inner)                                            \
	"<hostdev mode='subsystem' type='pci' managed='" managed "'>"                        \
	"<source><address domain='0x0000' bus='0x" bus "' slot='0x00' function='0x" function \
	"'/></source>" inner "</hostdev>"
#define AT(function) \
	"<address type='pci' bus='0x01' slot='0x00' function='0x" function "' multifunction='on'/>"
#define HOSTDEVS                                                                \
	"<controller type='pci' index='0' model='pcie-root'/>"                  \
	"<controller type='pci' index='1' model='pcie-root-port'/>" HOSTDEV_OF( \
		"01", "0", "yes", AT("0")) HOSTDEV_OF("01", "1", "yes", AT("1"))
#define UEFI "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>"

/* A q35 machine with UEFI, no emulated display, 4 GiB; @more besides, @devices in its <devices>. */
static void define(struct checks *c, struct vh_text *xml, const char *more, const char *devices)
{
	vh_text_done(xml);
	vh_text_addf(xml,
		     "<domain type='kvm'><name>win11</name>"
		     "<os><type arch='x86_64' machine='pc-q35-9.0'>hvm</type>" UEFI "</os>"
		     "%s%s<devices>%s</devices></domain>",
		     strstr(more, "<memory ") ? "" : "<memory unit='GiB'>4</memory>", more,
		     devices);
	c->doctor.definition = vh_text_str(xml);
}

/* A host with a desktop's card and 16 GiB. */
static struct checks *open_libvirt(void **state, const char *lines)
{
	struct checks *c = checks_open(state, "single-gpu", lines);

	fk_set(c->fk, MEMINFO,
	       "MemTotal:       16777216 kB\nMemFree:  1 kB\nMemAvailable:    8388608 kB\n"
	       "Hugepagesize:       2048 kB\n");
	checks_profile(c, "win11", PROFILE);
	c->doctor.all = true;
	return c;
}

static struct checks *open_pve(void **state, const char *conf)
{
	struct checks *c = checks_open(state, "proxmox", "");

	fk_set(c->fk, "etc/pve/nodes/pve1/lrm_status", "{}");
	fk_set(c->fk, CONF, conf);
	fk_set(c->fk, MEMINFO, "MemTotal:       33554432 kB\nMemAvailable:    30554432 kB\n");
	checks_profile(c, "100", "[host]\nholders = wait\n");
	c->doctor.all = true;
	return c;
}

/* --- can it be read */

static void test_a_good_definition_passes(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	define(c, &xml, "", HOSTDEVS);
	checks_run(c, "win11");
	f = checks_get(c, "guest.readable", "", VH_PASS);
	checks_says(f, "2 functions");
	(void)checks_get(c, "guest.definition", "", VH_PASS);
	f = checks_get(c, "guest.devices", "", VH_PASS);
	checks_says(f, AUDIO);
	(void)checks_get(c, "guest.machine", "", VH_PASS);
	(void)checks_get(c, "guest.firmware", "", VH_PASS);
	(void)checks_get(c, "guest.display", "", VH_PASS);
	(void)checks_get(c, "guest.memory", "", VH_PASS);
	(void)checks_get(c, "guest.balloon", "", VH_PASS);
	checks_none(c, "guest.hugepages");
	checks_none(c, "guest.limit");
	checks_none(c, "guest.rom");
	checks_none(c, "guest.shadow");
	checks_are_whole(c, "guest.");
}

static void test_no_such_vm(void **state)
{
	struct checks *c = open_libvirt(state, "dir etc/libvirt/qemu");
	const struct vh_finding *f;

	checks_run(c, "win11");
	f = checks_get(c, "guest.readable", "", VH_FAILURE);
	checks_says(f, "virsh list --all");
	checks_none(c, "guest.definition");
	checks_none(c, "guest.devices");
	checks_are_whole(c, "guest.");
}

static void test_what_was_not_captured_is_unknown(void **state)
{
	struct checks *c = open_libvirt(state, "dir etc/libvirt/qemu");

	c->doctor.captured = true;
	c->doctor.is_root = false;
	checks_run(c, "win11");
	(void)checks_get(c, "guest.readable", "", VH_UNKNOWN);
	checks_are_whole(c, "guest.");
}

static void test_without_root_the_daemons_answer_says_why(void **state)
{
	struct checks *c = open_libvirt(state, "");
	struct vh_error err = {.code = EACCES, .msg = "no permission for qemu:///system"};
	const struct vh_finding *f;

	c->doctor.is_root = false;
	c->doctor.definition_error = &err;
	checks_run(c, "win11");
	f = checks_get(c, "guest.readable", "", VH_UNKNOWN);
	checks_says(f, "no permission for qemu:///system");
	checks_are_whole(c, "guest.");
}

/* What came from elsewhere is judged, whatever it is. */
static void test_a_broken_definition_is_a_failure(void **state)
{
	static const char *const broken[] = {
		"",
		"<domain",
		"<network/>",
		"<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/shadow'>]><domain>&a;</domain>",
		"<domain><devices><hostdev type='pci'/></devices></domain>",
		"<domain><devices>" HOSTDEV_OF("100", "0", "yes", "") "</devices></domain>",
	};
	struct checks *c = open_libvirt(state, "");

	for (size_t i = 0; i < VH_ARRAY_SIZE(broken); i++) {
		c->doctor.definition = broken[i];
		checks_run(c, "win11");
		(void)checks_get(c, "guest.readable", "", VH_FAILURE);
		checks_none(c, "guest.devices");
		checks_are_whole(c, "guest.");
	}
}

static void test_passwords_are_not_shown(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};

	checks_profile(c, "win11", PROFILE "[guest]\nvideo = none\nhide-kvm = yes\n");
	define(c, &xml, "",
	       HOSTDEVS "<graphics type='spice' passwd='S3cret'/>"
			"<video><model type='qxl'/></video>");
	checks_run(c, "win11");
	(void)checks_get(c, "guest.definition", "", VH_WARNING);
	for (size_t i = 0; i < c->d.count; i++) {
		assert_false(checks_has(&c->d.items[i], "S3cret"));
	}
}

static void test_a_container_has_no_devices(void **state)
{
	struct checks *c = open_pve(state, "");

	fk_set(c->fk, "etc/pve/nodes/pve1/lxc/200.conf", "arch: amd64\n");
	checks_run(c, "200");
	(void)checks_get(c, "guest.readable", "", VH_NOT_APPLICABLE);
	checks_none(c, "guest.devices");
}

static void test_a_guest_of_another_node(void **state)
{
	struct checks *c = open_pve(state, "");
	const struct vh_finding *f;

	fk_set(c->fk, "etc/pve/nodes/pve2/qemu-server/300.conf", "cores: 2\n");
	checks_run(c, "300");
	f = checks_get(c, "guest.readable", "", VH_FAILURE);
	checks_says(f, "pve2");
	checks_are_whole(c, "guest.");
}

/* --- the profile's set: G11, G13, KubeVirt's set (kubevirt/kubevirt#3285, #5619) */

static void test_what_patch_would_change_is_listed(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	checks_profile(c, "win11", PROFILE "[guest]\nhide-kvm = yes\nvendor-id = AuthenticAMD\n");
	define(c, &xml, "<features><acpi/></features>", HOSTDEVS);
	checks_run(c, "win11");
	f = checks_get(c, "guest.definition", "", VH_WARNING);
	checks_says(f, "hidden");
	checks_says(f, "ioapic");
	checks_says(f, "AuthenticAMD");
	checks_says(f, "vfio-handoff patch win11");
	checks_are_whole(c, "guest.");
}

static void test_what_patch_refuses_is_said(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};

	checks_profile(c, "win11", PROFILE "[guest]\nmachine = q35\n");
	vh_text_addf(&xml,
		     "<domain type='kvm'><name>win11</name><memory>1048576</memory><os><type "
		     "arch='x86_64' machine='pc-i440fx-9.0'>hvm</type></os><devices>%s</devices>"
		     "</domain>",
		     HOSTDEVS);
	c->doctor.definition = vh_text_str(&xml);
	checks_run(c, "win11");
	(void)checks_get(c, "guest.definition", "", VH_WARNING);
	(void)checks_get(c, "guest.machine", "", VH_WARNING);
	(void)checks_get(c, "guest.firmware", "", VH_WARNING);
	checks_are_whole(c, "guest.");
}

static void test_proxmox_lacks_what_its_profile_asks_for(void **state)
{
	struct checks *c = open_pve(
		state, "bios: ovmf\nhostpci0: 0000:02:00,pcie=1\nmachine: q35\nmemory: 8192\n"
		       "ostype: win11\nefidisk0: local-zfs:vm-100-disk-0,efitype=4m\n");
	const struct vh_finding *f;

	checks_profile(c, "100", "[guest]\ncpu = host-passthrough\nvideo = none\n");
	checks_run(c, "100");
	f = checks_get(c, "guest.definition", "", VH_WARNING);
	checks_says(f, "cpu");
	checks_says(f, "vga");
	checks_says(f, "vfio-handoff patch 100");
	checks_are_whole(c, "guest.");
}

/* --- devices: G12 */

static void test_a_function_that_the_guest_lacks(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	define(c, &xml, "", HOSTDEV_OF("01", "0", "yes", ""));
	checks_run(c, "win11");
	f = checks_get(c, "guest.devices", "[device gpu]", VH_WARNING);
	checks_says(f, AUDIO);
	define(c, &xml, "", "");
	checks_run(c, "win11");
	f = checks_get(c, "guest.devices", "[device gpu]", VH_FAILURE);
	checks_says(f, "no guest has it");
	checks_are_whole(c, "guest.");
}

/* libvirt takes it by itself, behind the back of the profile's refusals. */
static void test_a_function_that_the_profile_lacks(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	define(c, &xml, "", HOSTDEVS HOSTDEV_OF("03", "0", "yes", ""));
	checks_run(c, "win11");
	f = checks_get(c, "guest.devices", NVME, VH_WARNING);
	checks_says(f, "by itself");
	define(c, &xml, "", HOSTDEVS HOSTDEV_OF("03", "0", "no", ""));
	checks_run(c, "win11");
	f = checks_get(c, "guest.devices", NVME, VH_FAILURE);
	checks_says(f, "managed='no'");
	checks_are_whole(c, "guest.");
}

static void test_a_card_that_is_not_there(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	define(c, &xml, "", HOSTDEVS HOSTDEV_OF("7f", "0", "yes", ""));
	checks_run(c, "win11");
	f = checks_get(c, "guest.devices", "0000:7f:00.0", VH_FAILURE);
	checks_says(f, "vfio-handoff groups");
	checks_are_whole(c, "guest.");
}

static void test_a_function_given_twice(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};

	define(c, &xml, "", HOSTDEVS HOSTDEV_OF("01", "1", "yes", ""));
	checks_run(c, "win11");
	(void)checks_get(c, "guest.devices", AUDIO, VH_FAILURE);
	checks_are_whole(c, "guest.");
}

static void test_two_hostpci_lines_of_one_slot_do_not_start(void **state)
{
	struct checks *c = open_pve(state, "machine: q35\nhostpci0: 0000:02:00,pcie=1\n"
					   "hostpci1: 0000:02:00.1,pcie=1\n");
	const struct vh_finding *f;

	checks_run(c, "100");
	f = checks_get(c, "guest.devices", "", VH_FAILURE);
	checks_says(f, "hostpci1");
	checks_says(f, "qm set 100 --delete hostpci1");
	checks_are_whole(c, "guest.");
}

static void test_a_mapping_that_is_not_there(void **state)
{
	struct checks *c = open_pve(state, "hostpci0: mapping=gpu\n");
	const struct vh_finding *f;

	fk_set(c->fk, "etc/pve/mapping/pci.cfg", "");
	checks_run(c, "100");
	f = checks_get(c, "guest.devices", "", VH_FAILURE);
	checks_says(f, "gpu");
	checks_are_whole(c, "guest.");
}

/* --- machine and display: G19 */

static void test_pcie_needs_q35(void **state)
{
	struct checks *c = open_pve(state, "hostpci0: 0000:02:00,pcie=1\n");
	const struct vh_finding *f;

	checks_run(c, "100");
	f = checks_get(c, "guest.machine", "", VH_FAILURE);
	checks_says(f, "qm set 100 --machine q35");
	fk_set(c->fk, CONF, "machine: q35\nhostpci0: 0000:02:00\n");
	checks_run(c, "100");
	f = checks_get(c, "guest.machine", "", VH_WARNING);
	checks_says(f, "pcie=1");
	fk_set(c->fk, CONF, "machine: pc-q35-9.0+pve1\nhostpci0: 0000:02:00,pcie=1\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.machine", "", VH_PASS);
	checks_are_whole(c, "guest.");
}

/* What waits in [PENDING] is what the next start has. */
static void test_pending_changes_count(void **state)
{
	struct checks *c = open_pve(state, "hostpci0: 0000:02:00,pcie=1\n\n[PENDING]\n"
					   "machine: q35\n");

	checks_run(c, "100");
	(void)checks_get(c, "guest.machine", "", VH_PASS);
}

static void test_an_emulated_display_besides_the_card(void **state)
{
	struct checks *c = open_pve(state, "bios: ovmf\nhostpci0: 0000:02:00\n");
	const struct vh_finding *f;

	checks_run(c, "100");
	f = checks_get(c, "guest.display", "", VH_WARNING);
	checks_says(f, "vga: std");
	/* x-vga takes the default away, but not a line that says so. */
	fk_set(c->fk, CONF, "bios: ovmf\nhostpci0: 0000:02:00,x-vga=1\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.display", "", VH_PASS);
	fk_set(c->fk, CONF, "bios: ovmf\nhostpci0: 0000:02:00,x-vga=1\nvga: virtio\n");
	checks_run(c, "100");
	f = checks_get(c, "guest.display", "", VH_WARNING);
	checks_says(f, "vga: virtio");
	fk_set(c->fk, CONF, "bios: ovmf\nhostpci0: 0000:02:00\nvga: serial0\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.display", "", VH_PASS);
	checks_are_whole(c, "guest.");
}

static void test_libvirts_emulated_display(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};

	define(c, &xml, "", HOSTDEVS "<video><model type='virtio'/></video>");
	checks_run(c, "win11");
	checks_says(checks_get(c, "guest.display", "", VH_WARNING), "virtio");
	define(c, &xml, "", HOSTDEVS "<video><model type='none'/></video>");
	checks_run(c, "win11");
	(void)checks_get(c, "guest.display", "", VH_PASS);
}

static void test_seabios_without_x_vga(void **state)
{
	struct checks *c = open_pve(state, "machine: q35\nhostpci0: 0000:02:00,pcie=1\n");

	checks_run(c, "100");
	(void)checks_get(c, "guest.firmware", "", VH_WARNING);
	checks_are_whole(c, "guest.");
	fk_set(c->fk, CONF, "machine: q35\nhostpci0: 0000:02:00,pcie=1,x-vga=1\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.firmware", "", VH_PASS);
}

/* --- the CPU: G13, G20 */

static void test_args_that_undo_the_hidden_kvm(void **state)
{
	struct checks *c =
		open_pve(state, "args: -cpu 'host,hv_vendor_id=NV43FIX' -vnc :1,password=S3cret\n"
				"cpu: host,hidden=1\nhostpci0: 0000:02:00\nostype: win11\n");
	const struct vh_finding *f;

	checks_run(c, "100");
	f = checks_get(c, "guest.args", "", VH_WARNING);
	checks_says(f, "--fix-args");
	assert_false(checks_has(f, "S3cret"));
	fk_set(c->fk, CONF,
	       "args: -device foo\ncpu: host,hidden=1\nhostpci0: 0000:02:00\nostype: win11\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.args", "", VH_PASS);
	checks_are_whole(c, "guest.");
}

static void test_qemu_arguments_of_libvirt(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};

	vh_text_addf(&xml,
		     "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
		     "<name>win11</name><memory>1048576</memory>"
		     "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
		     "<features><kvm><hidden state='on'/></kvm></features>"
		     "<cpu mode='host-passthrough'/><devices>%s</devices>"
		     "<qemu:commandline><qemu:arg value='-cpu'/><qemu:arg value='host'/>"
		     "</qemu:commandline></domain>",
		     HOSTDEVS);
	c->doctor.definition = vh_text_str(&xml);
	checks_run(c, "win11");
	(void)checks_get(c, "guest.args", "", VH_WARNING);
	checks_are_whole(c, "guest.");
}

static void test_vendor_ids(void **state)
{
	struct checks *c = open_pve(state, "cpu: host,hv-vendor-id=NV43FIX\nostype: l26\n"
					   "hostpci0: 0000:02:00\n");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	checks_run(c, "100");
	f = checks_get(c, "guest.vendor-id", "", VH_WARNING);
	checks_says(f, "ostype: l26");
	fk_set(c->fk, CONF, "cpu: host,hv-vendor-id=NV43FIX\nostype: win11\nhostpci0: 0000:02:00\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.vendor-id", "", VH_PASS);
	fk_set(c->fk, CONF,
	       "cpu: host,hv-vendor-id=with-a-dash\nostype: win11\nhostpci0: 0000:02:00\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.vendor-id", "", VH_WARNING);
	checks_are_whole(c, "guest.");
	checks_teardown(state);

	c = open_libvirt(state, "");
	define(c, &xml,
	       "<features><hyperv mode='custom'><vendor_id state='on' value='0123456789abc'/>"
	       "</hyperv></features>",
	       HOSTDEVS);
	checks_run(c, "win11");
	f = checks_get(c, "guest.vendor-id", "", VH_FAILURE);
	checks_says(f, "13 bytes");
	checks_are_whole(c, "guest.");
}

static void test_hidden_kvm_is_said_of_nvidia_only(void **state)
{
	struct checks *c = open_pve(state, "hostpci0: 0000:02:00,x-vga=1\n");

	checks_run(c, "100");
	checks_says(checks_get(c, "guest.hidden", "", VH_PASS), "is hidden");
	/* Said explicitly, it beats x-vga. */
	fk_set(c->fk, CONF, "cpu: host,hidden=0\nhostpci0: 0000:02:00,x-vga=1\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "guest.hidden", "", VH_PASS), "465");
}

/* --- ROM: G14; LookingGlass#184, BigAnteater#39: AppArmor and permissions */

static void test_a_rom_file_that_is_not_there(void **state)
{
	struct checks *c = open_pve(state, "hostpci0: 0000:02:00,romfile=gpu.rom\n");
	const struct vh_finding *f;

	checks_run(c, "100");
	f = checks_get(c, "guest.rom", "/usr/share/kvm/gpu.rom", VH_FAILURE);
	checks_says(f, "rom dump 0000:02:00.0");
	checks_says(f, "hostpci0");
	checks_are_whole(c, "guest.");
	c->doctor.captured = true;
	checks_run(c, "100");
	(void)checks_get(c, "guest.rom", "/usr/share/kvm/gpu.rom", VH_UNKNOWN);
}

static void test_a_rom_file_of_the_profile(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};

	checks_profile(c, "win11", PROFILE "rom = /usr/share/vgabios/gpu.rom\n");
	define(c, &xml, "", HOSTDEVS);
	checks_run(c, "win11");
	checks_says(checks_get(c, "guest.rom", "/usr/share/vgabios/gpu.rom", VH_FAILURE),
		    "[device gpu]");
	/* Once, also where both name it. */
	define(c, &xml, "",
	       HOSTDEV_OF("01", "0", "yes", "<rom file='/usr/share/vgabios/gpu.rom'/>")
		       HOSTDEV_OF("01", "1", "yes", ""));
	checks_run(c, "win11");
	assert_int_equal(checks_count(c, "guest.rom", VH_FAILURE), 1);
}

enum {
	BIOS = 0,
	EFI = 3,
};

/* One image of 512 bytes; @last: the chain ends with it. */
static void put_image(uint8_t *rom, unsigned device, unsigned code, bool last)
{
	static const uint8_t header[] = {0x55, 0xaa, 1};
	static const uint8_t efi[] = {0xf1, 0x0e, 0, 0, 0x0b, 0, 0x64, 0x86, 0, 0};
	const uint8_t pcir[] = {'P',
				'C',
				'I',
				'R',
				0xde,
				0x10,
				(uint8_t)device,
				(uint8_t)(device >> 8),
				0,
				0,
				0x18,
				0,
				0,
				0,
				0,
				3,
				1,
				0,
				0,
				0,
				(uint8_t)code,
				last ? 0x80 : 0};
	uint8_t sum = 0;

	memset(rom, 0, 512);
	memcpy(rom, header, sizeof(header));
	if (code == EFI) {
		memcpy(rom + 4, efi, sizeof(efi));
		rom[0x16] = 0x40;
	}
	rom[0x18] = 0x1c;
	memcpy(rom + 0x1c, pcir, sizeof(pcir));
	for (size_t i = 0; i < 511; i++) {
		sum = (uint8_t)(sum + rom[i]);
	}
	rom[511] = (uint8_t)-sum;
}

/* LookingGlass#184; G20: firmware OVMF needs an EFI image */
static void test_what_is_in_a_rom_file(void **state)
{
	static const char path[] = "/usr/share/kvm/gpu.rom";
	struct checks *c = open_pve(
		state, "bios: ovmf\nmachine: q35\nhostpci0: 0000:02:00,pcie=1,romfile=gpu.rom\n");
	uint8_t rom[1024 + 64] = {0};

	put_image(rom, 0x2204, BIOS, false);
	put_image(rom + 512, 0x2204, EFI, true);
	fk_set_bytes(c->fk, path + 1, rom, 1024);
	checks_run(c, "100");
	(void)checks_get(c, "guest.rom", path, VH_PASS);

	put_image(rom, 0x2204, BIOS, true);
	fk_set_bytes(c->fk, path + 1, rom, 512);
	checks_run(c, "100");
	checks_says(checks_get(c, "guest.rom", path, VH_WARNING), "a UEFI guest");

	put_image(rom, 0x1234, BIOS, true);
	fk_set_bytes(c->fk, path + 1, rom, 512);
	checks_run(c, "100");
	checks_says(checks_get(c, "guest.rom", path, VH_WARNING), "10de:1234");

	memset(rom, 'N', 512);
	put_image(rom + 512, 0x2204, EFI, true);
	fk_set_bytes(c->fk, path + 1, rom, 1024);
	checks_run(c, "100");
	checks_says(checks_get(c, "guest.rom", path, VH_WARNING), "512 bytes stand before");

	fk_set_bytes(c->fk, path + 1, "<html>", 6);
	checks_run(c, "100");
	(void)checks_get(c, "guest.rom", path, VH_WARNING);
	checks_are_whole(c, "guest.");

	put_image(rom, 0x2204, EFI, true);
	fk_set_bytes(c->fk, path + 1, rom, 512);
	fk_set(c->fk, CONF, "hostpci0: 0000:02:00,romfile=gpu.rom,x-vga=1\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "guest.rom", path, VH_WARNING), "a BIOS guest");
}

/* BigAnteater#39, ilayna#8 */
static void test_a_rom_file_that_qemu_may_not_read(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;
	uint8_t rom[512];

	fk_set(c->fk, "etc/passwd", "root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:64055:107::/:/x\n");
	fk_set(c->fk, "etc/group", "kvm:x:107:\n");
	put_image(rom, 0x1111, EFI, true);
	fk_set_bytes(c->fk, "root/my gpu.rom", rom, sizeof(rom));
	fk_chmod(c->fk, "root", 0700, 0);
	define(c, &xml, "",
	       HOSTDEV_OF("01", "0", "yes", "<rom file='/root/my gpu.rom'/>")
		       HOSTDEV_OF("01", "1", "yes", ""));
	checks_run(c, "win11");
	f = checks_get(c, "guest.rom", "/root/my gpu.rom", VH_FAILURE);
	checks_says(f, "libvirt-qemu");
	checks_says(f, "install -D -m 0644 '/root/my gpu.rom' '/usr/share/vgabios/my gpu.rom'");
	checks_are_whole(c, "guest.");
}

static void test_a_rom_file_that_is_not_shown(void **state)
{
	struct checks *c = open_pve(state, "hostpci0: 0000:02:00,romfile=gpu.rom,rombar=0\n");

	checks_run(c, "100");
	(void)checks_get(c, "guest.rom-bar", "0000:02:00.0", VH_WARNING);
	checks_are_whole(c, "guest.");
}

static void test_a_boot_card_needs_a_rom_file(void **state)
{
	struct checks *c = open_libvirt(state, "dir sys/firmware/efi");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	fk_set(c->fk, "sys/bus/pci/devices/" GPU "/resource",
	       "0x00000000de000000 0x00000000deffffff 0x0000000000040200\n"
	       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	       "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n");
	define(c, &xml, "", HOSTDEVS);
	checks_run(c, "win11");
	f = checks_get(c, "guest.shadow", GPU, VH_WARNING);
	checks_says(f, "0x00000000000c0000");
	checks_says(f, "with UEFI there is none");
	checks_are_whole(c, "guest.");
	define(c, &xml, "",
	       HOSTDEV_OF("01", "0", "yes", "<rom file='/usr/share/vgabios/gpu.rom'/>")
		       HOSTDEV_OF("01", "1", "yes", ""));
	checks_run(c, "win11");
	(void)checks_get(c, "guest.shadow", GPU, VH_PASS);
}

/* --- memory */

static void test_more_memory_than_the_host_has(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;

	define(c, &xml, "<memory unit='GiB'>32</memory>", HOSTDEVS);
	checks_run(c, "win11");
	f = checks_get(c, "guest.memory", "", VH_FAILURE);
	checks_says(f, "32768 MiB");
	checks_says(f, "16384 MiB");
	define(c, &xml, "<memory unit='MiB'>12288</memory>", HOSTDEVS);
	checks_run(c, "win11");
	(void)checks_get(c, "guest.memory", "", VH_WARNING);
	/* Without a device nothing is pinned. */
	define(c, &xml, "<memory unit='GiB'>32</memory>", "");
	checks_run(c, "win11");
	checks_none(c, "guest.memory");
	fk_remove(c->fk, MEMINFO);
	define(c, &xml, "", HOSTDEVS);
	checks_run(c, "win11");
	(void)checks_get(c, "guest.memory", "", VH_UNKNOWN);
	checks_are_whole(c, "guest.");
}

static void test_zfs_is_named_when_memory_is_tight(void **state)
{
	struct checks *c = open_pve(state, "memory: 30000\nhostpci0: 0000:02:00\n");

	fk_set(c->fk, "proc/spl/kstat/zfs/arcstats",
	       "13 1 0x01 147 39984\nname type data\nhits 4 100\nsize                            4"
	       "    8589934592\n");
	checks_run(c, "100");
	checks_says(checks_get(c, "guest.memory", "", VH_WARNING), "ZFS caches 8192 MiB");
	checks_are_whole(c, "guest.");
}

static void test_a_hard_limit_is_a_limit_of_what_may_be_locked(void **state)
{
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};

	define(c, &xml, "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>", HOSTDEVS);
	checks_run(c, "win11");
	(void)checks_get(c, "guest.limit", "", VH_FAILURE);
	define(c, &xml, "<memtune><hard_limit unit='GiB'>6</hard_limit></memtune>", HOSTDEVS);
	checks_run(c, "win11");
	(void)checks_get(c, "guest.limit", "", VH_PASS);
	checks_are_whole(c, "guest.");
}

/* PassthroughPOST/virsh-patcher#5; bryansteiner#11 */
static void test_huge_pages_that_are_not_there(void **state)
{
	static const char pages[] = "sys/kernel/mm/hugepages/hugepages-2048kB/";
	struct checks *c = open_libvirt(state, "");
	VH_AUTO_TEXT struct vh_text xml = {0};
	const struct vh_finding *f;
	char path[128];

	(void)snprintf(path, sizeof(path), "%snr_hugepages", pages);
	fk_set(c->fk, path, "1024\n");
	(void)snprintf(path, sizeof(path), "%sfree_hugepages", pages);
	fk_set(c->fk, path, "512\n");
	define(c, &xml, "<memoryBacking><hugepages/></memoryBacking>", HOSTDEVS);
	checks_run(c, "win11");
	f = checks_get(c, "guest.hugepages", "", VH_FAILURE);
	checks_says(f, "4096 MiB");
	/* Those that others have are made besides. */
	checks_says(f, "echo 2560 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	fk_set(c->fk, path, "2048\n");
	checks_run(c, "win11");
	(void)checks_get(c, "guest.hugepages", "", VH_PASS);
	define(c, &xml,
	       "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>",
	       HOSTDEVS);
	checks_run(c, "win11");
	f = checks_get(c, "guest.hugepages", "", VH_FAILURE);
	checks_says(f, "1048576 KiB");
	checks_are_whole(c, "guest.");
}

static void test_proxmox_makes_its_huge_pages(void **state)
{
	struct checks *c = open_pve(state, "memory: 4096\nhugepages: 2\nhostpci0: 0000:02:00\n");

	fk_set(c->fk, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n");
	fk_set(c->fk, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.hugepages", "", VH_WARNING);
	checks_are_whole(c, "guest.");
}

static void test_a_balloon_gives_nothing_back(void **state)
{
	struct checks *c = open_pve(state, "memory: 8192\nballoon: 2048\nhostpci0: 0000:02:00\n");
	VH_AUTO_TEXT struct vh_text xml = {0};

	checks_run(c, "100");
	checks_says(checks_get(c, "guest.balloon", "", VH_WARNING), "qm set 100 --balloon 0");
	fk_set(c->fk, CONF, "memory: 8192\nballoon: 0\nhostpci0: 0000:02:00\n");
	checks_run(c, "100");
	(void)checks_get(c, "guest.balloon", "", VH_PASS);
	checks_are_whole(c, "guest.");
	checks_teardown(state);

	c = open_libvirt(state, "");
	define(c, &xml, "<currentMemory unit='GiB'>2</currentMemory>",
	       HOSTDEVS "<memballoon model='virtio'/>");
	checks_run(c, "win11");
	checks_says(checks_get(c, "guest.balloon", "", VH_WARNING), "virsh setmem win11 4096M");
	define(c, &xml, "<currentMemory unit='GiB'>2</currentMemory>",
	       HOSTDEVS "<memballoon model='none'/>");
	checks_run(c, "win11");
	(void)checks_get(c, "guest.balloon", "", VH_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(test_a_good_definition_passes),
		CHECKS_TEST(test_no_such_vm),
		CHECKS_TEST(test_what_was_not_captured_is_unknown),
		CHECKS_TEST(test_without_root_the_daemons_answer_says_why),
		CHECKS_TEST(test_a_broken_definition_is_a_failure),
		CHECKS_TEST(test_passwords_are_not_shown),
		CHECKS_TEST(test_a_container_has_no_devices),
		CHECKS_TEST(test_a_guest_of_another_node),
		CHECKS_TEST(test_what_patch_would_change_is_listed),
		CHECKS_TEST(test_what_patch_refuses_is_said),
		CHECKS_TEST(test_proxmox_lacks_what_its_profile_asks_for),
		CHECKS_TEST(test_a_function_that_the_guest_lacks),
		CHECKS_TEST(test_a_function_that_the_profile_lacks),
		CHECKS_TEST(test_a_card_that_is_not_there),
		CHECKS_TEST(test_a_function_given_twice),
		CHECKS_TEST(test_two_hostpci_lines_of_one_slot_do_not_start),
		CHECKS_TEST(test_a_mapping_that_is_not_there),
		CHECKS_TEST(test_pcie_needs_q35),
		CHECKS_TEST(test_pending_changes_count),
		CHECKS_TEST(test_an_emulated_display_besides_the_card),
		CHECKS_TEST(test_libvirts_emulated_display),
		CHECKS_TEST(test_seabios_without_x_vga),
		CHECKS_TEST(test_args_that_undo_the_hidden_kvm),
		CHECKS_TEST(test_qemu_arguments_of_libvirt),
		CHECKS_TEST(test_vendor_ids),
		CHECKS_TEST(test_hidden_kvm_is_said_of_nvidia_only),
		CHECKS_TEST(test_a_rom_file_that_is_not_there),
		CHECKS_TEST(test_a_rom_file_of_the_profile),
		CHECKS_TEST(test_what_is_in_a_rom_file),
		CHECKS_TEST(test_a_rom_file_that_qemu_may_not_read),
		CHECKS_TEST(test_a_rom_file_that_is_not_shown),
		CHECKS_TEST(test_a_boot_card_needs_a_rom_file),
		CHECKS_TEST(test_more_memory_than_the_host_has),
		CHECKS_TEST(test_zfs_is_named_when_memory_is_tight),
		CHECKS_TEST(test_a_hard_limit_is_a_limit_of_what_may_be_locked),
		CHECKS_TEST(test_huge_pages_that_are_not_there),
		CHECKS_TEST(test_proxmox_makes_its_huge_pages),
		CHECKS_TEST(test_a_balloon_gives_nothing_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
