// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wayland-window: a client of a Wayland compositor that keeps one window of one colour.
 *
 *	wayland-window RRGGBB READY
 *
 * READY is created when the compositor has shown the window in the size that it wants. Ends with
 * the compositor. Speaks the protocol itself, so that nothing has to be installed to build it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX 4096

#define DISPLAY  1u
#define REGISTRY 2u
#define LISTED   3u

/* The objects have the numbers that this client gives them, without a gap. */
struct client {
	int fd;
	uint32_t colour;
	uint32_t width, height;
	uint32_t next_id;
	uint32_t compositor, shm, wm_base;
	uint32_t surface, xdg_surface, toplevel;
	uint32_t shown; /* the callback of the last frame */
	const char *ready;
};

struct message {
	uint32_t words[64];
	size_t count;
};

static void die(const char *what)
{
	fprintf(stderr, "wayland-window: %s\n", what);
	exit(1);
}

static void begin(struct message *message, uint32_t object, uint32_t opcode)
{
	message->words[0] = object;
	message->words[1] = opcode;
	message->count = 2;
}

static void put(struct message *message, uint32_t value)
{
	message->words[message->count++] = value;
}

static void put_text(struct message *message, const char *text)
{
	size_t size = strlen(text) + 1;

	put(message, (uint32_t)size);
	memset(message->words + message->count, 0, (size + 3) / 4 * 4);
	memcpy(message->words + message->count, text, size);
	message->count += (size + 3) / 4;
}

/* Sends the message, and with it a file descriptor unless that is -1. */
static void finish(struct client *client, struct message *message, int passed)
{
	uint32_t size = (uint32_t)message->count * 4;
	struct iovec vector = {.iov_base = message->words, .iov_len = size};
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS}};
	struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};

	message->words[1] |= size << 16;
	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control.space);
	}
	if (sendmsg(client->fd, &header, MSG_NOSIGNAL) != (ssize_t)size)
		die("the compositor is gone");
}

static void call(struct client *client, uint32_t object, uint32_t opcode)
{
	struct message message;

	begin(&message, object, opcode);
	finish(client, &message, -1);
}

static void call_with(struct client *client, uint32_t object, uint32_t opcode, uint32_t value)
{
	struct message message;

	begin(&message, object, opcode);
	put(&message, value);
	finish(client, &message, -1);
}

static void receive(struct client *client, void *data, size_t size)
{
	if (size > 0 && recv(client->fd, data, size, MSG_WAITALL) != (ssize_t)size)
		die("the compositor is gone");
}

static void connect_compositor(struct client *client)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *folder = getenv("XDG_RUNTIME_DIR"), *name = getenv("WAYLAND_DISPLAY");

	if (!folder || !name)
		die("no XDG_RUNTIME_DIR or no WAYLAND_DISPLAY");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("cannot reach the compositor");
	call_with(client, DISPLAY, 1, REGISTRY);
}

static void bind_global(struct client *client, const uint32_t *words, const char *interface)
{
	struct message message;
	uint32_t *id;

	if (strcmp(interface, "wl_compositor") == 0)
		id = &client->compositor;
	else if (strcmp(interface, "wl_shm") == 0)
		id = &client->shm;
	else if (strcmp(interface, "xdg_wm_base") == 0)
		id = &client->wm_base;
	else
		return;
	*id = client->next_id++;
	begin(&message, REGISTRY, 0);
	put(&message, words[0]);
	put_text(&message, interface);
	put(&message, 1);
	put(&message, *id);
	finish(client, &message, -1);
}

static void make_window(struct client *client)
{
	struct message message;

	if (!client->compositor || !client->shm || !client->wm_base)
		die("the compositor lacks what a window needs");
	client->surface = client->next_id++;
	client->xdg_surface = client->next_id++;
	client->toplevel = client->next_id++;
	call_with(client, client->compositor, 0, client->surface);
	begin(&message, client->wm_base, 2);
	put(&message, client->xdg_surface);
	put(&message, client->surface);
	finish(client, &message, -1);
	call_with(client, client->xdg_surface, 1, client->toplevel);
	call(client, client->surface, 6);
}

/* Returns the number of a buffer that is full of the colour. */
static uint32_t make_buffer(struct client *client)
{
	uint32_t pool = client->next_id++, buffer = client->next_id++;
	size_t pixels = (size_t)client->width * client->height;
	int fd = memfd_create("window", MFD_CLOEXEC);
	struct message message;
	uint32_t *memory;

	if (fd < 0 || ftruncate(fd, (off_t)pixels * 4) < 0)
		die("no memory");
	memory = mmap(NULL, pixels * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("no memory");
	for (size_t i = 0; i < pixels; i++)
		memory[i] = client->colour;
	munmap(memory, pixels * 4);

	begin(&message, client->shm, 0);
	put(&message, pool);
	put(&message, (uint32_t)pixels * 4);
	finish(client, &message, fd);
	close(fd);
	begin(&message, pool, 0);
	put(&message, buffer);
	put(&message, 0);
	put(&message, client->width);
	put(&message, client->height);
	put(&message, client->width * 4);
	put(&message, 1); /* no alpha channel */
	finish(client, &message, -1);
	call(client, pool, 1);
	return buffer;
}

static void show(struct client *client, uint32_t serial)
{
	struct message message;

	call_with(client, client->xdg_surface, 4, serial);
	begin(&message, client->surface, 1);
	put(&message, make_buffer(client));
	put(&message, 0);
	put(&message, 0);
	finish(client, &message, -1);
	begin(&message, client->surface, 2);
	put(&message, 0);
	put(&message, 0);
	put(&message, client->width);
	put(&message, client->height);
	finish(client, &message, -1);
	client->shown = client->next_id++;
	call_with(client, client->surface, 3, client->shown);
	call(client, client->surface, 6);
}

/* Windows are small until the compositor wants them in another size. */
static void resize(struct client *client, const uint32_t *words)
{
	if (words[0] > 0 && words[1] > 0) {
		client->width = words[0];
		client->height = words[1];
	}
}

static void handle(struct client *client, uint32_t object, uint32_t opcode, const uint32_t *words)
{
	if (object == DISPLAY && opcode == 0)
		die("the compositor reports an error");
	else if (object == REGISTRY && opcode == 0)
		bind_global(client, words, (const char *)(words + 2));
	else if (object == LISTED)
		make_window(client);
	else if (object == client->wm_base)
		call_with(client, client->wm_base, 3, words[0]);
	else if (object == client->toplevel && opcode == 0)
		resize(client, words);
	else if (object == client->toplevel && opcode == 1)
		exit(0);
	else if (object == client->xdg_surface)
		show(client, words[0]);
	else if (object == client->shown && client->width > 64 &&
		 open(client->ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0)
		die("cannot say that it is shown");
}

int main(int argc, char **argv)
{
	struct client client = {.width = 64, .height = 64, .next_id = LISTED + 1};
	uint32_t head[2], words[MESSAGE_MAX / 4];

	if (argc != 3) {
		fprintf(stderr, "usage: wayland-window RRGGBB READY\n");
		return 2;
	}
	client.colour = (uint32_t)strtoul(argv[1], NULL, 16);
	client.ready = argv[2];
	connect_compositor(&client);
	/* The answer to this one comes when all of the registry has been told. */
	call_with(&client, DISPLAY, 0, LISTED);
	for (;;) {
		receive(&client, head, sizeof(head));
		if (head[1] >> 16 < sizeof(head) || head[1] >> 16 > MESSAGE_MAX)
			die("a message that cannot be");
		receive(&client, words, (head[1] >> 16) - sizeof(head));
		handle(&client, head[0], head[1] & 0xffff, words);
	}
}
