/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The style sheet of the page. Room: report/html.c. */
extern const char vh_html_style[];
