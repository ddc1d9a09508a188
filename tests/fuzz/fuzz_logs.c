/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a log: what is found lies in it, newest first, and what is shown is harmless. */

#include <ctype.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/pci_address.h"
#include "lib/checks/logs_match.h"
#include "tests/fuzz/fuzz.h"

static void check_hit(const char *text, size_t size, enum vh_log log, const struct vh_log_hit *hit)
{
	VH_AUTO_TEXT struct vh_text shown = {0};
	char device[VH_PCI_ADDRESS_MAX];
	struct vh_pci_address address;

	FUZZ_CHECK(hit->count > 0 && (hit->cause->logs & log));
	FUZZ_CHECK(hit->line == text + hit->at && hit->at + hit->len <= size);
	FUZZ_CHECK(memchr(hit->line, '\n', hit->len) == NULL);
	FUZZ_CHECK(vh_log_has(hit->line, hit->len, hit->cause->patterns[0]));
	vh_log_show(hit->line, hit->len, &shown);
	FUZZ_CHECK(shown.len <= 300 + strlen("..."));
	for (size_t i = 0; i < shown.len; i++) {
		FUZZ_CHECK(!iscntrl((unsigned char)shown.data[i]));
	}
	vh_log_device(hit->line, hit->len, device, sizeof(device));
	FUZZ_CHECK(!device[0] || vh_pci_address_parse(device, &address) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_text_addn(&text, (const char *)data, size);
	vh_text_add(&text, "\n");
	vh_log_flatten(text.data, text.len);
	FUZZ_CHECK(strlen(text.data) == text.len);
	for (unsigned log = VH_LOG_QEMU; log <= VH_LOG_KERNEL; log <<= 1) {
		VH_AUTO_LOG_HITS struct vh_log_hits hits = {0};

		vh_log_match(text.data, log, NULL, NULL, &hits);
		for (size_t i = 0; i < hits.count; i++) {
			check_hit(text.data, text.len, log, &hits.items[i]);
			FUZZ_CHECK(i == 0 || hits.items[i - 1].at > hits.items[i].at);
		}
	}
	return 0;
}
