/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the hook has to say about a domain's definition: the second stage, called by the hook as
 * libvirt calls that, and by itself. What the hook logs comes out at a socket where systemd's journal
 * has its own.
 */

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/hooks/hook_rig.h"

#define JOURNAL "run/systemd/journal/socket"
#define PROFILE "etc/vfio-handoff/win11.ini"
#define ROM     "/usr/share/vgabios/gpu.rom"
#define SECRET  "hunter2"

#define HIDE_KVM  "[guest]\nhide-kvm = yes\n"
#define WITH_ROM  "[guest]\nrom = " ROM "\n"
#define DEVICE_AT "<address domain='0x0000' bus='0x01' slot='0x00' function='0x"

/* Both functions of the card, as `patch` lays them out. */
#define HOSTDEV(function, more, rest)                                                            \
	"    <hostdev mode='subsystem' type='pci' managed='yes'>\n"                              \
	"      <driver name='vfio'/>\n"                                                          \
	"      <source>\n        " DEVICE_AT function "'/>\n      </source>\n" rest              \
	"      <address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x" function \
	"'" more "/>\n    </hostdev>\n"
#define CARD(rom) HOSTDEV("0", " multifunction='on'", rom) HOSTDEV("1", "", "")

#define DOMAIN(features, devices)                                                      \
	"<domain type='kvm'>\n  <name>win11</name>\n"                                  \
	"  <uuid>b8a24f3c-1fb0-4a28-8b8e-7dbd4e0fd2a9</uuid>\n"                        \
	"  <memory unit='KiB'>8388608</memory>\n  <vcpu placement='static'>8</vcpu>\n" \
	"  <os>\n    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n  </os>\n"   \
	"  <features>\n    <acpi/>\n" features "  </features>\n  <devices>\n"          \
	"    <controller type='pci' index='0' model='pcie-root'/>\n"                   \
	"    <controller type='pci' index='5' model='pcie-root-port'/>\n" devices      \
	"    <graphics type='vnc' port='-1' passwd='" SECRET "'/>\n  </devices>\n</domain>\n"

#define BARE DOMAIN("", "")

/* --- a journal ---------------------------------------------------------------------------------- */

/* The queue of such a socket is short, and the hook does not wait: so somebody reads all the time. */
static struct {
	int fd;
	pthread_t reader;
	struct sockaddr_un address;
	struct vh_text text;
} journal;

static const char last_line[] = "last line";

static void *read_journal(void *unused)
{
	char line[8192];
	ssize_t n = 0;

	(void)unused;
	while (n >= 0 &&
	       !((size_t)n == strlen(last_line) && memcmp(line, last_line, (size_t)n) == 0)) {
		vh_text_addn(&journal.text, line, (size_t)n);
		n = recv(journal.fd, line, sizeof(line), 0);
	}
	return NULL;
}

static void listen_to(struct hook_rig *r)
{
	hook_put(r, JOURNAL ".not", "");
	journal.text = (struct vh_text){0};
	journal.address = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(journal.address.sun_path, sizeof(journal.address.sun_path), "%s/" JOURNAL,
		       r->dir);
	journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(journal.fd >= 0);
	assert_int_equal(bind(journal.fd, (const struct sockaddr *)&journal.address,
			      sizeof(journal.address)),
			 0);
	assert_int_equal(pthread_create(&journal.reader, NULL, read_journal, NULL), 0);
}

/* All that was logged; nobody listens any more. */
static char *logged(void)
{
	VH_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(sendto(fd, last_line, strlen(last_line), 0,
				(const struct sockaddr *)&journal.address, sizeof(journal.address)),
			 strlen(last_line));
	assert_int_equal(pthread_join(journal.reader, NULL), 0);
	(void)close(journal.fd);
	(void)unlink(journal.address.sun_path);
	vh_text_add(&journal.text, "");
	assert_false(journal.text.failed);
	return journal.text.data;
}

/* One of the lines logged has both parts. */
static void has_line(const char *text, const char *part, const char *other)
{
	const char *line = text;

	while ((line = strstr(line, part))) {
		const char *end = strchr(line, '\n');
		const char *found = strstr(line, other);

		if (end && found && found < end) {
			return;
		}
		line++;
	}
	fail_msg("nothing was logged with '%s' and '%s':\n%s", part, other, text);
}

/* --- calls -------------------------------------------------------------------------------------- */

static struct hook_rig *open_with(void **state, const char *profile, const char *xml)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	if (profile) {
		hook_put(r, PROFILE, profile);
	}
	hook_second_stage(r);
	r->xml = xml;
	return r;
}

/* The second stage itself; its exit status. */
static int stage(struct hook_rig *r, const char *operation)
{
	const char *words[] = {operation, "win11", NULL};

	return hook_call(r, HOOK_STAGE_ITSELF, words);
}

/* The hook leaves a definition as it is: no output, no failure, nothing on the host. */
static void passes(struct hook_rig *r, const char *operation)
{
	hook_expect(r, hook_event(r, "win11", operation), 0);
	hook_silent(r);
	hook_unchanged(r);
}

/* --- prepare ------------------------------------------------------------------------------------ */

static void what_is_missing_is_named_line_by_line(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE HIDE_KVM "vendor-id = randomid\n", BARE);

	assert_int_equal(stage(r, "check"), 0);
	assert_string_equal(r->run.out, "");
	has_line(r->run.err, "hidden", "(hide-kvm)");
	has_line(r->run.err, "ioapic", "(hide-kvm)");
	has_line(r->run.err, "randomid", "(vendor-id)");
	has_line(r->run.err, "0000:01:00.0", "([device gpu])");
	has_line(r->run.err, "0000:01:00.1", "([device gpu])");
	assert_null(strstr(r->run.err, SECRET));
	hook_unchanged(r);
}

static void what_is_complete_is_not_mentioned(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE HIDE_KVM,
				       DOMAIN("    <kvm>\n      <hidden state='on'/>\n    </kvm>\n"
					      "    <ioapic driver='kvm'/>\n",
					      CARD("")));

	assert_int_equal(stage(r, "check"), 0);
	hook_silent(r);
}

static void contradiction_is_logged_and_fails_nothing(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE "[guest]\nvendor-id = randomid\n",
				       DOMAIN("    <hyperv mode='passthrough'/>\n", CARD("")));

	assert_int_equal(stage(r, "check"), 0);
	has_line(r->run.err, "the definition of win11:", "passthrough");
}

/* --- restore and migrate ------------------------------------------------------------------------ */

static const char *const filters[] = {"restore", "migrate"};

static void nothing_to_change_is_no_output(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM,
				       DOMAIN("", CARD("      <rom file='" ROM "'/>\n")));

	for (size_t i = 0; i < VH_ARRAY_SIZE(filters); i++) {
		passes(r, filters[i]);
	}
}

/* The ROM file is nothing that the guest's saved state depends on. */
static void rom_is_added(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, DOMAIN("", CARD("")));

	for (size_t i = 0; i < VH_ARRAY_SIZE(filters); i++) {
		VH_AUTO_FREE char *log = NULL;

		listen_to(r);
		assert_int_equal(hook_event(r, "win11", filters[i]), 0);
		assert_string_equal(r->run.err, "");
		assert_string_equal(r->run.out, DOMAIN("", CARD("      <rom file='" ROM "'/>\n")));
		log = logged();
		has_line(log, "MESSAGE=win11: it gets", ROM);
		assert_null(strstr(log, "cannot get"));
		assert_null(strstr(log, SECRET));
	}
}

/* libvirt would refuse it, and the guest could not be restored at all. */
static void what_the_guest_sees_is_left_and_logged(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE HIDE_KVM, BARE);

	for (size_t i = 0; i < VH_ARRAY_SIZE(filters); i++) {
		VH_AUTO_FREE char *log = NULL;

		listen_to(r);
		hook_expect(r, hook_event(r, "win11", filters[i]), 0);
		hook_silent(r);
		log = logged();
		assert_non_null(strstr(log, i == 0 ? "EVENT=restore\n" : "EVENT=migrate\n"));
		has_line(log, "cannot get", "(hide-kvm)");
		has_line(log, "cannot get", "([device gpu])");
		has_line(log, "cannot get", "next full start");
		assert_null(strstr(log, SECRET));
	}
}

static void both_of_them(void **state)
{
	VH_AUTO_FREE char *log = NULL;
	struct hook_rig *r =
		open_with(state, HOOK_PROFILE WITH_ROM "hide-kvm = yes\n", DOMAIN("", CARD("")));

	listen_to(r);
	assert_int_equal(hook_event(r, "win11", "restore"), 0);
	assert_string_equal(r->run.out, DOMAIN("", CARD("      <rom file='" ROM "'/>\n")));
	log = logged();
	has_line(log, "it gets", ROM);
	has_line(log, "cannot get", "(hide-kvm)");
}

static void stays(struct hook_rig *r, const char *xml)
{
	r->xml = xml;
	passes(r, "restore");
}

/* One that it has may be of another size: QEMU takes no other then. */
static void rom_that_is_there_stays(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, NULL);

	stays(r, DOMAIN("", CARD("      <rom bar='off'/>\n")));
	stays(r, DOMAIN("", CARD("      <rom enabled='no'/>\n")));
	stays(r, DOMAIN("", CARD("      <rom file='/usr/share/vgabios/old.rom'/>\n")));
	assert_int_equal(stage(r, "restore"), 0);
	has_line(r->run.err, "cannot get", ROM);
}

static void no_profile_is_nothing(void **state)
{
	struct hook_rig *r = open_with(state, NULL, BARE);

	hook_put(r, "etc/vfio-handoff/other.ini", HOOK_PROFILE HIDE_KVM);
	passes(r, "restore");
	assert_int_equal(stage(r, "restore"), 0);
	hook_silent(r);
	assert_int_equal(stage(r, "check"), 0);
	hook_silent(r);
}

static void profile_that_is_wrong_changes_nothing(void **state)
{
	VH_AUTO_FREE char *log = NULL;
	struct hook_rig *r = open_with(state, HOOK_TYPO, BARE);

	listen_to(r);
	hook_expect(r, hook_event(r, "win11", "restore"), 0);
	hook_silent(r);
	log = logged();
	has_line(log, "win11.ini:2:", "adress");
	has_line(log, "taken as it came", "exit status 1");
}

static void card_that_is_not_there_changes_nothing(void **state)
{
	VH_AUTO_FREE char *log = NULL;
	struct hook_rig *r = open_with(state, HOOK_PROFILE_NONE WITH_ROM, BARE);

	listen_to(r);
	hook_expect(r, hook_event(r, "win11", "migrate"), 0);
	hook_silent(r);
	log = logged();
	has_line(log, "win11.ini:1:", "0000:09:00.0");
}

static void bad_input_changes_nothing(void **state)
{
	static const char *const inputs[] = {
		"",
		" \n",
		"no XML",
		"<domain type='kvm'>",
		"<network/>",
		"<!DOCTYPE domain [<!ENTITY a 'b'>]><domain type='kvm'>&a;</domain>",
		"<domain type='kvm'><devices passwd='hunter2'></domain>",
	};
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, NULL);

	for (size_t i = 0; i < VH_ARRAY_SIZE(inputs); i++) {
		r->xml = inputs[i];
		passes(r, "restore");
		assert_int_equal(stage(r, "restore"), 1);
		assert_string_equal(r->run.out, "");
		has_line(r->run.err, "vfio-handoff-xml: ", "win11");
		assert_null(strstr(r->run.err, SECRET));
	}
}

static char *with_metadata(size_t bytes, const char *rom)
{
	struct vh_text text = {0};
	const char *domain = DOMAIN("", CARD(""));
	const char *with_rom = DOMAIN("", CARD("      <rom file='" ROM "'/>\n"));
	const char *from = *rom ? with_rom : domain;
	const char *at = strstr(from, "  <os>");

	vh_text_addn(&text, from, (size_t)(at - from));
	vh_text_add(&text, "  <metadata><a xmlns='urn:a'>");
	for (size_t i = 0; i < bytes; i += 32) {
		vh_text_add(&text, "0123456789abcdef0123456789abcde\n");
	}
	vh_text_add(&text, "</a></metadata>\n");
	vh_text_add(&text, at);
	assert_false(text.failed);
	return text.data;
}

static void large_definition_comes_back_whole(void **state)
{
	VH_AUTO_FREE char *before = with_metadata(3000000, "");
	VH_AUTO_FREE char *after = with_metadata(3000000, ROM);
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, before);

	assert_int_equal(hook_event(r, "win11", "restore"), 0);
	assert_string_equal(r->run.err, "");
	assert_true(strcmp(r->run.out, after) == 0);
	r->xml = after;
	passes(r, "restore");
}

static void too_large_a_definition_stays(void **state)
{
	VH_AUTO_FREE char *large = with_metadata(5000000, "");
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, large);

	passes(r, "restore");
	assert_int_equal(stage(r, "restore"), 1);
	has_line(r->run.err, "more than", "MiB");
}

/* --- a second stage that is not as it should be -------------------------------------------------- */

static void second_stage_is(void **state, const char *script, const char *part)
{
	VH_AUTO_FREE char *log = NULL;
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, PROFILE, HOOK_PROFILE WITH_ROM);
	if (script) {
		hook_second_stage_is(r, script);
	}
	r->xml = DOMAIN("", CARD(""));
	listen_to(r);
	hook_expect(r, hook_event(r, "win11", "restore"), 0);
	hook_silent(r);
	log = logged();
	has_line(log, "its definition is taken as it came (" VH_SECOND_STAGE ": ", part);
}

static void second_stage_that_is_missing(void **state)
{
	second_stage_is(state, NULL, "No such file");
}

static void second_stage_that_is_no_program(void **state)
{
	second_stage_is(state,
			"\x7f"
			"ELF",
			"Exec format error");
}

static void second_stage_that_fails_after_its_output(void **state)
{
	second_stage_is(state, "#!/bin/sh\ncat\nexit 1\n", "exit status 1");
}

static void second_stage_that_crashes(void **state)
{
	second_stage_is(state, "#!/bin/sh\ncat\nkill -SEGV $$\n", "signal");
}

/* Nobody may be left that keeps libvirt from hearing the end of its own pipe. */
static void second_stage_that_hangs(void **state)
{
	second_stage_is(state, "#!/bin/sh\ncat & cat /proc/self/mounts; while :; do :; done\n",
			"timed out");
}

static void second_stage_that_talks_nonsense(void **state)
{
	second_stage_is(state, "#!/bin/sh\necho no XML\n", "Bad message");
}

static void second_stage_that_is_cut_off(void **state)
{
	second_stage_is(state, "#!/bin/sh\nhead -c 500\n", "Bad message");
}

static void second_stage_that_does_not_end(void **state)
{
	second_stage_is(state, "#!/bin/sh\necho '<domain>'; yes; echo '</domain>'\n",
			"File too large");
}

/* Not one byte of what it leaves unread is missed by anybody. */
static void second_stage_that_reads_nothing(void **state)
{
	VH_AUTO_FREE char *large = with_metadata(3000000, "");
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, PROFILE, HOOK_PROFILE WITH_ROM);
	hook_second_stage_is(r, "#!/bin/sh\nexit 0\n");
	r->xml = large;
	passes(r, "restore");
}

static void second_stage_gets_the_name_as_it_is(void **state)
{
	static const char *const names[] = {"-x", "--help", "my VM 100%", "$(id)", "\xc3\xa4"};
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_second_stage_is(r, "#!/bin/sh\n[ $# = 2 ] && printf '<domain>%s</domain>' \"$2\"\n");
	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "etc/vfio-handoff/%s.ini", names[i]);
		hook_put(r, text, HOOK_PROFILE);
		assert_int_equal(hook_event(r, names[i], "restore"), 0);
		(void)snprintf(text, sizeof(text), "<domain>%s</domain>", names[i]);
		assert_string_equal(r->run.out, text);
	}
}

static void plain_user_filters_nothing(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, DOMAIN("", CARD("")));

	for (size_t i = 0; i < VH_ARRAY_SIZE(filters); i++) {
		hook_expect(r, hook_event_as(r, HOOK_AS_USER, "win11", filters[i]), 0);
		hook_silent(r);
	}
}

static void closed_descriptors_change_nothing(void **state)
{
	static const char *const words[] = {"restore", "win11", NULL};
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, DOMAIN("", CARD("")));

	assert_int_equal(hook_call(r, HOOK_STAGE_ITSELF | HOOK_NO_STDIN, words), 1);
	hook_says(r, "cannot read the definition from stdin");
	hook_expect(r, hook_event_as(r, HOOK_NO_STDIN, "win11", "restore"), 0);
	hook_silent(r);
	assert_int_equal(hook_event_as(r, HOOK_NO_STDERR, "win11", "restore"), 0);
	assert_string_equal(r->run.out, DOMAIN("", CARD("      <rom file='" ROM "'/>\n")));
	/* Nobody gets half a definition for a whole one. */
	assert_int_equal(hook_event_as(r, HOOK_NO_STDOUT, "win11", "restore"), 1);
	assert_int_equal(hook_event_as(r, HOOK_READER_GONE, "win11", "restore"), 1);
}

/* The kernel would collect our children itself, and nobody would know how they ended. */
static void ignored_sigchld_changes_nothing(void **state)
{
	struct hook_rig *r = open_with(state, HOOK_PROFILE WITH_ROM, DOMAIN("", CARD("")));

	assert_int_equal(hook_event_as(r, HOOK_DEAF, "win11", "restore"), 0);
	assert_string_equal(r->run.out, DOMAIN("", CARD("      <rom file='" ROM "'/>\n")));
}

static void usage_is_shown(void **state)
{
	static const char *const words[][4] = {
		{NULL}, {"check", NULL}, {"prepare", "win11", NULL}, {"check", "a", "b", NULL}};
	struct hook_rig *r = open_with(state, HOOK_PROFILE, BARE);

	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		assert_int_equal(hook_call(r, HOOK_STAGE_ITSELF, words[i]), 2);
		hook_says(r, "check|migrate|restore VM");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOK_TEST(what_is_missing_is_named_line_by_line),
		HOOK_TEST(what_is_complete_is_not_mentioned),
		HOOK_TEST(contradiction_is_logged_and_fails_nothing),
		HOOK_TEST(nothing_to_change_is_no_output),
		HOOK_TEST(rom_is_added),
		HOOK_TEST(what_the_guest_sees_is_left_and_logged),
		HOOK_TEST(both_of_them),
		HOOK_TEST(rom_that_is_there_stays),
		HOOK_TEST(no_profile_is_nothing),
		HOOK_TEST(profile_that_is_wrong_changes_nothing),
		HOOK_TEST(card_that_is_not_there_changes_nothing),
		HOOK_TEST(bad_input_changes_nothing),
		HOOK_TEST(large_definition_comes_back_whole),
		HOOK_TEST(too_large_a_definition_stays),
		HOOK_TEST(second_stage_that_is_missing),
		HOOK_TEST(second_stage_that_is_no_program),
		HOOK_TEST(second_stage_that_fails_after_its_output),
		HOOK_TEST(second_stage_that_crashes),
		HOOK_TEST(second_stage_that_hangs),
		HOOK_TEST(second_stage_that_talks_nonsense),
		HOOK_TEST(second_stage_that_is_cut_off),
		HOOK_TEST(second_stage_that_does_not_end),
		HOOK_TEST(second_stage_that_reads_nothing),
		HOOK_TEST(second_stage_gets_the_name_as_it_is),
		HOOK_TEST(plain_user_filters_nothing),
		HOOK_TEST(closed_descriptors_change_nothing),
		HOOK_TEST(ignored_sigchld_changes_nothing),
		HOOK_TEST(usage_is_shown),
	};
	int possible = hook_possible();

	return possible ? possible : cmocka_run_group_tests(tests, NULL, NULL);
}
