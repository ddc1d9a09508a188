/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What is no definition, or none that can be edited: one line that names the file and says what is
 * wrong, and no output.
 */

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/guest/domain.h"
#include "lib/guest/xml.h"
#include "tests/support/domain_cases.h"
#include "tests/support/domain_set.h"

static const char usual[] = "hide-kvm = yes\nvendor-id = randomid\ncpu = host-passthrough\n"
			    "balloon = none\ndevice gpu = 01:00.0 01:00.1 display\n";

static void expect_line(const char *msg, const char *wanted)
{
	assert_memory_equal(msg, "bad.xml:", strlen("bad.xml:"));
	for (const char *c = msg; *c; c++) {
		assert_false(iscntrl((unsigned char)*c));
	}
	if (!strstr(msg, wanted)) {
		fail_msg("'%s', instead of: %s", msg, wanted);
	}
}

static void expect_mask_refuses(const struct vh_domain_xml *xml, const char *wanted)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_error err = {0};

	assert_true(vh_domain_mask(xml, &text, &err) < 0);
	assert_int_equal(text.len, 0);
	expect_line(err.msg, wanted);
}

static int refuse(const char *set_text, const struct vh_domain_xml *xml, const char *wanted)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	int rc;

	domain_set_parse("set", set_text, &set);
	rc = vh_domain_patch(&set, xml, &text, &report, &err);
	if (rc >= 0) {
		fail_msg("accepted, instead of: %s", wanted);
	}
	assert_int_equal(err.code, -rc);
	assert_int_equal(text.len, 0);
	expect_line(err.msg, wanted);
	return rc;
}

/* With a set and without, to change it and to show it. */
static void expect_bytes(const char *text, size_t len, const char *wanted)
{
	struct vh_domain_xml xml = {"bad.xml", text, len};

	assert_int_equal(refuse(usual, &xml, wanted), -EINVAL);
	assert_int_equal(refuse("# nothing", &xml, wanted), -EINVAL);
	expect_mask_refuses(&xml, wanted);
}

static void expect(const char *text, const char *wanted)
{
	expect_bytes(text, strlen(text), wanted);
}

/* Well-formed, but for the set. */
static void expect_contradiction(const char *set, const char *text, const char *wanted)
{
	struct vh_domain_xml xml = {"bad.xml", text, strlen(text)};

	assert_int_equal(refuse(set, &xml, wanted), -EINVAL);
}

static void empty(void **state)
{
	(void)state;
	expect("", "empty");
	expect(" \n\t\r\n ", "empty");
	expect("\xef\xbb\xbf", "");
	expect("<?xml version='1.0'?>", "not well-formed");
	expect("<!-- only -->", "not well-formed");
}

static void other_things(void **state)
{
	(void)state;
	expect("hello", "not well-formed");
	expect("{\"kind\": \"VirtualMachineInstance\"}", "not well-formed");
	expect("bios: ovmf\ncores: 4\n", "not well-formed");
	expect("\x7f"
	       "ELF\x02\x01\x01",
	       "not well-formed");
	expect_contradiction(usual, "<network><name>default</name></network>", "<network>");
	expect_contradiction(usual, "<domainsnapshot><domain type='kvm'/></domainsnapshot>",
			     "<domainsnapshot>");
	expect_contradiction(usual, "<domstatus state='running'><domain type='kvm'/></domstatus>",
			     "<domstatus>");
	expect_contradiction(usual, "<Domain type='kvm'/>", "<Domain>");
	expect_contradiction(usual, "<domain xmlns='http://example.org' type='kvm'/>", "namespace");
	expect_contradiction(usual, "<x:domain xmlns:x='http://example.org' type='kvm'/>",
			     "namespace");
	expect_contradiction(usual, "<domain type='xen'/>", "'xen'");
	expect_contradiction(usual, "<domain/>", "type");
}

static void doctypes_and_entities(void **state)
{
	(void)state;
	expect("<!DOCTYPE domain><domain type='kvm'/>", "bad.xml:1: it has a DOCTYPE");
	expect("<?xml version='1.0'?>\n<!-- a -->\n<!DOCTYPE domain SYSTEM 'domain.dtd'>\n"
	       "<domain type='kvm'/>",
	       "bad.xml:3: it has a DOCTYPE");
	expect("<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>\n"
	       "<domain type='kvm'><name>&x;</name></domain>",
	       "DOCTYPE");
	expect("<!DOCTYPE domain [<!ENTITY % p SYSTEM 'http://localhost/x'> %p;]>"
	       "<domain type='kvm'/>",
	       "DOCTYPE");
	expect("<!DOCTYPE domain [<!ATTLIST domain type CDATA 'kvm'>]><domain/>", "DOCTYPE");
	expect("<domain type='kvm'><name>&unknown;</name></domain>", "not well-formed");
	expect("<domain type='&unknown;'/>", "not well-formed");
}

static void billion_laughs(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	vh_text_add(&text, "<?xml version='1.0'?>\n<!DOCTYPE lolz [\n<!ENTITY l0 'lol'>\n");
	for (int i = 1; i < 10; i++) {
		vh_text_addf(&text, "<!ENTITY l%d '", i);
		for (int k = 0; k < 10; k++) {
			vh_text_addf(&text, "&l%d;", i - 1);
		}
		vh_text_add(&text, "'>\n");
	}
	vh_text_add(&text, "]>\n<domain type='kvm'><name>&l9;</name></domain>\n");
	expect(vh_text_str(&text), "DOCTYPE");
}

/* A domain of blanks, @len bytes in all. */
static char *blank_domain(size_t len)
{
	static const char begin[] = "<domain type='kvm'>";
	static const char end[] = "</domain>";
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, ' ', len);
	for (size_t i = 0; begin[i]; i++) {
		text[i] = begin[i];
	}
	for (size_t i = 0; end[i]; i++) {
		text[len - (sizeof(end) - 1) + i] = end[i];
	}
	return text;
}

static void too_large(void **state)
{
	size_t len = (size_t)100 << 20;
	VH_AUTO_FREE char *text = blank_domain(len);
	struct vh_domain_xml xml = {"bad.xml", text, len};

	(void)state;
	assert_int_equal(refuse(usual, &xml, "4194304"), -EFBIG);
	expect_mask_refuses(&xml, "4194304");
	xml.len = VH_XML_BYTES + 1;
	assert_int_equal(refuse(usual, &xml, "4194304"), -EFBIG);
}

static void the_largest_is_edited(void **state)
{
	VH_AUTO_FREE char *text = blank_domain(VH_XML_BYTES);
	struct vh_domain_xml xml = {"good.xml", text, VH_XML_BYTES};
	VH_AUTO_TEXT struct vh_text ret = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_guest_set set = {.hide_kvm = true};
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_domain_patch(&set, &xml, &ret, &report, &err), 1);
	assert_true(ret.len > VH_XML_BYTES);
}

/* Wherever it is cut off: every beginning of it but those that only lack the last newline. */
static void cut_off(void **state)
{
	size_t len = 0;
	VH_AUTO_FREE char *path = NULL;
	VH_AUTO_FREE char *text = NULL;

	(void)state;
	assert_true(asprintf(&path, "%s/input/by-hand.xml", domain_folder()) > 0);
	text = domain_file(path, &len);
	assert_non_null(text);
	len = (size_t)(strstr(text, "</domain>") - text) + strlen("</domain>");
	for (size_t i = 0; i < len; i++) {
		/* Of its exact size, so that a byte read behind it is found. */
		VH_AUTO_FREE char *part = malloc(i + 1);

		assert_non_null(part);
		memcpy(part, text, i);
		part[i] = '<';
		expect_bytes(part, i, "");
	}
}

static void expect_converted(const char *encoding, const char *wanted)
{
	char in[] = "<?xml version='1.0'?>\n<domain type='kvm'><name>x</name></domain>\n";
	char out[1024];
	char *from = in;
	char *to = out;
	size_t from_left = strlen(in);
	size_t to_left = sizeof(out);
	iconv_t converter = iconv_open(encoding, "UTF-8");

	assert_true(converter != (iconv_t)-1); // NOLINT(performance-no-int-to-ptr)
	assert_int_equal(iconv(converter, &from, &from_left, &to, &to_left), 0);
	assert_int_equal(iconv_close(converter), 0);
	expect_bytes(out, sizeof(out) - to_left, wanted);
}

static void other_encodings(void **state)
{
	(void)state;
	expect_converted("UTF-16", "");
	expect_converted("UTF-16LE", "");
	expect_converted("UTF-16BE", "");
	expect_converted("UTF-32", "");
	expect_converted("IBM037", "");
	expect("<?xml version='1.0' encoding='UTF-16'?><domain type='kvm'/>", "");
	expect("<?xml version='1.0' encoding='UTF-7'?><domain type='kvm'/>", "");
	expect("<?xml version='1.0' encoding='SHIFT_JIS'?><domain type='kvm'/>", "");
	expect("<?xml version='1.0' encoding='EBCDIC-CP-US'?><domain type='kvm'/>", "");
	expect("<?xml version='1.0' encoding='klingon'?><domain type='kvm'/>", "");
	expect("<?xml version='1.0' encoding='\n'?><domain type='kvm'/>", "");
}

static void not_the_encoding_it_says(void **state)
{
	(void)state;
	expect("<?xml version='1.0' encoding='UTF-8'?><domain type='kvm'><name>b\xfcro</name>"
	       "</domain>",
	       "not well-formed");
	expect("<domain type='kvm'><name>b\xfcro</name></domain>", "not well-formed");
	expect("<domain type='kvm'><!-- b\xfcro --></domain>", "not well-formed");
	expect("<domain type='kvm' a='\xc0\x80'/>", "not well-formed");
	expect("<domain type='kvm'><a>\xed\xa0\x80</a></domain>", "not well-formed");
	expect("<domain type='kvm'><a>\xf8\x88\x80\x80\x80</a></domain>", "not well-formed");
	expect("<?xml version='1.0' encoding='US-ASCII'?><domain type='kvm'><a>\xfc</a></domain>",
	       "not well-formed");
}

static void control_bytes(void **state)
{
	static const char middle[] = "<domain type='kvm'>\0</domain>";
	static const char end[] = "<domain type='kvm'/>\0";
	static const char first[] = "\0<domain type='kvm'/>";

	(void)state;
	expect_bytes(middle, sizeof(middle) - 1, "NUL");
	expect_bytes(end, sizeof(end) - 1, "NUL");
	expect_bytes(first, sizeof(first) - 1, "");
	expect("<domain type='kvm'>\x1b[2J</domain>", "not well-formed");
	expect("<domain type='kvm'><a>&#0;</a></domain>", "not well-formed");
	expect("<domain type='kvm'><a>&#27;</a></domain>", "not well-formed");
	expect("<domain type='kvm'><a>&#xffff;</a></domain>", "not well-formed");
	expect("<domain type='kvm'><\x1b/></domain>", "not well-formed");
}

static void deep(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	vh_text_add(&text, "<domain type='kvm'>");
	for (int i = 0; i < 300000; i++) {
		vh_text_add(&text, "<a>");
	}
	expect(vh_text_str(&text), "not well-formed");
	for (int i = 0; i < 300000; i++) {
		vh_text_add(&text, "</a>");
	}
	vh_text_add(&text, "</domain>");
	expect(vh_text_str(&text), "not well-formed");
}

static void malformed(void **state)
{
	(void)state;
	expect("<domain type='kvm' type='qemu'/>", "not well-formed");
	expect("<domain type='kvm'><q:a/></domain>", "not well-formed");
	expect("<domain type='kvm'><a q:b='c'/></domain>", "not well-formed");
	expect("<domain type='kvm' xmlns:a='u' xmlns:b='u' a:c='1' b:c='2'/>", "not well-formed");
	expect("<domain type='kvm'/><domain type='kvm'/>", "not well-formed");
	expect("<domain type='kvm'/>rest", "not well-formed");
	expect("rest<domain type='kvm'/>", "not well-formed");
	expect("<domain type='kvm'><a></b></domain>", "not well-formed");
	expect("<domain type=kvm/>", "not well-formed");
	expect("<domain type='kvm'a='b'/>", "not well-formed");
	expect("<domain type='<'/>", "not well-formed");
	expect("<domain type='kvm'>a & b</domain>", "not well-formed");
	expect("<domain type='kvm'><!-- -- --></domain>", "not well-formed");
	expect("<domain type='kvm'>]]></domain>", "not well-formed");
	expect(" <?xml version='1.0'?><domain type='kvm'/>", "not well-formed");
	expect("<domain type='kvm'><![CDATA[</domain>", "not well-formed");
}

static void names_the_line(void **state)
{
	(void)state;
	expect("<domain type='kvm'>\n<a>\n</b>\n</domain>\n", "bad.xml:3: ");
	expect("<domain type='kvm'>\r\n\r\n\r\n<a b='1' b='2'/></domain>", "bad.xml:4: ");
	expect_contradiction("vendor-id = x",
			     "<domain type='kvm'>\n<features>\n\n<hyperv mode='passthrough'/>\n"
			     "</features></domain>",
			     "bad.xml:4: ");
	expect_contradiction("hide-kvm = yes",
			     "<domain type='kvm'>\n<features/>\n<features/></domain>",
			     "bad.xml:3: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(other_things),
		cmocka_unit_test(doctypes_and_entities),
		cmocka_unit_test(billion_laughs),
		cmocka_unit_test(too_large),
		cmocka_unit_test(the_largest_is_edited),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(other_encodings),
		cmocka_unit_test(not_the_encoding_it_says),
		cmocka_unit_test(control_bytes),
		cmocka_unit_test(deep),
		cmocka_unit_test(malformed),
		cmocka_unit_test(names_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
