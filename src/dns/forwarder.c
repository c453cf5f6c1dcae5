/* forwarder.c -- what becomes of a query; and the side of UDP.  See forward.h. */
#include <leat/forwarder.h>

#include <string.h>

#include "dns/forward.h"
#include "wire/bytes.h"

enum {
    ADDRESS_PART = 4, /* of the places, for one address */
    TCP_REPLY_BYTES_MIN = 4096,
    ALIGN = 16
};

/* ---- replies ------------------------------------------------------------------------------ */

/* Writes a reply; @kept NULL: without records.  Returns its length. */
static size_t write_reply(struct leat_forwarder *forwarder, const struct forward_form *form,
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
        writer.limit += opt_bytes; /* was kept free */
        dns_write_opt(&writer, &edns);
    }
    forwarder->counts.replies++;
    if (flags & DNS_TC)
        forwarder->counts.truncated++;
    return dns_write_end(&writer, form->id, (uint16_t)flags);
}

/* Writes the reply with what the resolver has, or SERVFAIL. */
static size_t write_kept(struct leat_forwarder *forwarder, const struct forward_form *form,
                         const struct dns_question *question, uint8_t *reply)
{
    const struct leat_resolver *resolver = forwarder->config.resolver;
    const struct dns_kept *kept = resolver->has_kept ? &resolver->kept : NULL;

    return write_reply(forwarder, form, question, kept, kept ? kept->rcode : LEAT_DNS_SERVFAIL,
                       reply);
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
    wait->next = forwarder->free_waits;
    forwarder->free_waits = wait;
}

/* Answers by UDP: into the buffer that is sent. */
static void reply_by_udp(struct forward_wait *wait, const struct dns_question *question)
{
    struct leat_forwarder *forwarder = wait->forwarder;
    struct leat_buf *reply = leat_buf_alloc(leat_pool(forwarder->stack), LEAT_BUF_HEADROOM);

    if (!reply || leat_buf_tailroom(reply) < wait->form.limit) {
        forwarder->counts.drop_memory++;
        leat_buf_free(reply);
        return;
    }
    leat_buf_put(reply, (uint32_t)write_kept(forwarder, &wait->form, question, reply->data));
    if (leat_udp_send_from(forwarder->udp, reply, &wait->peer, wait->local_ip)) {
        forwarder->counts.replies--;
        forwarder->counts.drop_memory++;
    }
}

/* Goes on with a client while others may wait for the same answer: theirs stays what it is. */
static void serve_meanwhile(struct forward_client *client)
{
    struct leat_resolver *resolver = client->forwarder->config.resolver;
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
    struct leat_forwarder *forwarder = wait->forwarder;
    struct forward_client *client = wait->client;
    /* the lookup is over, but nobody has its place yet */
    const struct dns_question question = {.name = wait->lookup->asked.wire,
                                          .name_bytes = wait->lookup->asked.len,
                                          .type = result->type,
                                          .class_number = DNS_CLASS_IN};

    (void)err;
    if (!client) {
        reply_by_udp(wait, &question);
        forward_release(wait);
        return;
    }
    forward_client_reply(client, write_kept(forwarder, &wait->form, &question,
                                            forwarder->scratch + FORWARD_LENGTH_BYTES));
    forward_release(wait);
    serve_meanwhile(client);
}

/* ---- queries ------------------------------------------------------------------------------ */

/* True if @from's address has as many places as it may have. */
static bool has_its_share(const struct leat_forwarder *forwarder, const struct forward_from *from)
{
    const unsigned share = forwarder->config.waiting / ADDRESS_PART + 1u;
    unsigned count = 0;

    for (unsigned i = 0; i < forwarder->config.waiting; i++) {
        const struct forward_wait *wait = &forwarder->waits[i];

        count += wait->lookup && leat_ip_equal(wait->peer.ip, from->peer.ip);
    }
    return count >= share;
}

/* Has a query wait for its answer; false: too many do. */
static bool wait_for_answer(struct leat_forwarder *forwarder, const struct forward_from *from,
                            const struct forward_form *form, uint16_t type)
{
    struct forward_wait *wait = forwarder->free_waits;

    if (!wait || has_its_share(forwarder, from))
        return false;
    if (leat_lookup_start(forwarder->config.resolver, &forwarder->name, type, on_done, wait,
                          &wait->lookup)) {
        wait->lookup = NULL;
        return false;
    }
    forwarder->free_waits = wait->next;
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

/* Sets resolver->kept to what we say ourselves, or the cache has of the question; false: it must be
 * asked for. */
static bool find(struct leat_forwarder *forwarder, const struct forward_from *from,
                 const struct dns_question *question)
{
    struct leat_resolver *resolver = forwarder->config.resolver;
    struct cache_entry *entry;

    forwarder->name.len = (uint8_t)question->name_bytes;
    memcpy(forwarder->name.wire, question->name, question->name_bytes);
    if (forward_own(forwarder, from, question->type)) {
        forwarder->counts.own++;
        return true;
    }
    resolver_key(resolver, &forwarder->name, question->type);
    entry = resolver_find(resolver, &forwarder->name);
    if (!entry)
        return false;
    resolver_keep_from(resolver, entry);
    forwarder->counts.cached++;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): two messages, each with its length */
enum forward_outcome forward_take(struct leat_forwarder *forwarder, const struct forward_from *from,
                                  enum leat_dns_transport transport, const uint8_t *query,
                                  size_t query_len, uint8_t *reply, size_t reply_bytes,
                                  size_t *reply_len)
{
    struct dns_query asked;
    const enum dns_query_verdict verdict = dns_query_read(&asked, query, query_len);
    const struct dns_question *question = &asked.question;
    struct forward_form form;
    unsigned rcode;

    if (verdict == DNS_QUERY_DROP) {
        forwarder->counts.drop_format++;
        return FORWARD_NOTHING;
    }
    form = (struct forward_form){.id = asked.header.id,
                                 .flags = asked.header.flags & (DNS_RD | 15u << 11),
                                 .limit = dns_query_limit(&asked, transport, reply_bytes),
                                 .has_edns = asked.has_edns && verdict != DNS_QUERY_FORMERR,
                                 .dnssec_ok = asked.edns.dnssec_ok};
    asked.has_edns = form.has_edns;
    dns_cookie_reply_to(&from->asker, &asked, transport, &form.cookie);
    if (verdict == DNS_QUERY_COOKIE) {
        rcode = dns_cookie_rcode(&asked, &form.cookie);
        *reply_len = write_reply(forwarder, &form, NULL, NULL, rcode, reply);
        return FORWARD_REPLY;
    }
    if (verdict == DNS_QUERY_FORMERR || dns_opcode(asked.header.flags) != DNS_OPCODE_QUERY) {
        *reply_len =
            write_reply(forwarder, &form, NULL, NULL,
                        verdict == DNS_QUERY_FORMERR ? LEAT_DNS_FORMERR : LEAT_DNS_NOTIMP, reply);
        return FORWARD_REPLY;
    }
    /* who doesn't want recursion wants to know what others have asked for */
    rcode = dns_query_refusal(&asked, (asked.header.flags & DNS_RD) != 0);
    if (transport == LEAT_DNS_SLIP || rcode != LEAT_DNS_NOERROR) {
        form.flags |= transport == LEAT_DNS_SLIP ? DNS_TC : 0;
        *reply_len = write_reply(forwarder, &form, question, NULL,
                                 transport == LEAT_DNS_SLIP ? LEAT_DNS_NOERROR : rcode, reply);
        return FORWARD_REPLY;
    }
    if (find(forwarder, from, question)) {
        *reply_len = write_kept(forwarder, &form, question, reply);
        return FORWARD_REPLY;
    }
    if (wait_for_answer(forwarder, from, &form, question->type))
        return FORWARD_WAITS;
    forwarder->counts.busy++;
    *reply_len = write_reply(forwarder, &form, question, NULL, LEAT_DNS_SERVFAIL, reply);
    return FORWARD_REPLY;
}

/* False: a query by UDP gets nothing.  Else: how it is to be answered.  Who proves its address by a
 * cookie gets all replies. */
static bool rate_allows(struct leat_forwarder *forwarder, const struct dns_cookie_asker *asker,
                        const struct leat_buf *query, enum leat_dns_transport *transport)
{
    enum dns_rate_verdict verdict = DNS_RATE_REPLY;

    if (forwarder->rate)
        verdict = dns_rate_take(forwarder->rate, &forwarder->stack->table_key,
                                dns_rate_ip(&forwarder->stack->table_key, asker->ip),
                                leat_now_ns(forwarder->stack));
    if (verdict != DNS_RATE_REPLY && dns_cookie_proves(asker, query->data, query->len)) {
        forwarder->counts.rate_proven++;
        verdict = DNS_RATE_REPLY;
    }
    forwarder->counts.rate_dropped += verdict == DNS_RATE_DROP;
    forwarder->counts.rate_slipped += verdict == DNS_RATE_SLIP;
    *transport = verdict == DNS_RATE_SLIP ? LEAT_DNS_SLIP : LEAT_DNS_OVER_UDP;
    return verdict != DNS_RATE_DROP;
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct leat_forwarder *forwarder = arg;
    const struct forward_from from = {
        .peer = *peer,
        .local_ip = local->ip,
        .asker = dns_cookie_asker_of(&forwarder->cookies, forwarder->stack, peer->ip)};
    enum leat_dns_transport transport;
    enum forward_outcome outcome = FORWARD_NOTHING;
    const uint8_t *query = payload->data;
    size_t query_len = payload->len, reply_len = 0;
    struct leat_buf *reply;

    forwarder->counts.udp_queries++;
    if (!rate_allows(forwarder, &from.asker, payload, &transport)) {
        leat_buf_free(payload);
        return;
    }
    reply = leat_buf_alloc(leat_pool(forwarder->stack), LEAT_BUF_HEADROOM);
    if (payload->next) { /* came in fragments; what is cut off makes it illegal */
        query = forwarder->scratch;
        query_len =
            leat_buf_read(payload, 0, forwarder->scratch, (uint32_t)forwarder->scratch_bytes);
    }
    if (reply && leat_buf_tailroom(reply) >= LEAT_DNS_REPLY_BYTES_MIN)
        outcome = forward_take(forwarder, &from, transport, query, query_len, reply->data,
                               leat_buf_tailroom(reply), &reply_len);
    else
        forwarder->counts.drop_memory++;
    leat_buf_free(payload);
    if (outcome != FORWARD_REPLY) {
        leat_buf_free(reply);
        return;
    }
    leat_buf_put(reply, (uint32_t)reply_len);
    if (leat_udp_send_from(udp, reply, peer, local->ip)) {
        forwarder->counts.replies--;
        forwarder->counts.drop_memory++;
    }
}

/* ---- its memory --------------------------------------------------------------------------- */

static struct leat_forwarder_config with_defaults(const struct leat_forwarder_config *given)
{
    struct leat_forwarder_config config = *given;

    if (config.port == 0)
        config.port = LEAT_DNS_PORT;
    if (config.clients == 0)
        config.clients = 16;
    if (config.waiting == 0)
        config.waiting = 256;
    if (config.idle_ns == 0)
        config.idle_ns = UINT64_C(10000000000);
    if (config.replies_per_s == 0)
        config.replies_per_s = 1000;
    return config;
}

/* What the resolver can have kept, and what goes around it. */
static size_t reply_bytes(const struct leat_forwarder_config *config)
{
    const size_t bytes = (size_t)config->resolver->config.answer_bytes + TCP_REPLY_BYTES_MIN;

    return bytes < DNS_MESSAGE_BYTES ? bytes : DNS_MESSAGE_BYTES;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* Cuts the memory up, if there is a forwarder; says how much it takes. */
static size_t lay_out(const struct leat_forwarder_config *config, struct leat_forwarder *forwarder,
                      uint8_t *block)
{
    const size_t clients_at = align_up(sizeof(struct leat_forwarder));
    const size_t waits_at = align_up(clients_at + config->clients * sizeof(struct forward_client));
    const size_t rate_at = align_up(waits_at + config->waiting * sizeof(struct forward_wait));
    const size_t scratch_at = rate_at + (config->no_rate_limit ? 0 : sizeof(struct dns_rate));
    const size_t scratch_bytes = FORWARD_LENGTH_BYTES + reply_bytes(config);

    if (!forwarder)
        return scratch_at + scratch_bytes;
    forwarder->clients = (struct forward_client *)(void *)(block + clients_at);
    memset(forwarder->clients, 0, config->clients * sizeof *forwarder->clients);
    forwarder->waits = (struct forward_wait *)(void *)(block + waits_at);
    for (unsigned i = 0; i < config->waiting; i++) {
        forwarder->waits[i] =
            (struct forward_wait){.forwarder = forwarder, .next = forwarder->free_waits};
        forwarder->free_waits = &forwarder->waits[i];
    }
    if (!config->no_rate_limit) {
        forwarder->rate = (struct dns_rate *)(void *)(block + rate_at);
        dns_rate_init(forwarder->rate, config->replies_per_s);
    }
    forwarder->scratch = block + scratch_at;
    forwarder->scratch_bytes = scratch_bytes;
    return scratch_at + scratch_bytes;
}

size_t leat_forwarder_memory_bytes(const struct leat_forwarder_config *config)
{
    const struct leat_forwarder_config full = with_defaults(config);

    return ALIGN + lay_out(&full, NULL, NULL);
}

enum leat_err leat_forwarder_open(struct leat_forwarder **forwarder, struct leat *stack,
                                  void *memory, size_t bytes,
                                  const struct leat_forwarder_config *config)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram};
    const struct leat_forwarder_config full = with_defaults(config);
    uint8_t *block = memory;
    struct leat_forwarder *made;
    enum leat_err err;

    if (!full.resolver)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_forwarder_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_forwarder *)(void *)block;
    memset(made, 0, sizeof *made);
    made->config = full;
    made->stack = stack;
    lay_out(&full, made, block);
    dns_cookie_keeper_init(&made->cookies, stack, full.no_cookies);
    err = leat_udp_open(stack, &made->udp, &events, made);
    if (err)
        return err;
    err = leat_udp_bind(made->udp, full.ip, full.port);
    if (!err)
        err = forward_listen(made);
    if (err)
        leat_udp_close(made->udp);
    else
        *forwarder = made;
    return err;
}

void leat_forwarder_close(struct leat_forwarder *forwarder)
{
    leat_udp_close(forwarder->udp);
    forward_stop(forwarder);
    for (unsigned i = 0; i < forwarder->config.waiting; i++) {
        if (forwarder->waits[i].lookup)
            leat_lookup_cancel(forwarder->waits[i].lookup);
    }
}

const struct leat_forwarder_counts *leat_forwarder_counts(const struct leat_forwarder *forwarder)
{
    return &forwarder->counts;
}
