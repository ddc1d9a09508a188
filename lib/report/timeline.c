/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/report/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/report/markup.h"

#define WIDTH     940
#define ROW       28
#define TOP       34 /* the axis */
#define LABEL_X   12
#define LABEL_END 430
#define BARS      450
#define BARS_END  (WIDTH - 90) /* a duration may stand behind the last bar */
#define FONT      13
#define SMALL     12
#define ERROR     3
#define WARNING   4
#define TICKS     8

static bool is_outcome(const struct vh_log_line *l)
{
	return l->step[0] == '\0' && (l->took_ms >= 0 || l->level <= ERROR);
}

bool vh_log_run(const struct vh_log_lines *lines, size_t number, struct vh_log_run *ret)
{
	bool found = false;

	for (size_t i = 0; i < lines->count; i++) {
		const struct vh_log_line *l = &lines->items[i];
		uint64_t took_us = l->took_ms > 0 ? (uint64_t)l->took_ms * 1000 : 0;
		uint64_t begin_us = l->time_us > took_us ? l->time_us - took_us : 0;

		if (l->run != number) {
			continue;
		}
		if (!found) {
			*ret = (struct vh_log_run){.number = number,
						   .vm = l->vm,
						   .event = l->event,
						   .begin_us = begin_us};
			found = true;
		}
		ret->begin_us = begin_us < ret->begin_us ? begin_us : ret->begin_us;
		ret->end_us = l->time_us > ret->end_us ? l->time_us : ret->end_us;
		ret->steps += l->step[0] != '\0';
		ret->failed = ret->failed || l->level <= ERROR;
		if (is_outcome(l)) {
			ret->outcome = l->text;
		}
	}
	return found;
}

bool vh_log_run_is_last(const struct vh_log_lines *lines, size_t number, size_t last)
{
	struct vh_log_run run;
	struct vh_log_run later;
	size_t behind = 0;

	if (!vh_log_run(lines, number, &run) || run.steps == 0) {
		return false;
	}
	for (size_t i = number + 1; i < lines->run_count; i++) {
		behind += vh_log_run(lines, i, &later) && later.steps > 0 &&
			  strcmp(later.vm, run.vm) == 0;
	}
	return behind < last;
}

/* "340 ms", "2.41 s" */
static void format_ms(uint64_t ms, char *buf, size_t size)
{
	if (ms < 1000) {
		(void)snprintf(buf, size, "%" PRIu64 " ms", ms);
	} else {
		(void)snprintf(buf, size, "%" PRIu64 ".%02" PRIu64 " s", ms / 1000, ms % 1000 / 10);
	}
}

/* "400 ms", "1.5 s", "2 s" */
static void format_tick(uint64_t ms, char *buf, size_t size)
{
	if (ms < 1000) {
		(void)snprintf(buf, size, "%" PRIu64 " ms", ms);
	} else if (ms % 1000 == 0) {
		(void)snprintf(buf, size, "%" PRIu64 " s", ms / 1000);
	} else {
		(void)snprintf(buf, size, "%" PRIu64 ".%" PRIu64 " s", ms / 1000, ms % 1000 / 100);
	}
}

/* 1, 2 or 5 of a power of ten, so that there are at most TICKS of it. */
static uint64_t tick_ms(uint64_t span_ms)
{
	static const unsigned steps[] = {1, 2, 5};

	for (uint64_t power = 1; power < (uint64_t)1 << 50; power *= 10) {
		for (size_t i = 0; i < VH_ARRAY_SIZE(steps); i++) {
			if (power * steps[i] * TICKS >= span_ms) {
				return power * steps[i];
			}
		}
	}
	return span_ms;
}

struct chart {
	struct vh_text *out;
	struct vh_log_run run;
	uint64_t span_us;
	unsigned rows;
	unsigned height;
};

static unsigned x_of(const struct chart *c, uint64_t us)
{
	uint64_t since = us > c->run.begin_us ? us - c->run.begin_us : 0;

	since = since < c->span_us ? since : c->span_us;
	return BARS + (unsigned)(since * (BARS_END - BARS) / c->span_us);
}

static void draw_axis(struct chart *c)
{
	uint64_t span_ms = c->span_us / 1000;
	uint64_t step = tick_ms(span_ms);

	for (uint64_t at = 0; at <= span_ms; at += step) {
		unsigned x = x_of(c, c->run.begin_us + at * 1000);
		char text[32];

		format_tick(at, text, sizeof(text));
		vh_text_addf(c->out,
			     "<path class=\"tick\" d=\"M%u %dV%u\"/><text class=\"tick\" x=\"%u\" "
			     "y=\"%d\">%s</text>\n",
			     x, TOP - 8, c->height - 6, x, TOP - 14, text);
	}
}

static const char *class_of(int level)
{
	if (level <= ERROR) {
		return "failure";
	}
	return level == WARNING ? "warning" : "pass";
}

/* As far as a colon and a blank, or to the end. */
static size_t part_of(const char *text)
{
	const char *end = strstr(text, ": ");

	return end ? (size_t)(end - text) : strlen(text);
}

/*
 * Of "0000:01:00.0: host driver lets go: /sys/... -> ... (12 ms)" device and title; what it is done
 * to only if that is short, as a service's name is and a path is not.
 */
static void say_label(const struct vh_log_line *l, struct vh_text *ret)
{
	const char *text = l->text;
	size_t device = strlen(l->device);
	size_t len;

	if (l->level <= WARNING) {
		vh_text_add(ret, l->level <= ERROR ? "failed: " : "warning: ");
	}
	if (device > 0 && strncmp(text, l->device, device) == 0 && text[device] == ':') {
		vh_text_addf(ret, "%s ", l->device);
		text += device + 1 + strspn(text + device + 1, " ");
	}
	len = part_of(text);
	vh_text_addn(ret, text, len);
	text += len;
	if (l->level > WARNING && text[0] && text[2] != '/') {
		len = 2 + part_of(text + 2);
		/* The bar tells how long it took. */
		if (l->took_ms >= 0 && text[len] == '\0') {
			len = (size_t)(strrchr(text, '(') - text) - 1;
		}
		vh_text_addn(ret, text, len);
	} else if (l->level <= WARNING) {
		vh_text_add(ret, text);
	}
}

static void draw_bar(struct chart *c, const struct vh_log_line *l, unsigned y)
{
	uint64_t took_us = l->took_ms > 0 ? (uint64_t)l->took_ms * 1000 : 0;
	unsigned end = x_of(c, l->time_us);
	unsigned begin = x_of(c, l->time_us > took_us ? l->time_us - took_us : 0);
	char text[32];

	if (l->took_ms < 0) {
		vh_text_addf(c->out, "<path class=\"bar %s\" d=\"M%u %ul6 6l-6 6l-6-6z\"/>",
			     class_of(l->level), end, y - 6);
		return;
	}
	vh_text_addf(c->out,
		     "<rect class=\"bar %s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"12\" "
		     "rx=\"3\"/>",
		     class_of(l->level), begin, y - 6, end > begin + 3 ? end - begin : 3);
	format_ms((uint64_t)l->took_ms, text, sizeof(text));
	vh_text_addf(c->out, "<text class=\"took\" x=\"%u\" y=\"%u\">%s</text>",
		     (end > begin + 3 ? end : begin + 3) + 8, y + 4, text);
}

static void draw_line(struct chart *c, const struct vh_log_line *l)
{
	VH_AUTO_TEXT struct vh_text label = {0};
	unsigned y = TOP + c->rows * ROW + ROW / 2;

	say_label(l, &label);
	vh_text_addf(c->out, "<g class=\"row\"><title>");
	vh_markup_text(c->out, l->text);
	vh_text_add(c->out, "</title>");
	if (c->rows % 2 == 0) {
		vh_text_addf(c->out,
			     "<rect class=\"stripe\" x=\"1\" y=\"%u\" width=\"%d\" height=\"%d\" "
			     "rx=\"5\"/>",
			     y - ROW / 2, WIDTH - 2, ROW);
	}
	vh_text_addf(c->out, "<text class=\"step %s\" x=\"%d\" y=\"%u\">", class_of(l->level),
		     LABEL_X, y + 4);
	vh_markup_cut(c->out, vh_text_str(&label), FONT, LABEL_END - LABEL_X);
	vh_text_add(c->out, "</text>");
	draw_bar(c, l, y);
	vh_text_add(c->out, "</g>\n");
	c->rows++;
}

static bool is_drawn(const struct vh_log_line *l, size_t number)
{
	return l->run == number && (l->step[0] != '\0' || l->level <= WARNING) &&
	       !(is_outcome(l) && l->took_ms >= 0);
}

/* What is cut in the drawing, in full. */
static void list_problems(const struct vh_log_lines *lines, size_t number, struct vh_text *out)
{
	bool any = false;

	for (size_t i = 0; i < lines->count; i++) {
		const struct vh_log_line *l = &lines->items[i];

		if (l->level > WARNING || !is_drawn(l, number)) {
			continue;
		}
		vh_text_addf(out, "%s<li><span class=\"badge %s\">%s</span> ",
			     any ? "" : "<ul class=\"problems\">", class_of(l->level),
			     l->level <= ERROR ? "failed" : "warning");
		vh_markup_text(out, l->text);
		vh_text_add(out, "</li>\n");
		any = true;
	}
	vh_text_add(out, any ? "</ul>\n" : "");
}

static void draw_headline(const struct vh_log_run *run, struct vh_text *out)
{
	time_t seconds = (time_t)(run->begin_us / 1000000);
	char when[40] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm)) {
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	}
	vh_text_add(out, "<h3>");
	vh_markup_text(out, run->vm[0] ? run->vm : "no VM");
	vh_text_add(out, ": ");
	vh_markup_text(out, run->event);
	vh_text_addf(out, " <span class=\"when\">%s</span></h3>\n<p class=\"outcome %s\">", when,
		     run->failed ? "failure" : "pass");
	vh_text_addf(out, "<span class=\"badge %s\">%s</span> ", run->failed ? "failure" : "pass",
		     run->failed ? "failed" : "done");
	vh_markup_text(out, run->outcome ? run->outcome : "no line says how it ended");
	vh_text_add(out, "</p>\n");
}

void vh_timeline(const struct vh_log_lines *lines, size_t number, struct vh_text *out)
{
	struct chart c = {.out = out};
	unsigned rows = 0;

	if (!vh_log_run(lines, number, &c.run)) {
		return;
	}
	c.span_us = c.run.end_us - c.run.begin_us;
	c.span_us = c.span_us < 1000 ? 1000 : c.span_us;
	for (size_t i = 0; i < lines->count; i++) {
		rows += is_drawn(&lines->items[i], number);
	}
	c.height = TOP + rows * ROW + 6;
	vh_text_add(out, "<figure class=\"run\">\n");
	draw_headline(&c.run, out);
	list_problems(lines, number, out);
	vh_text_addf(
		out,
		"<div class=\"scroll\" tabindex=\"0\"><svg xmlns=\"http://www.w3.org/2000/svg\" "
		"class=\"timeline\" role=\"img\" viewBox=\"0 0 %d %u\" width=\"%d\" "
		"height=\"%u\" aria-labelledby=\"run-%zu-title run-%zu-desc\">"
		"<title id=\"run-%zu-title\">Steps of the run in time</title>"
		"<desc id=\"run-%zu-desc\">%u lines, %" PRIu64 " ms in all; each with its "
		"start and duration. The log has them as text.</desc>\n",
		WIDTH, c.height, WIDTH, c.height, number, number, number, number, rows,
		c.span_us / 1000);
	draw_axis(&c);
	for (size_t i = 0; i < lines->count; i++) {
		if (is_drawn(&lines->items[i], number)) {
			draw_line(&c, &lines->items[i]);
		}
	}
	vh_text_add(out, "</svg></div>\n</figure>\n");
}
