/*
 * special_names.h -- names that a resolver answers itself, because the servers of the DNS do not
 * know them, or must not hear of them (RFC 6303, 6761, 7686, 7793, 9462). Pure.
 *
 * The name test is not among them: networks without access to the Internet use it.
 */
#ifndef DNS_SPECIAL_NAMES_H
#define DNS_SPECIAL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/dns.h>

enum dns_special {
    DNS_SPECIAL_NOT,       /* an ordinary name */
    DNS_SPECIAL_NO_NAME,   /* there is no such name */
    DNS_SPECIAL_NO_RECORD, /* the name has no records */
    DNS_SPECIAL_LOOPBACK,  /* it has the addresses 127.0.0.1 and ::1 */
    DNS_SPECIAL_LOCALHOST  /* it has a PTR record for localhost */
};

/* The kind of @name. If it is special, @zone_at is set to the offset of its zone's name in it. */
enum dns_special dns_special_find(const struct leat_dns_name *name, uint8_t *zone_at);

/* True for names by which programs ask whether they may pass by the network's resolver: Firefox
 * (use-application-dns.net) and Apple's private relay. "No such name" asks them not to. */
bool dns_special_is_canary(const struct leat_dns_name *name);

#endif
