/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Definitions with PCI cards, written as the editor writes them, so that both sides can be said. */

#include "tests/unit/domain_case.h"

/* The first of @devices is in line 5. */
#define VM(machine, devices)                                                       \
	DOMAIN("  <os><type arch='x86_64' machine='" machine "'>hvm</type></os>\n" \
	       "  <devices>\n" devices "  </devices>\n")

/* 0000:BUS:00.FUNCTION of the host. */
#define SOURCE(bus, function)                                                                \
	"      <source>\n"                                                                   \
	"        <address domain='0x0000' bus='0x" bus "' slot='0x00' function='0x" function \
	"'/>\n"                                                                              \
	"      </source>\n"

/* Six lines and those of @rest. */
#define HOSTDEV(bus, function, rest)                                \
	"    <hostdev mode='subsystem' type='pci' managed='yes'>\n" \
	"      <driver name='vfio'/>\n" SOURCE(bus, function) rest "    </hostdev>\n"

#define PLACE(bus, slot, function)                                          \
	"<address type='pci' domain='0x0000' bus='0x" bus "' slot='0x" slot \
	"' function='0x" function "'"

#define AT(bus, slot, function)  "      " PLACE(bus, slot, function) "/>\n"
#define AT0(bus, slot, function) "      " PLACE(bus, slot, function) " multifunction='on'/>\n"

#define PORT(index) "    <controller type='pci' index='" index "' model='pcie-root-port'/>\n"

/* Somebody else, in one line. */
#define NIC(place)                  "    <interface type='user'>" place "</interface>\n"
#define NIC_AT(bus, slot, function) NIC(PLACE(bus, slot, function) "/>")

/* 0000:BUS:00.0 and those that follow it. */
#define CARD(name, host_bus, count, ...)                                 \
	{                                                                \
		.title = "[device " name "]", .function_count = (count), \
		.functions = {{.bus = (host_bus), .function = 0},        \
			      {.bus = (host_bus), .function = 1},        \
			      {.bus = (host_bus), .function = 2},        \
			      {.bus = (host_bus), .function = 3}},       \
		__VA_ARGS__                                              \
	}
