/* dns_test.h -- shared by the DNS tests: a zone, names, and messages as text. */
#ifndef DNS_TEST_H
#define DNS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/dns.h>
#include <leat/dns_server.h>
#include <leat/dns_zone.h>

#include "wire/bytes.h"
#include "proto/wire/dns.h"

/* A string literal and its length, for bytes that contain zeros. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* A message that a test writes or reads. */
struct message {
    size_t len;
    uint8_t bytes[65535];
};

/* The zone example.test, which most tests use. */
extern const char test_zone_text[];

/* Parses a zone, or fails; `zone` is at the beginning of the memory to free(). */
const struct leat_dns_zone *zone_of(const char *text, void **memory);

struct leat_dns_name name_of(const char *text);

/* A query: flags 0x0100 (RD); @edns_bytes 0: without EDNS. */
void make_query(struct message *message, const char *name, uint16_t type, uint16_t edns_bytes);

/* The header and the records as lines, "NOERROR aa" first, sections separated by "--"; OPT as
 * "OPT 1232". Fails if the message is not completely legal. Static memory. */
const char *text_of(const uint8_t *bytes, size_t len);

#endif
