// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * logd: collect the log of a host that has neither a syslog daemon nor a journal.
 *
 *	logd FILE READY
 *
 * Binds /dev/log and, in the native protocol, /run/systemd/journal/socket; appends a line
 * "IDENTIFIER: TEXT" to FILE for each datagram, and for a native one " [KEY=VALUE ...]" with the
 * fields VM, EVENT, DEVICE and STEP behind it. READY is created once both sockets are bound.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DATAGRAM_MAX 65536

static int bind_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(path);
		return -1;
	}
	chmod(path, 0666);
	return fd;
}

/* <prio>[Mon dd hh:mm:ss ]identifier[pid]: text */
static void write_syslog(FILE *out, const char *text)
{
	const char *end = *text == '<' ? strchr(text, '>') : NULL;

	if (end)
		text = end + 1;
	if (strlen(text) > 16 && text[3] == ' ' && text[6] == ' ' && text[9] == ':' &&
	    text[15] == ' ')
		text += 16;
	fprintf(out, "%s\n", text);
}

struct field {
	const char *name;
	const char *value;
	size_t length;
};

static void write_native(FILE *out, const char *data, size_t size)
{
	struct field fields[] = {
		{"SYSLOG_IDENTIFIER", "-", 1},
		{"MESSAGE", "", 0},
		{"VM", "", 0},
		{"EVENT", "", 0},
		{"DEVICE", "", 0},
		{"STEP", "", 0},
	};
	const size_t count = sizeof(fields) / sizeof(*fields);
	const char *end = data + size;

	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *equals, *value;
		size_t name_length, length;
		uint64_t stored;

		if (!newline)
			newline = end;
		equals = memchr(data, '=', (size_t)(newline - data));
		if (equals) {
			name_length = (size_t)(equals - data);
			value = equals + 1;
			length = (size_t)(newline - value);
		} else if (end - newline > 9) {
			name_length = (size_t)(newline - data);
			memcpy(&stored, newline + 1, sizeof(stored));
			value = newline + 9;
			length = (size_t)le64toh(stored);
			if (length > (size_t)(end - value))
				length = (size_t)(end - value);
			newline = value + length;
		} else {
			break;
		}
		for (size_t i = 0; i < count; i++) {
			if (strlen(fields[i].name) == name_length &&
			    memcmp(fields[i].name, data, name_length) == 0) {
				fields[i].value = value;
				fields[i].length = length;
			}
		}
		data = newline + 1;
	}
	fprintf(out, "%.*s: %.*s", (int)fields[0].length, fields[0].value, (int)fields[1].length,
		fields[1].value);
	for (size_t i = 2, shown = 0; i < count; i++) {
		if (fields[i].length > 0)
			fprintf(out, "%s%s=%.*s", shown++ ? " " : " [", fields[i].name,
				(int)fields[i].length, fields[i].value);
		if (i + 1 == count && shown)
			fprintf(out, "]");
	}
	fprintf(out, "\n");
}

int main(int argc, char **argv)
{
	static char data[DATAGRAM_MAX + 1];
	struct pollfd sockets[2];
	FILE *out;

	if (argc != 3) {
		fprintf(stderr, "usage: logd FILE READY\n");
		return 2;
	}
	out = fopen(argv[1], "ae");
	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	sockets[0].fd = bind_socket("/dev/log");
	sockets[1].fd = bind_socket("/run/systemd/journal/socket");
	if (!out || sockets[0].fd < 0 || sockets[1].fd < 0)
		return 1;
	setvbuf(out, NULL, _IOLBF, 0);
	if (open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0)
		return 1;
	for (;;) {
		sockets[0].events = sockets[1].events = POLLIN;
		if (poll(sockets, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			ssize_t length;

			if (!(sockets[i].revents & POLLIN))
				continue;
			length = recv(sockets[i].fd, data, DATAGRAM_MAX, 0);
			if (length <= 0)
				continue;
			data[length] = '\0';
			if (i == 0)
				write_syslog(out, data);
			else
				write_native(out, data, (size_t)length);
		}
	}
}
