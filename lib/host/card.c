/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/card.h"

#include <string.h>

#include "lib/base/cleanup.h"

/* Ports of Vega's own switch carry the number of AMD's processors, not that of its graphics. */
static const struct {
	uint16_t port_vendor;
	uint16_t port_device;
	uint16_t display_vendor;
} foreign_ports[] = {
	{0x1022, 0x1470, 0x1002},
	{0x1022, 0x1471, 0x1002},
};

static bool is_port_for(const struct vh_function *port, const struct vh_function *display)
{
	if (port->vendor == display->vendor) {
		return true;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(foreign_ports); i++) {
		if (foreign_ports[i].port_vendor == port->vendor &&
		    foreign_ports[i].port_device == port->device &&
		    foreign_ports[i].display_vendor == display->vendor) {
			return true;
		}
	}
	return false;
}

static bool is_child(const struct vh_function *f, const struct vh_function *of)
{
	return strcmp(f->parent, of->name) == 0;
}

static const struct vh_function *parent_of(const struct vh_host *host, const struct vh_function *f)
{
	int i = f->parent[0] ? vh_host_find_name(host, f->parent) : -1;

	return i >= 0 ? &host->functions[i] : NULL;
}

/* Buses are numbered with a byte, but a captured tree may be wrong and its parents in a circle. */
#define MAX_DEPTH 256

static bool is_below(const struct vh_host *host, const struct vh_function *upstream,
		     const struct vh_function *f)
{
	const struct vh_function *p = parent_of(host, f);

	for (unsigned depth = 0; p && depth < MAX_DEPTH; depth++) {
		if (p == upstream) {
			return true;
		}
		p = parent_of(host, p);
	}
	return false;
}

/* The one display of what is behind @upstream; NULL if there is none, or if there are several. */
static const struct vh_function *display_below(const struct vh_host *host,
					       const struct vh_function *upstream)
{
	const struct vh_function *found = NULL;

	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (!vh_function_is_display(f) || f->is_vf || !is_below(host, upstream, f)) {
			continue;
		}
		if (found && !vh_pci_address_same_slot(&found->address, &f->address)) {
			return NULL;
		}
		found = found ? found : f;
	}
	return found;
}

/* What may be behind a card's own switch: its ports below the upstream one, the card below those. */
static bool may_be_on_card(const struct vh_function *f, const struct vh_function *upstream,
			   const struct vh_function *display)
{
	if (vh_function_is_bridge(f)) {
		return is_child(f, upstream) && is_port_for(f, display);
	}
	return !is_child(f, upstream) && (vh_function_is_sound(f) ||
					  vh_pci_address_same_slot(&f->address, &display->address));
}

/*
 * A board has switches, too, and the same maker's cards may sit behind them: it is a card's own only
 * if there is nothing behind it but one picture, and sound. What is in the slot of the display is
 * on the card whatever it is: a port for USB, its controller.
 */
static bool is_own_switch(const struct vh_host *host, const struct vh_function *upstream)
{
	const struct vh_function *display = display_below(host, upstream);

	if (!display || !is_port_for(upstream, display) || is_below(host, upstream, upstream)) {
		return false;
	}
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (!f->is_vf && is_below(host, upstream, f) &&
		    !may_be_on_card(f, upstream, display)) {
			return false;
		}
	}
	return true;
}

/* The upstream port of the switch that @f is a part of or sits behind, or NULL. A root port is none. */
static const struct vh_function *own_switch_of(const struct vh_host *host,
					       const struct vh_function *f)
{
	const struct vh_function *p = f;

	for (unsigned up = 0; p && up <= 2; up++) {
		if (vh_function_is_bridge(p) && p->parent[0] && is_own_switch(host, p)) {
			return p;
		}
		p = parent_of(host, p);
	}
	return NULL;
}

static void add(size_t *list, size_t *count, size_t index)
{
	if (*count < VH_CARD_MAX) {
		list[(*count)++] = index;
	}
}

void vh_card_of(const struct vh_host *host, size_t index, struct vh_card *ret)
{
	const struct vh_function *f = &host->functions[index];
	const struct vh_function *upstream = f->is_vf ? NULL : own_switch_of(host, f);

	*ret = (struct vh_card){0};
	if (f->is_vf || (vh_function_is_bridge(f) && !upstream)) {
		add(ret->functions, &ret->count, index);
		return;
	}
	if (upstream) {
		add(ret->bridges, &ret->bridge_count, (size_t)(upstream - host->functions));
	}
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *other = &host->functions[i];

		if (upstream && !other->is_vf && is_below(host, upstream, other)) {
			if (vh_function_is_bridge(other)) {
				add(ret->bridges, &ret->bridge_count, i);
			} else {
				add(ret->functions, &ret->count, i);
			}
		} else if (!upstream && !vh_function_is_bridge(other) &&
			   vh_host_goes_along(host, &f->address, other)) {
			add(ret->functions, &ret->count, i);
		}
	}
}

static bool is_first_display(const struct vh_host *host, size_t index)
{
	struct vh_card card;

	vh_card_of(host, index, &card);
	for (size_t i = 0; i < card.count; i++) {
		if (vh_function_is_display(&host->functions[card.functions[i]])) {
			return card.functions[i] == index;
		}
	}
	return false;
}

int vh_card_next_display(const struct vh_host *host, int after)
{
	for (size_t i = after < 0 ? 0 : (size_t)after + 1; i < host->function_count; i++) {
		if (vh_function_is_display(&host->functions[i]) && is_first_display(host, i)) {
			return (int)i;
		}
	}
	return -1;
}
