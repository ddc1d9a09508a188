/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How each key's value is read and shown: the functions behind the key table, for nobody else.
 */

#include "lib/profile/keys.h"

/* "bad value 'X' for 'KEY': why" */
int vh_key_bad(const struct vh_key_setting *s, struct vh_error *err, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 3, 4)));

/* Which of the key's choices the value is, or -EINVAL. */
int vh_key_choose(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));

/* A time from @min_ms to 10 minutes; @range says so. */
int vh_key_duration(const struct vh_key_setting *s, unsigned min_ms, const char *range,
		    unsigned *ret_ms, struct vh_error *err) __attribute__((nonnull));

/* "30s", as one would write it. */
void vh_key_show_duration(unsigned ms, char buf[VH_KEY_VALUE_MAX]) __attribute__((nonnull));

/* From 1s, as every deadline. */
int vh_key_timeout(const struct vh_key_setting *s, unsigned *ret_ms, struct vh_error *err)
	__attribute__((nonnull));

/* Function number of a device whose address has not been given yet; no card has it. */
#define VH_ADDRESS_UNSET 0xff

int vh_set_address(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_id(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_power(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_d3cold(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_timeout(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_linger(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_reset(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_exec(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_exec_timeout(const struct vh_key_setting *s, struct vh_error *err)
	__attribute__((nonnull));
int vh_set_services(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_on_backup(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));

void vh_get_address(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_id(const struct vh_key *key, const struct vh_profile *p,
	       const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_power(const struct vh_key *key, const struct vh_profile *p,
		  const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_d3cold(const struct vh_key *key, const struct vh_profile *p,
		   const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_timeout(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_linger(const struct vh_key *key, const struct vh_profile *p,
		   const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_reset(const struct vh_key *key, const struct vh_profile *p,
		  const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_exec(const struct vh_key *key, const struct vh_profile *p,
		 const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_exec_timeout(const struct vh_key *key, const struct vh_profile *p,
			 const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_services(const struct vh_key *key, const struct vh_profile *p,
		     const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_on_backup(const struct vh_key *key, const struct vh_profile *p,
		      const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);

/* In values_host.c. */
int vh_set_display_manager(const struct vh_key_setting *s, struct vh_error *err)
	__attribute__((nonnull));
int vh_set_holders(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_modules(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_inhibit_sleep(const struct vh_key_setting *s, struct vh_error *err)
	__attribute__((nonnull));

void vh_get_display_manager(const struct vh_key *key, const struct vh_profile *p,
			    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_holders(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_modules(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_inhibit_sleep(const struct vh_key *key, const struct vh_profile *p,
			  const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);

/* Is the value the name of a unit that may be stopped and started? In values_services.c. */
int vh_key_check_unit(const struct vh_key_setting *s, const char *name, struct vh_error *err)
	__attribute__((nonnull));
/* Into @buf the unit's name in full: .service if it has no suffix. */
void vh_key_full_unit(const char *name, char buf[VH_SERVICE_MAX]) __attribute__((nonnull));

/* In values_guest.c. */
int vh_set_hostdev(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_device_rom(const struct vh_key_setting *s, struct vh_error *err)
	__attribute__((nonnull));
int vh_set_guest_flag(const struct vh_key_setting *s, struct vh_error *err)
	__attribute__((nonnull));
int vh_set_vendor_id(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_rom(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));
int vh_set_rom_bar(const struct vh_key_setting *s, struct vh_error *err) __attribute__((nonnull));

void vh_get_hostdev(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_device_rom(const struct vh_key *key, const struct vh_profile *p,
		       const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_guest_flag(const struct vh_key *key, const struct vh_profile *p,
		       const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_vendor_id(const struct vh_key *key, const struct vh_profile *p,
		      const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_rom(const struct vh_key *key, const struct vh_profile *p,
		const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);
void vh_get_rom_bar(const struct vh_key *key, const struct vh_profile *p,
		    const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX]);

/* The words of a NULL-terminated array, @glue between them. */
void vh_key_join(char *buf, size_t size, const char *const *words, const char *glue)
	__attribute__((nonnull));
