/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The drawing of the PCI tree, and what all markup is made with. */

#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/report/markup.h"
#include "lib/report/svg_topology.h"
#include "tests/support/fakekernel.h"
#include "tests/unit/markup_check.h"

struct drawn_host {
	struct fakekernel *fk;
	struct vh_host host;
	struct vh_topology topology;
	struct vh_drawn *drawn;
	struct vh_text svg;
	xmlDoc *doc;
};

static struct drawn_host *open_host(void **state, struct fakekernel *fk)
{
	struct drawn_host *h = calloc(1, sizeof(*h));
	struct vh_error err;

	assert_non_null(h);
	*state = h;
	h->fk = fk;
	assert_int_equal(vh_host_load(fk_sys(fk), &h->host, &err), 0);
	assert_int_equal(vh_topology_load(fk_sys(fk), &h->host, 1000, &h->topology, &err), 0);
	h->drawn = calloc(h->host.function_count + 1, sizeof(*h->drawn));
	assert_non_null(h->drawn);
	return h;
}

static void draw(struct drawn_host *h)
{
	for (size_t i = 0; i < h->host.function_count; i++) {
		h->drawn[i].whose = vh_whose_of(&h->host.functions[i], h->drawn[i].vm);
	}
	vh_svg_topology(&h->topology, h->drawn, &h->svg);
	assert_false(h->svg.failed);
	h->doc = markup_read(vh_text_str(&h->svg));
}

static int close_host(void **state)
{
	struct drawn_host *h = *state;

	xmlFreeDoc(h->doc);
	vh_text_done(&h->svg);
	free(h->drawn);
	vh_topology_done(&h->topology);
	vh_host_done(&h->host);
	fk_free(h->fk);
	free(h);
	return 0;
}

static void has(const struct drawn_host *h, const char *part)
{
	if (!strstr(vh_text_str(&h->svg), part)) {
		fail_msg("no '%s' in\n%s", part, vh_text_str(&h->svg));
	}
}

static struct vh_drawn *at(struct drawn_host *h, const char *address)
{
	int i = vh_host_find_name(&h->host, address);

	assert_true(i >= 0);
	return &h->drawn[i];
}

static void test_every_function_is_in_it(void **state)
{
	struct drawn_host *h = open_host(state, fk_host("single-gpu"));
	char text[64];

	draw(h);
	assert_int_equal(markup_count(h->doc->children, "text", "address"), h->host.function_count);
	assert_int_equal(markup_count(h->doc->children, "g", "row"), h->host.function_count);
	for (size_t i = 0; i < h->host.function_count; i++) {
		(void)snprintf(text, sizeof(text), ">%s</text>", h->host.functions[i].name);
		has(h, text);
		(void)snprintf(text, sizeof(text), ">group %d", h->host.functions[i].group);
		has(h, text);
	}
	/* For who cannot see it. */
	has(h, "<title id=\"topology-title\">");
	has(h, "<desc id=\"topology-desc\">");
	has(h, "aria-labelledby=\"topology-title topology-desc\"");
}

/* Told by words, not by the colour alone. */
static void test_who_has_what(void **state)
{
	static const char lines[] = "pci 0000:09:00.0 10de:2204 class=030000 group=30\n"
				    "pci 0000:0a:00.0 10de:2204 class=030000 group=31\n";
	struct drawn_host *h = open_host(state, fk_host_with("single-gpu", lines));

	(void)snprintf(at(h, "0000:01:00.0")->vm, 16, "win<11>");
	(void)snprintf(at(h, "0000:01:00.0")->name, 32, "VGA & \"more\"");
	draw(h);
	has(h, ": win&lt;11&gt;");
	has(h, ">VGA &amp; &quot;more&quot;</text>");
	has(h, ">no driver</text>");
	assert_int_equal(markup_count(h->doc->children, "rect", "mark vm"), 1);
	assert_int_equal(markup_count(h->doc->children, "circle", "mark nobody"), 2);
	assert_true(markup_count(h->doc->children, "circle", "mark host") >= 1);
}

static void test_whose_of(void **state)
{
	struct vh_function f = {.class_code = 0x030000, .driver = "nvidia"};

	(void)state;
	assert_int_equal(vh_whose_of(&f, ""), VH_WHOSE_HOST);
	assert_int_equal(vh_whose_of(&f, "win11"), VH_WHOSE_VM);
	f.is_vfio = true;
	assert_int_equal(vh_whose_of(&f, ""), VH_WHOSE_VFIO);
	f = (struct vh_function){.class_code = 0x030000};
	assert_int_equal(vh_whose_of(&f, ""), VH_WHOSE_NOBODY);
	f.class_code = 0x060400;
	assert_int_equal(vh_whose_of(&f, "win11"), VH_WHOSE_BRIDGE);
}

/* A group whose functions do not stand together in the tree is drawn in parts. */
static void test_parts_of_a_group(void **state)
{
	static const char host[] =
		"kernel 6.1.0\niommu dmar0\n"
		"bridge 0000:00:01.0 8086:1901 group=1\n"
		"pci 0000:01:00.0 10de:2204 parent=0000:00:01.0 class=030000 group=5 driver=x\n"
		"bridge 0000:00:02.0 8086:1901 group=2\n"
		"pci 0000:02:00.0 1002:73bf parent=0000:00:02.0 class=030000 group=5 driver=y\n";
	struct drawn_host *h = open_host(state, fk_parse("parts", host));

	draw(h);
	has(h, ">group 5 (1/2)</text>");
	has(h, ">group 5 (2/2)</text>");
	assert_int_equal(markup_count(h->doc->children, "rect", "box shared"), 2);
	assert_int_equal(markup_count(h->doc->children, "path", "branch"), 2);
}

static void test_without_an_iommu(void **state)
{
	struct drawn_host *h = open_host(state, fk_host("no-iommu"));

	draw(h);
	has(h, ">no group</text>");
	has(h, "in 0 IOMMU groups");
}

static void test_nothing_there(void **state)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_host host = {0};
	struct vh_topology topology = {.host = &host};
	struct vh_drawn none = {0};

	(void)state;
	vh_svg_topology(&topology, &none, &out);
	assert_int_equal(out.len, 0);
	assert_false(out.failed);
}

static void test_legend_names_all(void **state)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	xmlDoc *doc;

	(void)state;
	vh_svg_legend(&out);
	doc = markup_read(vh_text_str(&out));
	assert_int_equal(markup_count(doc->children, "li", NULL), VH_WHOSE_MAX + 2);
	xmlFreeDoc(doc);
}

static void becomes(const char *text, const char *wanted)
{
	VH_AUTO_TEXT struct vh_text out = {0};

	vh_markup_text(&out, text);
	assert_string_equal(vh_text_str(&out), wanted);
}

/* Whatever a log or a name holds, the page stays well-formed. */
static void test_markup_of_anything(void **state)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	xmlDoc *doc;
	char all[256];

	(void)state;
	becomes("a<b>&\"c'\n\t", "a&lt;b&gt;&amp;&quot;c&#39;\n\t");
	becomes("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x96\xa5",
		"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x96\xa5");
	/* A control byte, a lonely byte, a surrogate, a long form, a torn end. */
	becomes("\x01|\xff|\xed\xa0\x80|\xc0\xaf|\xe2\x82",
		"\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
		"\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd");
	becomes("\xef\xbf\xbe", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	for (int i = 0; i < 256; i++) {
		all[i] = (char)i;
	}
	vh_text_add(&out, "<p a=\"");
	vh_markup_textn(&out, all, sizeof(all));
	vh_text_add(&out, "\">");
	vh_markup_textn(&out, all, sizeof(all));
	vh_text_add(&out, "</p>");
	doc = markup_read(vh_text_str(&out));
	xmlFreeDoc(doc);
}

static void test_markup_is_cut(void **state)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text whole = {0};
	char name[400];

	(void)state;
	memset(name, 'W', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	vh_markup_cut(&out, name, 13, 200);
	assert_true(vh_markup_pixels(vh_text_str(&out), 13) <= 200);
	assert_true(out.len > 10);
	assert_string_equal(out.data + out.len - 3, "\xe2\x80\xa6");
	vh_markup_cut(&whole, "short", 13, 200);
	assert_string_equal(whole.data, "short");
	assert_true(vh_markup_width("WWW") > vh_markup_width("iii"));
}

#define DRAWN(name) cmocka_unit_test_teardown(name, close_host)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRAWN(test_every_function_is_in_it),
		DRAWN(test_who_has_what),
		cmocka_unit_test(test_whose_of),
		DRAWN(test_parts_of_a_group),
		DRAWN(test_without_an_iommu),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_legend_names_all),
		cmocka_unit_test(test_markup_of_anything),
		cmocka_unit_test(test_markup_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
