/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/domain_cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "tests/support/domain_set.h"

static void die(const char *where, const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", where, what);
	abort();
}

const char *domain_folder(void)
{
	return VH_DOMAIN_DIR;
}

char *domain_file(const char *path, size_t *len)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	struct stat st;
	char *text;

	if (!f) {
		return NULL;
	}
	if (fstat(fileno(f), &st)) {
		die(path, "cannot be read");
	}
	text = malloc((size_t)st.st_size + 1);
	if (!text || fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size) {
		die(path, "cannot be read");
		return NULL;
	}
	text[st.st_size] = '\0';
	*len = (size_t)st.st_size;
	return text;
}

static void take_flags(struct domain_input *input, const char *flags)
{
	input->invalid = strstr(flags, "invalid") != NULL;
	input->foreign = strstr(flags, "foreign") != NULL;
}

/* "NAME [FLAG...]: SET..." */
static void take_line(struct domain_cases *c, const char *line)
{
	struct domain_input *input = &c->inputs[c->input_count];
	const char *colon = strchr(line, ':');
	char name[64];
	char flags[64] = "";
	char path[256];

	if (!colon || c->input_count == DOMAIN_CASES_MAX ||
	    sscanf(line, "%63[^: ] %63[^:]", name, flags) < 1) {
		die(line, "is no case");
		return;
	}
	take_flags(input, flags);
	input->sets = strdup(colon + 1);
	(void)snprintf(input->name, sizeof(input->name), "%s", name);
	(void)snprintf(input->file, sizeof(input->file), "%s.xml", name);
	(void)snprintf(path, sizeof(path), VH_DOMAIN_DIR "/input/%s.xml", name);
	input->text = domain_file(path, &input->len);
	if (!input->text || !input->sets) {
		die(path, "cannot be read");
	}
	c->input_count++;
}

static void load_inputs(struct domain_cases *c)
{
	size_t len = 0;
	VH_AUTO_FREE char *text = domain_file(VH_DOMAIN_DIR "/cases", &len);
	char *rest = text;
	char *line;

	if (!text) {
		die(VH_DOMAIN_DIR "/cases", "cannot be read");
	}
	while ((line = strsep(&rest, "\n"))) { // NOLINT(bugprone-assignment-in-if-condition)
		if (line[0] && line[0] != '#') {
			take_line(c, line);
		}
	}
}

static void load_set(struct domain_cases *c, const char *name)
{
	struct domain_named_set *set = &c->sets[c->set_count++];
	VH_AUTO_FREE char *text = NULL;
	char path[256];
	size_t len = 0;

	(void)snprintf(set->name, sizeof(set->name), "%s", name);
	(void)snprintf(path, sizeof(path), VH_DOMAIN_DIR "/sets/%s.set", name);
	text = domain_file(path, &len);
	if (!text) {
		die(path, "cannot be read");
		return;
	}
	domain_set_parse(path, text, &set->set);
}

/* Names of the files in @folder that end in @end, without it. */
static void list(const char *folder, const char *end, struct vh_list *ret)
{
	VH_AUTO_DIR DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir) {
		die(folder, "cannot be opened");
	}
	while ((entry = readdir(dir))) { // NOLINT(bugprone-assignment-in-if-condition)
		char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, end) == 0) {
			*dot = '\0';
			if (vh_list_add(ret, entry->d_name)) {
				die(folder, "out of memory");
			}
		}
	}
	vh_list_sort(ret);
}

/* A definition that no line names would be one that nothing is tested with. */
static void check_all_named(const struct domain_cases *c)
{
	VH_AUTO_LIST struct vh_list names = {0};

	list(VH_DOMAIN_DIR "/input", ".xml", &names);
	for (size_t i = 0; i < names.count; i++) {
		bool found = false;

		for (size_t k = 0; k < c->input_count; k++) {
			found |= strcmp(c->inputs[k].name, names.items[i]) == 0;
		}
		if (!found) {
			die(names.items[i], "is no case");
		}
	}
}

void domain_cases_load(struct domain_cases *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};

	*ret = (struct domain_cases){0};
	load_inputs(ret);
	check_all_named(ret);
	list(VH_DOMAIN_DIR "/sets", ".set", &names);
	if (names.count > DOMAIN_CASES_MAX) {
		die(VH_DOMAIN_DIR, "too many sets");
	}
	for (size_t i = 0; i < names.count; i++) {
		load_set(ret, names.items[i]);
	}
}

void domain_cases_done(struct domain_cases *cases)
{
	for (size_t i = 0; i < cases->input_count; i++) {
		free(cases->inputs[i].sets);
		free(cases->inputs[i].text);
	}
	for (size_t i = 0; i < cases->set_count; i++) {
		vh_guest_set_done(&cases->sets[i].set);
	}
	*cases = (struct domain_cases){0};
}

bool domain_input_wants(const struct domain_input *input, const char *set)
{
	size_t len = strlen(set);

	if (strcmp(input->sets, " *") == 0) {
		return true;
	}
	for (const char *at = strstr(input->sets, set); at; at = strstr(at + 1, set)) {
		if (at[-1] == ' ' && (at[len] == ' ' || at[len] == '\0')) {
			return true;
		}
	}
	return false;
}
