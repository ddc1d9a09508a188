// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * picture: look at screenshots (PPM, as QEMU writes them).
 *
 *	picture share FILE RRGGBB	prints how many percent of FILE have that colour
 *	picture differ FILE FILE	prints how many pixels differ, and where; exit status 1 if
 *					the sizes do
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct picture {
	unsigned int width, height;
	uint8_t *pixels;
};

static size_t size_of(const struct picture *picture)
{
	return (size_t)picture->width * picture->height * 3;
}

static void load(struct picture *picture, const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file || fscanf(file, "P6 %5u %5u 255", &picture->width, &picture->height) != 2 ||
	    fgetc(file) == EOF) {
		fprintf(stderr, "picture: %s: not a picture\n", path);
		exit(2);
	}
	picture->pixels = malloc(size_of(picture));
	if (!picture->pixels ||
	    fread(picture->pixels, 1, size_of(picture), file) != size_of(picture)) {
		fprintf(stderr, "picture: %s: not complete\n", path);
		exit(2);
	}
	fclose(file);
}

static int share(const char *path, const char *colour)
{
	unsigned long value = strtoul(colour, NULL, 16);
	uint8_t wanted[3] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
	struct picture picture;
	size_t count = 0;

	load(&picture, path);
	for (size_t i = 0; i < size_of(&picture); i += 3)
		count += memcmp(picture.pixels + i, wanted, 3) == 0;
	printf("%zu\n", count * 300 / size_of(&picture));
	return 0;
}

static int differ(const char *left_path, const char *right_path)
{
	unsigned int left_x = 0, right_x = 0, top = 0, bottom = 0;
	struct picture left, right;
	size_t count = 0;

	load(&left, left_path);
	load(&right, right_path);
	if (left.width != right.width || left.height != right.height) {
		printf("%ux%u is not %ux%u\n", left.width, left.height, right.width, right.height);
		return 1;
	}
	for (size_t i = 0; i < size_of(&left) / 3; i++) {
		unsigned int x = (unsigned int)(i % left.width), y = (unsigned int)(i / left.width);

		if (memcmp(left.pixels + i * 3, right.pixels + i * 3, 3) == 0)
			continue;
		if (count++ == 0) {
			left_x = right_x = x;
			top = y;
		}
		left_x = x < left_x ? x : left_x;
		right_x = x > right_x ? x : right_x;
		bottom = y;
	}
	printf("%zu pixels from %u,%u to %u,%u\n", count, left_x, top, right_x, bottom);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "share") == 0)
		return share(argv[2], argv[3]);
	if (argc == 4 && strcmp(argv[1], "differ") == 0)
		return differ(argv[2], argv[3]);
	fprintf(stderr, "usage: picture share FILE RRGGBB | picture differ FILE FILE\n");
	return 2;
}
