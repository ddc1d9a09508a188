/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What systemd's journal tells of hand-overs: "it hung at step 7 for 20 s" is to be seen (peers 4.22). */

#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/report/timeline.h"
#include "tests/unit/markup_check.h"

/* 2025-12-01 12:00:00 UTC */
#define NOON 1764590400000ULL

struct by {
	unsigned ms; /* behind noon */
	unsigned pid;
	unsigned level;
	const char *vm;
};

/* A line as `journalctl --output=json` has it. */
static void add(struct vh_text *t, struct by by, const char *step, const char *message)
{
	vh_text_addf(t,
		     "{\"__REALTIME_TIMESTAMP\":\"%llu\",\"_PID\":\"%u\",\"PRIORITY\":\"%u\","
		     "\"VM\":\"%s\",\"EVENT\":\"prepare\",\"STEP\":\"%s\",\"MESSAGE\":\"%s\"}\n",
		     (NOON + by.ms) * 1000, by.pid, by.level, by.vm, step, message);
}

static void parse(const struct vh_text *t, struct vh_log_lines *ret)
{
	assert_int_equal(vh_log_lines_parse(vh_text_str(t), t->len, ret), 0);
}

static void one_run(struct vh_text *t)
{
	add(t, (struct by){840, 7, 6, "win11"}, "service",
	    "stopped: lightdm.service: a -> b (840 ms)");
	add(t, (struct by){900, 7, 4, "win11"}, "reset", "it does not like that");
	add(t, (struct by){2900, 7, 6, "win11"}, "bind",
	    "vfio-pci takes it: /sys/x: a -> b (2000 ms)");
	add(t, (struct by){2901, 7, 5, "win11"}, "", "win11: 2 functions handed over (2901 ms)");
}

static void test_a_run(void **state)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	VH_AUTO_LOG_LINES struct vh_log_lines lines = {0};
	struct vh_log_run run;

	(void)state;
	one_run(&t);
	parse(&t, &lines);
	assert_int_equal(lines.count, 4);
	assert_int_equal(lines.run_count, 1);
	assert_int_equal(lines.items[0].took_ms, 840);
	assert_int_equal(lines.items[1].took_ms, -1);
	assert_true(vh_log_run(&lines, 0, &run));
	assert_string_equal(run.vm, "win11");
	assert_string_equal(run.event, "prepare");
	assert_int_equal(run.begin_us, NOON * 1000);
	assert_int_equal(run.end_us, (NOON + 2901) * 1000);
	assert_int_equal(run.steps, 3);
	assert_string_equal(run.outcome, "win11: 2 functions handed over (2901 ms)");
	assert_false(run.failed);
	assert_false(vh_log_run(&lines, 1, &run));
}

/* Two VMs start at once: their lines alternate. */
static void test_runs_are_told_apart(void **state)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	VH_AUTO_LOG_LINES struct vh_log_lines lines = {0};
	struct vh_log_run run;

	(void)state;
	add(&t, (struct by){1, 7, 6, "a"}, "bind", "x (1 ms)");
	add(&t, (struct by){2, 8, 6, "b"}, "bind", "x (1 ms)");
	add(&t, (struct by){3, 7, 3, "a"}, "bind", "y");
	add(&t, (struct by){4, 8, 6, "b"}, "bind", "y");
	/* The same process number, hours later. */
	add(&t, (struct by){9000000, 7, 6, "a"}, "bind", "z");
	parse(&t, &lines);
	assert_int_equal(lines.run_count, 3);
	assert_int_equal(lines.items[2].run, lines.items[0].run);
	assert_int_equal(lines.items[3].run, lines.items[1].run);
	assert_true(vh_log_run(&lines, 0, &run) && run.failed);
	assert_true(vh_log_run(&lines, 1, &run) && !run.failed);
	assert_false(vh_log_run_is_last(&lines, 0, 1));
	assert_true(vh_log_run_is_last(&lines, 0, 2));
	assert_true(vh_log_run_is_last(&lines, 1, 1));
	assert_true(vh_log_run_is_last(&lines, 2, 1));
}

/* What is torn, foreign or of another shape is left out or read as far as it makes sense. */
static void test_any_json(void **state)
{
	static const char text[] =
		"{\"MESSAGE\":\"torn\n"
		"[1,2]\n"
		"null\n"
		"{}\n"
		"{\"MESSAGE\":[\"twice\",\"again\"],\"PRIORITY\":9,\"_PID\":\"-4\",\"VM\":null}\n"
		"{\"MESSAGE\":[104,105],\"__REALTIME_TIMESTAMP\":\"x\"}\n"
		"{\"MESSAGE\":\"( ms)\"}\n{\"MESSAGE\":\"(12 ms) more\"}\n"
		"{\"MESSAGE\":\"(99999999999999999999999 ms)\"}\n";
	VH_AUTO_LOG_LINES struct vh_log_lines lines = {0};

	(void)state;
	assert_int_equal(vh_log_lines_parse(text, strlen(text), &lines), 0);
	assert_int_equal(lines.count, 6);
	assert_string_equal(lines.items[0].text, "");
	assert_string_equal(lines.items[1].text, "twice");
	assert_int_equal(lines.items[1].level, 6);
	assert_string_equal(lines.items[1].vm, "");
	for (size_t i = 0; i < lines.count; i++) {
		assert_int_equal(lines.items[i].took_ms, -1);
	}
}

static void test_as_text(void **state)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_LOG_LINES struct vh_log_lines lines = {0};

	(void)state;
	add(&t, (struct by){840, 7, 6, "win11"}, "service", "stopped (840 ms)");
	add(&t, (struct by){841, 7, 3, "win11"}, "bind", "no");
	add(&t, (struct by){842, 8, 4, ""}, "", "hm");
	parse(&t, &lines);
	vh_log_lines_render(&lines, &out);
	assert_string_equal(out.data, "2025-12-01 12:00:00.840 win11 prepare: stopped (840 ms)\n"
				      "2025-12-01 12:00:00.841 win11 prepare: ERROR no\n"
				      "\n2025-12-01 12:00:00.842 prepare: WARNING hm\n");
}

static void test_the_drawing(void **state)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_LOG_LINES struct vh_log_lines lines = {0};
	xmlDoc *doc;

	(void)state;
	one_run(&t);
	add(&t, (struct by){2902, 7, 3, "win11"}, "unbind", "cannot bind <nvidia> & co");
	parse(&t, &lines);
	vh_timeline(&lines, 0, &out);
	doc = markup_read(vh_text_str(&out));
	assert_int_equal(markup_count(doc->children, "g", "row"), 4);
	assert_int_equal(markup_count(doc->children, "rect", "bar pass"), 2);
	assert_int_equal(markup_count(doc->children, "path", "bar warning"), 1);
	assert_int_equal(markup_count(doc->children, "path", "bar failure"), 1);
	/* The service's name says something, a path does not; how long it took is at the bar. */
	assert_non_null(strstr(out.data, ">stopped: lightdm.service</text>"));
	assert_non_null(strstr(out.data, ">vfio-pci takes it</text>"));
	assert_non_null(strstr(out.data, ">2.00 s</text>"));
	/* Why, in full, and not by the colour alone. */
	assert_non_null(strstr(out.data, "failed</span> cannot bind &lt;nvidia&gt; &amp; co</li>"));
	assert_non_null(strstr(out.data, "<span class=\"badge failure\">failed</span> win11: 2"));
	xmlFreeDoc(doc);
}

/* A run in no time, one of a day, one without an end: nothing is divided by nothing. */
static void test_odd_spans(void **state)
{
	static const unsigned ends[] = {0, 1, 999, 86400000};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(ends); i++) {
		VH_AUTO_TEXT struct vh_text t = {0};
		VH_AUTO_TEXT struct vh_text out = {0};
		VH_AUTO_LOG_LINES struct vh_log_lines lines = {0};
		char message[40];

		(void)snprintf(message, sizeof(message), "x (%u ms)", ends[i]);
		add(&t, (struct by){ends[i], 7, 6, ""}, "bind", message);
		parse(&t, &lines);
		vh_timeline(&lines, 0, &out);
		xmlFreeDoc(markup_read(vh_text_str(&out)));
		assert_non_null(strstr(out.data, "no line says how it ended"));
		assert_true(out.len < 20000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run),       cmocka_unit_test(test_runs_are_told_apart),
		cmocka_unit_test(test_any_json),    cmocka_unit_test(test_as_text),
		cmocka_unit_test(test_the_drawing), cmocka_unit_test(test_odd_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
