// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nested guest: tells on COM1 what its CPU says of a hypervisor and which PCI devices it sees,
 * then powers off or waits.
 *
 * It needs no disk and no operating system, so a hand-over is proved from the guest's side within
 * a second of its start. Every line begins with "guest: "; "guest: end" is the last of the report.
 *
 *	guest: cpuid hypervisor bit 1
 *	guest: cpuid 40000000 "KVMKVMKVM" max 40000001
 *	guest: cpuid 40000100 "" max 00000000
 *	guest: cpuid has KVM at 40000000
 *	guest: 01:00.0 1234:1111 class 030000
 *	guest: 01:00.0 bar0 fd000000 reads 00000000, keeps what is written
 *	guest: 01:00.0 rom aa55 6f6d
 *
 * Command line: "off" powers off after the report; anything else waits for the power button.
 */
#include <stdint.h>

#define COM1         0x3f8
#define PCI_ADDRESS  0xcf8
#define PCI_DATA     0xcfc
#define ACPI_BASE    0x600 /* where SeaBIOS puts the power management of the q35 */
#define PM1_STATUS   (ACPI_BASE + 0)
#define PM1_ENABLE   (ACPI_BASE + 2)
#define PM1_CONTROL  (ACPI_BASE + 4)
#define POWER_BUTTON (1 << 8)
#define SLEEP_S5     (1 << 13) /* SLP_EN with the sleep type 0, which is S5 on the q35 */
#define ACPI_VECTOR  0x29      /* interrupt 9 with the second controller moved to 0x28 */

#define CLASS_DISPLAY    0x03
#define CLASS_BRIDGE_PCI 0x0604
#define BUSES_MAX        64

#define CPUID_HYPERVISOR_BIT (1u << 31) /* of leaf 1, ECX */
#define HYPERVISOR_LEAVES    0x40000000u
#define HYPERVISOR_STEP      0x100u
#define HYPERVISOR_END       0x40010000u
#define SIGNATURE_SIZE       12

struct multiboot {
	uint32_t flags;
	uint32_t mem_lower;
	uint32_t mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
};

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_high;
} __attribute__((packed));

struct table {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

void wake(void);
void guest_main(uint32_t magic, const struct multiboot *info);

static struct gate gates[ACPI_VECTOR + 1];

static void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint16_t inw(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(char c)
{
	while (!(inb(COM1 + 5) & 0x20))
		;
	outb(COM1, (uint8_t)c);
}

static void puts(const char *text)
{
	for (; *text; text++)
		put(*text);
}

static void put_hex(uint32_t value, int digits)
{
	while (digits-- > 0)
		put("0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

static uint32_t pci_read(uint32_t bdf, uint32_t offset)
{
	outl(PCI_ADDRESS, 0x80000000u | bdf << 8 | offset);
	return inl(PCI_DATA);
}

static void pci_write(uint32_t bdf, uint32_t offset, uint32_t value)
{
	outl(PCI_ADDRESS, 0x80000000u | bdf << 8 | offset);
	outl(PCI_DATA, value);
}

static void put_bdf(uint32_t bdf)
{
	puts("guest: ");
	put_hex(bdf >> 8, 2);
	put(':');
	put_hex((bdf >> 3) & 31, 2);
	put('.');
	put_hex(bdf & 7, 1);
	put(' ');
}

static void cpuid(uint32_t leaf, uint32_t *eax, uint32_t rest[3])
{
	uint32_t ecx = 0;

	*eax = leaf;
	__asm__ volatile("cpuid" : "+a"(*eax), "=b"(rest[0]), "+c"(ecx), "=d"(rest[2]));
	rest[1] = ecx;
}

/* The maximum leaf; the signature's bytes in the order of the registers, as every system reads them. */
static uint32_t signature_at(uint32_t leaf, uint8_t ret[SIGNATURE_SIZE])
{
	uint32_t max;
	uint32_t registers[3];

	cpuid(leaf, &max, registers);
	for (uint32_t i = 0; i < SIGNATURE_SIZE; i++)
		ret[i] = (uint8_t)(registers[i / 4] >> (8 * (i % 4)));
	return max;
}

static void report_signature(uint32_t leaf)
{
	uint8_t signature[SIGNATURE_SIZE];
	uint32_t max = signature_at(leaf, signature);
	uint32_t len = SIGNATURE_SIZE;

	while (len > 0 && signature[len - 1] == 0)
		len--;
	puts("guest: cpuid ");
	put_hex(leaf, 8);
	puts(" \"");
	for (uint32_t i = 0; i < len; i++)
		put(signature[i] >= ' ' && signature[i] <= '~' ? (char)signature[i] : '?');
	puts("\" max ");
	put_hex(max, 8);
	put('\n');
}

/* A driver that looks for KVM looks at every place where its leaves may begin. */
static void report_kvm(void)
{
	static const char kvm[SIGNATURE_SIZE] = "KVMKVMKVM";
	uint8_t signature[SIGNATURE_SIZE];

	for (uint32_t leaf = HYPERVISOR_LEAVES; leaf < HYPERVISOR_END; leaf += HYPERVISOR_STEP) {
		uint32_t same = 0;

		signature_at(leaf, signature);
		while (same < SIGNATURE_SIZE && signature[same] == (uint8_t)kvm[same])
			same++;
		if (same < SIGNATURE_SIZE)
			continue;
		puts("guest: cpuid has KVM at ");
		put_hex(leaf, 8);
		put('\n');
		return;
	}
	puts("guest: cpuid has no KVM\n");
}

static void report_cpu(void)
{
	uint32_t eax;
	uint32_t registers[3];

	cpuid(1, &eax, registers);
	puts("guest: cpuid hypervisor bit ");
	put(registers[1] & CPUID_HYPERVISOR_BIT ? '1' : '0');
	put('\n');
	report_signature(HYPERVISOR_LEAVES);
	report_signature(HYPERVISOR_LEAVES + HYPERVISOR_STEP);
	report_kvm();
}

/* A display's memory must be there and keep what is written: ids alone could be answered by a dead
 * card. */
static void report_bar0(uint32_t bdf)
{
	uint32_t bar = pci_read(bdf, 0x10);
	volatile uint32_t *memory = (volatile uint32_t *)(bar & ~15u);
	uint32_t before;

	put_bdf(bdf);
	puts("bar0 ");
	put_hex(bar & ~15u, 8);
	if ((bar & 1) || !(bar & ~15u)) {
		puts(" is not memory\n");
		return;
	}
	pci_write(bdf, 0x04, pci_read(bdf, 0x04) | 2);
	before = *memory;
	puts(" reads ");
	put_hex(before, 8);
	*memory = 0x76682121;
	memory[1] = 0;
	puts(*memory == 0x76682121 ? ", keeps what is written\n" : ", loses what is written\n");
	*memory = before;
}

/* The first four bytes of a display's ROM, as two words; a ROM begins with aa55. */
static void report_rom(uint32_t bdf)
{
	uint32_t bar = pci_read(bdf, 0x30);
	volatile uint16_t *memory = (volatile uint16_t *)(bar & ~0x7ffu);

	put_bdf(bdf);
	puts("rom ");
	if (!(bar & ~0x7ffu)) {
		puts("none\n");
		return;
	}
	pci_write(bdf, 0x04, pci_read(bdf, 0x04) | 2);
	pci_write(bdf, 0x30, bar | 1);
	put_hex(memory[0], 4);
	put(' ');
	put_hex(memory[1], 4);
	put('\n');
	pci_write(bdf, 0x30, bar);
}

/* Returns the highest bus number seen below the bridges of this bus. */
static uint32_t report_bus(uint32_t bus, uint32_t last)
{
	for (uint32_t slot = 0; slot < 32; slot++) {
		uint32_t functions = 1;

		for (uint32_t function = 0; function < functions; function++) {
			uint32_t bdf = bus << 8 | slot << 3 | function;
			uint32_t id = pci_read(bdf, 0x00);
			uint32_t class;

			if ((id & 0xffff) == 0xffff)
				continue;
			if (function == 0 && (pci_read(bdf, 0x0c) & 0x800000))
				functions = 8;
			class = pci_read(bdf, 0x08) >> 8;
			put_bdf(bdf);
			put_hex(id & 0xffff, 4);
			put(':');
			put_hex(id >> 16, 4);
			puts(" class ");
			put_hex(class, 6);
			put('\n');
			if (class >> 16 == CLASS_DISPLAY) {
				report_bar0(bdf);
				report_rom(bdf);
			}
			if (class >> 8 == CLASS_BRIDGE_PCI) {
				uint32_t below = (pci_read(bdf, 0x18) >> 16) & 0xff;

				if (below > last && below < BUSES_MAX)
					last = below;
			}
		}
	}
	return last;
}

static void power_off(void)
{
	puts("guest: off\n");
	outw(PM1_CONTROL, SLEEP_S5);
}

/* Sleep until the power button; everything but the ACPI interrupt stays masked. */
static void wait_for_button(void)
{
	struct table table = {sizeof(gates) - 1, (uint32_t)gates};
	uint32_t handler = (uint32_t)wake;
	uint16_t cs;

	__asm__ volatile("movw %%cs, %0" : "=r"(cs));
	gates[ACPI_VECTOR] =
		(struct gate){(uint16_t)handler, cs, 0x8e00, (uint16_t)(handler >> 16)};
	__asm__ volatile("lidt %0" : : "m"(table));
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 0x04);
	outb(0xa1, 0x02);
	outb(0x21, 0x01);
	outb(0xa1, 0x01);
	outb(0x21, 0xfb);
	outb(0xa1, 0xfd);
	outw(PM1_STATUS, POWER_BUTTON);
	outw(PM1_ENABLE, POWER_BUTTON);
	outw(PM1_CONTROL, 1);
	while (!(inw(PM1_STATUS) & POWER_BUTTON))
		__asm__ volatile("sti; hlt; cli");
}

static int wants_off(const struct multiboot *info)
{
	const char *text = (const char *)info->cmdline;

	if (!(info->flags & 4) || !text)
		return 0;
	/* QEMU puts the image's name first */
	while (*text && *text != ' ')
		text++;
	return text[0] && text[1] == 'o' && text[2] == 'f' && text[3] == 'f';
}

void guest_main(uint32_t magic, const struct multiboot *info)
{
	uint32_t last = 0;

	(void)magic;
	puts("guest: begin\n");
	report_cpu();
	for (uint32_t bus = 0; bus <= last; bus++)
		last = report_bus(bus, last);
	puts("guest: end\n");
	if (!wants_off(info))
		wait_for_button();
	power_off();
}
