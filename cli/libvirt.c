/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/libvirt.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/*
 * @name: asking libvirt for it would wipe out the error that it is wanted for
 * @text: the definition of a tree's domain, which has no connection
 */
struct cli_domain {
	virConnectPtr connection;
	virDomainPtr domain;
	char *text;
	char name[256];
	bool writable;
	struct cli_domain_facts facts;
};

/* libvirt would print every error itself, before we can say what was tried. */
static void keep_quiet(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

/* A reason of several lines becomes one. */
static int fail(int code, struct vh_error *err, const char *what, const char *object)
{
	const char *reason = virGetLastErrorMessage();

	(void)vh_error_set(err, code, NULL, "%s %s: %s", what, object, reason ? reason : "?");
	for (char *c = err->msg; *c; c++) {
		if (*c == '\n') {
			*c = ' ';
		}
	}
	(void)vh_trim_end(err->msg);
	vh_sanitize(err->msg);
	return -code;
}

static bool is_denied(const virError *error)
{
	switch (error->code) {
	case VIR_ERR_AUTH_FAILED:
	case VIR_ERR_AUTH_CANCELLED:
	case VIR_ERR_AUTH_UNAVAILABLE:
	case VIR_ERR_OPERATION_DENIED:
	case VIR_ERR_ACCESS_DENIED:
		return true;
	default:
		return error->code == VIR_ERR_SYSTEM_ERROR && error->int1 == EACCES;
	}
}

static int fail_connect(const char *uri, struct vh_error *err)
{
	const virError *error = virGetLastError();

	if (error && is_denied(error)) {
		(void)fail(EACCES, err, "no permission for", uri);
		return vh_error_hint(err, "run it as root");
	}
	(void)fail(ENOTCONN, err, "cannot connect to", uri);
	if (error && error->code == VIR_ERR_SYSTEM_ERROR) {
		return vh_error_hint(err, "is the daemon there? systemctl start libvirtd, or "
					  "virtqemud; patch --file needs none");
	}
	return vh_error_hint(err, "--connect names another one; patch --file needs none");
}

/* Adds the domain's name that was most likely meant. */
static void hint_nearest(virConnectPtr connection, const char *name, struct vh_error *err)
{
	virDomainPtr *domains = NULL;
	int count = virConnectListAllDomains(connection, &domains, 0);
	VH_AUTO_FREE const char **names = NULL;
	int nearest;

	if (count < 0) {
		return;
	}
	names = calloc((size_t)count + 1, sizeof(*names));
	for (int i = 0; names && i < count; i++) {
		names[i] = virDomainGetName(domains[i]);
	}
	nearest = names ? vh_nearest(name, names, (size_t)count) : -1;
	if (nearest >= 0) {
		(void)vh_error_hint(err, "did you mean '%s'?", names[nearest]);
		vh_sanitize(err->hint);
	} else {
		(void)vh_error_hint(err, "virsh list --all shows those there are");
	}
	for (int i = 0; i < count; i++) {
		(void)virDomainFree(domains[i]);
	}
	free(domains);
}

static int look_up(struct cli_domain *d, const char *uri, const char *name, struct vh_error *err)
{
	const virError *error;

	d->domain = virDomainLookupByName(d->connection, name);
	if (d->domain) {
		return 0;
	}
	error = virGetLastError();
	if (!error || error->code != VIR_ERR_NO_DOMAIN) {
		return fail(EIO, err, "cannot look up the domain", name);
	}
	(void)vh_error_set(err, ENOENT, NULL, "%s has no domain '%s'", uri, name);
	vh_sanitize(err->msg);
	hint_nearest(d->connection, name, err);
	return -ENOENT;
}

static int read_facts(struct cli_domain *d, const char *name, struct vh_error *err)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	int persistent = virDomainIsPersistent(d->domain);
	int running = virDomainIsActive(d->domain);

	if (persistent < 0 || running < 0 || virDomainGetUUIDString(d->domain, uuid) < 0) {
		return fail(EIO, err, "cannot look at the domain", name);
	}
	(void)vh_copy(d->facts.uuid, sizeof(d->facts.uuid), uuid);
	d->facts.persistent = persistent > 0;
	d->facts.running = running > 0;
	/* Not every driver knows such images. */
	d->facts.saved = virDomainHasManagedSaveImage(d->domain, 0) > 0;
	return 0;
}

bool cli_uri_is_remote(const char *uri)
{
	const char *host = strstr(uri, "://");

	return host && host[3] != '/' && host[3] != '\0';
}

static int open_connection(struct cli_domain *d, const char *uri, struct vh_error *err)
{
	virSetErrorFunc(NULL, keep_quiet);
	d->connection = d->writable ? virConnectOpen(uri) : virConnectOpenReadOnly(uri);
	return d->connection ? 0 : fail_connect(uri, err);
}

int cli_domain_open(const char *uri, const char *name, bool writable, struct cli_domain **ret,
		    struct vh_error *err)
{
	struct cli_domain *d = calloc(1, sizeof(*d));
	int rc;

	if (!d) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	d->writable = writable;
	(void)vh_copy(d->name, sizeof(d->name), name);
	rc = open_connection(d, uri, err);
	if (rc == 0) {
		rc = look_up(d, uri, name, err);
	}
	if (rc == 0) {
		rc = read_facts(d, name, err);
	}
	if (rc) {
		cli_domain_close(&d);
		return rc;
	}
	*ret = d;
	return 0;
}

/* A name is one component of its path. */
static bool has_file(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

int cli_domain_of_tree(struct vh_sys *sys, const char *name, struct cli_domain **ret,
		       struct vh_error *err)
{
	struct cli_domain *d = calloc(1, sizeof(*d));
	char path[VH_PATH_MAX];
	int rc = -ENOENT;

	if (!d) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	(void)vh_copy(d->name, sizeof(d->name), name);
	if (has_file(name) &&
	    snprintf(path, sizeof(path), "etc/libvirt/qemu/%s.xml", name) < (int)sizeof(path)) {
		rc = vh_sys_read(sys, path, &d->text);
	}
	if (rc) {
		cli_domain_close(&d);
		(void)vh_error_set(err, -rc, NULL, "/etc/libvirt/qemu has no domain '%s': %s", name,
				   strerror(-rc));
		vh_sanitize(err->msg);
		return -err->code;
	}
	d->facts.persistent = true;
	d->facts.running = vh_sys_exists(sys, "run/libvirt/qemu/%s.pid", name);
	d->facts.saved = vh_sys_exists(sys, "var/lib/libvirt/qemu/save/%s.save", name);
	*ret = d;
	return 0;
}

void cli_domain_close(struct cli_domain **domain)
{
	struct cli_domain *d = *domain;

	if (!d) {
		return;
	}
	if (d->text) {
		explicit_bzero(d->text, strlen(d->text));
		free(d->text);
	}
	if (d->domain) {
		(void)virDomainFree(d->domain);
	}
	if (d->connection) {
		(void)virConnectClose(d->connection);
	}
	free(d);
	*domain = NULL;
}

const struct cli_domain_facts *cli_domain_facts(const struct cli_domain *domain)
{
	return &domain->facts;
}

/*
 * Without SECURE a password would be lost when the text is defined again. UPDATE_CPU and MIGRATABLE
 * would give what libvirt made of the definition, not the definition.
 */
int cli_domain_read(struct cli_domain *domain, struct vh_text *ret, struct vh_error *err)
{
	unsigned flags = VIR_DOMAIN_XML_INACTIVE;
	VH_AUTO_FREE char *xml = NULL;

	if (domain->text) {
		vh_text_done(ret);
		vh_text_add(ret, domain->text);
		return ret->failed ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
	}
	if (domain->writable) {
		flags |= VIR_DOMAIN_XML_SECURE;
	}
	xml = virDomainGetXMLDesc(domain->domain, flags);
	if (!xml) {
		return fail(EIO, err, "cannot read the definition of", domain->name);
	}
	vh_text_done(ret);
	vh_text_add(ret, xml);
	explicit_bzero(xml, strlen(xml));
	return ret->failed ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}

int cli_domain_define(struct cli_domain *domain, const char *xml, bool validate,
		      struct vh_error *err)
{
	virDomainPtr defined = virDomainDefineXMLFlags(domain->connection, xml,
						       validate ? VIR_DOMAIN_DEFINE_VALIDATE : 0);
	const virError *error;

	if (defined) {
		(void)virDomainFree(defined);
		return 0;
	}
	(void)fail(EIO, err, "libvirt does not take the definition of", domain->name);
	error = virGetLastError();
	if (error && error->code == VIR_ERR_XML_INVALID_SCHEMA) {
		(void)vh_error_hint(err,
				    "if virsh edit says the same of it as it is now, mend that "
				    "first");
	}
	return -EIO;
}
