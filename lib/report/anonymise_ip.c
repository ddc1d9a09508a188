/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses, and what only looks like them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/report/anonymise_parts.h"

static bool is_plain_ip(const unsigned char ip[4])
{
	return ip[0] == 0 || ip[0] == 127 || ip[0] >= 240 ||
	       (ip[0] == 192 && ip[1] == 0 && ip[2] == 2) ||
	       (ip[0] == 198 && ip[1] == 51 && ip[2] == 100) ||
	       (ip[0] == 203 && ip[1] == 0 && ip[2] == 113) || (ip[0] == 198 && ip[1] == 18);
}

/* Four numbers with dots between are as often a version as an address. */
static bool is_version(const struct vh_scan *s, size_t at)
{
	static const char *const words[] = {"version",  "ver",     "revision", "rev",
					    "bios",     "release", "driver",   "module",
					    "firmware", "build",   "fw"};
	size_t end = at;
	size_t begin;

	while (end > 0 && strchr(" :=\"'\t", s->text[end - 1]) && s->text[end - 1]) {
		end--;
	}
	begin = end;
	while (begin > 0 && isalpha((unsigned char)s->text[begin - 1])) {
		begin--;
	}
	if (begin > 0 && vh_is_word_byte(s->text[begin - 1])) {
		return false;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		if (end - begin == strlen(words[i]) && vh_scan_is(s, begin, words[i])) {
			return true;
		}
	}
	return false;
}

static size_t ipv4_at(const struct vh_scan *s, size_t at, unsigned char ip[4])
{
	char text[16];
	size_t n = 0;

	while (n < sizeof(text) - 1 && (isdigit((unsigned char)vh_scan_byte(s, at + n)) ||
					vh_scan_byte(s, at + n) == '.')) {
		text[n] = s->text[at + n];
		n++;
	}
	while (n > 0 && text[n - 1] == '.') {
		n--;
	}
	text[n] = '\0';
	return inet_pton(AF_INET, text, ip) == 1 ? n : 0;
}

size_t vh_scan_ipv4(struct vh_scan *s, size_t at)
{
	unsigned char ip[4];
	size_t len = ipv4_at(s, at, ip);
	char next = vh_scan_byte(s, at + len);
	char behind = vh_scan_byte(s, at + len + 1);
	unsigned number;

	if (len == 0 || vh_is_word_byte(next) || (at > 0 && strchr(".-_", s->text[at - 1])) ||
	    (next == '.' && isdigit((unsigned char)behind)) ||
	    ((next == '-' || next == '_' || next == '+' || next == '~') &&
	     vh_is_word_byte(behind)) ||
	    is_version(s, at)) {
		return 0;
	}
	if (is_plain_ip(ip)) {
		return vh_scan_keep(s, at, len);
	}
	number = vh_private_number(s, VH_PRIVATE_IP, s->text + at, len) - 1;
	if (s->out && number / 254 < 3) {
		static const char *const nets[] = {"192.0.2", "198.51.100", "203.0.113"};

		vh_text_addf(s->out, "%s.%u", nets[number / 254], number % 254 + 1);
	} else if (s->out) {
		/* RFC 2544: for measurements, routed nowhere either. */
		vh_text_addf(s->out, "198.18.%u.%u", number / 256 % 256, number % 256);
	}
	return len;
}

static bool is_plain_ipv6(const unsigned char ip[16])
{
	static const unsigned char loopback[16] = {[15] = 1};
	static const unsigned char documentation[4] = {0x20, 0x01, 0x0d, 0xb8};
	static const unsigned char any[16] = {0};

	return memcmp(ip, any, 16) == 0 || memcmp(ip, loopback, 16) == 0 ||
	       memcmp(ip, documentation, 4) == 0;
}

size_t vh_scan_ipv6(struct vh_scan *s, size_t at)
{
	unsigned char ip[16];
	char text[INET6_ADDRSTRLEN];
	char hex[33];
	size_t len = 0;
	size_t colons = 0;
	unsigned number;

	while (len < sizeof(text) - 1 && vh_scan_byte(s, at + len) &&
	       (vh_is_hex(s->text[at + len]) || strchr(":.", s->text[at + len]))) {
		colons += s->text[at + len] == ':';
		text[len] = s->text[at + len];
		len++;
	}
	while (len > 0 && (text[len - 1] == '.' ||
			   (text[len - 1] == ':' && len > 1 && text[len - 2] != ':'))) {
		len--;
	}
	text[len] = '\0';
	if (colons < 2) {
		return 0;
	}
	if (vh_joins_address(vh_scan_byte(s, at + len)) ||
	    (vh_scan_byte(s, at + len) == '.' && vh_is_word_byte(vh_scan_byte(s, at + len + 1))) ||
	    inet_pton(AF_INET6, text, ip) != 1) {
		return 0;
	}
	if (is_plain_ipv6(ip)) {
		return vh_scan_keep(s, at, len);
	}
	for (size_t i = 0; i < 16; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", ip[i]);
	}
	number = vh_private_number(s, VH_PRIVATE_IP, hex, 32);
	if (s->out) {
		vh_text_addf(s->out, "2001:db8::%x", number);
	}
	return len;
}
