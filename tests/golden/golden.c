/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host x profile -> plan, for every case of the golden set (tests/support/cases.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cases.h"

static char *reversed(const struct vh_plan *plan)
{
	VH_AUTO_PLAN struct vh_plan back = {0};
	VH_AUTO_TEXT struct vh_text text = {0};

	if (plan->refusal_count > 0) {
		return strdup("");
	}
	if (vh_plan_reverse(&plan->steps, &back.steps)) {
		abort();
	}
	vh_plan_render_steps(&back.steps, true, &text);
	return strdup(vh_text_str(&text));
}

static bool same(const char *name, const char *what, const char *expected, const char *got)
{
	if (strcmp(expected, got) == 0) {
		return true;
	}
	(void)printf("not ok %s: the plan of the %s differs\n--- expected\n%s--- got\n%s", name,
		     what, expected, got);
	return false;
}

/* Planning twice gives the same, and touches nothing. */
static bool check(const char *name, bool regenerate)
{
	AUTO_CASE struct test_case c = {0};
	FK_AUTO struct fakekernel *fk = NULL;
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_PLAN struct vh_plan plan = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	char *before;
	char *after;
	char *back;
	bool ok;

	test_case_load(name, &c);
	fk = test_case_host(&c);
	test_case_profile(&c, &profile);
	before = fk_dump(fk);
	test_case_plan(fk, &profile, &plan);
	after = fk_dump(fk);
	vh_plan_render(&plan, &text);
	back = reversed(&plan);
	if (regenerate) {
		test_case_rewrite(&c, vh_text_str(&text), back);
		ok = true;
	} else {
		ok = same(name, "detach", c.detach, vh_text_str(&text)) &&
		     same(name, "reattach", c.reattach, back);
	}
	if (strcmp(before, after) != 0 || fk_operations(fk) != 0) {
		(void)printf("not ok %s: planning changed the host\n", name);
		ok = false;
	}
	free(before);
	free(after);
	free(back);
	return ok;
}

int main(void)
{
	VH_AUTO_LIST struct vh_list names = {0};
	bool regenerate = getenv("VH_TEST_REGENERATE") != NULL;
	size_t failed = 0;

	test_cases_list(&names);
	for (size_t i = 0; i < names.count; i++) {
		if (check(names.items[i], regenerate)) {
			(void)printf("ok %s\n", names.items[i]);
		} else {
			failed++;
		}
	}
	(void)printf("%zu passed, %zu failed\n", names.count - failed, failed);
	return failed > 0;
}
