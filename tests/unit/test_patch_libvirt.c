/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * patch on a domain of a real libvirt: test:///default, its driver for tests, in this process. It
 * keeps what it is given as long as one connection is open, and drops the qemu: namespace.
 */

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <json-c/json.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "cli/patch_libvirt.h"
#include "lib/base/cleanup.h"
#include "lib/sys/real.h"
#include "tests/cli/tree.h"

#define URI       "test:///default"
#define UUID      "3c1a7f00-5e0d-4a57-9d3e-2b6a8f04c911"
#define KEPT      "var/lib/vfio-handoff/guest/" UUID
#define PASSWORD  "open-sesame"
#define MAX_WORDS 12

#define DOMAIN_XML                                                                          \
	"<domain type='kvm'>"                                                               \
	"<name>win11</name><uuid>" UUID "</uuid>"                                           \
	"<memory unit='MiB'>2048</memory><vcpu>2</vcpu>"                                    \
	"<os><type arch='x86_64' machine='q35'>hvm</type></os>"                             \
	"<features><acpi/></features>"                                                      \
	"<metadata><own:note xmlns:own='http://example.org/own'>kept</own:note></metadata>" \
	"<devices><graphics type='vnc' port='5900' passwd='" PASSWORD "'/></devices>"       \
	"</domain>"

/**
 * struct rig - a host in a directory, a connection that keeps the domains, and the last run
 */
struct rig {
	char dir[64];
	struct vh_sys *sys;
	virConnectPtr connection;
	virDomainPtr domain;
	bool json;
	char *out;
	char *err;
	int status;
};

static void ignore_error(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static virDomainPtr define(struct rig *r, const char *xml)
{
	virDomainPtr domain = virDomainDefineXML(r->connection, xml);

	if (!domain) {
		fail_msg("%s", virGetLastErrorMessage());
	}
	return domain;
}

/* Skips without root: what is kept must belong to it. */
static struct rig *open_rig(void **state)
{
	struct fakekernel *fk;
	struct vh_error err = {0};
	struct rig *r;

	if (geteuid() != 0) {
		skip();
	}
	r = calloc(1, sizeof(*r));
	assert_non_null(r);
	*state = r;
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/vh-patch-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	fk = fk_host("single-gpu");
	tree_make(fk, r->dir);
	fk_free(fk);
	assert_int_equal(vh_sys_open(r->dir, false, &r->sys, &err), 0);
	virSetErrorFunc(NULL, ignore_error);
	r->connection = virConnectOpen(URI);
	assert_non_null(r->connection);
	r->domain = define(r, DOMAIN_XML);
	return r;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	if (!r) {
		return 0;
	}
	(void)virDomainFree(r->domain);
	(void)virConnectClose(r->connection);
	r->sys->ops->close(r->sys);
	tree_remove(r->dir);
	free(r->out);
	free(r->err);
	free(r);
	return 0;
}

static char *slurp(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	return text;
}

/* Sends a stream to a file; returns what it was. */
static int redirect(FILE *stream, int to)
{
	int own;

	(void)fflush(stream);
	own = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3);
	assert_true(own >= 0 && dup2(to, fileno(stream)) >= 0);
	return own;
}

static void restore(FILE *stream, int own)
{
	(void)fflush(stream);
	assert_true(dup2(own, fileno(stream)) >= 0);
	(void)close(own);
}

/* patch win11 --connect test:///default WORDS... */
static void run_words(struct rig *r, const char *const words[])
{
	struct cli cli = {.sys = r->sys, .root = r->dir, .json = r->json};
	char *argv[MAX_WORDS + 1] = {(char[]){"patch"}, (char[]){"--connect"}, (char[]){URI}};
	VH_AUTO_FILE FILE *out = tmpfile();
	VH_AUTO_FILE FILE *err = tmpfile();
	int argc = 3;
	int own_out;
	int own_err;

	assert_true(out && err);
	for (; *words; words++) {
		assert_true(argc < MAX_WORDS);
		memcpy(&argv[argc++], words, sizeof(argv[0]));
	}
	own_out = redirect(stdout, fileno(out));
	own_err = redirect(stderr, fileno(err));
	r->status = cli_patch(&cli, argc, argv);
	restore(stdout, own_out);
	restore(stderr, own_err);
	free(r->out);
	free(r->err);
	r->out = slurp(fileno(out));
	r->err = slurp(fileno(err));
	/* On no way does a password leave. */
	assert_null(strstr(r->out, PASSWORD));
	assert_null(strstr(r->err, PASSWORD));
}

#define run(r, ...) run_words((r), (const char *const[]){"win11", __VA_ARGS__, NULL})

static void expect(const struct rig *r, int status)
{
	if (r->status != status) {
		fail_msg("exit status %d instead of %d\n%s%s", r->status, status, r->out, r->err);
	}
}

static void out_has(const struct rig *r, const char *part)
{
	if (!strstr(r->out, part)) {
		fail_msg("no '%s' on stdout:\n%s", part, r->out);
	}
}

static void err_has(const struct rig *r, const char *part)
{
	if (!strstr(r->err, part)) {
		fail_msg("no '%s' on stderr:\n%s", part, r->err);
	}
}

/* The definition as it is, with the password. */
static char *definition(const struct rig *r)
{
	char *xml = virDomainGetXMLDesc(r->domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);

	assert_non_null(xml);
	return xml;
}

/* NULL if it is not there. */
static char *kept(const struct rig *r, const char *name)
{
	char path[VH_PATH_MAX];
	char *text = NULL;
	size_t len;

	(void)snprintf(path, sizeof(path), KEPT "/%s", name);
	return r->sys->ops->read(r->sys, path, VH_READ_MAX, 0, &text, &len) < 0 ? NULL : text;
}

static void kept_is(const struct rig *r, const char *name, const char *wanted)
{
	VH_AUTO_FREE char *text = kept(r, name);

	if (wanted) {
		assert_non_null(text);
		assert_string_equal(text, wanted);
	} else {
		assert_null(text);
	}
}

static void definition_is(const struct rig *r, const char *wanted)
{
	VH_AUTO_FREE char *xml = definition(r);

	assert_string_equal(xml, wanted);
}

/* Somebody else gives the domain a title. */
static void change_title(struct rig *r)
{
	assert_int_equal(virDomainSetMetadata(r->domain, VIR_DOMAIN_METADATA_TITLE, "mine", NULL,
					      NULL, VIR_DOMAIN_AFFECT_CONFIG),
			 0);
}

static void profile(const struct rig *r, const char *guest)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_text_addf(&text, "[device gpu]\naddress = 0000:01:00.0\n[guest]\n%s\n", guest);
	tree_file(r->dir, "etc/vfio-handoff/win11.ini", vh_text_str(&text));
}

static void showing_changes_nothing(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);

	run(r, "--hide-kvm");
	expect(r, 0);
	out_has(r, "--- win11\n+++ win11 (patched)\n@@ ");
	out_has(r, "\n+      <hidden state='on'/>\n");
	assert_null(strstr(r->out, "\033"));
	err_has(r, "win11: <kvm><hidden state='on'/></kvm> (hide-kvm)\n");
	err_has(r, "nothing was changed; --apply does it\n");
	definition_is(r, before);
	kept_is(r, "before", NULL);
}

static void applying_and_applying_again(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);
	VH_AUTO_FREE char *after = NULL;

	run(r, "--hide-kvm", "--vendor-id", "0123456789ab", "--apply");
	expect(r, 0);
	out_has(r, "\n+      <hidden state='on'/>\n");
	err_has(r, "win11: changed; --undo goes back\n");
	after = definition(r);
	assert_non_null(strstr(after, "<hidden state='on'/>"));
	assert_non_null(strstr(after, "<vendor_id state='on' value='0123456789ab'/>"));
	assert_non_null(strstr(after, "passwd='" PASSWORD "'"));
	assert_non_null(strstr(after, ">kept</own:note>"));
	kept_is(r, "before", before);
	kept_is(r, "after", after);
	run(r, "--hide-kvm", "--vendor-id", "0123456789ab", "--apply");
	expect(r, 0);
	assert_string_equal(r->out, "");
	err_has(r, "nothing to change");
	definition_is(r, after);
	kept_is(r, "before", before);
}

static void undoing_gives_the_definition_of_before(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);

	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	/* A second change of ours: undo still goes back to where we began. */
	run(r, "--vendor-id", "abc", "--apply");
	expect(r, 0);
	kept_is(r, "before", before);
	run(r, "--undo");
	expect(r, 0);
	out_has(r, "--- win11\n+++ win11 (before it was patched)\n@@ ");
	out_has(r, "\n-      <hidden state='on'/>\n");
	err_has(r, "it has the definition again that it had before");
	definition_is(r, before);
	kept_is(r, "before", NULL);
	kept_is(r, "after", NULL);
	run(r, "--undo");
	expect(r, 0);
	err_has(r, "nothing to undo");
}

static void check_lists_and_is_quiet_afterwards(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);

	run(r, "--hide-kvm", "--check");
	expect(r, 1);
	assert_string_equal(r->out, "<kvm><hidden state='on'/></kvm> (hide-kvm)\n"
				    "<ioapic driver='kvm'/> (hide-kvm)\n");
	definition_is(r, before);
	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	run(r, "--hide-kvm", "--check");
	expect(r, 0);
	assert_string_equal(r->out, "");
}

static void json_flag_is(const struct rig *r, const char *key, bool wanted)
{
	struct json_object *o = json_tokener_parse(r->out);
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(o, key, &value));
	assert_int_equal(json_object_get_boolean(value), wanted);
	json_object_put(o);
}

static void as_json(void **state)
{
	struct rig *r = open_rig(state);
	struct json_object *o;
	struct json_object *value = NULL;

	r->json = true;
	run(r, "--hide-kvm");
	expect(r, 0);
	assert_string_equal(r->err, "");
	o = json_tokener_parse(r->out);
	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "diff", &value));
	assert_non_null(strstr(json_object_get_string(value), "+      <hidden state='on'/>"));
	assert_true(json_object_object_get_ex(o, "applied", &value));
	assert_false(json_object_get_boolean(value));
	assert_true(json_object_object_get_ex(o, "hypervisor", &value));
	assert_string_equal(json_object_get_string(value), "libvirt");
	json_object_put(o);
	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	json_flag_is(r, "applied", true);
	run(r, "--undo");
	expect(r, 0);
	json_flag_is(r, "undone", true);
	run(r, "--undo");
	expect(r, 0);
	json_flag_is(r, "undone", false);
}

static void running_domain_gets_it_at_its_next_start(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *live = NULL;
	VH_AUTO_FREE char *next = NULL;

	assert_int_equal(virDomainCreate(r->domain), 0);
	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	err_has(r, "note: win11 is running");
	err_has(r, "a reboot inside the guest is not enough");
	live = virDomainGetXMLDesc(r->domain, 0);
	next = definition(r);
	assert_null(strstr(live, "<hidden"));
	assert_non_null(strstr(next, "<hidden"));
	run(r, "--undo");
	expect(r, 0);
	err_has(r, "note: win11 is running");
}

static void transient_domain_is_refused(void **state)
{
	struct rig *r = open_rig(state);

	assert_int_equal(virDomainCreate(r->domain), 0);
	assert_int_equal(virDomainUndefine(r->domain), 0);
	run(r, "--hide-kvm", "--apply");
	expect(r, 1);
	err_has(r, "win11 is transient");
	assert_int_equal(virDomainIsPersistent(r->domain), 0);
	run(r, "--hide-kvm");
	expect(r, 1);
	kept_is(r, "before", NULL);
}

static void saved_state_has_the_old_definition(void **state)
{
	struct rig *r = open_rig(state);

	assert_int_equal(virDomainCreate(r->domain), 0);
	if (virDomainManagedSave(r->domain, 0) < 0) {
		skip();
	}
	run(r, "--hide-kvm");
	expect(r, 0);
	err_has(r, "note: win11 has a saved state");
	err_has(r, "virsh managedsave-remove");
}

static void undoing_beside_a_saved_state(void **state)
{
	struct rig *r = open_rig(state);

	assert_int_equal(virDomainCreate(r->domain), 0);
	if (virDomainManagedSave(r->domain, 0) < 0) {
		skip();
	}
	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	run(r, "--undo");
	expect(r, 0);
	err_has(r, "note: win11 has a saved state");
}

/* Standard output on a full disk: nobody would have seen what is done. */
static void what_cannot_be_shown_is_not_done(void **state)
{
	struct rig *r = open_rig(state);
	struct cli cli = {.sys = r->sys, .root = r->dir};
	struct cli_patch patch = {.cli = &cli, .vm = "win11", .uri = URI};
	VH_AUTO_FREE char *before = definition(r);
	VH_AUTO_FREE char *after = NULL;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int own;

	assert_true(full >= 0);
	patch.flags.hide_kvm = true;
	patch.has_flags = true;
	patch.action = CLI_PATCH_APPLY;
	own = redirect(stdout, full);
	assert_int_equal(cli_patch_libvirt(&patch), CLI_FAILED);
	restore(stdout, own);
	clearerr(stdout);
	definition_is(r, before);
	kept_is(r, "before", NULL);
	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	after = definition(r);
	patch = (struct cli_patch){.cli = &cli, .vm = "win11", .uri = URI};
	patch.action = CLI_PATCH_UNDO;
	own = redirect(stdout, full);
	assert_int_equal(cli_patch_libvirt(&patch), CLI_FAILED);
	restore(stdout, own);
	clearerr(stdout);
	definition_is(r, after);
	kept_is(r, "before", before);
	(void)close(full);
}

/* Between the diff and the definition: whoever reads the diff takes their time. */
static void changed_while_it_was_shown(void **state)
{
	struct rig *r = open_rig(state);
	struct cli cli = {.sys = r->sys, .root = r->dir};
	const struct cli_patch patch = {.cli = &cli, .vm = "win11", .uri = URI};
	CLI_AUTO_GUEST struct cli_guest guest = {0};
	struct vh_error err = {0};

	assert_int_equal(cli_guest_open(&patch, true, &guest, &err), 0);
	assert_int_equal(cli_guest_unchanged(&guest, &err), 0);
	change_title(r);
	assert_int_equal(cli_guest_unchanged(&guest, &err), -EAGAIN);
	assert_non_null(strstr(err.msg, "somebody else changes win11"));
}

static void virsh_is(const char *uri, const char *vm, const char *wanted)
{
	const struct cli_guest guest = {.uri = uri};
	VH_AUTO_TEXT struct vh_text text = {0};

	cli_guest_virsh(&guest, "dumpxml", vm, &text);
	assert_string_equal(vh_text_str(&text), wanted);
}

static void virsh_command_is_ready_for_a_shell(void **state)
{
	(void)state;
	virsh_is(URI, "win11", "virsh -c " URI " dumpxml win11");
	virsh_is(URI, "it's 11", "virsh -c " URI " dumpxml 'it'\\''s 11'");
	virsh_is("a://b?c&d", "-x", "virsh -c 'a://b?c&d' dumpxml --domain -x");
}

static void undo_keeps_what_somebody_else_did(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);
	VH_AUTO_FREE char *theirs = NULL;

	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	change_title(r);
	theirs = definition(r);
	run(r, "--undo");
	expect(r, 1);
	err_has(r, "/" KEPT "/after");
	err_has(r, "virsh -c " URI " dumpxml --inactive win11");
	definition_is(r, theirs);
	/* A new change of ours begins where they left off. */
	run(r, "--vendor-id", "abc", "--apply");
	expect(r, 0);
	err_has(r, "note: win11 has been changed since it was patched");
	kept_is(r, "before", theirs);
	kept_is(r, "before.old", before);
	run(r, "--undo");
	expect(r, 0);
	definition_is(r, theirs);
}

static void killed_before_it_knew_what_it_left(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);
	VH_AUTO_FREE char *after = NULL;
	virDomainPtr again;

	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	after = definition(r);
	assert_int_equal(r->sys->ops->remove(r->sys, KEPT "/after"), 0);
	run(r, "--undo");
	expect(r, 1);
	err_has(r, "cut short");
	err_has(r, "/" KEPT "/before");
	definition_is(r, after);
	kept_is(r, "before", before);
	/* Put back by hand, as the hint says. */
	again = define(r, before);
	(void)virDomainFree(again);
	run(r, "--undo");
	expect(r, 0);
	err_has(r, "nothing to undo");
	definition_is(r, before);
	kept_is(r, "before", NULL);
}

/* Killed before it defined anything: what is kept is the definition of now, and stays right. */
static void killed_before_it_defined(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);

	tree_file(r->dir, KEPT "/before", before);
	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	assert_null(strstr(r->err, "has been changed since"));
	kept_is(r, "before", before);
	kept_is(r, "before.old", NULL);
	run(r, "--undo");
	expect(r, 0);
	definition_is(r, before);
}

static void what_libvirt_drops_is_named_and_nothing_stays(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);

	profile(r, "x-vga = yes");
	run(r, "--apply");
	expect(r, 1);
	err_has(r, "libvirt has not kept all of it; it lacks: ");
	err_has(r, "x-vga");
	err_has(r, "win11 has the definition it had before");
	definition_is(r, before);
	run(r, "--undo");
	expect(r, 0);
	err_has(r, "nothing to undo");
	definition_is(r, before);
}

/* libvirt reads a vendor id in there, writes it, and has a schema without it. */
static void definition_that_is_wrong_already(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *text = strdup(DOMAIN_XML);
	VH_AUTO_TEXT struct vh_text wrong = {0};
	VH_AUTO_FREE char *before = NULL;
	char *at = strstr(text, "<acpi/>");

	assert_non_null(at);
	vh_text_addn(&wrong, text, (size_t)(at - text));
	vh_text_add(&wrong, "<hyperv mode='passthrough'><vendor_id state='on' value='x'/></hyperv>");
	vh_text_add(&wrong, at);
	(void)virDomainFree(define(r, vh_text_str(&wrong)));
	before = definition(r);
	run(r, "--hide-kvm", "--apply");
	expect(r, 1);
	err_has(r, "libvirt does not take the definition of win11: ");
	err_has(r, "validate against schema");
	err_has(r, "virsh edit");
	err_has(r, "win11 has the definition it had before");
	definition_is(r, before);
}

static void devices_of_the_profile(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);
	VH_AUTO_FREE char *after = NULL;

	profile(r, "hide-kvm = yes");
	run(r, "--apply");
	expect(r, 0);
	after = definition(r);
	assert_non_null(strstr(after, "bus='0x01' slot='0x00' function='0x1'/>"));
	run(r, "--check");
	expect(r, 0);
	run(r, "--undo");
	expect(r, 0);
	definition_is(r, before);
}

static void nothing_is_defined_that_cannot_be_undone(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);

	tree_file(r->dir, KEPT "/before/in-the-way", "");
	run(r, "--hide-kvm", "--apply");
	expect(r, 1);
	err_has(r, KEPT "/before");
	definition_is(r, before);
}

static void without_a_record_of_it_the_change_does_not_stay(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *before = definition(r);

	tree_file(r->dir, KEPT "/after/in-the-way", "");
	run(r, "--hide-kvm", "--apply");
	expect(r, 1);
	err_has(r, KEPT "/after");
	err_has(r, "win11 has the definition it had before");
	definition_is(r, before);
}

/* Not even libvirt's own tools could take it back then; where it is, is all that can be said. */
static void old_definition_that_libvirt_no_longer_takes(void **state)
{
	struct rig *r = open_rig(state);
	struct cli cli = {.sys = r->sys, .root = r->dir};
	const struct cli_patch patch = {.cli = &cli, .vm = "win11", .uri = URI};
	const struct vh_error why = {.code = EIO, .msg = "it did not work"};
	CLI_AUTO_GUEST struct cli_guest guest = {0};
	VH_AUTO_FILE FILE *to = tmpfile();
	VH_AUTO_FREE char *said = NULL;
	struct vh_error err = {0};
	int status;
	int own;

	assert_non_null(to);
	assert_int_equal(cli_guest_open(&patch, true, &guest, &err), 0);
	vh_text_done(&guest.now);
	vh_text_add(&guest.now, "<domain type='kvm'><name>win11</name></domain>");
	own = redirect(stderr, fileno(to));
	status = cli_guest_put_back(&guest, "/some/where", &why);
	restore(stderr, own);
	said = slurp(fileno(to));
	assert_int_equal(status, 3);
	assert_non_null(strstr(said, "it did not work"));
	assert_non_null(strstr(said, "could not be put back"));
	assert_non_null(strstr(said, "/some/where"));
}

static void only_a_password_differs(void **state)
{
	struct rig *r = open_rig(state);
	VH_AUTO_FREE char *after = NULL;
	VH_AUTO_FREE char *other = NULL;
	char *at;

	run(r, "--hide-kvm", "--apply");
	expect(r, 0);
	after = definition(r);
	other = strdup(after);
	at = strstr(other, PASSWORD);
	assert_non_null(at);
	at[0] = 'O';
	tree_file(r->dir, KEPT "/before", other);
	run(r, "--undo");
	expect(r, 0);
	assert_string_equal(r->out, "");
	err_has(r, "only a password changes");
	definition_is(r, other);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static void signals_wait_until_the_end(void **state)
{
	struct sigaction count = {.sa_handler = count_signal};
	struct sigaction before;

	(void)state;
	signals = 0;
	assert_int_equal(sigaction(SIGTERM, &count, &before), 0);
	cli_patch_hold_signals();
	(void)raise(SIGTERM);
	assert_int_equal(signals, 0);
	cli_patch_release_signals();
	assert_int_equal(signals, 1);
	assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
}

static void qm_command_is_ready_for_a_shell(void **state)
{
	struct vh_pve_assignment items[] = {
		{"cpu", (char[]){"host,hidden=1"}},
		{"args", NULL},
		{"description", (char[]){"it's a $HOME"}},
		{"balloon", NULL},
	};
	const struct vh_pve_edit edit = {items, VH_ARRAY_SIZE(items)};
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	cli_patch_qm(&text, "set", "100", "abc", &edit);
	assert_string_equal(vh_text_str(&text),
			    "qm set 100 --digest abc --cpu host,hidden=1 --description "
			    "'it'\\''s a $HOME' --delete args,balloon\n");
}

/* What reaches a terminal; it makes \r\n of a newline. */
static void print_to_terminal(const char *diff, char *ret, size_t size)
{
	int master = -1;
	int slave = -1;
	int own;
	ssize_t n;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	own = redirect(stdout, slave);
	cli_patch_print_diff(diff);
	restore(stdout, own);
	n = read(master, ret, size - 1);
	assert_true(n >= 0);
	ret[n] = '\0';
	(void)close(slave);
	(void)close(master);
}

static void colour_is_for_terminals(void **state)
{
	static const char diff[] = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+n\302\233w\n \033ame\n";
	char seen[512];

	(void)state;
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	print_to_terminal(diff, seen, sizeof(seen));
	assert_string_equal(seen, "\033[1m--- a\033[0m\r\n\033[1m+++ b\033[0m\r\n"
				  "\033[36m@@ -1 +1 @@\033[0m\r\n\033[31m-old\033[0m\r\n"
				  "\033[32m+n??w\033[0m\r\n ?ame\r\n");
	assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
	print_to_terminal(diff, seen, sizeof(seen));
	assert_null(strchr(seen, '\033'));
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	print_to_terminal(diff, seen, sizeof(seen));
	assert_null(strchr(seen, '\033'));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

/* Cards are looked for on this host: a daemon on another one has others. */
static void test_remote(void **state)
{
	(void)state;
	assert_false(cli_uri_is_remote("qemu:///system"));
	assert_false(cli_uri_is_remote("qemu+unix:///session?socket=/run/x://y"));
	assert_false(cli_uri_is_remote(URI));
	assert_false(cli_uri_is_remote("nonsense"));
	assert_true(cli_uri_is_remote("qemu+ssh://root@host/system"));
	assert_true(cli_uri_is_remote("qemu+tls://[::1]:16514/system"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remote),
		TEST(showing_changes_nothing),
		TEST(applying_and_applying_again),
		TEST(undoing_gives_the_definition_of_before),
		TEST(check_lists_and_is_quiet_afterwards),
		TEST(as_json),
		TEST(running_domain_gets_it_at_its_next_start),
		TEST(transient_domain_is_refused),
		TEST(saved_state_has_the_old_definition),
		TEST(undoing_beside_a_saved_state),
		TEST(what_cannot_be_shown_is_not_done),
		TEST(changed_while_it_was_shown),
		cmocka_unit_test(virsh_command_is_ready_for_a_shell),
		TEST(undo_keeps_what_somebody_else_did),
		TEST(killed_before_it_knew_what_it_left),
		TEST(killed_before_it_defined),
		TEST(what_libvirt_drops_is_named_and_nothing_stays),
		TEST(definition_that_is_wrong_already),
		TEST(devices_of_the_profile),
		TEST(nothing_is_defined_that_cannot_be_undone),
		TEST(without_a_record_of_it_the_change_does_not_stay),
		TEST(old_definition_that_libvirt_no_longer_takes),
		TEST(only_a_password_differs),
		cmocka_unit_test(signals_wait_until_the_end),
		cmocka_unit_test(colour_is_for_terminals),
		cmocka_unit_test(qm_command_is_ready_for_a_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
