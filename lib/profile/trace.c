/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vh_trace_add(struct vh_trace *trace, const struct vh_origin *origin)
{
	struct vh_origin *items = realloc(trace->items, (trace->count + 1) * sizeof(*items));

	if (!items) {
		return -ENOMEM;
	}
	trace->items = items;
	items[trace->count++] = *origin;
	return 0;
}

const struct vh_origin *vh_trace_find(const struct vh_trace *trace, const char *title,
				      const struct vh_key *key)
{
	for (size_t i = trace->count; i > 0; i--) {
		const struct vh_origin *o = &trace->items[i - 1];

		if (o->key == key && strcmp(o->title, title) == 0) {
			return o;
		}
	}
	return NULL;
}

void vh_trace_done(struct vh_trace *trace)
{
	free(trace->items);
	*trace = (struct vh_trace){0};
}
