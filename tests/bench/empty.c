/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The cheapest dynamic program there is: what every dispatch is measured against. */

int main(void)
{
	return 0;
}
