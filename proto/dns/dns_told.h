/*
 * dns_told.h -- what a name server tells its program of each query, for an access log.
 *
 * A reply's buffer is the stack's once it is sent, so a reply is read before, and told behind that.
 * The question is read in the reply, which repeats it. Without a listener all of this costs one
 * comparison for each reply.
 */
#ifndef DNS_DNS_TOLD_H
#define DNS_DNS_TOLD_H

#include <leat/dns_access.h>

#include "proto/wire/dns.h"
#include "service.h"

struct dns_told {
    void (*on_access)(void *arg, const struct leat_dns_access *access); /* NULL: no listener */
    void *arg;
    struct leat *stack;
    struct leat_dns_access access; /* the server sets `how` and `extended_error` */
    struct leat_dns_name name;     /* access.name */
};

/* Sets the question: of a name that is legal, or none. */
void dns_told_name(struct dns_told *told, const uint8_t *name, size_t name_bytes, uint16_t type);
void dns_told_no_name(struct dns_told *told);

/* Sets the question to that of @message, a query or a reply. False: the message is illegal. */
bool dns_told_question(struct dns_told *told, const uint8_t *message, size_t len);

/* Sets the question, the rcode and the length to those of a reply of this server. */
void dns_told_reply(struct dns_told *told, const uint8_t *reply, size_t len);

/* Tells the program of it; the query was complete at @begun_ns. */
void dns_told_tell(struct dns_told *told, const struct leat_ip *peer,
                   enum leat_dns_transport transport, uint64_t begun_ns, bool complete);

static inline bool dns_is_told(const struct dns_told *told)
{
    return told->on_access != NULL;
}

#endif
