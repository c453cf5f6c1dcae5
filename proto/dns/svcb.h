/* svcb.h -- the text of the parameters of SVCB and HTTPS records (RFC 9460 2.1 and A). */
#ifndef DNS_SVCB_H
#define DNS_SVCB_H

#include "proto/dns/dns_text.h"
#include "proto/dns/zone_reader.h"

/* The keys with a format of their own (RFC 9460 14.3.2, RFC 9461 5, RFC 9540 4). Others are written
 * as key65333="value". */
enum svcb_key {
    SVCB_MANDATORY,
    SVCB_ALPN,
    SVCB_NO_DEFAULT_ALPN,
    SVCB_PORT,
    SVCB_IPV4HINT,
    SVCB_ECH,
    SVCB_IPV6HINT,
    SVCB_DOHPATH,
    SVCB_OHTTP,
    SVCB_KEYS
};

enum {
    SVCB_HEAD_BYTES = 4 /* key and length, in front of a value */
};

/* The name of a key below SVCB_KEYS. */
const char *svcb_key_text(unsigned key);

/* True if a value of the key's own format fills @len bytes. */
bool svcb_is_formed(unsigned key, const uint8_t *value, size_t len);

/* Parses parameters in any order, up to the end of the line, and writes them in order of their
 * keys. */
bool svcb_read(struct zone_reader *reader);

/* Writes well-formed parameters, each after a space. */
void svcb_format(struct dns_text *text, const uint8_t *at, const uint8_t *end);

#endif
