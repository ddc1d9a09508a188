/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as the JSON of a VMI: what is taken from it is a set within its rules, the definition
 * that comes of it is right and stays as it is the second time, and a failure is one printable line.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guest/domain.h"
#include "lib/guest/kubevirt.h"
#include "lib/guest/report.h"
#include "tests/fuzz/fuzz.h"

static char definition[] =
	"<domain type=\"kvm\"><name>default_vm</name><memory unit=\"b\">1073741824</memory>"
	"<os><type arch=\"x86_64\" machine=\"q35\">hvm</type></os>"
	"<features><acpi></acpi></features><devices>"
	"<hostdev type=\"pci\" managed=\"no\" mode=\"subsystem\"><source><address type=\"pci\" "
	"domain=\"0x0000\" bus=\"0x3b\" slot=\"0x00\" function=\"0x0\"></address></source>"
	"<alias name=\"ua-gpu-gpu1\"></alias></hostdev></devices></domain>";

static void check_line(const char *text)
{
	FUZZ_CHECK(text[0] != '\0');
	for (const char *c = text; *c; c++) {
		FUZZ_CHECK(!iscntrl((unsigned char)*c));
	}
}

static void check_set(const char *json)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_GUEST_SET struct vh_guest_set again = {0};
	struct vh_error err = {0};
	int rc = vh_kubevirt_set(&set, json, &err);

	if (rc) {
		FUZZ_CHECK(rc == -EINVAL && err.code == EINVAL);
		check_line(err.msg);
		FUZZ_CHECK(!set.hide_kvm && !set.vendor_id[0] && !set.rom[0]);
		return;
	}
	FUZZ_CHECK(err.code == 0);
	FUZZ_CHECK(set.device_count == 0 && !set.hide_hypervisor && !set.fix_args);
	FUZZ_CHECK(!set.vendor_id[0] || vh_guest_vendor_id(&again, set.vendor_id, &err) == 0);
	FUZZ_CHECK(!set.rom[0] || vh_guest_rom_path(again.rom, set.rom, &err) == 0);
}

static int define(char *json, char *domain, struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	char name[] = VH_KUBEVIRT_NAME;
	char vmi_option[] = "--vmi";
	char domain_option[] = "--domain";
	char *argv[] = {name, vmi_option, json, domain_option, domain, NULL};

	return vh_kubevirt_main(5, argv, ret, &report, err);
}

static void check_definition(char *json)
{
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text second = {0};
	struct vh_error err = {0};
	int rc = define(json, definition, &first, &err);

	if (rc) {
		check_line(err.msg);
		FUZZ_CHECK(err.hint[0] == '\0');
		return;
	}
	FUZZ_CHECK(first.len >= strlen(definition));
	FUZZ_CHECK(define(json, first.data, &second, &err) == 0);
	FUZZ_CHECK(strcmp(first.data, second.data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_FREE char *json = malloc(size + 1);

	FUZZ_CHECK(json != NULL);
	memcpy(json, data, size);
	json[size] = '\0';
	check_set(json);
	check_definition(json);
	return 0;
}
