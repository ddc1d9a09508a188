/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/domain_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* Marsaglia's xorshift64*. */
static unsigned below(struct domain_random *r, unsigned limit)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (unsigned)((r->state * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

static bool chance(struct domain_random *r, unsigned one_in)
{
	return below(r, one_in) == 0;
}

#define PICK(r, items) ((items)[below((r), (unsigned)VH_ARRAY_SIZE(items))])

static const char *const features[] = {
	"<acpi/>",
	"<apic/>",
	"<pae/>",
	"<smm state='on'/>",
	"<vmport state='off'/>",
	"<x:kvm xmlns:x='http://example.org/x'><hidden state='off'/></x:kvm>",
	"<unknown><kvm><hidden state='off'/></kvm>text</unknown>",
};

static const char *const hypervs[] = {
	"<hyperv/>",
	"<hyperv mode='passthrough'/>",
	"<hyperv><relaxed state='on'/></hyperv>",
	"<hyperv mode='custom'><vendor_id state='off'/><ipi state='on'/></hyperv>",
	"<hyperv><vendor_id state='on' value='old'/></hyperv>",
	"<hyperv><relaxed state='off'/></hyperv>",
};

static const char *const kvms[] = {
	"<kvm/>",
	"<kvm></kvm>",
	"<kvm><hidden state='off'/></kvm>",
	"<kvm><hidden state='on'/><poll-control state='on'/></kvm>",
	"<kvm><poll-control state='on'/></kvm>",
};

static const char *const ioapics[] = {"<ioapic driver='qemu'/>", "<ioapic driver='kvm'/>"};

static const char *const cpus[] = {
	"<cpu/>",
	"<cpu mode='host-model'/>",
	"<cpu mode='host-model' check='partial'><feature policy='disable' name='x2apic'/></cpu>",
	"<cpu mode='host-passthrough'><topology sockets='1' cores='2' threads='2'/></cpu>",
	"<cpu mode='host-passthrough' check='none' migratable='on'>"
	"<feature policy='require' name='hypervisor'/></cpu>",
	"<cpu mode='custom' match='exact' check='full'><model fallback='forbid'>EPYC</model>"
	"<vendor>AMD</vendor><cache mode='passthrough'/>"
	"<feature policy='disable' name='hypervisor'/><numa><cell id='0' cpus='0-1'/></numa></cpu>",
	"<cpu match='minimum'><model>Penryn</model></cpu>",
	"<cpu><topology sockets='1' cores='1' threads='1'/></cpu>",
};

static const char *const oses[] = {
	"<os><type arch='x86_64' machine='q35'>hvm</type></os>",
	"<os firmware='efi'><type arch='x86_64' machine='pc-q35-8.1'>hvm</type></os>",
	"<os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>",
	"<os><type machine='pc-i440fx-6.2'>hvm</type></os>",
	"<os><loader type='pflash'>/a</loader><type arch='x86_64' machine='q35'>hvm</type></os>",
	"<os><type machine='microvm'>hvm</type></os>",
};

#define SOURCE(bus, slot, function)                                                          \
	"<source><address domain='0x0000' bus='" bus "' slot='" slot "' function='" function \
	"'/></source>"
#define HOSTDEV "<hostdev mode='subsystem' type='pci' managed='yes'>"

static const char *const devices[] = {
	"<emulator>/usr/bin/qemu-system-x86_64</emulator>",
	"<controller type='pci' index='0' model='pcie-root'/>",
	"<controller type='pci' index='1' model='pcie-root-port'/>",
	"<controller type='pci' index='2' model='pcie-root-port'><target chassis='2' port='0x9'/>"
	"<address type='pci' domain='0' bus='0' slot='0x2' function='0x1'/></controller>",
	"<controller type='pci' model='pcie-root-port'/>",
	"<controller type='usb' index='0' model='qemu-xhci'/>",
	"<interface type='network'><source network='default'/><model type='virtio'/>"
	"<address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>",
	"<graphics type='vnc' passwd='a&amp;b&#x26;c'/>",
	"<iommu model='intel'><driver intremap='on'/></iommu>",
	"<teleporter/>",
	HOSTDEV SOURCE("0x41", "0x00", "0x0") "<rom enabled='no'/></hostdev>",
	"<hostdev mode='subsystem' type='usb'><source><address bus='1' device='4'/></source>"
	"</hostdev>",
};

static const char *const videos[] = {
	"<video><model type='qxl'/></video>",
	("<video><model type='virtio' heads='1'><acceleration accel3d='yes'/></model>"
	 "<address type='pci' domain='0' bus='0' slot='1' function='0'/></video>"),
	"<video><model type='none'/></video>",
};

static const char *const balloons[] = {
	"<memballoon model='virtio'/>",
	"<memballoon model='virtio'><stats period='10'/></memballoon>",
	"<memballoon model='none'/>",
};

/* clang-format off */
static const char *const cards[] = {
	HOSTDEV SOURCE("0x01", "0x00", "0x0") "</hostdev>",
	HOSTDEV "<driver name='vfio'/>" SOURCE("1", "0", "0")
	"<rom bar='off' file='/old'/><boot order='1'/></hostdev>",
	"<hostdev mode='subsystem' type='pci' managed='no'>" SOURCE("0x01", "0x00", "0x0")
	"<alias name='hostdev0'/><address type='pci' domain='0' bus='0' slot='0x1f' function='0'/>"
	"<unknown a='b'>text</unknown></hostdev>",
};

static const char *const sounds[] = {
	HOSTDEV SOURCE("0x01", "0x00", "0x1")
	"<address type='pci' domain='0' bus='2' slot='0' function='0'/><alias name='ua-x'/>"
	"</hostdev>",
	HOSTDEV SOURCE("1", "0", "1") "</hostdev>",
};
/* clang-format on */

static const char *const others[] = {
	"<title>a &lt; b &amp;&#38; c</title>",
	"<description><![CDATA[<features><kvm/></features>]]></description>",
	"<vcpu>2</vcpu>",
	"<clock offset='utc'><timer name='hypervclock' present='yes'/></clock>",
	"<metadata><a:b xmlns:a='http://example.org/a'><features><kvm><hidden state='off'/></kvm>"
	"</features><cpu/> <devices/></a:b></metadata>",
	"<seclabel type='none'/>",
	"<future> <deep> text </deep> </future>",
	"<Q:commandline><Q:arg value='-cpu'/><Q:arg value='host,kvm=on'/><Q:env name='A'/>"
	"</Q:commandline>",
	"<Q:commandline><Q:arg value='-smbios'/><Q:arg value='type=2'/></Q:commandline>",
	"<Q:override><Q:device alias='ua-x'><Q:frontend><Q:property name='x-vga' type='bool' "
	"value='false'/></Q:frontend></Q:device></Q:override>",
};

static void add_some(struct domain_random *r, struct vh_text *t, const char *const *items,
		     unsigned count, unsigned one_in)
{
	unsigned first = below(r, count);

	for (unsigned i = 0; i < count; i++) {
		if (chance(r, one_in)) {
			vh_text_add(t, items[(first + i) % count]);
		}
	}
}

/* One of @items, sometimes none or two. */
static void add_one(struct domain_random *r, struct vh_text *t, const char *const *items,
		    unsigned count)
{
	for (unsigned i = chance(r, 3) ? 0 : 1 + chance(r, 30); i > 0; i--) {
		vh_text_add(t, items[below(r, count)]);
	}
}

#define ADD_SOME(r, t, items, one_in) add_some((r), (t), (items), VH_ARRAY_SIZE(items), (one_in))
#define ADD_ONE(r, t, items)          add_one((r), (t), (items), VH_ARRAY_SIZE(items))

static void add_features(struct domain_random *r, struct vh_text *t)
{
	vh_text_add(t, "<features>");
	ADD_ONE(r, t, ioapics);
	ADD_SOME(r, t, features, 4);
	ADD_ONE(r, t, kvms);
	ADD_ONE(r, t, hypervs);
	ADD_SOME(r, t, features, 4);
	vh_text_add(t, "</features>");
}

static void add_devices(struct domain_random *r, struct vh_text *t)
{
	vh_text_add(t, "<devices>");
	ADD_ONE(r, t, cards);
	ADD_ONE(r, t, balloons);
	ADD_SOME(r, t, devices, 6);
	ADD_ONE(r, t, videos);
	ADD_SOME(r, t, devices, 12);
	ADD_ONE(r, t, sounds);
	vh_text_add(t, "</devices>");
}

static void add_section(struct domain_random *r, struct vh_text *t, unsigned which)
{
	switch (which) {
	case 0:
		if (!chance(r, 6)) {
			add_features(r, t);
		}
		break;
	case 1:
		vh_text_add(t, chance(r, 5) ? "" : PICK(r, cpus));
		break;
	case 2:
		vh_text_add(t, chance(r, 12) ? "" : PICK(r, oses));
		break;
	case 3:
		if (!chance(r, 6)) {
			add_devices(r, t);
		}
		break;
	default:
		ADD_SOME(r, t, others, 6);
	}
}

/* All on one line, with single quotes, its sections in any order. */
static void write_plain(struct domain_random *r, struct vh_text *t)
{
	unsigned first = below(r, 5);
	unsigned step = 1 + below(r, 4);

	vh_text_add(t, chance(r, 20) ? "<domain type='qemu'" : "<domain type='kvm'");
	vh_text_add(t, " xmlns:Q='http://libvirt.org/schemas/domain/qemu/1.0'><name>x</name>");
	for (unsigned i = 0; i < 5; i++) {
		add_section(r, t, (first + i * step) % 5);
	}
	vh_text_add(t, "</domain>");
}

static const char *const gaps[] = {
	"", "", "", " ", "\t", "<!-- <kvm/> ' -->", "<?p i?>", "\n\n", "<!---->",
};
static const char *const blanks[] = {" ", " ", " ", "\t", "  ", "\n  "};
static const char *const newlines[] = {"\n", "\n", "\r\n"};

static void write_line_end(struct vh_text *t, const char *newline, unsigned depth)
{
	vh_text_add(t, newline);
	while (depth-- > 0) {
		vh_text_add(t, "  ");
	}
}

/* The tag at @at in another hand: its blanks, its quotes. Returns what follows it. */
static const char *write_tag(struct domain_random *r, struct vh_text *t, const char *at)
{
	char quote = chance(r, 4) ? '"' : '\'';
	bool quoted = false;

	for (; *at != '>'; at++) {
		if (*at == '\'') {
			quoted = !quoted;
			vh_text_addn(t, &quote, 1);
		} else if (*at == ' ' && !quoted) {
			vh_text_add(t, PICK(r, blanks));
		} else if (*at == '/' && !quoted && at[1] == '>') {
			vh_text_add(t, chance(r, 6) ? " /" : "/");
		} else {
			vh_text_addn(t, at, 1);
		}
	}
	if (at[-1] != '/' && chance(r, 20)) {
		vh_text_add(t, " ");
	}
	vh_text_addn(t, ">", 1);
	return at + 1;
}

/* Puts line ends, blanks and comments between the tags, and writes the tags in another hand. */
static void dress(struct domain_random *r, const char *plain, struct vh_text *t)
{
	bool in_lines = !chance(r, 4);
	const char *newline = PICK(r, newlines);
	unsigned depth = 0;

	while (*plain) {
		const char *cdata = strncmp(plain, "<![", 3) == 0 ? strstr(plain, "]]>") : NULL;
		bool closes = plain[1] == '/';

		if (*plain != '<' || cdata) {
			size_t len = cdata ? (size_t)(cdata + 3 - plain) : strcspn(plain, "<");

			vh_text_addn(t, plain, len);
			plain += len;
			continue;
		}
		depth -= closes;
		if (t->len > 0 && t->data[t->len - 1] == '>') {
			if (in_lines && !chance(r, 10)) {
				write_line_end(t, newline, depth);
			}
			vh_text_add(t, chance(r, 6) ? PICK(r, gaps) : "");
		}
		plain = write_tag(r, t, plain);
		depth += !closes && plain[-2] != '/';
	}
	vh_text_add(t, in_lines ? newline : "");
}

void domain_random_definition(struct domain_random *r, struct vh_text *ret)
{
	VH_AUTO_TEXT struct vh_text plain = {0};

	write_plain(r, &plain);
	dress(r, vh_text_str(&plain), ret);
}

static void add_device(struct domain_random *r, struct vh_guest_set *set, uint8_t bus)
{
	struct vh_guest_device *device = vh_guest_set_add(set);

	if (!device) {
		abort();
		return;
	}
	(void)snprintf(device->title, sizeof(device->title), "[device d%zu]", set->device_count);
	for (uint8_t f = 0; f < VH_GUEST_FUNCTIONS_MAX; f++) {
		if (chance(r, f < 2 ? 2 : 8)) {
			device->functions[device->function_count++] =
				(struct vh_pci_address){.bus = bus, .function = f};
		}
	}
	if (device->function_count == 0) {
		device->functions[device->function_count++] = (struct vh_pci_address){.bus = bus};
	}
	device->is_display = set->device_count == 1;
	(void)snprintf(device->rom, sizeof(device->rom), "%s", chance(r, 3) ? "/rom'&\"<" : "");
}

void domain_random_set(struct domain_random *r, struct vh_guest_set *ret)
{
	static const uint8_t buses[] = {0x01, 0x41, 0xe1, 0x01};
	static const char *const ids[] = {"", "", "old", "randomid", "<&'\">"};

	*ret = (struct vh_guest_set){
		.hide_kvm = chance(r, 2),
		.hide_hypervisor = chance(r, 4),
		.host_cpu = chance(r, 3),
		.no_video = chance(r, 3),
		.x_vga = chance(r, 8),
		.no_balloon = chance(r, 3),
		.q35 = chance(r, 12),
		.uefi = chance(r, 12),
		.fix_args = chance(r, 2),
		.rom_bar = (enum vh_rom_bar)below(r, 3),
	};
	(void)snprintf(ret->vendor_id, sizeof(ret->vendor_id), "%s", PICK(r, ids));
	for (unsigned i = below(r, 4), first = below(r, 2); i > 1; i--) {
		add_device(r, ret, buses[first + i - 2]);
	}
	if (ret->device_count == 0 && chance(r, 4)) {
		(void)snprintf(ret->rom, sizeof(ret->rom), "/a.rom");
	}
}
