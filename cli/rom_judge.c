/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rom: what there is to say of a ROM, for people and as JSON. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cli/json.h"
#include "cli/pci_names.h"
#include "cli/rom.h"
#include "lib/checks/checkup.h"
#include "lib/host/rom_file.h"

/* Raised when a field changes its meaning or goes. */
#define SCHEMA 1

static __attribute__((format(printf, 3, 4))) struct vh_text *say(struct cli_rom *rom,
								 enum cli_rom_verdict verdict,
								 const char *fmt, ...)
{
	struct cli_rom_line *line =
		&rom->lines[rom->count < CLI_ROM_LINES_MAX ? rom->count++ : rom->count - 1];
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vh_text_done(&line->text);
	vh_text_done(&line->hint);
	line->verdict = verdict;
	vh_text_add(&line->text, text);
	return &line->hint;
}

static void say_error(struct cli_rom *rom, enum cli_rom_verdict verdict, const struct vh_error *err)
{
	vh_text_add(say(rom, verdict, "%s", err->msg), err->hint);
}

static const char *file_word(const struct cli_rom *rom)
{
	return rom->in_file ? rom->file : "FILE";
}

static void judge_header(struct cli_rom *rom)
{
	bool nvidia = rom->len >= 4 && memcmp(rom->data, "NVGI", 4) == 0;

	if (rom->rom.header == 0) {
		return;
	}
	vh_text_addf(say(rom, CLI_ROM_WRONG,
			 "%zu bytes stand before the ROM%s: this is a copy of the whole flash chip, "
			 "and QEMU expects the ROM at its start",
			 rom->rom.header, nvidia ? ", NVIDIA's own header (NVGI)" : ""),
		     "tail -c +%zu %s > NEW", rom->rom.header + 1, VH_WORD(file_word(rom)));
}

static void judge_ids(struct cli_rom *rom)
{
	const struct vh_rom *r = &rom->rom;

	if (!rom->card || r->count == 0) {
		return;
	}
	if (vh_rom_is_for(r, rom->card->vendor, rom->card->device)) {
		(void)say(rom, CLI_ROM_FINE, "it is for %s (%04x:%04x, %s)", rom->card->name,
			  rom->card->vendor, rom->card->device, rom->name);
		return;
	}
	vh_text_add(say(rom, CLI_ROM_WRONG, "it is for a %04x:%04x, and %s is a %04x:%04x (%s)",
			r->images[0].vendor, r->images[0].device, rom->card->name,
			rom->card->vendor, rom->card->device, rom->name),
		    "take a file for exactly this card: same vendor, model and memory");
}

static void judge_chain(struct cli_rom *rom)
{
	const struct vh_rom *r = &rom->rom;

	if (r->count == 0) {
		return;
	}
	if (!r->has_last) {
		vh_text_add(say(rom, r->trailing > 0 ? CLI_ROM_NOTE : CLI_ROM_WRONG,
				"the chain of images is cut: the one at 0x%zx is not the last, and "
				"none follows at 0x%zx",
				r->images[r->count - 1].offset, r->header + r->length),
			    "dump it again; a copy from memory (0xc0000) is cut at 128 KiB");
	} else if (r->trailing > 0) {
		(void)say(rom, CLI_ROM_NOTE,
			  "%zu bytes follow behind the last image: the card's own data; they do no "
			  "harm",
			  r->trailing);
	}
}

static void judge_sums(struct cli_rom *rom)
{
	for (size_t i = 0; i < rom->rom.count; i++) {
		const struct vh_rom_image *image = &rom->rom.images[i];

		if (image->checksum != 0) {
			vh_text_add(say(rom,
					vh_rom_has_efi(&rom->rom) ? CLI_ROM_NOTE : CLI_ROM_WRONG,
					"the image at 0x%zx adds up to 0x%02x and not to 0: it was "
					"edited, is a copy of what a BIOS has run, or is damaged",
					image->offset, image->checksum),
				    "SeaBIOS does not run it; OVMF takes the EFI image");
		}
	}
}

static void judge_efi(struct cli_rom *rom)
{
	if (rom->rom.count == 0) {
		return;
	}
	if (vh_rom_has_efi(&rom->rom)) {
		(void)say(rom, CLI_ROM_FINE, "it has an EFI image for x86-64");
		return;
	}
	vh_text_add(say(rom, CLI_ROM_NOTE,
			"it has no EFI image for x86-64: with OVMF the screen stays dark until the "
			"guest's driver has loaded"),
		    "a newer ROM of the card's maker may have one; SeaBIOS does not need it");
}

void cli_rom_judge(struct cli_rom *rom)
{
	struct vh_error err = {0};
	int rc = vh_rom_parse(rom->data, rom->len, rom->card ? rom->card->vendor : 0,
			      rom->card ? rom->card->device : 0, &rom->rom, &err);

	if (rc) {
		say_error(rom, CLI_ROM_WRONG, &err);
	}
	judge_header(rom);
	judge_ids(rom);
	if (rc == 0) {
		judge_chain(rom);
	}
	judge_sums(rom);
	judge_efi(rom);
}

void cli_rom_judge_place(struct cli *cli, struct cli_rom *rom, const char *path)
{
	struct vh_error err = {0};
	int rc = vh_rom_file_readable(cli->sys, path, &err);

	if (rc == 1) {
		(void)say(rom, CLI_ROM_FINE, "a VM's QEMU may read it");
	} else if (rc == 0) {
		say_error(rom, CLI_ROM_WRONG, &err);
	} else if (rc != -ENOENT) {
		say_error(rom, CLI_ROM_NOTE, &err);
	}
	err = (struct vh_error){0};
	if (vh_rom_file_confined(cli->sys, path, &err) == 1) {
		say_error(rom, CLI_ROM_WRONG, &err);
	}
}

static const char *code_word(const struct vh_rom_image *image, char *buf, size_t size)
{
	switch (image->code) {
	case VH_ROM_X86:
		return "BIOS";
	case VH_ROM_OPEN_FIRMWARE:
		return "Open Firmware";
	case VH_ROM_HP_PA:
		return "HP PA-RISC";
	case VH_ROM_EFI:
		(void)snprintf(buf, size, "EFI %s%s",
			       image->efi_machine == 0x8664   ? "x86-64"
			       : image->efi_machine == 0xaa64 ? "arm64"
			       : image->efi_machine == 0x014c ? "x86-32"
							      : "of another machine",
			       image->efi_compressed ? ", compressed" : "");
		return buf;
	default:
		(void)snprintf(buf, size, "code 0x%02x", image->code);
		return buf;
	}
}

/* Whoever named a file may have put escapes for a terminal into its name. */
static void print_plain(FILE *to, const char *text)
{
	VH_AUTO_TEXT struct vh_text copy = {0};

	vh_text_add(&copy, text);
	if (copy.data) {
		vh_sanitize(copy.data);
	}
	(void)fputs(vh_text_str(&copy), to);
}

static void print_images(const struct cli_rom *rom, FILE *to)
{
	print_plain(to, rom->file);
	(void)fprintf(to, ": %zu bytes, %zu image%s\n", rom->len, rom->rom.count,
		      rom->rom.count == 1 ? "" : "s");
	for (size_t i = 0; i < rom->rom.count; i++) {
		const struct vh_rom_image *image = &rom->rom.images[i];
		char buf[64];

		(void)fprintf(to, "  0x%05zx %8zu bytes  %04x:%04x  %s%s%s\n", image->offset,
			      image->length, image->vendor, image->device,
			      code_word(image, buf, sizeof(buf)),
			      image->code == VH_ROM_X86
				      ? (image->checksum ? ", checksum wrong" : ", checksum right")
				      : "",
			      image->is_last ? ", last" : "");
	}
}

static const char *verdict_word(enum cli_rom_verdict verdict)
{
	static const char *const words[] = {
		[CLI_ROM_FINE] = "ok", [CLI_ROM_NOTE] = "note", [CLI_ROM_WRONG] = "wrong"};

	return words[verdict];
}

static struct json_object *images_to_json(const struct vh_rom *r)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < r->count; i++) {
		const struct vh_rom_image *image = &r->images[i];
		struct json_object *o = json_object_new_object();
		char text[64];

		(void)json_object_object_add(o, "offset",
					     json_object_new_int64((int64_t)image->offset));
		(void)json_object_object_add(o, "length",
					     json_object_new_int64((int64_t)image->length));
		(void)json_object_object_add(o, "code", json_object_new_int((int)image->code));
		cli_json_string(o, "kind", code_word(image, text, sizeof(text)));
		(void)snprintf(text, sizeof(text), "%04x:%04x", image->vendor, image->device);
		cli_json_string(o, "id", text);
		(void)snprintf(text, sizeof(text), "%06x", image->class_code);
		cli_json_string(o, "class", text);
		if (image->code == VH_ROM_X86) {
			(void)json_object_object_add(o, "checksum_right",
						     json_object_new_boolean(image->checksum == 0));
		}
		(void)json_object_object_add(o, "last", json_object_new_boolean(image->is_last));
		(void)json_object_array_add(array, o);
	}
	return array;
}

static void print_json(const struct cli_rom *rom)
{
	struct json_object *o = json_object_new_object();
	struct json_object *findings = json_object_new_array();

	(void)json_object_object_add(o, "schema", json_object_new_int(SCHEMA));
	cli_json_string(o, "file", rom->file);
	(void)json_object_object_add(o, "bytes", json_object_new_int64((int64_t)rom->len));
	cli_json_string(o, "card", rom->card ? rom->card->name : "");
	(void)json_object_object_add(o, "header", json_object_new_int64((int64_t)rom->rom.header));
	(void)json_object_object_add(o, "trailing",
				     json_object_new_int64((int64_t)rom->rom.trailing));
	(void)json_object_object_add(o, "complete", json_object_new_boolean(rom->rom.has_last));
	(void)json_object_object_add(o, "efi", json_object_new_boolean(vh_rom_has_efi(&rom->rom)));
	(void)json_object_object_add(o, "images", images_to_json(&rom->rom));
	for (size_t i = 0; i < rom->count; i++) {
		struct json_object *f = json_object_new_object();

		cli_json_string(f, "verdict", verdict_word(rom->lines[i].verdict));
		cli_json_string(f, "text", vh_text_str(&rom->lines[i].text));
		cli_json_string(f, "hint", vh_text_str(&rom->lines[i].hint));
		(void)json_object_array_add(findings, f);
	}
	(void)json_object_object_add(o, "findings", findings);
	(void)json_object_object_add(o, "ok",
				     json_object_new_boolean(cli_rom_status(rom) == CLI_OK));
	cli_json_print(o);
}

void cli_rom_print(struct cli *cli, const struct cli_rom *rom, FILE *to)
{
	if (cli->json) {
		print_json(rom);
		return;
	}
	print_images(rom, to);
	for (size_t i = 0; i < rom->count; i++) {
		const struct cli_rom_line *line = &rom->lines[i];

		(void)fprintf(to, "%-6s ", verdict_word(line->verdict));
		print_plain(to, vh_text_str(&line->text));
		if (line->hint.len > 0) {
			(void)fputs("\n       ", to);
			print_plain(to, vh_text_str(&line->hint));
		}
		(void)fputs("\n", to);
	}
}

int cli_rom_status(const struct cli_rom *rom)
{
	for (size_t i = 0; i < rom->count; i++) {
		if (rom->lines[i].verdict == CLI_ROM_WRONG) {
			return CLI_FAILED;
		}
	}
	return CLI_OK;
}

int cli_rom_card(struct cli_rom *rom, const struct vh_host *host, const char *address)
{
	struct cli_pci_names names;
	int at = vh_host_find_name(host, address);

	if (at < 0) {
		return -1;
	}
	rom->card = &host->functions[at];
	cli_pci_names_open(&names);
	cli_pci_device_name(&names, rom->card, rom->name, sizeof(rom->name));
	cli_pci_names_close(&names);
	return 0;
}

void cli_rom_done(struct cli_rom *rom)
{
	for (size_t i = 0; i < rom->count; i++) {
		vh_text_done(&rom->lines[i].text);
		vh_text_done(&rom->lines[i].hint);
	}
	rom->count = 0;
}
