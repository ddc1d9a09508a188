/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The XML editor: what is not edited keeps its bytes, what is added looks like its neighbours. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/guest/xml.h"

static struct vh_xml *read_good(const char *text, size_t len)
{
	struct vh_error err = {0};
	struct vh_xml *xml = NULL;

	if (vh_xml_parse(&xml, "vm.xml", text, len, &err)) {
		fail_msg("%s", err.msg);
	}
	return xml;
}

static void expect_refused(const char *text, size_t len, const char *msg)
{
	struct vh_error err = {0};
	struct vh_xml *xml = NULL;

	assert_int_not_equal(vh_xml_parse(&xml, "vm.xml", text, len, &err), 0);
	assert_null(xml);
	if (!strstr(err.msg, msg) || strchr(err.msg, '\n')) {
		fail_msg("'%s' does not say '%s'", err.msg, msg);
	}
}

typedef void edit_function(struct vh_xml *xml, xmlNode *root);

static void expect_edit(const char *before, edit_function *edit, const char *after)
{
	VH_AUTO_XML struct vh_xml *xml = read_good(before, strlen(before));
	VH_AUTO_TEXT struct vh_text out = {0};

	edit(xml, vh_xml_root(xml));
	assert_int_equal(vh_xml_text(xml, &out), 0);
	assert_string_equal(vh_text_str(&out), after);
}

static void nothing(struct vh_xml *xml, xmlNode *root)
{
	(void)xml;
	(void)root;
}

static void touch_root(struct vh_xml *xml, xmlNode *root)
{
	vh_xml_set(xml, root, "new", "1");
	vh_xml_unset(xml, root, "new");
}

/* All that a serializer would write differently. */
static const char odd[] = "\xef\xbb\xbf<?xml version=\"1.0\" encoding='UTF-8' ?>\r\n"
			  "<!-- <domain> -->\n<?pi <x> ?>\n"
			  "<domain  type = 'kvm'\n\tid=\"3\" >\n"
			  "  <a></a><b/><c />text &amp; &#65; &lt;\n"
			  "  <![CDATA[<not an='element'>]]>\n"
			  "\t<d e='a>b' f=\"it's\"   g='&quot;\"'/>\n"
			  "  <!-- </domain> -->\n"
			  "  <x:y xmlns:x='urn:x' x:z='1'><x:w/></x:y>\n"
			  "  \xc3\xa4\n"
			  "</domain >\n<!-- after -->\n";

static void test_untouched_bytes(void **state)
{
	(void)state;
	expect_edit(odd, nothing, odd);
	expect_edit(odd, touch_root, odd);
}

static void add_last(struct vh_xml *xml, xmlNode *root)
{
	xmlNode *features = vh_xml_child(root, "features");
	xmlNode *kvm = vh_xml_add(xml, features, NULL, NULL, "kvm");
	xmlNode *hidden = vh_xml_add(xml, kvm, NULL, NULL, "hidden");

	vh_xml_set(xml, hidden, "state", "on");
}

static void test_added_last(void **state)
{
	(void)state;
	expect_edit("<domain>\n  <features>\n    <acpi/> <!-- why -->\n  </features>\n</domain>\n",
		    add_last,
		    "<domain>\n  <features>\n    <acpi/> <!-- why -->\n    <kvm>\n"
		    "      <hidden state='on'/>\n    </kvm>\n  </features>\n</domain>\n");
	/* Without children, in three ways of writing it. */
	expect_edit("<domain>\n\t<features/>\n</domain>", add_last,
		    "<domain>\n\t<features>\n\t\t<kvm>\n\t\t\t<hidden state='on'/>\n\t\t</kvm>\n"
		    "\t</features>\n</domain>");
	expect_edit("<domain a=\"b\">\r\n <features></features>\r\n</domain>", add_last,
		    "<domain a=\"b\">\r\n <features>\r\n  <kvm>\r\n   <hidden state=\"on\"/>\r\n"
		    "  </kvm>\r\n </features>\r\n</domain>");
	expect_edit("<domain>\n  <features>\n  </features>\n</domain>", add_last,
		    "<domain>\n  <features>\n    <kvm>\n      <hidden state='on'/>\n    </kvm>\n"
		    "  </features>\n</domain>");
}

static void test_added_without_lines(void **state)
{
	(void)state;
	expect_edit("<domain type=\"kvm\"><features><acpi></acpi></features></domain>", add_last,
		    "<domain type=\"kvm\"><features><acpi></acpi><kvm><hidden state=\"on\"/></kvm>"
		    "</features></domain>");
	expect_edit("<domain><features/></domain>", add_last,
		    "<domain><features><kvm><hidden state='on'/></kvm></features></domain>");
	expect_edit("<domain><features ></features></domain>\n", add_last,
		    "<domain><features ><kvm><hidden state='on'/></kvm></features></domain>\n");
}

static void add_before(struct vh_xml *xml, xmlNode *root)
{
	xmlNode *b = vh_xml_child(root, "b");

	(void)vh_xml_add(xml, root, b, NULL, "one");
	(void)vh_xml_add(xml, root, b, NULL, "two");
	(void)vh_xml_add(xml, root, NULL, NULL, "last");
}

static void test_added_before(void **state)
{
	(void)state;
	expect_edit("<d>\n    <a/>\n\n    <!-- b -->\n    <b/>\n</d>", add_before,
		    "<d>\n    <a/>\n\n    <one/>\n    <two/>\n    <!-- b -->\n    <b/>\n"
		    "    <last/>\n</d>");
	expect_edit("<d><a/><b/></d>", add_before, "<d><a/><one/><two/><b/><last/></d>");
}

static void add_n(struct vh_xml *xml, xmlNode *root)
{
	(void)vh_xml_add(xml, root, vh_xml_child(root, "b"), NULL, "n");
}

/* Comments in the lines above an element are about it. */
static void test_added_before_comments(void **state)
{
	(void)state;
	expect_edit("<d>\n  <a/>\n  <!-- of b -->\n  <b/>\n</d>", add_n,
		    "<d>\n  <a/>\n  <n/>\n  <!-- of b -->\n  <b/>\n</d>");
	expect_edit(
		"<d>\r\n  <!-- of b,\r\n  long -->\r\n\t<!-- and -->\t\r\n  <b/>\r\n</d>", add_n,
		"<d>\r\n  <n/>\r\n  <!-- of b,\r\n  long -->\r\n\t<!-- and -->\t\r\n  <b/>\r\n</d>");
	/* Of what stands before it, of nothing, of both, or no comment. */
	expect_edit("<d>\n  <a/> <!-- of a -->\n  <b/>\n</d>", add_n,
		    "<d>\n  <a/> <!-- of a -->\n  <n/>\n  <b/>\n</d>");
	expect_edit("<d>\n  <!-- all -->\n \n  <b/>\n</d>", add_n,
		    "<d>\n  <!-- all -->\n \n  <n/>\n  <b/>\n</d>");
	expect_edit("<d>\n  <!-- x -->\n\n  <!-- of b -->\n  <b/>\n</d>", add_n,
		    "<d>\n  <!-- x -->\n\n  <n/>\n  <!-- of b -->\n  <b/>\n</d>");
	expect_edit("<d>\n  <!-- x --> <!-- y -->\n  <b/>\n</d>", add_n,
		    "<d>\n  <n/>\n  <!-- x --> <!-- y -->\n  <b/>\n</d>");
	expect_edit("<d>\n  <!-- of b --> <b/>\n</d>", add_n,
		    "<d>\n  <n/>\n  <!-- of b --> <b/>\n</d>");
	expect_edit("<d>\n  <!-- x -->\n  <?p\n<!-- y -->\n?>\n  <b/>\n</d>", add_n,
		    "<d>\n  <!-- x -->\n  <?p\n<!-- y -->\n?>\n  <n/>\n  <b/>\n</d>");
	expect_edit("<d>\n<![CDATA[\n<!-- y -->\n]]>\n  <b/>\n</d>", add_n,
		    "<d>\n<![CDATA[\n<!-- y -->\n]]>\n  <n/>\n  <b/>\n</d>");
	expect_edit("<d>\n  <!-- x --> text -->\n  <b/>\n</d>", add_n,
		    "<d>\n  <!-- x --> text -->\n  <n/>\n  <b/>\n</d>");
	expect_edit("<d><!-- of b --><b/></d>", add_n, "<d><!-- of b --><n/><b/></d>");
}

static void set_values(struct vh_xml *xml, xmlNode *root)
{
	xmlNode *a = vh_xml_child(root, "a");

	vh_xml_set(xml, a, "mode", "it's <new> & \"good\"");
	vh_xml_set(xml, a, "same", "1");
	vh_xml_unset(xml, a, "gone");
	vh_xml_set(xml, a, "added", "/\xc3\xa4");
}

static void test_attributes(void **state)
{
	(void)state;
	expect_edit("<d><a  mode = \"old\"\n\tsame='1' gone='x' kept = 'y' />\n</d>", set_values,
		    "<d><a  mode=\"it's &lt;new&gt; &amp; &quot;good&quot;\"\n\tsame='1' kept = 'y' "
		    "added='/\xc3\xa4' />\n</d>");
	expect_edit(
		"<?xml version='1.0' encoding='ISO-8859-1'?><d t='\xe4'><a>\xe4</a></d>",
		set_values,
		"<?xml version='1.0' encoding='ISO-8859-1'?><d t='\xe4'><a "
		"mode='it&apos;s &lt;new&gt; &amp; \"good\"' same='1' added='/&#228;'>\xe4</a></d>");
}

static void remove_b(struct vh_xml *xml, xmlNode *root)
{
	vh_xml_remove(xml, vh_xml_child(root, "b"));
}

static void test_removed(void **state)
{
	(void)state;
	expect_edit("<d>\n  <a/>\n  <b>\n    <c/>\n  </b>\n  <e/>\n</d>", remove_b,
		    "<d>\n  <a/>\n  <e/>\n</d>");
	expect_edit("<d>\r\n  <b/>\r\n</d>", remove_b, "<d>\r\n</d>");
	expect_edit("<d>\n  <b/> <!-- of b -->\n  <e/>\n</d>", remove_b,
		    "<d>\n   <!-- of b -->\n  <e/>\n</d>");
	expect_edit("<d><a/><b/><c/></d>", remove_b, "<d><a/><c/></d>");
	expect_edit("<d>\n  <a/> <b/>\n</d>", remove_b, "<d>\n  <a/> \n</d>");
}

static void replace_b(struct vh_xml *xml, xmlNode *root)
{
	xmlNode *b = vh_xml_child(root, "b");
	xmlNode *n = vh_xml_add(xml, root, b, NULL, "n");

	vh_xml_remove(xml, b);
	vh_xml_set(xml, n, "a", "1");
	vh_xml_remove(xml, vh_xml_add(xml, root, NULL, NULL, "never"));
}

static void test_replaced(void **state)
{
	(void)state;
	expect_edit("<d>\n  <a/>\n  <b/>\n  <c/>\n</d>", replace_b,
		    "<d>\n  <a/>\n  <n a='1'/>\n  <c/>\n</d>");
	expect_edit("<d>\n  <a/>\n  <b/>\n</d>", replace_b, "<d>\n  <a/>\n  <n a='1'/>\n</d>");
	expect_edit("<d>\n  <b/>\n</d>", replace_b, "<d>\n  <n a='1'/>\n</d>");
}

#define QEMU "http://libvirt.org/schemas/domain/qemu/1.0"

static void add_override(struct vh_xml *xml, xmlNode *root)
{
	const xmlNs *ns = vh_xml_namespace(xml, QEMU, "qemu");

	assert_non_null(ns);
	assert_ptr_equal(ns, vh_xml_namespace(xml, QEMU, "qemu"));
	(void)vh_xml_add(xml, root, NULL, ns, "override");
	assert_non_null(vh_xml_child_ns(root, QEMU, "override"));
	assert_null(vh_xml_child(root, "override"));
}

static void test_namespaces(void **state)
{
	(void)state;
	expect_edit("<domain type='kvm'>\n  <a/>\n</domain>", add_override,
		    "<domain type='kvm' xmlns:qemu='" QEMU
		    "'>\n  <a/>\n  <qemu:override/>\n</domain>");
	expect_edit("<domain xmlns:q='" QEMU "'>\n  <a/>\n</domain>", add_override,
		    "<domain xmlns:q='" QEMU "'>\n  <a/>\n  <q:override/>\n</domain>");
	expect_edit("<domain xmlns:qemu='urn:other'><a/></domain>", add_override,
		    "<domain xmlns:qemu='urn:other' xmlns:qemu2='" QEMU
		    "'><a/><qemu2:override/></domain>");
}

static void test_asking(void **state)
{
	static const char text[] =
		"<d xmlns:x='urn:x'>\n<x:a m='1'/>\n<a m='2' x:n='3'/>\n<b/><a/>\n</d>";
	VH_AUTO_XML struct vh_xml *xml = read_good(text, strlen(text));
	xmlNode *a = vh_xml_child(vh_xml_root(xml), "a");
	char value[4];
	char small[1];

	(void)state;
	assert_non_null(a);
	assert_true(vh_xml_is(a, "m", "2"));
	assert_false(vh_xml_is(a, "n", "3"));
	assert_false(vh_xml_has(a, "n"));
	assert_true(vh_xml_get(a, "m", value, sizeof(value)));
	assert_string_equal(value, "2");
	assert_false(vh_xml_get(a, "m", small, sizeof(small)));
	assert_int_equal(vh_xml_line(a), 3);
	assert_int_equal(vh_xml_line(vh_xml_next(a)), 4);
	assert_null(vh_xml_next(vh_xml_next(a)));
	assert_null(vh_xml_child(NULL, "a"));
	assert_int_equal(vh_xml_line(vh_xml_add(xml, vh_xml_root(xml), NULL, NULL, "z")), 0);
}

#define REFUSED(text, msg) expect_refused(text, sizeof(text) - 1, msg)

static void test_refused(void **state)
{
	(void)state;
	REFUSED("", "vm.xml: it is empty");
	REFUSED(" \n\t", "vm.xml: it is empty");
	REFUSED("<d>\n<a></b></d>", "vm.xml:2: not well-formed XML: Opening and ending tag");
	REFUSED("<d>", "vm.xml:1: not well-formed XML");
	REFUSED("<d/><e/>", "vm.xml:1: not well-formed XML");
	REFUSED("nonsense", "vm.xml:1: not well-formed XML");
	REFUSED("<d a='1' a='2'/>", "vm.xml:1: not well-formed XML: Attribute a redefined");
	REFUSED("<d>\n<q:a/></d>", "vm.xml:2: not well-formed XML: Namespace prefix q");
	REFUSED("<d>&own;</d>", "not well-formed XML: an entity that is not defined");
	REFUSED("<d>\xe4</d>", "not well-formed XML: Input is not proper UTF-8");
	REFUSED("<d>a\0b</d>", "vm.xml: it has NUL bytes");
	REFUSED("\xff\xfe<\0d\0/\0>\0", "vm.xml: it has NUL bytes");
	REFUSED("<?xml version='1.0' encoding='Shift_JIS'?><d/>", "written in Shift_JIS");
	REFUSED("<?xml version='1.0' encoding='nonsense'?><d/>", "not well-formed XML");
	REFUSED("<?xml version='1.0'?>\n<!DOCTYPE d>\n<d/>", "vm.xml:2: it has a DOCTYPE");
	REFUSED("<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><d>&b;</d>",
		"vm.xml:1: it has a DOCTYPE");
	REFUSED("<!DOCTYPE d SYSTEM 'file:///etc/passwd'><d/>", "it has a DOCTYPE");
}

/* What is wrong may stand in the middle of a password. */
static void test_refused_without_quoting(void **state)
{
	static const char *const texts[] = {
		"<d passwd='a&hush;b'/>", "<d passwd='a&hush'/>", "<d passwd='hush<'/>",
		"<d passwd='hush\xe4'/>", "<d passwd=hush/>",     "<d passwd='hush",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(texts); i++) {
		struct vh_error err = {0};
		struct vh_xml *xml = NULL;

		assert_int_equal(vh_xml_parse(&xml, "x", texts[i], strlen(texts[i]), &err), -EINVAL);
		assert_null(strstr(err.msg, "hush"));
		assert_null(strstr(err.msg, "Bytes"));
	}
}

static void test_too_large(void **state)
{
	size_t len = VH_XML_BYTES + 1;
	VH_AUTO_FREE char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	expect_refused(text, len, "no definition is so long");
}

static void test_too_deep(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		vh_text_add(&text, "<d>");
	}
	expect_refused(text.data, text.len, "not well-formed XML");
}

/* A document that ends anywhere: refused, and never read beyond. */
static void test_truncated(void **state)
{
	size_t whole = strlen(odd) - strlen("\n<!-- after -->\n");

	(void)state;
	for (size_t len = 0; len < whole; len++) {
		VH_AUTO_FREE char *text = malloc(len + 1);

		memcpy(text, odd, len);
		expect_refused(text, len, "vm.xml:");
	}
}

/* Every element of it taken out, one after the other: what is left is read as the tree says. */
static void test_each_removed(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		VH_AUTO_XML struct vh_xml *xml = read_good(odd, strlen(odd));
		VH_AUTO_TEXT struct vh_text out = {0};
		VH_AUTO_XML struct vh_xml *again = NULL;
		xmlNode *child = xmlFirstElementChild(vh_xml_root(xml));
		unsigned long left = xmlChildElementCount(vh_xml_root(xml)) - 1;

		for (unsigned i = 0; child && i < n; i++) {
			child = xmlNextElementSibling(child);
		}
		if (!child) {
			assert_int_equal(n, 5);
			return;
		}
		vh_xml_remove(xml, child);
		assert_int_equal(vh_xml_text(xml, &out), 0);
		again = read_good(out.data, out.len);
		assert_int_equal(xmlChildElementCount(vh_xml_root(again)), left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untouched_bytes),
		cmocka_unit_test(test_added_last),
		cmocka_unit_test(test_added_without_lines),
		cmocka_unit_test(test_added_before),
		cmocka_unit_test(test_added_before_comments),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_asking),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_without_quoting),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_each_removed),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
