/* addr_text.h -- formats IPv6 addresses where the form is prescribed. */
#ifndef CORE_ADDR_TEXT_H
#define CORE_ADDR_TEXT_H

#include <leat/addr.h>

/* Formats any 16 @bytes as an IPv6 address (RFC 5952), even an IPv4-mapped one; returns the length
 * without the NUL. */
size_t ip6_format(const uint8_t bytes[16], char text[LEAT_IP_TEXT_BYTES]);

#endif
