/* forward_reply.c -- writes the replies of a forwarder, and sends them. See forward.h. */
#include "proto/dns/forward.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    TCP_REPLY_BYTES_MIN = 4096 /* beside the longest kept answer: head, question, OPT */
};

size_t forward_reply_bytes(const struct leat_forwarder_config *config)
{
    uint16_t answer_bytes = config->resolver->config.answer_bytes;
    size_t bytes;

    for (unsigned i = 0; i < config->domain_count; i++) {
        const struct leat_resolver *resolver = config->domains[i].resolver;

        if (resolver && resolver->config.answer_bytes > answer_bytes)
            answer_bytes = resolver->config.answer_bytes;
    }
    bytes = (size_t)answer_bytes + TCP_REPLY_BYTES_MIN;
    return bytes < DNS_MESSAGE_BYTES ? bytes : DNS_MESSAGE_BYTES;
}

static size_t opt_bytes_of(const struct leat_forwarder *forwarder, const struct forward_form *form)
{
    /* RFC 8914 2: an extended error needs EDNS */
    const size_t error_bytes =
        form->has_edns && forwarder->extended_error > 0 ? DNS_OPTION_BYTES + DNS_ERROR_BYTES : 0;

    return dns_cookie_opt_bytes(form->has_edns, &form->cookie) + error_bytes;
}

/* Writes the OPT record, behind which nothing follows. */
static void write_opt(const struct leat_forwarder *forwarder, const struct forward_form *form,
                      unsigned rcode, struct dns_writer *writer)
{
    const struct dns_edns edns = {
        .payload_bytes = LEAT_DNS_UDP_BYTES,
        .rcode_high = (uint8_t)(rcode >> 4),
        .dnssec_ok = form->dnssec_ok,
        .cookie = form->cookie.is_set ? form->cookie.bytes : NULL,
        .cookie_bytes = sizeof form->cookie.bytes,
        .extended_error = forwarder->extended_error,
        .pad_to = form->is_padded
                      ? dns_reply_pad_to(writer->len, opt_bytes_of(forwarder, form), form->limit)
                      : 0};

    dns_write_opt(writer, &edns);
}

/* The least TTL of an answer that is given out now. */
static uint32_t ttl_of(const struct dns_kept *kept, const struct dns_kept_age *age)
{
    if (!kept || kept->ttl_s == 0)
        return 0;
    if (age->stale_ttl_s > 0)
        return age->stale_ttl_s;
    return kept->ttl_s > age->age_s ? kept->ttl_s - age->age_s : 0;
}

size_t forward_write(struct leat_forwarder *forwarder, const struct forward_form *form,
                     const struct dns_question *question, const struct dns_kept *kept,
                     unsigned rcode, uint8_t *reply)
{
    const struct dns_kept_age *kept_age = &forwarder->resolver->kept_age;
    const size_t opt_bytes = opt_bytes_of(forwarder, form);
    unsigned flags = DNS_QR | DNS_RA | form->flags;
    struct dns_writer writer;

    leat_assert(form->limit > opt_bytes);
    /* The room for the OPT record is set aside before all others, because a truncated reply needs
     * it most. */
    dns_write_start(&writer, reply, form->limit - opt_bytes);
    if (question)
        dns_write_question(&writer, question->name, question->type, question->class_number);
    if (kept && kept->records_len > writer.limit - writer.len) {
        /* a client by TCP couldn't get more than this by asking again */
        flags |= form->by_tcp ? LEAT_DNS_SERVFAIL : DNS_TC | rcode;
    } else if (kept) {
        flags |=
            rcode | (kept->authentic && form->wants_ad && kept_age->stale_ttl_s == 0 ? DNS_AD : 0u);
        /* AD is set only for clients that understand it (RFC 6840 5.8). A stale answer isn't
         * validated any more. */
        dns_kept_copy(kept, kept_age, reply + writer.len);
        writer.len += kept->records_len;
        writer.counts[DNS_ANSWER] = kept->answers;
        writer.counts[DNS_AUTHORITY] = kept->authorities;
    } else {
        flags |= rcode & 15u;
    }
    if (form->has_edns) {
        writer.limit = form->limit;
        write_opt(forwarder, form, rcode, &writer);
    }
    forwarder->told.access.extended_error = forwarder->extended_error;
    forwarder->extended_error = 0;
    forwarder->reply_ttl_s = ttl_of(kept, kept_age);
    forwarder->counts.replies++;
    if (flags & DNS_TC)
        forwarder->counts.truncated++;
    return dns_write_end(&writer, form->id, (uint16_t)flags);
}

void forward_note_error(struct leat_forwarder *forwarder, enum leat_err err)
{
    /* RFC 8914 4.23 and 4.24: no server answered, or all answered with errors */
    if (err == LEAT_ERR_TIMEOUT || err == LEAT_ERR_UNREACHABLE || err == LEAT_ERR_REFUSED ||
        err == LEAT_ERR_NO_ROUTE)
        forwarder->extended_error = LEAT_FORWARDER_UNREACHABLE;
    else if (err != LEAT_OK && err != LEAT_ERR_NOT_FOUND)
        forwarder->extended_error = LEAT_FORWARDER_NETWORK_ERROR;
}

/* Writes the program's answer in the place of a reply with a CNAME that it doesn't let pass. Others
 * may wait for the same answer, so it stays in resolver->kept. Returns the new length, or @len. */
static size_t replace(struct leat_forwarder *forwarder, const struct forward_ends *ends,
                      const struct forward_form *form, const struct dns_question *question,
                      uint8_t *reply, size_t len)
{
    struct leat_resolver *resolver = forwarder->resolver;
    /* forward_own_alias() puts the program's answer into resolver->kept */
    const struct dns_kept kept = resolver->kept;
    const struct dns_kept_age kept_age = resolver->kept_age;

    if (!forward_own_alias(forwarder, ends, question, &kept, reply, len))
        return len;
    leat_assert(forwarder->counts.replies > 0);
    forwarder->counts.replies--; /* of the reply that was written before */
    len = forward_write(forwarder, form, question, &resolver->kept, resolver->kept.rcode, reply);
    resolver->kept = kept;
    resolver->kept_age = kept_age;
    return len;
}

size_t forward_write_kept(struct leat_forwarder *forwarder, const struct forward_ends *ends,
                          const struct forward_form *form, const struct dns_question *question,
                          uint8_t *reply)
{
    const struct leat_resolver *resolver = forwarder->resolver;
    const struct dns_kept *kept = resolver->has_kept ? &resolver->kept : NULL;
    size_t len;

    /* RFC 8914 4.4 and 4.20: the client is told that the answer is stale */
    if (kept && resolver->kept_age.stale_ttl_s > 0) {
        forwarder->extended_error =
            kept->rcode == LEAT_DNS_NXDOMAIN ? LEAT_FORWARDER_STALE_NXDOMAIN : LEAT_FORWARDER_STALE;
        forwarder->told.access.how = LEAT_DNS_HOW_STALE;
    }
    len = forward_write(forwarder, form, question, kept, kept ? kept->rcode : LEAT_DNS_SERVFAIL,
                        reply);
    return kept && kept->aliased && forwarder->config.inspect_aliases
               ? replace(forwarder, ends, form, question, reply, len)
               : len;
}

bool forward_fits(const struct forward_client *client, size_t len)
{
    const struct leat_stream *stream = &client->tcp.stream;

    /* With nothing queued, a reply that is longer than the whole queue is begun, and its rest
     * kept. */
    return forward_owner(client)->rest.client != client &&
           (leat_stream_send_room(stream) >= DNS_LENGTH_BYTES + len ||
            leat_stream_progress(stream).queued_bytes == 0);
}

/* Keeps the end of a reply for which there were no buffers; false: another one is kept already. */
static bool keep_rest(struct forward_client *client, size_t taken, size_t end)
{
    struct leat_forwarder *forwarder = forward_owner(client);

    if (forwarder->rest.client)
        return false;
    leat_assert(taken < end && end <= forwarder->scratch_bytes);
    /* copied, because the next reply of any client overwrites scratch */
    memcpy(forwarder->rest.bytes, forwarder->scratch + taken, end - taken);
    forwarder->rest.len = end - taken;
    forwarder->rest.at = 0;
    forwarder->rest.client = client;
    leat_stream_want_room(&client->tcp.stream, (uint32_t)forwarder->rest.len);
    return true;
}

/* Queues a reply. False: the client is being closed, because a reply is still unsent, or because
 * buffers are short for replies to two clients. */
static bool queue_reply(struct forward_client *client, size_t len)
{
    struct leat_forwarder *forwarder = forward_owner(client);
    const size_t end = DNS_LENGTH_BYTES + len;
    size_t taken = 0;

    if (client->tcp.ending)
        return false;
    /* RFC 1035 4.2.2: the length stands in front */
    put16(forwarder->scratch, (uint16_t)len);
    if (forwarder->rest.client == client ||
        leat_stream_write(&client->tcp.stream, forwarder->scratch, end, &taken) ||
        (taken < end && !keep_rest(client, taken, end))) {
        dns_client_end(&client->tcp, &forwarder->counts.tcp_slow);
        return false;
    }
    client->tcp.active_at_ns = leat_now_ns(forwarder->stack);
    return true;
}

void forward_reply_by_tcp(struct forward_client *client, size_t len, uint64_t query_at_ns)
{
    struct leat_forwarder *forwarder = forward_owner(client);
    const bool is_queued = queue_reply(client, len);

    if (!dns_is_told(&forwarder->told))
        return;
    dns_told_reply(&forwarder->told, forwarder->scratch + DNS_LENGTH_BYTES, len);
    dns_told_tell(&forwarder->told, &client->tcp.peer.ip, dns_client_transport(&client->tcp),
                  query_at_ns, is_queued);
}

bool forward_send_rest(struct forward_client *client)
{
    struct forward_rest *rest = &forward_owner(client)->rest;
    size_t taken = 0;

    if (rest->client != client)
        return true;
    leat_assert(rest->at < rest->len);
    if (leat_stream_write(&client->tcp.stream, rest->bytes + rest->at, rest->len - rest->at,
                          &taken))
        return false; /* it ends */
    /* TCP takes what it has buffers for, so it may take several turns */
    rest->at += taken;
    if (rest->at < rest->len) {
        leat_stream_want_room(&client->tcp.stream, (uint32_t)(rest->len - rest->at));
        return false;
    }
    rest->client = NULL;
    return true;
}

/* Sends a reply by UDP, written into the buffer that is sent; false: there is none. */
static bool send_by_udp(struct forward_wait *wait, const struct dns_question *question)
{
    struct leat_forwarder *forwarder = wait->forwarder;
    const struct forward_ends ends = {.peer = wait->peer.ip, .local = wait->local_ip};
    struct leat_buf *reply = leat_buf_alloc(leat_pool(forwarder->stack), LEAT_BUF_HEADROOM);
    size_t len;

    if (!reply || leat_buf_tailroom(reply) < wait->form.limit) {
        forwarder->extended_error = 0; /* of this reply, not of the next one */
        leat_buf_free(reply);
        return false;
    }
    len = forward_write_kept(forwarder, &ends, &wait->form, question, reply->data);
    leat_buf_put(reply, (uint32_t)len);
    if (dns_is_told(&forwarder->told))
        dns_told_reply(&forwarder->told, reply->data, len);
    if (leat_udp_send_from(forwarder->udp, reply, &wait->peer, wait->local_ip)) {
        forwarder->counts.replies--;
        return false;
    }
    return true;
}

static void reply_by_udp(struct forward_wait *wait, const struct dns_question *question)
{
    struct leat_forwarder *forwarder = wait->forwarder;
    const bool is_sent = send_by_udp(wait, question);

    forwarder->counts.drop_memory += !is_sent;
    if (!dns_is_told(&forwarder->told))
        return;
    if (!is_sent)
        dns_told_name(&forwarder->told, question->name, question->name_bytes, question->type);
    dns_told_tell(&forwarder->told, &wait->peer.ip, LEAT_DNS_OVER_UDP, wait->query_at_ns, is_sent);
}

void forward_reply_to(struct leat_forwarder *forwarder, struct leat_forwarder_query *query,
                      size_t len, uint64_t query_at_ns)
{
    const uint8_t *reply = forwarder->scratch + DNS_LENGTH_BYTES;
    const struct leat_ip peer = query->peer; /* on_reply may free the query */

    query->wait = NULL;
    query->on_reply(query, reply, len, forwarder->reply_ttl_s);
    if (!dns_is_told(&forwarder->told))
        return;
    dns_told_reply(&forwarder->told, reply, len);
    dns_told_tell(&forwarder->told, &peer, LEAT_DNS_OVER_HTTPS, query_at_ns, true);
}

void forward_reply(struct forward_wait *wait, const struct dns_question *question)
{
    struct leat_forwarder *forwarder = wait->forwarder;

    const struct forward_ends ends = {.peer = wait->peer.ip, .local = wait->local_ip};
    uint8_t *reply = forwarder->scratch + DNS_LENGTH_BYTES;
    size_t len;

    if (!wait->client && !wait->query) {
        reply_by_udp(wait, question);
        return;
    }
    len = forward_write_kept(forwarder, &ends, &wait->form, question, reply);
    if (wait->query) {
        forward_reply_to(forwarder, wait->query, len, wait->query_at_ns);
        return;
    }
    if (!forward_fits(wait->client,
                      len)) { /* the client may ask again, once it has read the others */
        forwarder->counts.replies--;
        forwarder->counts.tcp_full++;
        forwarder->told.access.how = LEAT_DNS_HOW_BUSY;
        len = forward_write(forwarder, &wait->form, question, NULL, LEAT_DNS_SERVFAIL, reply);
    }
    forward_reply_by_tcp(wait->client, len, wait->query_at_ns);
}
