/* idn.h -- names of hosts in other alphabets (RFC 5891), where the build has a library for them. */
#ifndef IDN_H
#define IDN_H

#include <stdbool.h>
#include <stddef.h>

/* Writes @name, of @len bytes in UTF-8, as DNS has it: "xn--bcher-kva.example". False: it is no
 * name, or doesn't fit in @room bytes. */
bool idn_to_ascii(const char *name, size_t len, char *ascii, size_t room);

/* A whole name as DNS has it: the same if it is ASCII, else in static memory until the next call.
 * NULL: it is no name. */
const char *idn_host(const char *name);

#endif
