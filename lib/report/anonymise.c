/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/report/anonymise.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/report/anonymise_parts.h"

/**
 * struct vh_private_thing - something that gets a stand-in
 * @key:     in lower case, as it is compared
 * @number:  of its stand-in; an alias has that of its first name
 * @is_word: looked for wherever a word begins
 * @weak:    only where it cannot be anything else
 * @is_alias: not counted
 */
struct vh_private_thing {
	enum vh_private kind;
	char *key;
	size_t len;
	unsigned number;
	bool is_word;
	bool weak;
	bool is_alias;
	bool used;
};

static const char *const words[] = {
	[VH_PRIVATE_HOST] = "host name",
	[VH_PRIVATE_USER] = "user name",
	[VH_PRIVATE_CLUSTER] = "cluster name",
	[VH_PRIVATE_DOMAIN] = "domain name",
	[VH_PRIVATE_SERIAL] = "serial number",
	[VH_PRIVATE_MAC] = "MAC address",
	[VH_PRIVATE_UUID] = "UUID",
	[VH_PRIVATE_IP] = "IP address",
	[VH_PRIVATE_MAIL] = "e-mail address",
	[VH_PRIVATE_KEY] = "product key",
	[VH_PRIVATE_SECRET] = "password or token",
};

const char *vh_private_word(enum vh_private kind)
{
	return words[kind];
}

/*
 * Names that say nothing of whose machine it is, and stand in such a report as words of their own:
 * replacing "Debian" or "nvidia" would make nonsense of it.
 */
static const char *const common[] = {
	"admin",   "administrator", "amd",       "arch",     "archlinux", "audio",
	"bios",    "boot",          "bus",       "card",     "cluster",   "computer",
	"console", "cpu",           "debian",    "default",  "desktop",   "device",
	"devices", "disk",          "display",   "domain",   "driver",    "error",
	"example", "fedora",        "file",      "firmware", "function",  "gaming",
	"gpu",     "group",         "guest",     "hdmi",     "home",      "homelab",
	"hook",    "host",          "image",     "intel",    "invalid",   "iommu",
	"kernel",  "kvm",           "lab",       "laptop",   "libvirt",   "linux",
	"local",   "localdomain",   "localhost", "log",      "machine",   "manjaro",
	"memory",  "mint",          "module",    "name",     "nas",       "net",
	"network", "nixos",         "node",      "none",     "nouveau",   "nvidia",
	"off",     "opensuse",      "owner",     "pci",      "port",      "power",
	"process", "profile",       "proxmox",   "pve",      "qemu",      "radeon",
	"reset",   "root",          "rocky",     "screen",   "serial",    "server",
	"service", "session",       "sound",     "start",    "state",     "status",
	"stop",    "storage",       "suse",      "system",   "systemd",   "test",
	"ubuntu",  "usb",           "user",      "users",    "vfio",      "vga",
	"video",   "virt",          "virtual",   "void",     "windows",   "workstation",
	"x11",     "wayland",
};

static bool is_common(const char *name)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(common); i++) {
		if (strcmp(common[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* --- the table ------------------------------------------------------------------------------ */

/* FNV-1a; words of all kinds share one room, since a word is looked for whatever it may be. */
#define FNV_BASE  0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static uint64_t hash_byte(uint64_t hash, char c)
{
	return (hash ^ (unsigned char)tolower((unsigned char)c)) * FNV_PRIME;
}

static bool shares_room(enum vh_private kind)
{
	return kind <= VH_PRIVATE_SERIAL;
}

static uint64_t hash_of(enum vh_private kind, const char *key, size_t len)
{
	uint64_t hash = shares_room(kind) ? FNV_BASE : FNV_BASE + kind;

	for (size_t i = 0; i < len; i++) {
		hash = hash_byte(hash, key[i]);
	}
	return hash;
}

static bool is_same(const struct vh_private_thing *t, enum vh_private kind, const char *key,
		    size_t len)
{
	return t->len == len && (t->kind == kind || (shares_room(kind) && shares_room(t->kind))) &&
	       strncasecmp(t->key, key, len) == 0;
}

static struct vh_private_thing *find(const struct vh_anonymiser *a, enum vh_private kind,
				     uint64_t hash, const char *key, size_t len)
{
	if (a->slot_count == 0) {
		return NULL;
	}
	for (size_t i = hash & (a->slot_count - 1); a->slots[i]; i = (i + 1) & (a->slot_count - 1)) {
		struct vh_private_thing *t = &a->things[a->slots[i] - 1];

		if (is_same(t, kind, key, len)) {
			return t;
		}
	}
	return NULL;
}

static void put_in_slot(struct vh_anonymiser *a, size_t index)
{
	const struct vh_private_thing *t = &a->things[index];
	size_t i = hash_of(t->kind, t->key, t->len) & (a->slot_count - 1);

	while (a->slots[i]) {
		i = (i + 1) & (a->slot_count - 1);
	}
	a->slots[i] = (uint32_t)index + 1;
}

/* Twice as many slots as things, always a power of two. */
static bool grow(struct vh_anonymiser *a)
{
	size_t capacity = a->capacity ? a->capacity * 2 : 64;
	struct vh_private_thing *things;
	uint32_t *slots;

	if (a->count < a->capacity) {
		return true;
	}
	things = realloc(a->things, capacity * sizeof(*things));
	if (!things) {
		return false;
	}
	a->things = things;
	slots = calloc(capacity * 2, sizeof(*slots));
	if (!slots) {
		return false;
	}
	free(a->slots);
	a->slots = slots;
	a->slot_count = capacity * 2;
	a->capacity = capacity;
	for (size_t i = 0; i < a->count; i++) {
		put_in_slot(a, i);
	}
	return true;
}

/* The thing, found or new; NULL without memory. */
static struct vh_private_thing *thing(struct vh_anonymiser *a, enum vh_private kind,
				      const char *key, size_t len)
{
	struct vh_private_thing *t = find(a, kind, hash_of(kind, key, len), key, len);
	char *copy;

	if (t) {
		return t;
	}
	copy = grow(a) ? strndup(key, len) : NULL;
	if (!copy) {
		a->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		copy[i] = (char)tolower((unsigned char)copy[i]);
	}
	t = &a->things[a->count];
	*t = (struct vh_private_thing){.kind = kind, .key = copy, .len = len};
	t->number = ++a->last[kind];
	put_in_slot(a, a->count++);
	return t;
}

static void look_for(struct vh_anonymiser *a, struct vh_private_thing *t)
{
	t->is_word = true;
	if (t->len > a->longest) {
		a->longest = t->len;
	}
}

/* Too short, no letter in it, or everybody's. */
static bool is_weak(const char *key, size_t len)
{
	bool letter = false;

	for (size_t i = 0; i < len; i++) {
		letter = letter || isalpha((unsigned char)key[i]) || (unsigned char)key[i] >= 0x80;
	}
	return len < 3 || !letter || is_common(key);
}

/* A name begins and ends as words do: only so can it be found as one. */
static bool can_be_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= VH_PRIVATE_MAX_LEN && vh_is_word_byte(name[0]) &&
	       vh_is_word_byte(name[len - 1]) && !vh_has_stand_in(name, len);
}

void vh_anonymiser_name(struct vh_anonymiser *a, enum vh_private kind, const char *name)
{
	struct vh_private_thing *t = can_be_name(name) ? thing(a, kind, name, strlen(name)) : NULL;

	if (t && !t->is_word) {
		look_for(a, t);
		t->weak = is_weak(t->key, t->len);
	}
}

void vh_anonymiser_alias(struct vh_anonymiser *a, enum vh_private kind, const char *name,
			 const char *alias)
{
	const struct vh_private_thing *first;
	struct vh_private_thing *t;
	unsigned number;

	vh_anonymiser_name(a, kind, name);
	first = find(a, kind, hash_of(kind, name, strlen(name)), name, strlen(name));
	if (!first || !can_be_name(alias) ||
	    find(a, kind, hash_of(kind, alias, strlen(alias)), alias, strlen(alias))) {
		return;
	}
	number = first->number;
	t = thing(a, kind, alias, strlen(alias));
	if (t) {
		a->last[kind]--;
		t->number = number;
		t->is_alias = true;
		t->weak = is_weak(t->key, t->len);
		look_for(a, t);
	}
}

size_t vh_anonymiser_count(const struct vh_anonymiser *a, enum vh_private kind)
{
	size_t count = kind == VH_PRIVATE_SECRET ? a->secrets : 0;

	for (size_t i = 0; i < a->count; i++) {
		count += a->things[i].kind == kind && a->things[i].used && !a->things[i].is_alias;
	}
	return count;
}

const char *vh_anonymiser_left(const struct vh_anonymiser *a, size_t index)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->things[i].weak && index-- == 0) {
			return a->things[i].key;
		}
	}
	return NULL;
}

void vh_anonymiser_done(struct vh_anonymiser *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->things[i].key);
	}
	free(a->things);
	free(a->slots);
	*a = (struct vh_anonymiser){0};
}

/* --- stand-ins ------------------------------------------------------------------------------ */

static void write_name(struct vh_text *out, const struct vh_private_thing *t)
{
	static const char *const prefixes[] = {
		[VH_PRIVATE_HOST] = "host",       [VH_PRIVATE_USER] = "user",
		[VH_PRIVATE_CLUSTER] = "cluster", [VH_PRIVATE_DOMAIN] = "domain",
		[VH_PRIVATE_SERIAL] = "serial",
	};

	vh_text_addf(out, "%s-%u%s", prefixes[t->kind], t->number,
		     t->kind == VH_PRIVATE_DOMAIN ? ".example" : "");
}

unsigned vh_private_number(struct vh_scan *s, enum vh_private kind, const char *key, size_t len)
{
	struct vh_private_thing *t = thing(s->a, kind, key, len);

	if (t && s->out) {
		t->used = true;
	}
	return t ? t->number : 0;
}

/* --- the walk ------------------------------------------------------------------------------- */

/* Where a name is meant even if it is everybody's word. */
static bool names_somebody(const struct vh_scan *s, size_t at, size_t end)
{
	static const char *const before[] = {"/home/", "user ",     "user=",      "user '",
					     "@",      "nodes/",    "user: ",     "hostname ",
					     "node ",  "hostname=", "host name ", "cluster_name: "};

	for (size_t i = 0; i < VH_ARRAY_SIZE(before); i++) {
		size_t len = strlen(before[i]);

		if (at >= len && vh_scan_is(s, at - len, before[i])) {
			return true;
		}
	}
	/* user@1000.service is no login. */
	return vh_scan_byte(s, end) == '@' && isalpha((unsigned char)vh_scan_byte(s, end + 1));
}

/* The longest name or serial number that is a word, or several, from @at on. */
static size_t replace_word(struct vh_scan *s, size_t at)
{
	uint64_t hashes[VH_PRIVATE_MAX_LEN + 1];
	size_t max = s->len - at < s->a->longest ? s->len - at : s->a->longest;
	uint64_t hash = FNV_BASE;

	for (size_t n = 1; n <= max; n++) {
		hash = hash_byte(hash, s->text[at + n - 1]);
		hashes[n] = hash;
	}
	for (size_t n = max; n > 0; n--) {
		struct vh_private_thing *t = NULL;

		if (vh_word_ends(s, at + n)) {
			t = find(s->a, VH_PRIVATE_HOST, hashes[n], s->text + at, n);
		}
		if (t && t->is_word && (!t->weak || names_somebody(s, at, at + n))) {
			t->used = true;
			write_name(s->out, t);
			return n;
		}
	}
	return 0;
}

static void learn_value(struct vh_scan *s)
{
	const char *text = s->text + s->value;
	size_t len = s->value_end - s->value;
	struct vh_private_thing *t = NULL;

	if (s->value_kind == VH_PRIVATE_SECRET) {
		return;
	}
	t = thing(s->a, s->value_kind, text, len);
	if (t && !t->is_word && len <= VH_PRIVATE_MAX_LEN) {
		t->weak = s->value_kind == VH_PRIVATE_USER && is_weak(t->key, t->len);
		look_for(s->a, t);
	}
}

static size_t replace_value(struct vh_scan *s)
{
	size_t len = s->value_end - s->value;

	s->value_end = 0;
	if (s->value_kind == VH_PRIVATE_SECRET) {
		if (s->out) {
			s->a->secrets++;
			vh_text_add(s->out, "***");
		}
	} else if (s->out) {
		struct vh_private_thing *t = thing(s->a, s->value_kind, s->text + s->value, len);

		if (t) {
			t->used = true;
			write_name(s->out, t);
		}
	}
	return len;
}

static void copy(struct vh_scan *s, size_t at, size_t len)
{
	if (s->out) {
		vh_text_addn(s->out, s->text + at, len);
	}
}

/* What stands at @at is replaced or copied; returns its length. */
static size_t take(struct vh_scan *s, size_t at)
{
	size_t len;

	if (s->value_end && s->value == at) {
		return replace_value(s);
	}
	len = vh_is_stand_in(s, at);
	if (len > 0) {
		copy(s, at, len);
		return len;
	}
	if (!s->value_end) {
		vh_scan_key(s, at);
		if (s->value_end) {
			learn_value(s);
			return s->value == at ? replace_value(s) : 0;
		}
	}
	len = vh_scan_shape(s, at);
	if (len == 0 && s->out && vh_word_begins(s, at)) {
		len = replace_word(s, at);
	}
	return len;
}

static void walk(struct vh_scan *s)
{
	for (size_t at = 0; at < s->len;) {
		size_t len = take(s, at);

		if (len == 0) {
			copy(s, at, 1);
			len = 1;
		}
		at += len;
		/* Something longer began before the value and has swallowed it. */
		if (s->value_end && at > s->value) {
			s->value_end = 0;
		}
	}
}

void vh_anonymiser_learn(struct vh_anonymiser *a, const char *text, size_t len)
{
	struct vh_scan s = {.a = a, .text = text, .len = len};

	walk(&s);
}

void vh_anonymise(struct vh_anonymiser *a, const char *text, size_t len, struct vh_text *out)
{
	struct vh_scan s = {.a = a, .text = text, .len = len, .out = out};

	vh_anonymiser_learn(a, text, len);
	walk(&s);
}
