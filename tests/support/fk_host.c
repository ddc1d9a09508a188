/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Host files: lines of words. tests/hosts/README.md is the reference. Hardware is declared first
 * and then boots; the other lines are obeyed afterwards, in their order.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_words.h"

#ifndef FK_HOSTS_DIR
#define FK_HOSTS_DIR "tests/hosts"
#endif

/* Settings that only matter once. */
struct boot {
	char release[64];
	bool sysfb;
};

const char *fk_option(const struct fk_words *w, const char *key)
{
	size_t len = strlen(key);

	for (unsigned i = 1; i < w->count; i++) {
		if (strncmp(w->items[i], key, len) == 0 && w->items[i][len] == '=') {
			return w->items[i] + len + 1;
		}
	}
	return NULL;
}

unsigned long fk_option_number(const struct fk_words *w, const char *key, int base,
			       unsigned long absent)
{
	const char *text = fk_option(w, key);
	char *end;
	unsigned long value;

	if (!text) {
		return absent;
	}
	value = strtoul(text, &end, base);
	if (end == text || *end) {
		fk_abort("%s: '%s' is no number", w->where, text);
	}
	return value;
}

static const char *word(const struct fk_words *w, unsigned index)
{
	if (index >= w->count) {
		fk_abort("%s: too few words", w->where);
	}
	return w->items[index];
}

/* The rest of such a line is content, and no words. */
static bool takes_content(const struct fk_words *w)
{
	return w->count == 2 &&
	       (strcmp(w->items[0], "file") == 0 || strcmp(w->items[0], "hex") == 0);
}

/* Cuts @text in place, @raw is the same; "..." keeps blanks. */
static void split(struct fk_words *w, char *text, const char *raw)
{
	char *begin = text;

	w->rest = "";
	for (char *p = text; *p;) {
		char *out;
		bool quoted = false;

		p += strspn(p, " \t");
		if (takes_content(w)) {
			w->rest = raw + (p - begin);
			break;
		}
		if (!*p || *p == '#') {
			break;
		}
		if (w->count == VH_ARRAY_SIZE(w->items)) {
			fk_abort("%s: too many words", w->where);
		}
		w->items[w->count++] = out = p;
		for (; *p && (quoted || !isblank((unsigned char)*p)); p++) {
			if (*p == '"') {
				quoted = !quoted;
			} else {
				*out++ = *p;
			}
		}
		if (*p) {
			p++;
		}
		*out = '\0';
	}
}

static void do_process(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_proc *p = fk_proc_new(fk, (pid_t)strtol(word(w, 1), NULL, 10), word(w, 2));

	p->start = fk_option_number(w, "start", 10, p->start);
	fk_copy(p->unit, sizeof(p->unit), fk_option(w, "unit") ? fk_option(w, "unit") : "");
	fk_copy(p->cgroup, sizeof(p->cgroup), fk_option(w, "cgroup") ? fk_option(w, "cgroup") : "");
	fk_copy(p->cmdline, sizeof(p->cmdline),
		fk_option(w, "cmdline") ? fk_option(w, "cmdline") : "");
	p->parent = (pid_t)fk_option_number(w, "parent", 10, 1);
	if (p->unit[0] && !p->cgroup[0] && fk->manager != FK_MANAGER_RUNIT) {
		(void)snprintf(p->cgroup, sizeof(p->cgroup), "%s%.60s",
			       fk->manager == FK_MANAGER_OPENRC ? "/openrc." : "/system.slice/",
			       p->unit);
	}
	for (unsigned i = 3; i < w->count; i++) {
		if (strncmp(w->items[i], "fd=", 3) == 0) {
			fk_proc_file(fk, p, w->items[i] + 3, false);
		} else if (strncmp(w->items[i], "map=", 4) == 0) {
			fk_proc_file(fk, p, w->items[i] + 4, true);
		}
		p->stubborn = p->stubborn || strcmp(w->items[i], "stubborn") == 0;
		p->unkillable = p->unkillable || strcmp(w->items[i], "unkillable") == 0;
	}
	if (p->unkillable) {
		p->state = 'D';
	}
	fk_login_process(fk, p, w);
	if (p->unit[0]) {
		struct fk_unit *u = fk_unit_find(fk, p->unit, true);

		u->active = true;
		fk_unit_show(fk, u);
	}
	fk_proc_show(fk, p);
	fk_module_show(fk);
}

static void add_line(struct fakekernel *fk, const char *path, const char *line)
{
	VH_AUTO_TEXT struct vh_text t = {0};

	vh_text_add(&t, fk_text(fk, "%s", path) ? fk_text(fk, "%s", path) : "");
	vh_text_add(&t, line);
	(void)fk_put(fk, 0444, vh_text_str(&t), "%s", path);
}

static void do_mount(struct fakekernel *fk, const struct fk_words *w)
{
	unsigned major = 0;
	unsigned minor = 40;
	char line[256];

	(void)fk_block_number(vh_basename(word(w, 1)), &major, &minor);
	(void)snprintf(line, sizeof(line), "%u 1 %u:%u / %s rw,relatime shared:1 - %s %s rw\n",
		       40 + minor, major, minor, word(w, 2), w->count > 3 ? w->items[3] : "ext4",
		       word(w, 1));
	add_line(fk, "proc/self/mountinfo", line);
	add_line(fk, "proc/1/mountinfo", line);
}

static void do_swap(struct fakekernel *fk, const struct fk_words *w)
{
	char line[128];

	(void)snprintf(line, sizeof(line),
		       "%s                          partition\t1048572\t0\t-2\n", word(w, 1));
	add_line(fk, "proc/swaps", line);
}

/* A member of md, LVM: holder DISK OTHER */
static void do_holder(struct fakekernel *fk, const struct fk_words *w)
{
	char to[80];
	char path[VH_PATH_MAX];

	(void)snprintf(to, sizeof(to), "sys/devices/virtual/block/%s", word(w, 2));
	(void)fk_put_dir(fk, "%s/holders", to);
	(void)fk_put(fk, 0444, "9:0\n", "%s/dev", to);
	(void)snprintf(path, sizeof(path), "%s/slaves", to);
	(void)fk_put_dir(fk, "%s", path);
	fk_class_link(fk, "block", word(w, 2), to);
	if (!fk_find(fk, "sys/class/block/%s/holders", word(w, 1))) {
		fk_abort("%s: no disk '%s'", w->where, word(w, 1));
	}
	(void)snprintf(path, sizeof(path), "/%s", to);
	(void)fk_put_link(fk, path, "sys/class/block/%s/holders/%s", word(w, 1), word(w, 2));
	fk_put_node(fk, FK_KIND_BLOCK, 9, 0, "dev/%s", word(w, 2));
}

static void do_route(struct fakekernel *fk, const struct fk_words *w)
{
	char line[256];

	(void)snprintf(line, sizeof(line),
		       "%s\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", word(w, 1));
	add_line(fk, "proc/self/net/route", line);
}

static void do_route6(struct fakekernel *fk, const struct fk_words *w)
{
	char line[256];

	(void)snprintf(line, sizeof(line),
		       "%032d 00 %032d 00 fe80000000000000000000000000000%d 00000400 00000001 "
		       "00000000 00000003 %8s\n",
		       0, 0, 1, word(w, 1));
	add_line(fk, "proc/self/net/ipv6_route", line);
	(void)snprintf(line, sizeof(line), "20010db8000000000000000000000002 02 40 00 80 %8s\n",
		       word(w, 1));
	add_line(fk, "proc/self/net/if_inet6", line);
}

static void do_node(struct fakekernel *fk, const struct fk_words *w)
{
	uint64_t major;
	uint64_t minor;

	if (!fk_pair(word(w, 3), ':', 10, &major, &minor)) {
		fk_abort("%s: '%s' is no device number", w->where, w->items[3]);
	}
	fk_put_node(fk, word(w, 2)[0] == 'b' ? FK_KIND_BLOCK : FK_KIND_CHAR, (unsigned)major,
		    (unsigned)minor, "%s", w->items[1]);
}

/* Left by somebody who wrote to new_id: while the machine boots that binds nothing. */
static void do_dynid(struct fakekernel *fk, const struct fk_words *w)
{
	int drv = fk_driver_find(fk, word(w, 1));
	char id[16];

	fk_copy(id, sizeof(id), word(w, 2));
	id[strcspn(id, ":")] = ' ';
	if (drv < 0 || !fk->drivers[drv].loaded || fk_driver_new_id(fk, drv, id)) {
		fk_abort("%s: %s does not take the id %s", w->where, w->items[1], w->items[2]);
	}
}

static void do_program(struct fakekernel *fk, const struct fk_words *w)
{
	(void)fk_put(fk, 0755, fk_option(w, "status") ? fk_option(w, "status") : "0", "%s",
		     word(w, 1));
}

static void do_link(struct fakekernel *fk, const struct fk_words *w)
{
	(void)fk_put_link(fk, word(w, 2), "%s", word(w, 1));
}

static void do_dir(struct fakekernel *fk, const struct fk_words *w)
{
	(void)fk_put_dir(fk, "%s", word(w, 1));
}

static void do_busy(struct fakekernel *fk, const struct fk_words *w)
{
	if (vh_list_add(&fk->busy, word(w, 1)) < 0) {
		fk_abort("out of memory");
	}
}

static const struct {
	const char *name;
	void (*run)(struct fakekernel *fk, const struct fk_words *w);
} verbs[] = {
	{"process", do_process},
	{"mount", do_mount},
	{"swap", do_swap},
	{"holder", do_holder},
	{"route", do_route},
	{"route6", do_route6},
	{"unit", fk_unit_declare},
	{"node", do_node},
	{"program", do_program},
	{"file", fk_file_declare},
	{"text", fk_text_declare},
	{"words", fk_words_declare},
	{"chop", fk_chop_declare},
	{"hex", fk_hex_declare},
	{"stat", fk_stat_declare},
	{"link", do_link},
	{"dir", do_dir},
	{"busy", do_busy},
	{"dynid", do_dynid},
	{"manager", fk_manager_declare},
	{"vt", fk_vt_declare},
	{"session", fk_login_session},
	{"user-unit", fk_login_user_unit},
	{"logind", fk_login_logind},
};

static void do_driver(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_drv *d = &fk->drivers[fk_driver_make(fk, word(w, 1))];
	const char *module = fk_option(w, "module");
	const char *loaded = fk_option(w, "loaded");
	const char *busy = fk_option(w, "busy");
	struct fk_module *m;

	if (module) {
		fk_copy(d->module, sizeof(d->module), module);
	}
	if (busy) {
		d->busy_hangs = strcmp(busy, "hang") == 0;
	}
	m = &fk->modules[fk_module_make(fk, d->module)];
	/* Not loaded yet; the boot loads what is not marked. */
	if (loaded && strcmp(loaded, "no") == 0) {
		m->refcnt = -1;
	}
}

static void do_module(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_module *m = &fk->modules[fk_module_make(fk, word(w, 1))];
	const char *loaded = fk_option(w, "loaded");

	m->refcnt = loaded && strcmp(loaded, "no") == 0 ? -1
							: (int)fk_option_number(w, "refcnt", 10, 0);
	m->console = fk_option_number(w, "console", 10, 0) != 0;
	m->builtin = loaded && strcmp(loaded, "builtin") == 0;
	m->needs_device = fk_option_number(w, "needs_device", 10, 0) != 0;
	if (fk_option(w, "needs")) {
		fk_copy(m->needs, sizeof(m->needs), fk_option(w, "needs"));
	}
	if (fk_option(w, "params")) {
		fk_copy(m->params, sizeof(m->params), fk_option(w, "params"));
	}
	if (fk_option(w, "pinned_by")) {
		fk_copy(m->pinned_by, sizeof(m->pinned_by), fk_option(w, "pinned_by"));
	}
}

static void do_console(struct fakekernel *fk, const struct fk_words *w)
{
	fk->fbcon.number = (int)fk_option_number(w, "fbcon", 10, 1);
	fk->fbcon.dummy = (int)fk_option_number(w, "dummy", 10, 0);
	fk->fbcon.dummy_module = fk->fbcon.number == 0;
	fk->fbcon.boot = (int)fk_option_number(w, "fb", 10, 0);
}

static void do_kernel(struct fakekernel *fk, const struct fk_words *w, struct boot *boot)
{
	uint64_t major;
	uint64_t minor;

	if (!fk_pair(word(w, 1), '.', 10, &major, &minor)) {
		fk_abort("%s: '%s' is no kernel release", w->where, w->items[1]);
	}
	fk_copy(boot->release, sizeof(boot->release), w->items[1]);
	fk->kernel = (unsigned)(major * 1000 + minor);
	fk->reset_subordinate = fk_option_number(w, "reset_subordinate", 10, fk->kernel >= 6001);
}

static void do_sysfb(struct fakekernel *fk, const struct fk_words *w, struct boot *boot)
{
	const char *on = fk_option(w, "on");

	fk_copy(fk->sysfb.name, sizeof(fk->sysfb.name), word(w, 1));
	fk->sysfb.dev = on ? fk_dev_must(fk, on) : -1;
	fk->sysfb.base = fk_option_number(w, "base", 16,
					  on ? (unsigned long)fk->devs[fk->sysfb.dev].bar[0] : 0);
	fk->sysfb.size = fk_option_number(w, "size", 16, 0x300000);
	fk_copy(fk->sysfb.driver, sizeof(fk->sysfb.driver),
		fk_option(w, "driver") ? fk_option(w, "driver") : "efifb");
	fk->sysfb.drm = (int)fk_option_number(w, "card", 10, (unsigned long)-1);
	boot->sysfb = true;
}

static void declare(struct fakekernel *fk, const struct fk_words *w, struct boot *boot)
{
	const char *verb = w->items[0];

	if (strcmp(verb, "kernel") == 0) {
		do_kernel(fk, w, boot);
	} else if (strcmp(verb, "console") == 0) {
		do_console(fk, w);
	} else if (strcmp(verb, "driver") == 0) {
		do_driver(fk, w);
	} else if (strcmp(verb, "module") == 0) {
		do_module(fk, w);
	} else if (strcmp(verb, "pci") == 0 || strcmp(verb, "bridge") == 0) {
		fk_host_pci(fk, w);
	} else if (strcmp(verb, "sysfb") == 0) {
		do_sysfb(fk, w, boot);
	} else {
		(void)fk_put_dir(fk, "sys/devices/virtual/iommu/%s/devices", word(w, 1));
	}
}

static void obey(struct fakekernel *fk, const struct fk_words *w)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, w->items[0]) == 0) {
			verbs[i].run(fk, w);
			return;
		}
	}
	fk_abort("%s: unknown word '%s'", w->where, w->items[0]);
}

static bool is_hardware(const char *verb)
{
	static const char *const words[] = {"kernel", "console", "driver", "module",
					    "pci",    "bridge",  "sysfb",  "iommu"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], verb) == 0) {
			return true;
		}
	}
	return false;
}

/* One line; @boot is NULL in the second pass, which obeys what was no hardware. */
static void line(struct fakekernel *fk, struct fk_words *w, const char *raw, struct boot *boot)
{
	VH_AUTO_FREE char *text = fk_strdup(raw);

	if (raw[0] == '|') {
		if (!boot) {
			fk_text_more(fk, raw + 1);
		}
		return;
	}
	split(w, text, raw);
	if (w->count == 0) {
		return;
	}
	if (is_hardware(w->items[0])) {
		if (boot) {
			declare(fk, w, boot);
		} else if (fk->is_static) {
			fk_abort("%s: a static host has no '%s'", w->where, w->items[0]);
		}
	} else if (!boot) {
		obey(fk, w);
	}
}

static void pass(struct fakekernel *fk, const char *text, struct boot *boot)
{
	unsigned number = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		VH_AUTO_FREE char *raw = fk_alloc(len + 1);
		struct fk_words w = {.count = 0};

		memcpy(raw, text, len);
		(void)snprintf(w.where, sizeof(w.where), "%s:%u", fk->name, ++number);
		/* The first line says so; to the reader of the others it is nothing. */
		if (number > 1 || !fk->is_static) {
			line(fk, &w, raw, boot);
		}
		text += len + (text[len] == '\n');
	}
}

struct fakekernel *fk_parse(const char *name, const char *text)
{
	struct fakekernel *fk = fk_alloc(sizeof(*fk));
	struct boot boot = {.release = "6.1.0-56-amd64"};

	fk->sys.ops = &fk_ops;
	fk->root = fk_node_new("", FK_KIND_DIR, 0755);
	fk_copy(fk->name, sizeof(fk->name), name);
	fk->kernel = 6001;
	fk->reset_subordinate = true;
	fk->fbcon = (struct fk_fbcon){.number = 1, .info = -1, .map = -1};
	fk->now = 100000;
	fk->next_pid = 40000;
	fk->sysfb.dev = fk->sysfb.fb = -1;
	fk->booting = true;
	fk->is_static = fk->captured = strncmp(text, "static\n", strlen("static\n")) == 0;
	if (!fk->is_static) {
		pass(fk, text, &boot);
		fk_host_boot(fk, boot.release, boot.sysfb);
	}
	pass(fk, text, NULL);
	fk->booting = false;
	return fk;
}

struct fakekernel *fk_host_with(const char *name, const char *lines)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	VH_AUTO_FILE FILE *f = NULL;
	char path[VH_PATH_MAX];
	char chunk[4096];
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s.host", FK_HOSTS_DIR, name);
	f = fopen(path, "re");
	if (!f) {
		fk_abort("cannot open '%s'", path);
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		vh_text_addn(&t, chunk, n);
	}
	vh_text_add(&t, "\n");
	vh_text_add(&t, lines);
	return fk_parse(name, vh_text_str(&t));
}

struct fakekernel *fk_host(const char *name)
{
	return fk_host_with(name, "");
}
