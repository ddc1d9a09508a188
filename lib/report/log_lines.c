/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/report/timeline.h"

/* A program that logs for longer than that is not in one run any more. */
#define RUN_GAP_US     ((uint64_t)600 * 1000000)
#define LINE_MAX_BYTES ((size_t)64 << 10)

/* Journald gives a field that is there twice as an array, and binary ones as numbers. */
static const char *field(struct json_object *o, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, name, &value)) {
		return "";
	}
	if (json_object_is_type(value, json_type_array) && json_object_array_length(value) > 0) {
		value = json_object_array_get_idx(value, 0);
	}
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static uint64_t number(struct json_object *o, const char *name)
{
	uint64_t n = 0;

	return vh_parse_u64(field(o, name), 10, UINT64_MAX, &n) == 0 ? n : 0;
}

/* "... (12 ms)" at the end. */
static int64_t took(const char *text)
{
	const char *at = strrchr(text, '(');
	char word[24];
	uint64_t ms;

	if (!at || snprintf(word, sizeof(word), "%s", at + 1) >= (int)sizeof(word) ||
	    !strstr(word, " ms)") || strstr(word, " ms)")[4] != '\0') {
		return -1;
	}
	*strstr(word, " ms)") = '\0';
	return vh_parse_u64(word, 10, INT32_MAX, &ms) == 0 ? (int64_t)ms : -1;
}

void vh_log_line_done(struct vh_log_line *line)
{
	free(line->vm);
	free(line->event);
	free(line->device);
	free(line->step);
	free(line->text);
}

static bool take_line(struct json_object *o, struct vh_log_line *ret)
{
	uint64_t level = 6;

	*ret = (struct vh_log_line){
		.time_us = number(o, "__REALTIME_TIMESTAMP"),
		.pid = (int64_t)(number(o, "_PID") & INT32_MAX),
		.took_ms = took(field(o, "MESSAGE")),
		.vm = strdup(field(o, "VM")),
		.event = strdup(field(o, "EVENT")),
		.device = strdup(field(o, "DEVICE")),
		.step = strdup(field(o, "STEP")),
		.text = strdup(field(o, "MESSAGE")),
	};
	if (vh_parse_u64(field(o, "PRIORITY"), 10, 7, &level)) {
		level = 6;
	}
	ret->level = (int)level;
	return ret->vm && ret->event && ret->device && ret->step && ret->text;
}

static bool is_same_run(const struct vh_log_line *a, const struct vh_log_line *b)
{
	return a->pid == b->pid && strcmp(a->vm, b->vm) == 0 && strcmp(a->event, b->event) == 0 &&
	       b->time_us >= a->time_us && b->time_us - a->time_us <= RUN_GAP_US;
}

/* Two VMs may start at once, so the run that it goes on with need not be the last. */
static void assign_run(struct vh_log_lines *lines, struct vh_log_line *line)
{
	size_t looked = 0;

	for (size_t i = lines->count; i > 0 && looked < 500; i--, looked++) {
		if (is_same_run(&lines->items[i - 1], line)) {
			line->run = lines->items[i - 1].run;
			return;
		}
	}
	line->run = lines->run_count++;
}

static int add_line(struct vh_log_lines *lines, struct json_object *o)
{
	struct vh_log_line line;
	struct vh_log_line *items;

	if (!take_line(o, &line)) {
		vh_log_line_done(&line);
		return -ENOMEM;
	}
	if ((lines->count & (lines->count - 1)) == 0) {
		items = realloc(lines->items,
				(lines->count ? lines->count * 2 : 1) * sizeof(*items));
		if (!items) {
			vh_log_line_done(&line);
			return -ENOMEM;
		}
		lines->items = items;
	}
	assign_run(lines, &line);
	lines->items[lines->count++] = line;
	return 0;
}

static int parse_one(const char *text, size_t len, struct vh_log_lines *ret)
{
	struct json_tokener *tokener = json_tokener_new_ex(16);
	struct json_object *o;
	int rc = 0;

	if (!tokener) {
		return -ENOMEM;
	}
	o = json_tokener_parse_ex(tokener, text, (int)len);
	if (o && json_object_is_type(o, json_type_object)) {
		rc = add_line(ret, o);
	}
	json_object_put(o);
	json_tokener_free(tokener);
	return rc;
}

int vh_log_lines_parse(const char *text, size_t len, struct vh_log_lines *ret)
{
	int rc = 0;

	for (size_t at = 0; at < len && rc == 0;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		if (n > 0 && n < LINE_MAX_BYTES) {
			rc = parse_one(text + at, n, ret);
		}
		at += n + 1;
	}
	return rc;
}

void vh_log_lines_done(struct vh_log_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		vh_log_line_done(&lines->items[i]);
	}
	free(lines->items);
	*lines = (struct vh_log_lines){0};
}

static const char *level_word(int level)
{
	if (level <= 3) {
		return "ERROR ";
	}
	return level == 4 ? "WARNING " : "";
}

void vh_log_lines_render(const struct vh_log_lines *lines, struct vh_text *out)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct vh_log_line *l = &lines->items[i];
		time_t seconds = (time_t)(l->time_us / 1000000);
		char when[32] = "";
		struct tm tm;

		if (i > 0 && l->run != lines->items[i - 1].run) {
			vh_text_add(out, "\n");
		}
		if (gmtime_r(&seconds, &tm)) {
			(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		}
		vh_text_addf(out, "%s.%03" PRIu64 " %s%s%s%s%s%s\n", when, l->time_us / 1000 % 1000,
			     l->vm, l->vm[0] ? " " : "", l->event, l->event[0] ? ": " : "",
			     level_word(l->level), l->text);
	}
}
