/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The editors of setup, one format after the other: what is not asked for stays as it is. */

#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/setup/dedicated.h"
#include "lib/setup/dracut.h"
#include "lib/setup/grub.h"
#include "lib/setup/kernel_line.h"
#include "lib/setup/mkinitcpio.h"
#include "lib/setup/modprobe.h"
#include "lib/setup/module_list.h"
#include "tests/unit/fake_host.h"

/* --- GRUB */

static void grub_add(const char *text, const char *wanted)
{
	VH_AUTO_EDIT struct vh_edit e;
	enum vh_grub_variable v = vh_grub_assigns(text);

	vh_edit_init(&e, text);
	vh_grub_add(&e, v == VH_GRUB_NONE ? VH_GRUB_DEFAULT : v, "new=1");
	assert_false(e.failed);
	assert_string_equal(e.text, wanted);
}

static void grub_word_is_added_in_any_quoting(void **state)
{
	(void)state;
	grub_add("GRUB_CMDLINE_LINUX=\"quiet\"\n", "GRUB_CMDLINE_LINUX=\"quiet new=1\"\n");
	grub_add("GRUB_CMDLINE_LINUX='quiet '\n", "GRUB_CMDLINE_LINUX='quiet new=1'\n");
	grub_add("GRUB_CMDLINE_LINUX=\"\"\n", "GRUB_CMDLINE_LINUX=\"new=1\"\n");
	grub_add("GRUB_CMDLINE_LINUX=\n", "GRUB_CMDLINE_LINUX=\"new=1\"\n");
	grub_add("GRUB_CMDLINE_LINUX=quiet # why\n", "GRUB_CMDLINE_LINUX=quiet\" new=1\" # why\n");
	grub_add("GRUB_CMDLINE_LINUX=\"a\"' b'\n", "GRUB_CMDLINE_LINUX=\"a\"' b'\" new=1\"\n");
	grub_add("GRUB_CMDLINE_LINUX=a\\ b", "GRUB_CMDLINE_LINUX=a\\ b\" new=1\"");
	grub_add("  export GRUB_CMDLINE_LINUX=\"$X\"\n",
		 "  export GRUB_CMDLINE_LINUX=\"$X new=1\"\n");
	grub_add("A=1; GRUB_CMDLINE_LINUX=\"$(cat \"/x y\")\"; B=2\n",
		 "A=1; GRUB_CMDLINE_LINUX=\"$(cat \"/x y\") new=1\"; B=2\n");
	grub_add("GRUB_CMDLINE_LINUX=\"a \\\n  b\"\n", "GRUB_CMDLINE_LINUX=\"a \\\n  b new=1\"\n");
}

static void grub_word_goes_to_the_assignment_that_counts(void **state)
{
	(void)state;
	grub_add("", "GRUB_CMDLINE_LINUX_DEFAULT=\"new=1\"\n");
	grub_add("A=1", "A=1\nGRUB_CMDLINE_LINUX_DEFAULT=\"new=1\"\n");
	grub_add("# GRUB_CMDLINE_LINUX=\"x\"\nA=1\n",
		 "# GRUB_CMDLINE_LINUX=\"x\"\nA=1\nGRUB_CMDLINE_LINUX_DEFAULT=\"new=1\"\n");
	grub_add("GRUB_CMDLINE_LINUX=\"a\"\nGRUB_CMDLINE_LINUX+=\" b\"\n",
		 "GRUB_CMDLINE_LINUX=\"a\"\nGRUB_CMDLINE_LINUX+=\" b new=1\"\n");
	grub_add("GRUB_CMDLINE_LINUX_DEFAULT=\"d\"\nGRUB_CMDLINE_LINUX=\"a\"\n",
		 "GRUB_CMDLINE_LINUX_DEFAULT=\"d new=1\"\nGRUB_CMDLINE_LINUX=\"a\"\n");
	/* What is in the text of something else is no assignment. */
	grub_add("echo \"\nGRUB_CMDLINE_LINUX=x\n\"\n",
		 "echo \"\nGRUB_CMDLINE_LINUX=x\n\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"new=1\"\n");
	/* A quote that is never closed: the shell refuses the file, and so it is not edited within. */
	grub_add("GRUB_CMDLINE_LINUX=\"x\n", "GRUB_CMDLINE_LINUX=\"x\n"
					     "GRUB_CMDLINE_LINUX_DEFAULT=\"new=1\"\n");
}

static void grub_remove(const char *text, const char *wanted)
{
	VH_AUTO_PLACES struct vh_places words = {0};
	VH_AUTO_EDIT struct vh_edit e;
	const struct vh_place *place;

	vh_edit_init(&e, text);
	vh_grub_words(&words, text);
	place = vh_places_find(&words, "old=1");
	assert_non_null(place);
	assert_int_equal(place->apart, wanted != NULL);
	if (wanted) {
		vh_edit_remove_word(&e, place);
		assert_string_equal(e.text, wanted);
	}
}

static void grub_word_is_removed(void **state)
{
	(void)state;
	grub_remove("GRUB_CMDLINE_LINUX=\"old=1\"\n", "GRUB_CMDLINE_LINUX=\"\"\n");
	grub_remove("GRUB_CMDLINE_LINUX=\"a old=1 b\"\n", "GRUB_CMDLINE_LINUX=\"a b\"\n");
	grub_remove("GRUB_CMDLINE_LINUX=\"a old=1\"\n", "GRUB_CMDLINE_LINUX=\"a\"\n");
	grub_remove("GRUB_CMDLINE_LINUX=\"old=1 b\"\n", "GRUB_CMDLINE_LINUX=\"b\"\n");
	grub_remove("GRUB_CMDLINE_LINUX=old=1\n", "GRUB_CMDLINE_LINUX=\n");
	grub_remove("GRUB_CMDLINE_LINUX='a  old=1  b'\n", "GRUB_CMDLINE_LINUX='a  b'\n");
	grub_remove("GRUB_CMDLINE_LINUX=\"a\"' old=1'\n", "GRUB_CMDLINE_LINUX=\"a\"''\n");
	/* Its quotes are shared with its neighbour. */
	grub_remove("GRUB_CMDLINE_LINUX='a ol'\"d=1 b\"\n", NULL);
}

static void grub_words_are_those_of_the_kernel(void **state)
{
	static const char text[] = "X=\"no\"\n"
				   "GRUB_CMDLINE_LINUX=\"a dyndbg=\\\"file b +p\\\" $c\"\n"
				   "GRUB_CMDLINE_LINUX_DEFAULT+=' d'\n";
	VH_AUTO_PLACES struct vh_places words = {0};

	(void)state;
	vh_grub_words(&words, text);
	assert_int_equal(words.count, 4);
	assert_string_equal(words.items[0].word, "a");
	assert_string_equal(words.items[1].word, "dyndbg=\"file b +p\"");
	assert_string_equal(words.items[2].word, "$c");
	assert_string_equal(words.items[3].word, "d");
	assert_int_equal(words.items[0].line, 2);
	assert_int_equal(words.items[3].line, 3);
}

static void grub_entries(void **state)
{
	(void)state;
	assert_true(vh_grub_has_entries("GRUB_ENABLE_BLSCFG=true\n"));
	assert_false(vh_grub_has_entries("GRUB_ENABLE_BLSCFG=false\n"));
	assert_false(vh_grub_has_entries("#GRUB_ENABLE_BLSCFG=true\n"));
}

/* --- one line */

static void line_add(enum vh_kernel_line kind, const char *text, const char *wanted)
{
	VH_AUTO_EDIT struct vh_edit e;

	vh_edit_init(&e, text);
	vh_kernel_line_add(&e, kind, "new=1");
	assert_string_equal(e.text, wanted);
}

static void kernel_line(void **state)
{
	(void)state;
	line_add(VH_KERNEL_LINE_FILE, "a b\n", "a b new=1\n");
	line_add(VH_KERNEL_LINE_FILE, "a b", "a b new=1");
	line_add(VH_KERNEL_LINE_FILE, "# c\n\na b \n", "# c\n\na b new=1 \n");
	line_add(VH_KERNEL_LINE_FILE, "", "new=1\n");
	line_add(VH_KERNEL_LINE_FILE, "\n", "\nnew=1\n");
	line_add(VH_KERNEL_LINE_ENTRY, "title t\noptions a\n", "title t\noptions a new=1\n");
	line_add(VH_KERNEL_LINE_ENTRY, "options\n", "options new=1\n");
	line_add(VH_KERNEL_LINE_ENTRY, "title options\n", "title options\noptions new=1\n");
	line_add(VH_KERNEL_LINE_ENTRY, "optionsx a", "optionsx a\noptions new=1\n");
	assert_true(vh_kernel_line_is_indirect("options $kernelopts a\n"));
	assert_false(vh_kernel_line_is_indirect("grub_users $grub_users\noptions a\n"));
}

/* --- modules */

static void module_list(void **state)
{
	static const char text[] = "# vfio_virqfd\n  vfio-virqfd opt=1\nloop\n";
	VH_AUTO_PLACES struct vh_places words = {0};
	VH_AUTO_EDIT struct vh_edit e;

	(void)state;
	vh_module_list_words(&words, text);
	assert_int_equal(words.count, 2);
	vh_edit_init(&e, text);
	vh_module_list_remove(&e, vh_module_list_find(&words, "vfio_virqfd"));
	assert_string_equal(e.text, "# vfio_virqfd\nloop\n");
	assert_true(vh_module_is("snd-hda-intel", "snd_hda_intel"));
	assert_false(vh_module_is("snd", "snd_hda_intel"));
}

static void modprobe_statements(void **state)
{
	static const char text[] = "# blacklist a\n\nblacklist nouveau\n"
				   "options vfio-pci \\\n  ids=10de:2204 \\\n  disable_vga=1\n"
				   "options vfio-pci ids=1:2\nlast";
	struct vh_modprobe_line line = {0};
	VH_AUTO_EDIT struct vh_edit e;

	(void)state;
	vh_edit_init(&e, text);
	assert_true(vh_modprobe_next(text, &line));
	assert_string_equal(line.words[1], "nouveau");
	assert_string_equal(line.rest, "");
	assert_int_equal(line.line, 3);
	assert_true(vh_modprobe_next(text, &line));
	assert_int_equal(line.line, 4);
	assert_string_equal(line.words[2], "ids=10de:2204");
	assert_non_null(strstr(line.rest, "disable_vga=1"));
	vh_modprobe_remove_parameter(&e, &line, "ids");
	assert_non_null(strstr(e.text, "options vfio-pci \\\n  \\\n  disable_vga=1\n"));
	assert_true(vh_modprobe_next(text, &line));
	assert_true(vh_modprobe_next(text, &line));
	assert_string_equal(line.words[0], "last");
	assert_false(vh_modprobe_next(text, &line));
}

/* A statement without a parameter left says nothing. */
static void modprobe_parameter_takes_its_statement_along(void **state)
{
	static const char text[] = "a\noptions vfio-pci ids=1:2\nb\n";
	struct vh_modprobe_line line = {0};
	VH_AUTO_EDIT struct vh_edit e;

	(void)state;
	vh_edit_init(&e, text);
	assert_true(vh_modprobe_next(text, &line));
	assert_true(vh_modprobe_next(text, &line));
	vh_modprobe_remove_parameter(&e, &line, "ids");
	assert_string_equal(e.text, "a\nb\n");
}

/* --- initramfs */

static void mkinitcpio_add(const char *text, const char *wanted)
{
	VH_AUTO_EDIT struct vh_edit e;

	vh_edit_init(&e, text);
	vh_mkinitcpio_add_module(&e, "vfio_pci");
	vh_mkinitcpio_add_modconf(&e);
	assert_false(e.failed);
	assert_string_equal(e.text, wanted);
	assert_true(vh_mkinitcpio_has(e.text, "MODULES", "vfio-pci"));
	assert_true(vh_mkinitcpio_has(e.text, "HOOKS", "modconf"));
}

static void mkinitcpio(void **state)
{
	(void)state;
	mkinitcpio_add("MODULES=()\nHOOKS=(base udev autodetect block)\n",
		       "MODULES=(vfio_pci)\nHOOKS=(base udev autodetect modconf block)\n");
	mkinitcpio_add("MODULES=(\n  a # b)\n  'c'\n)\nHOOKS=(base systemd)\n",
		       "MODULES=(vfio_pci \n  a # b)\n  'c'\n)\nHOOKS=(base systemd modconf)\n");
	mkinitcpio_add("MODULES=\"a b\"\nHOOKS=\"base udev\"\n",
		       "MODULES=\"vfio_pci a b\"\nHOOKS=\"base udev modconf\"\n");
	mkinitcpio_add("MODULES=a\nHOOKS=()\n", "MODULES=\"vfio_pci \"a\nHOOKS=(modconf)\n");
	mkinitcpio_add("#MODULES=(x)\n", "#MODULES=(x)\nMODULES+=(vfio_pci)\nHOOKS+=(modconf)\n");
	mkinitcpio_add("MODULES=('a b' \"c\"d)\nHOOKS=('base' \"udev\")\n",
		       "MODULES=(vfio_pci 'a b' \"c\"d)\nHOOKS=('base' \"udev\" modconf)\n");
}

static void dracut_drivers(void **state)
{
	static const char text[] = "add_drivers+=\" vfio vfio_virqfd \"\nfilesystems+=\" ext4 \"\n";
	VH_AUTO_PLACES struct vh_places words = {0};

	(void)state;
	vh_dracut_drivers(&words, text);
	assert_int_equal(words.count, 2);
	assert_string_equal(words.items[1].word, "vfio_virqfd");
}

/* --- the file of dedicated cards */

static void dedicated_is_read_as_written(void **state)
{
	VH_AUTO_DEDICATED struct vh_dedicated one = {0};
	VH_AUTO_DEDICATED struct vh_dedicated two = {0};
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text second = {0};

	(void)state;
	assert_int_equal(vh_list_add(&one.functions, "0000:01:00.0/0x10de/0x2204"), 0);
	assert_int_equal(vh_list_add(&one.functions, "0001:0a:1f.7/0x1002/0xab28"), 0);
	assert_int_equal(vh_list_add(&one.drivers, "nouveau"), 0);
	vh_dedicated_write(&one, &first);
	assert_int_equal(vh_dedicated_parse(vh_text_str(&first), &two), 0);
	assert_int_equal(two.functions.count, 2);
	assert_int_equal(two.drivers.count, 1);
	vh_dedicated_write(&two, &second);
	assert_string_equal(vh_text_str(&first), vh_text_str(&second));
}

/* It becomes a part of a command. */
static void dedicated_takes_nothing_else_in(void **state)
{
	VH_AUTO_DEDICATED struct vh_dedicated d = {0};

	(void)state;
	assert_int_equal(vh_dedicated_parse("install vfio-pci for f in $(reboot) "
					    "0000:01:00.0/0x10de/0x220; 0000:01:00.0/0x10de/$(x)y "
					    "0000:01:00.0\n# 0000:01:00.0/0x10de/0x2204\n",
					    &d),
			 0);
	assert_int_equal(d.functions.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grub_word_is_added_in_any_quoting),
		cmocka_unit_test(grub_word_goes_to_the_assignment_that_counts),
		cmocka_unit_test(grub_word_is_removed),
		cmocka_unit_test(grub_words_are_those_of_the_kernel),
		cmocka_unit_test(grub_entries),
		cmocka_unit_test(kernel_line),
		cmocka_unit_test(module_list),
		cmocka_unit_test(modprobe_statements),
		cmocka_unit_test(modprobe_parameter_takes_its_statement_along),
		cmocka_unit_test(mkinitcpio),
		cmocka_unit_test(dracut_drivers),
		cmocka_unit_test(dedicated_is_read_as_written),
		cmocka_unit_test(dedicated_takes_nothing_else_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
