/*
 * civil.h -- civil time: nanoseconds since 1970, and dates.
 *
 * The stack counts time from an arbitrary moment, and never backwards.  Civil time is an offset to
 * that.  It is set once, from the host's clock (leat_civil_from_host()) or by the program, and the
 * stack continues from there.  A correction may turn it back.  So use leat_now_ns() for deadlines;
 * civil time is for dates in messages and in certificates.
 */
#ifndef LEAT_CIVIL_H
#define LEAT_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/host.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of leat_civil_format_http(), the final NUL included. */
#define LEAT_CIVIL_HTTP_BYTES 30

/** A moment of UTC in the Gregorian calendar. */
struct leat_civil_date {
    uint16_t year;   /**< 1970 to 2554 */
    uint8_t month;   /**< 1 to 12 */
    uint8_t day;     /**< of the month, from 1 */
    uint8_t hour;    /**< 0 to 23 */
    uint8_t minute;  /**< 0 to 59 */
    uint8_t second;  /**< 0 to 59: leap seconds have no number of their own, as in POSIX */
    uint8_t weekday; /**< 0 is Sunday; leat_civil_of_date() doesn't read it */
};

/**
 * Nanoseconds since 1970-01-01 00:00 UTC at the current poll, without leap seconds as in POSIX.  0:
 * civil time has not been set.
 */
uint64_t leat_civil_ns(const struct leat *stack);

/** Sets the civil time of the current poll; 0: unknown. */
void leat_civil_set(struct leat *stack, uint64_t civil_ns);

/** Sets it from the host's clock.  False: the host has none, and nothing has changed. */
bool leat_civil_from_host(struct leat *stack, struct leat_host *host);

/** The date and time of day of @p civil_ns; its nanoseconds are dropped. */
struct leat_civil_date leat_civil_date(uint64_t civil_ns);

/** The inverse, in nanoseconds.  0: no such date, or before 1970 or after 2553. */
uint64_t leat_civil_of_date(const struct leat_civil_date *date);

/** Writes "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7: IMF-fixdate) and a NUL. */
void leat_civil_format_http(uint64_t civil_ns, char text[LEAT_CIVIL_HTTP_BYTES]);

/**
 * The inverse, in nanoseconds.  Accepts that form, and the two older ones that a recipient must
 * accept (RFC 9110 5.6.7): "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994".
 * Trailing blanks are ignored.  Years of two digits are 1970 to 2069.  0: no such date, or before
 * 1970; a wrong day of the week is accepted.
 */
uint64_t leat_civil_parse_http(const char *text, size_t len);

#ifdef __cplusplus
}
#endif
#endif
