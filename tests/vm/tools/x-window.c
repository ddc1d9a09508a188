// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x-window: a client of an X server that keeps one window over the whole screen.
 *
 *	x-window RRGGBB TEXT [READY]
 *
 * The window has one colour and the text in the middle. READY is created when the server has drawn
 * it. Ends with the server, as a session's programs do. Speaks the X protocol itself, so that
 * nothing has to be installed to build it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define COOKIE_NAME "MIT-MAGIC-COOKIE-1"
#define COOKIE_SIZE 16

enum {
	CREATE_WINDOW = 1,
	MAP_WINDOW = 8,
	GET_INPUT_FOCUS = 43,
	OPEN_FONT = 45,
	CREATE_GC = 55,
	IMAGE_TEXT_8 = 76,
};

enum {
	EVENT_ERROR = 0,
	EVENT_REPLY = 1,
	EVENT_EXPOSE = 12,
};

/* Requests are made in place, the numbers in this machine's order. */
struct request {
	uint8_t data[512];
	size_t used;
};

static void put8(struct request *request, uint8_t value)
{
	request->data[request->used++] = value;
}

static void put16(struct request *request, uint16_t value)
{
	memcpy(request->data + request->used, &value, sizeof(value));
	request->used += sizeof(value);
}

static void put32(struct request *request, uint32_t value)
{
	memcpy(request->data + request->used, &value, sizeof(value));
	request->used += sizeof(value);
}

/* Padded to four bytes. */
static void put_bytes(struct request *request, const void *bytes, size_t size)
{
	memcpy(request->data + request->used, bytes, size);
	request->used += size;
	while (request->used % 4)
		put8(request, 0);
}

static void begin(struct request *request, uint8_t code, uint8_t detail)
{
	request->used = 0;
	put8(request, code);
	put8(request, detail);
	put16(request, 0);
}

static void die(const char *what)
{
	fprintf(stderr, "x-window: %s\n", what);
	exit(1);
}

static void send_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

		if (sent <= 0)
			die("the server is gone");
		at += sent;
		size -= (size_t)sent;
	}
}

static void finish(int fd, struct request *request)
{
	uint16_t words = (uint16_t)(request->used / 4);

	memcpy(request->data + 2, &words, sizeof(words));
	send_all(fd, request->data, request->used);
}

static void receive(int fd, void *data, size_t size)
{
	uint8_t *at = data;

	while (size > 0) {
		ssize_t got = recv(fd, at, size, 0);

		if (got <= 0)
			die("the server is gone");
		at += got;
		size -= (size_t)got;
	}
}

static bool read_field(FILE *file, uint8_t *field, size_t *size)
{
	uint8_t length[2];

	if (fread(length, 1, 2, file) != 2)
		return false;
	*size = (size_t)length[0] << 8 | length[1];
	return *size <= 256 && fread(field, 1, *size, file) == *size;
}

/* The last cookie in the file: a display manager keeps one there. */
static bool read_cookie(uint8_t *cookie)
{
	const char *path = getenv("XAUTHORITY");
	uint8_t field[256], name[256];
	size_t size, name_size;
	bool found = false;
	FILE *file = path ? fopen(path, "re") : NULL;

	if (!file)
		return false;
	while (fseek(file, 2, SEEK_CUR) == 0 && read_field(file, field, &size) &&
	       read_field(file, field, &size) && read_field(file, name, &name_size) &&
	       read_field(file, field, &size)) {
		if (name_size != strlen(COOKIE_NAME) || memcmp(name, COOKIE_NAME, name_size) != 0 ||
		    size != COOKIE_SIZE)
			continue;
		memcpy(cookie, field, COOKIE_SIZE);
		found = true;
	}
	fclose(file);
	return found;
}

static int connect_server(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *display = getenv("DISPLAY");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!display || display[0] != ':')
		die("no DISPLAY");
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/.X11-unix/X%.*s",
		 (int)strspn(display + 1, "0123456789"), display + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("cannot reach the server");
	return fd;
}

struct screen {
	uint32_t id, root, visual;
	uint16_t width, height;
	uint8_t depth;
};

/* What the server tells of itself behind the head: its ids and its first screen. */
static void parse_setup(const uint8_t *setup, size_t size, struct screen *screen)
{
	uint16_t vendor;
	size_t at;

	if (size < 40)
		die("the server's answer is too short");
	memcpy(&screen->id, setup + 4, 4);
	memcpy(&vendor, setup + 16, 2);
	at = 32 + ((size_t)vendor + 3) / 4 * 4 + (size_t)setup[21] * 8;
	if (at + 40 > size)
		die("the server's answer is too short");
	memcpy(&screen->root, setup + at, 4);
	memcpy(&screen->width, setup + at + 20, 2);
	memcpy(&screen->height, setup + at + 22, 2);
	memcpy(&screen->visual, setup + at + 32, 4);
	screen->depth = setup[at + 38];
}

static void log_in(int fd, struct screen *screen)
{
	struct request request = {.used = 0};
	uint8_t cookie[COOKIE_SIZE], head[8], *setup;
	bool has_cookie = read_cookie(cookie);
	uint16_t words;

	put8(&request, 'l');
	put8(&request, 0);
	put16(&request, 11);
	put16(&request, 0);
	put16(&request, has_cookie ? strlen(COOKIE_NAME) : 0);
	put16(&request, has_cookie ? COOKIE_SIZE : 0);
	put16(&request, 0);
	if (has_cookie) {
		put_bytes(&request, COOKIE_NAME, strlen(COOKIE_NAME));
		put_bytes(&request, cookie, COOKIE_SIZE);
	}
	send_all(fd, request.data, request.used);
	receive(fd, head, sizeof(head));
	memcpy(&words, head + 6, sizeof(words));
	setup = calloc((size_t)words + 1, 4);
	if (!setup)
		die("no memory");
	receive(fd, setup, (size_t)words * 4);
	if (head[0] != 1)
		die("the server refuses");
	parse_setup(setup, (size_t)words * 4, screen);
	free(setup);
}

static void create_window(int fd, const struct screen *screen, uint32_t colour)
{
	struct request request;

	begin(&request, CREATE_WINDOW, screen->depth);
	put32(&request, screen->id);
	put32(&request, screen->root);
	put32(&request, 0); /* x, y */
	put16(&request, screen->width);
	put16(&request, screen->height);
	put16(&request, 0);
	put16(&request, 1);
	put32(&request, screen->visual);
	put32(&request, 0x2 | 0x200 | 0x800); /* colour, no window manager, events */
	put32(&request, colour);
	put32(&request, 1);
	put32(&request, 0x8000);
	finish(fd, &request);

	begin(&request, OPEN_FONT, 0);
	put32(&request, screen->id + 1);
	put16(&request, strlen("fixed"));
	put16(&request, 0);
	put_bytes(&request, "fixed", strlen("fixed"));
	finish(fd, &request);

	begin(&request, CREATE_GC, 0);
	put32(&request, screen->id + 2);
	put32(&request, screen->id);
	put32(&request, 0x4 | 0x8 | 0x4000);
	put32(&request, 0xffffff);
	put32(&request, colour);
	put32(&request, screen->id + 1);
	finish(fd, &request);

	begin(&request, MAP_WINDOW, 0);
	put32(&request, screen->id);
	finish(fd, &request);
}

/* The answer to the question behind it says that all has been drawn. */
static void draw(int fd, const struct screen *screen, const char *text)
{
	size_t length = strnlen(text, 200);
	struct request request;

	begin(&request, IMAGE_TEXT_8, (uint8_t)length);
	put32(&request, screen->id);
	put32(&request, screen->id + 2);
	put16(&request, (uint16_t)(screen->width / 2 - length * 3));
	put16(&request, screen->height / 2);
	put_bytes(&request, text, length);
	finish(fd, &request);
	begin(&request, GET_INPUT_FOCUS, 0);
	finish(fd, &request);
}

int main(int argc, char **argv)
{
	struct screen screen;
	uint8_t event[32];
	int fd;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: x-window RRGGBB TEXT [READY]\n");
		return 2;
	}
	fd = connect_server();
	log_in(fd, &screen);
	create_window(fd, &screen, (uint32_t)strtoul(argv[1], NULL, 16));
	for (;;) {
		receive(fd, event, sizeof(event));
		if (event[0] == EVENT_ERROR)
			die("the server reports an error");
		if (event[0] == EVENT_EXPOSE)
			draw(fd, &screen, argv[2]);
		if (event[0] == EVENT_REPLY && argc == 4 &&
		    open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0)
			die("cannot say that it is drawn");
	}
}
