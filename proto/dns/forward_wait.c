/*
 * forward_wait.c -- queries that wait for their answers, and their replies.
 *
 * Each waiting query takes a place, even if several wait for one lookup, because a place belongs to
 * the sender of the query. The lookup goes on as long as a query waits for it. Places have shares
 * (core/shares.h). If a sender is at its limit, the oldest query of the largest holder gets a stale
 * answer or SERVFAIL at once. Its resolver can then ask another server, while silence would cost it
 * seconds.
 */
#include "proto/dns/forward.h"

/* ---- replies ------------------------------------------------------------------------------ */

size_t forward_write(struct leat_forwarder *forwarder, const struct forward_form *form,
                     const struct dns_question *question, const struct dns_kept *kept,
                     unsigned rcode, uint8_t *reply)
{
    const struct dns_edns edns = {.payload_bytes = LEAT_DNS_UDP_BYTES,
                                  .rcode_high = (uint8_t)(rcode >> 4),
                                  .dnssec_ok = form->dnssec_ok,
                                  .cookie = form->cookie.is_set ? form->cookie.bytes : NULL,
                                  .cookie_bytes = sizeof form->cookie.bytes};
    const size_t opt_bytes = dns_cookie_opt_bytes(form->has_edns, &form->cookie);
    unsigned flags = DNS_QR | DNS_RA | form->flags | (rcode & 15u);
    struct dns_writer writer;

    dns_write_start(&writer, reply, form->limit - opt_bytes);
    if (question)
        dns_write_question(&writer, question->name, question->type, question->class_number);
    if (kept && kept->records_len > writer.limit - writer.len) {
        flags |= DNS_TC;
    } else if (kept) {
        dns_kept_copy(kept, &forwarder->config.resolver->kept_age, reply + writer.len);
        writer.len += kept->records_len;
        writer.counts[DNS_ANSWER] = kept->answers;
        writer.counts[DNS_AUTHORITY] = kept->authorities;
    }
    if (form->has_edns) {
        writer.limit += opt_bytes; /* reserved above */
        dns_write_opt(&writer, &edns);
    }
    forwarder->counts.replies++;
    if (flags & DNS_TC)
        forwarder->counts.truncated++;
    return dns_write_end(&writer, form->id, (uint16_t)flags);
}

size_t forward_write_kept(struct leat_forwarder *forwarder, const struct forward_form *form,
                          const struct dns_question *question, uint8_t *reply)
{
    const struct leat_resolver *resolver = forwarder->config.resolver;
    const struct dns_kept *kept = resolver->has_kept ? &resolver->kept : NULL;

    return forward_write(forwarder, form, question, kept, kept ? kept->rcode : LEAT_DNS_SERVFAIL,
                         reply);
}

/* ---- places ------------------------------------------------------------------------------- */

static uint32_t place_of(const struct forward_wait *wait)
{
    return (uint32_t)(wait - wait->forwarder->waits);
}

void forward_release(struct forward_wait *wait)
{
    struct leat_forwarder *forwarder = wait->forwarder;
    struct forward_client *client = wait->client;

    if (client) {
        struct forward_wait **link = &client->waiting;

        while (*link != wait)
            link = &(*link)->next;
        *link = wait->next;
        client->count--;
    }
    wait->lookup = NULL;
    shares_give(&forwarder->shares, place_of(wait));
    wait->next = forwarder->free_waits;
    forwarder->free_waits = wait;
}

/* Replies by UDP: writes into the buffer that is sent. */
static void reply_by_udp(struct forward_wait *wait, const struct dns_question *question)
{
    struct leat_forwarder *forwarder = wait->forwarder;
    struct leat_buf *reply = leat_buf_alloc(leat_pool(forwarder->stack), LEAT_BUF_HEADROOM);

    if (!reply || leat_buf_tailroom(reply) < wait->form.limit) {
        forwarder->counts.drop_memory++;
        leat_buf_free(reply);
        return;
    }
    leat_buf_put(reply,
                 (uint32_t)forward_write_kept(forwarder, &wait->form, question, reply->data));
    if (leat_udp_send_from(forwarder->udp, reply, &wait->peer, wait->local_ip)) {
        forwarder->counts.replies--;
        forwarder->counts.drop_memory++;
    }
}

/* Replies to a query from resolver->kept. */
static void tell(struct forward_wait *wait, const struct dns_question *question)
{
    struct leat_forwarder *forwarder = wait->forwarder;

    if (wait->client)
        forward_client_reply(wait->client,
                             forward_write_kept(forwarder, &wait->form, question,
                                                forwarder->scratch + DNS_LENGTH_BYTES));
    else
        reply_by_udp(wait, question);
}

/* The question of a lookup, valid until its place is used again. */
static struct dns_question question_of(const struct leat_lookup *lookup)
{
    return (struct dns_question){.name = lookup->asked.wire,
                                 .name_bytes = lookup->asked.len,
                                 .type = lookup->type,
                                 .class_number = DNS_CLASS_IN};
}

/* Serves a client inside of the resolver's callback. resolver->kept is saved, because other
 * queries may wait for the same answer. */
static void serve_meanwhile(struct forward_client *client)
{
    struct leat_resolver *resolver = forward_owner(client)->config.resolver;
    const struct dns_kept kept = resolver->kept;
    const struct dns_kept_age kept_age = resolver->kept_age;
    const bool has_kept = resolver->has_kept;

    forward_client_serve(client);
    resolver->kept = kept;
    resolver->kept_age = kept_age;
    resolver->has_kept = has_kept;
}

static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct forward_wait *wait = arg;
    struct forward_client *client = wait->client;
    /* the lookup is over, and its place not reused yet */
    const struct dns_question question = question_of(wait->lookup);

    (void)err;
    (void)result;
    tell(wait, &question);
    forward_release(wait);
    if (client)
        serve_meanwhile(client);
}

/* Sets resolver->kept to a stale answer to the question, if there is one. */
static void keep_stale(struct leat_resolver *resolver, const struct leat_lookup *lookup)
{
    const struct cache_entry *stale;

    resolver_key(resolver, &lookup->asked, lookup->type);
    stale = resolver_find_stale(resolver);
    resolver->has_kept = stale && resolver_keep_from(resolver, stale);
}

/* Replies to a query whose place is needed. If its TCP client was at its limit, it is served
 * from the ready queue. */
static void displace(struct leat_forwarder *forwarder, struct forward_wait *wait)
{
    struct forward_client *client = wait->client;
    const struct dns_question question = question_of(wait->lookup);

    keep_stale(forwarder->config.resolver, wait->lookup);
    tell(wait, &question);
    forwarder->counts.displaced++;
    leat_lookup_cancel(wait->lookup);
    forward_release(wait);
    if (client)
        forward_client_serve_soon(client);
}

bool forward_await(struct leat_forwarder *forwarder, const struct forward_from *from,
                   const struct forward_form *form, uint16_t type)
{
    const uint64_t holder = shares_holder(&from->peer.ip);
    const uint32_t room = shares_room(&forwarder->shares, holder);
    struct forward_wait *wait;

    if (room != SHARES_NONE)
        displace(forwarder, &forwarder->waits[room]);
    wait = forwarder->free_waits;
    leat_assert(wait != NULL);
    if (leat_lookup_start(forwarder->config.resolver, &forwarder->name, type, on_done, wait,
                          &wait->lookup)) {
        wait->lookup = NULL;
        return false;
    }
    forwarder->free_waits = wait->next;
    shares_take(&forwarder->shares, place_of(wait), holder);
    wait->peer = from->peer;
    wait->local_ip = from->local_ip;
    wait->client = from->client;
    wait->form = *form;
    if (wait->client) {
        wait->next = wait->client->waiting;
        wait->client->waiting = wait;
        wait->client->count++;
    }
    return true;
}
