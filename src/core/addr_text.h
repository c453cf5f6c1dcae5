/* addr_text.h -- what leat/addr.h writes, for whom a form is prescribed. */
#ifndef CORE_ADDR_TEXT_H
#define CORE_ADDR_TEXT_H

#include <leat/addr.h>

/* Writes @bytes as an IPv6 address (RFC 5952), whatever it is; the length without the NUL. */
size_t ip6_format(const uint8_t bytes[16], char text[LEAT_IP_TEXT_BYTES]);

#endif
