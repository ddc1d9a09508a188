/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/kubevirt.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guest/domain.h"
#include "lib/guest/report.h"

#define PREFIX    "vfio-handoff.io/"
#define KIND      "VirtualMachineInstance"
#define DEPTH_MAX 64

/* One argument of a program is shorter: MAX_ARG_STRLEN of the kernel. */
#define JSON_MAX ((size_t)1 << 20)

static const char usage[] = "usage: " VH_KUBEVIRT_NAME " --vmi JSON --domain XML";

static void tokener_done(struct json_tokener **tokener)
{
	if (*tokener) {
		json_tokener_free(*tokener);
	}
}

static void object_done(struct json_object **object)
{
	(void)json_object_put(*object);
}

#define AUTO_TOKENER __attribute__((cleanup(tokener_done)))
#define AUTO_OBJECT  __attribute__((cleanup(object_done)))

/* The words that people write for a Boolean in YAML, in quotes as an annotation must be. */
static int take_bool(const char *value, bool *ret, struct vh_error *err)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "yes") == 0) {
		*ret = true;
		return 0;
	}
	if (strcmp(value, "false") == 0 || strcmp(value, "no") == 0) {
		*ret = false;
		return 0;
	}
	return vh_error_set(err, EINVAL, NULL, "it is \"true\" or \"false\"");
}

static int take_hide_kvm(struct vh_guest_set *set, const char *value, struct vh_error *err)
{
	return take_bool(value, &set->hide_kvm, err);
}

static int take_vendor_id(struct vh_guest_set *set, const char *value, struct vh_error *err)
{
	return vh_guest_vendor_id(set, value, err);
}

static int take_rom(struct vh_guest_set *set, const char *value, struct vh_error *err)
{
	return vh_guest_rom_path(set->rom, value, err);
}

/* The names stand behind PREFIX, in the same order. */
static const char *const names[] = {"hide-kvm", "vendor-id", "rom"};
static int (*const takers[])(struct vh_guest_set *set, const char *value,
			     struct vh_error *err) = {take_hide_kvm, take_vendor_id, take_rom};

static int unknown_annotation(const char *name, struct vh_error *err)
{
	int near = vh_nearest(name, names, VH_ARRAY_SIZE(names));

	if (near >= 0) {
		return vh_error_set(err, EINVAL, NULL,
				    "unknown annotation '" PREFIX "%s'; did you mean '" PREFIX
				    "%s'?",
				    name, names[near]);
	}
	return vh_error_set(err, EINVAL, NULL,
			    "unknown annotation '" PREFIX "%s'; there are hide-kvm, vendor-id and "
			    "rom",
			    name);
}

/* @name without the prefix. */
static int take_annotation(struct vh_guest_set *set, const char *name, struct json_object *value,
			   struct vh_error *err)
{
	const char *text = json_object_get_string(value);
	size_t i = 0;
	int rc;

	while (i < VH_ARRAY_SIZE(names) && strcmp(names[i], name) != 0) {
		i++;
	}
	if (i == VH_ARRAY_SIZE(names)) {
		return unknown_annotation(name, err);
	}
	if (!json_object_is_type(value, json_type_string) || !text) {
		return vh_error_set(err, EINVAL, NULL, "annotation '" PREFIX "%s': it is no string",
				    name);
	}
	if (strlen(text) != (size_t)json_object_get_string_len(value)) {
		return vh_error_set(err, EINVAL, NULL,
				    "annotation '" PREFIX "%s': it has a NUL byte", name);
	}
	rc = takers[i](set, text, err);
	return rc ? vh_error_wrap(err, "annotation '" PREFIX "%s', value '%.64s'", name, text) : 0;
}

static int take_annotations(struct vh_guest_set *set, struct json_object *annotations,
			    struct vh_error *err)
{
	json_object_object_foreach(annotations, key, value)
	{
		int rc = 0;

		if (strncmp(key, PREFIX, strlen(PREFIX)) == 0) {
			rc = take_annotation(set, key + strlen(PREFIX), value, err);
		}
		if (rc) {
			return rc;
		}
	}
	return 0;
}

static int parse(struct json_object **ret, const char *json, struct vh_error *err)
{
	AUTO_TOKENER struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	size_t len = strlen(json);
	enum json_tokener_error error;

	if (!tokener) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (len > JSON_MAX) {
		return vh_error_set(err, EINVAL, NULL, "the VMI has more than %zu bytes", JSON_MAX);
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL: or a number at the end of the text would still wait for more digits. */
	*ret = json_tokener_parse_ex(tokener, json, (int)len + 1);
	error = json_tokener_get_error(tokener);
	if (error != json_tokener_success) {
		return vh_error_set(err, EINVAL, NULL, "the VMI is no JSON: byte %zu: %s",
				    json_tokener_get_parse_end(tokener),
				    json_tokener_error_desc(error));
	}
	return 0;
}

/* A member that is there and no null; NULL if not. */
static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(object, name, &value);
	return value;
}

/* The annotations of a VMI, NULL if it has none. */
static int annotations_of(struct json_object *vmi, struct json_object **ret, struct vh_error *err)
{
	struct json_object *kind;
	struct json_object *metadata;

	if (!json_object_is_type(vmi, json_type_object)) {
		return vh_error_set(err, EINVAL, NULL, "the VMI is no JSON object");
	}
	kind = member(vmi, "kind");
	if (kind && (!json_object_is_type(kind, json_type_string) ||
		     strcmp(json_object_get_string(kind), KIND) != 0)) {
		return vh_error_set(err, EINVAL, NULL, "the VMI is of the kind '%.64s', not " KIND,
				    json_object_get_string(kind));
	}
	metadata = member(vmi, "metadata");
	if (!json_object_is_type(metadata, json_type_object)) {
		return vh_error_set(err, EINVAL, NULL, "the VMI has no metadata");
	}
	*ret = member(metadata, "annotations");
	if (*ret && !json_object_is_type(*ret, json_type_object)) {
		return vh_error_set(err, EINVAL, NULL, "the VMI's annotations are no JSON object");
	}
	return 0;
}

int vh_kubevirt_set(struct vh_guest_set *ret, const char *json, struct vh_error *err)
{
	AUTO_OBJECT struct json_object *vmi = NULL;
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct json_object *annotations = NULL;
	int rc = parse(&vmi, json, err);

	if (rc == 0) {
		rc = annotations_of(vmi, &annotations, err);
	}
	if (rc == 0 && annotations) {
		rc = take_annotations(&set, annotations, err);
	}
	if (rc) {
		/* It may hold anything that a JSON string can. */
		vh_sanitize(err->msg);
		return rc;
	}
	*ret = set;
	set = (struct vh_guest_set){0};
	return 0;
}

/* The value of @option at argv[*at]: behind it, or behind '='; NULL: argv[*at] is something else. */
static const char *option_value(const char *option, char **argv, int *at)
{
	const char *word = argv[*at];
	size_t len = strlen(option);

	if (strncmp(word, option, len) != 0) {
		return NULL;
	}
	if (word[len] == '=') {
		return word + len + 1;
	}
	return word[len] == '\0' && argv[*at + 1] ? argv[++*at] : NULL;
}

/* Each of the two at most once, and nothing else. */
static bool take_arguments(char **argv, const char **vmi, const char **domain)
{
	for (int i = 1; argv[i]; i++) {
		int at = i;
		const char *value = option_value("--vmi", argv, &at);
		const char **place = value ? vmi : domain;

		if (!value) {
			value = option_value("--domain", argv, &at);
		}
		if (!value || *place) {
			return false;
		}
		*place = value;
		i = at;
	}
	return true;
}

/* Nothing that was not asked for may keep a machine from starting. */
static bool is_empty(const struct vh_guest_set *set)
{
	return !set->hide_kvm && !set->vendor_id[0] && !set->rom[0];
}

int vh_kubevirt_main(int argc, char **argv, struct vh_text *ret, struct vh_report *report,
		     struct vh_error *err)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_domain_xml domain = {.name = "the domain"};
	const char *vmi = NULL;
	int rc;

	if (argc < 1 || !take_arguments(argv, &vmi, &domain.text) || !vmi || !domain.text) {
		return vh_error_set(err, EINVAL, NULL, "%s", usage);
	}
	rc = vh_kubevirt_set(&set, vmi, err);
	if (rc) {
		return rc;
	}
	domain.len = strlen(domain.text);
	rc = is_empty(&set) ? 0 : vh_domain_patch(&set, &domain, ret, report, err);
	if (rc == 0) {
		vh_text_addn(ret, domain.text, domain.len);
	}
	if (rc >= 0 && ret->failed) {
		rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (rc < 0) {
		/* The hints are for who can edit the definition; this one KubeVirt makes. */
		err->hint[0] = '\0';
		return vh_error_wrap(err, "cannot do what the annotations ask for");
	}
	return 0;
}
