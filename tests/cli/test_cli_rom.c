/* SPDX-License-Identifier: GPL-2.0-or-later */

/* rom dump, rom check: G14; peers 3.7 (AppArmor and ROM paths, permissions), 4 item 21. */

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/cli/here_rig.h"
#include "tests/support/rom_made.h"

#define GPU      "0000:01:00.0"
#define ROM_FILE "/usr/share/vgabios/gpu.rom"

static struct rom_made rom;
static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/vh-rom-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static const char *in_dir(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* With the card's ROM at ROM_FILE, too. */
static void open_rom(struct here *r)
{
	struct fakekernel *fk = fk_host("nvidia");

	rom_usual(&rom, 0x10de, 0x2204);
	fk_rom(fk, GPU, rom.bytes, rom.len);
	fk_set_bytes(fk, &ROM_FILE[1], rom.bytes, rom.len);
	fk_chmod(fk, &ROM_FILE[1], 0644, 0);
	fk_set(fk, "etc/passwd",
	       "root:x:0:0::/root:/bin/sh\n"
	       "libvirt-qemu:x:64055:107::/var/lib/libvirt:/bin/false\n");
	here_open(r, fk);
}

static void is_the_rom(const char *path)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	struct stat st;
	static uint8_t got[ROM_MADE_MAX];

	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got), f), rom.len);
	assert_memory_equal(got, rom.bytes, rom.len);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void a_dump_is_a_file_that_others_may_read(void **state)
{
	mode_t mask = umask(077);
	const char *path = in_dir("gpu.rom");
	struct here r;

	(void)state;
	open_rom(&r);
	here_run(&r, cli_rom, "rom", "dump", GPU, path);
	here_expect(&r, CLI_OK);
	(void)umask(mask);
	is_the_rom(path);
	here_has(r.out, "6144 bytes, 2 images");
	here_has(r.out, "it is for " GPU " (10de:2204");
	assert_false(fk_rom_is_on(r.fk, GPU));

	here_run(&r, cli_rom, "rom", "dump", GPU, path);
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "is there already");
	here_run(&r, cli_rom, "rom", "dump", "--force", "01:00.0", path);
	here_expect(&r, CLI_OK);
	is_the_rom(path);
	assert_int_equal(unlink(path), 0);
	here_close(&r);
}

static void a_dump_to_stdout(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	here_run(&r, cli_rom, "rom", "dump", GPU, "-");
	here_expect(&r, CLI_OK);
	assert_int_equal(r.out_len, rom.len);
	assert_memory_equal(r.out, rom.bytes, rom.len);
	here_has(r.err, "2 images");
	here_close(&r);
}

static void what_fails_leaves_no_file(void **state)
{
	const char *path = in_dir("gpu.rom");
	struct fk_fault fault = {.op = FK_READ, .path_contains = GPU "/rom", .action = EIO};
	struct here r;

	(void)state;
	open_rom(&r);
	fk_fault(r.fk, &fault);
	here_run(&r, cli_rom, "rom", "dump", GPU, path);
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "finds no ROM");
	assert_int_equal(access(path, F_OK), -1);
	here_run(&r, cli_rom, "rom", "dump", GPU, "/dev/null");
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "no regular file");
	here_close(&r);
	/* Where nothing can be written the card is not even woken. */
	open_rom(&r);
	here_run(&r, cli_rom, "rom", "dump", GPU, in_dir("no/gpu.rom"));
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "No such file or directory");
	assert_null(strstr(fk_operation_log(r.fk), GPU "/rom"));
	here_close(&r);
}

static unsigned files_in_dir(void)
{
	DIR *d = opendir(dir);
	unsigned count = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	}
	(void)closedir(d);
	return count;
}

/* A limit for the size of files stands for a disk that is full. */
static void a_full_disk_leaves_what_was_there(void **state)
{
	const char *path = in_dir("gpu.rom");
	unsigned before = files_in_dir();
	struct rlimit limit;
	struct rlimit small;
	struct here r;
	FILE *f = fopen(path, "we");

	(void)state;
	assert_non_null(f);
	assert_true(fputs("mine", f) >= 0);
	assert_int_equal(fclose(f), 0);
	open_rom(&r);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){.rlim_cur = 4096, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	here_run(&r, cli_rom, "rom", "dump", "--force", GPU, path);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	here_expect(&r, CLI_FAILED);
	here_has(r.err, "File too large");
	assert_false(fk_rom_is_on(r.fk, GPU));
	assert_int_equal(files_in_dir(), before + 1);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fgetc(f), 'm');
	assert_int_equal(fclose(f), 0);
	assert_int_equal(unlink(path), 0);
	here_close(&r);
}

static void a_name_with_escapes(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	memset(rom.bytes, 0, 0x10);
	fk_set_bytes(r.fk, "a\033[31m';b", rom.bytes, rom.len);
	here_run(&r, cli_rom, "rom", "check", "a\033[31m';b");
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "a?[31m';b: ");
	assert_null(strchr(r.out, '\033'));
	here_close(&r);
}

static void wrong_calls(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	here_run(&r, cli_rom, "rom");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_rom, "rom", "dump", GPU);
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_rom, "rom", "dump", "gpu", "x");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_rom, "rom", "check");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_rom, "rom", "check", "/nowhere.rom");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, "0000:77:00.0");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, "no-such-vm");
	here_expect(&r, CLI_USAGE);
	here_run(&r, cli_rom, "rom", "check", "--help");
	here_expect(&r, CLI_OK);
	here_has(r.out, "rom check FILE [ADDRESS|VM]");
	here_close(&r);
}

static void a_right_file(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_OK);
	here_has(r.out, "BIOS, checksum right");
	here_has(r.out, "EFI x86-64, compressed, last");
	here_has(r.out, "ok     it has an EFI image");
	here_has(r.out, "ok     a VM's QEMU may read it");
	here_has_not(r.out, "wrong");
	fk_set(r.fk, "etc/vfio-handoff/win11.ini",
	       "[device audio]\naddress = 0000:00:14.0\n[device gpu]\naddress = " GPU "\n");
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, "win11");
	here_expect(&r, CLI_OK);
	here_has(r.out, "it is for " GPU);
	here_close(&r);
}

static void another_cards_file(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	rom_usual(&rom, 0x10de, 0x1b80);
	fk_set_bytes(r.fk, &ROM_FILE[1], rom.bytes, rom.len);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE);
	here_expect(&r, CLI_OK);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "wrong  it is for a 10de:1b80, and " GPU " is a 10de:2204");
	here_close(&r);
}

static void a_whole_flash_chip(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	memmove(rom.bytes + 0x600, rom.bytes, rom.len);
	memset(rom.bytes, 0, 0x600);
	memcpy(rom.bytes, "NVGI", 4);
	rom.len += 0x600;
	fk_set_bytes(r.fk, &ROM_FILE[1], rom.bytes, rom.len);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "1536 bytes stand before the ROM, NVIDIA's own header");
	here_has(r.out, "tail -c +1537 " ROM_FILE " > NEW");
	here_close(&r);
}

static void no_efi_image_is_only_noted(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	rom.len = 0;
	(void)rom_add(&rom, &(struct rom_part){0, 0x10de, 0x2204, 4, 0, true});
	fk_set_bytes(r.fk, &ROM_FILE[1], rom.bytes, rom.len);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_OK);
	here_has(r.out, "note   it has no EFI image");
	rom.bytes[600] ^= 4;
	fk_set_bytes(r.fk, &ROM_FILE[1], rom.bytes, rom.len);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "and not to 0");
	fk_set(r.fk, &ROM_FILE[1], "<html>");
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "not a ROM");
	here_close(&r);
}

static void where_a_vm_cannot_read_it(void **state)
{
	struct here r;

	(void)state;
	open_rom(&r);
	fk_chmod(r.fk, &ROM_FILE[1], 0600, 0);
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "chmod 0644 '" ROM_FILE "'");
	fk_set_bytes(r.fk, "srv/gpu.rom", rom.bytes, rom.len);
	fk_set(r.fk, "sys/module/apparmor/parameters/enabled", "Y\n");
	here_run(&r, cli_rom, "rom", "check", "/srv/gpu.rom", GPU);
	here_expect(&r, CLI_FAILED);
	here_has(r.out, "AppArmor does not let libvirt's QEMU read /srv/gpu.rom");
	here_close(&r);
}

static void as_json(void **state)
{
	struct json_object *o;
	struct json_object *value;
	struct here r;

	(void)state;
	open_rom(&r);
	r.cli.json = true;
	here_run(&r, cli_rom, "rom", "check", ROM_FILE, GPU);
	here_expect(&r, CLI_OK);
	o = json_tokener_parse(r.out);
	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "ok", &value) && json_object_get_boolean(value));
	assert_true(json_object_object_get_ex(o, "efi", &value) && json_object_get_boolean(value));
	assert_true(json_object_object_get_ex(o, "images", &value));
	assert_int_equal(json_object_array_length(value), 2);
	assert_true(json_object_object_get_ex(o, "card", &value));
	assert_string_equal(json_object_get_string(value), GPU);
	(void)json_object_put(o);
	here_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_is_a_file_that_others_may_read),
		cmocka_unit_test(a_dump_to_stdout),
		cmocka_unit_test(what_fails_leaves_no_file),
		cmocka_unit_test(a_full_disk_leaves_what_was_there),
		cmocka_unit_test(a_name_with_escapes),
		cmocka_unit_test(wrong_calls),
		cmocka_unit_test(a_right_file),
		cmocka_unit_test(another_cards_file),
		cmocka_unit_test(a_whole_flash_chip),
		cmocka_unit_test(no_efi_image_is_only_noted),
		cmocka_unit_test(where_a_vm_cannot_read_it),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
