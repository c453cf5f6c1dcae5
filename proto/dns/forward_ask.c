/* forward_ask.c -- queries that the program has received by a way of its own. See forward.h. */
#include "proto/dns/forward.h"

bool leat_forwarder_ask(struct leat_forwarder *forwarder, struct leat_forwarder_query *query,
                        const uint8_t *message, size_t len)
{
    const struct forward_from from = {
        .peer = {.ip = query->peer},
        .local_ip = query->local,
        .query_at_ns = leat_now_ns(forwarder->stack),
        .query = query,
        .asker = dns_cookie_asker_of(&forwarder->cookies, forwarder->stack, query->peer)};
    size_t reply_len = 0;
    enum forward_outcome outcome;

    query->wait = NULL;
    forwarder->counts.asked++;
    outcome = forward_take(forwarder, &from, LEAT_DNS_OVER_HTTPS, message, len,
                           forwarder->scratch + DNS_LENGTH_BYTES,
                           forwarder->scratch_bytes - DNS_LENGTH_BYTES, &reply_len);
    if (outcome == FORWARD_REPLY)
        forward_reply_to(forwarder, query, reply_len, from.query_at_ns);
    return outcome != FORWARD_NOTHING;
}

void leat_forwarder_cancel(struct leat_forwarder_query *query)
{
    struct forward_wait *wait = query->wait;

    if (!wait)
        return;
    query->wait = NULL;
    forward_abandon(wait);
}
