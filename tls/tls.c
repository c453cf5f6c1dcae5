/*
 * tls.c -- memory of TLS; start of sessions.
 *
 * leat_tls_open() lays all sessions and handshakes out in one block of the program's memory. A
 * session begins in leat_tls_accept() or leat_tls_connect(): it takes a place, sets its events on
 * the stream below, and gets the first event of its state machine. From then on the stream's events
 * drive it (session.c).
 */
#include "tls/secrets.h"
#include "tls/tls.h"

#include <string.h>

#include "core/assert.h"
#include "core/second.h"
#include "service.h"
#include "tls/places.h"

enum {
    ALIGN = 16,
    SESSIONS_A_SPARE = 32,
    /* the longest record must fit TLS_RECORD_PIECES buffers */
    BUF_BYTES_MIN =
        LEAT_BUF_HEADROOM + (WIRE_TLS_CIPHERTEXT_MAX + TLS_RECORD_PIECES - 1) / TLS_RECORD_PIECES,
    CLIENT_MESSAGE_BYTES_MIN = 1536
};

static struct leat_tls_config with_defaults(const struct leat_tls_config *given)
{
    struct leat_tls_config config = *given;

    if (config.server_handshakes == 0)
        config.server_handshakes = 64;
    if (config.client_handshakes == 0)
        config.client_handshakes = 8;
    if (config.sessions == 0)
        config.sessions = 256;
    if (config.server_message_bytes == 0)
        config.server_message_bytes = 6144;
    if (config.client_message_bytes == 0)
        config.client_message_bytes = 9216;
    if (config.signatures_per_turn == 0)
        config.signatures_per_turn = 16;
    if (config.handshake_ns == 0)
        config.handshake_ns = 10 * second_ns;
    if (config.stall_ns == 0)
        config.stall_ns = config.handshake_ns / 5 * 4;
    if (config.record_ns == 0)
        config.record_ns = 30 * second_ns;
    if (config.linger_ns == 0)
        config.linger_ns = 3 * second_ns;
    /* RFC 8446 5.5 allows 2^24.5 full records under one key of AES-GCM. */
    if (config.records_per_key == 0 || config.records_per_key > 1u << 23)
        config.records_per_key = 1u << 23;
    if (config.ticket_lifetime_s == 0)
        config.ticket_lifetime_s = 7200;
    /* 4.6.1: seven days at most */
    if (config.ticket_lifetime_s > TLS_TICKET_S_MAX)
        config.ticket_lifetime_s = TLS_TICKET_S_MAX;
    return config;
}

/* with_defaults(), and the defaults of early data. */
static struct leat_tls_config complete(const struct leat_tls_config *given)
{
    struct leat_tls_config config = with_defaults(given);

    if (config.early_bytes > TLS_EARLY_MAX)
        config.early_bytes = TLS_EARLY_MAX;
    if (config.early_hellos == 0)
        config.early_hellos = 1024;
    if (config.early_hellos > TLS_STRIKES_MAX)
        config.early_hellos = TLS_STRIKES_MAX;
    config.early_hellos = (config.early_hellos + TLS_STRIKES_A_ROW - 1) & ~(TLS_STRIKES_A_ROW - 1u);
    /* Without early data no hello is remembered, and the table of strikes needs no memory. */
    if (config.early_bytes == 0)
        config.early_hellos = 0;
    return config;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t handshake_bytes(uint32_t message_bytes)
{
    return align_up(sizeof(struct tls_handshake) + message_bytes);
}

/* A displaced session stays until its stream has ended. Meanwhile its successor uses a spare. */
static uint32_t session_count(const struct leat_tls_config *full)
{
    return full->sessions + 1 + full->sessions / SESSIONS_A_SPARE;
}

size_t leat_tls_memory_bytes(const struct leat_tls_config *config)
{
    const struct leat_tls_config full = complete(config);

    return ALIGN + align_up(sizeof(struct leat_tls)) +
           align_up(session_count(&full) * sizeof(struct tls_session)) +
           align_up(full.sessions * sizeof(struct tls_session *)) +
           align_up(shares_bytes(full.sessions)) + align_up(shares_bytes(full.server_handshakes)) +
           align_up(full.early_hellos * sizeof(struct tls_strike)) +
           full.server_handshakes * handshake_bytes(full.server_message_bytes) +
           full.client_handshakes * handshake_bytes(full.client_message_bytes);
}

/* Lays out a list of @count handshakes at @at. */
static struct tls_handshake *lay_out(uint8_t **at, unsigned count, uint32_t message_bytes,
                                     bool for_client)
{
    struct tls_handshake *list = NULL;

    leat_assert((uintptr_t)*at % ALIGN == 0);
    for (unsigned i = 0; i < count; i++) {
        struct tls_handshake *made = (struct tls_handshake *)(void *)*at;

        memset(made, 0, handshake_bytes(message_bytes));
        made->message_max = message_bytes;
        made->for_client = for_client;
        made->place = i;
        made->next_free = list;
        list = made;
        *at += handshake_bytes(message_bytes);
    }
    return list;
}

/* Lays out @bytes at @at. */
static void *part(uint8_t **at, size_t bytes)
{
    void *made = *at;

    memset(made, 0, bytes);
    *at += align_up(bytes);
    return made;
}

/* Lays out the sessions, and the shares of sessions and handshakes, all of them free. */
static void lay_out_sessions(struct leat_tls *tls, uint8_t **at)
{
    const struct leat_tls_config *config = &tls->config;
    const uint64_t key[2] = {service_table_key(tls->stack)->k0, service_table_key(tls->stack)->k1};

    tls->session_count = session_count(config);
    tls->sessions = part(at, tls->session_count * sizeof *tls->sessions);
    tls->of_place = part(at, config->sessions * sizeof(struct tls_session *));
    for (uint32_t i = tls->session_count; i-- > 0;) {
        tls->sessions[i].tls = tls;
        tls->sessions[i].place = SHARES_NONE;
        tls->sessions[i].next_free = tls->free_session;
        tls->free_session = &tls->sessions[i];
    }
    shares_init(&tls->session_shares, part(at, shares_bytes(config->sessions)), config->sessions, 0,
                key);
    shares_init(&tls->handshake_shares, part(at, shares_bytes(config->server_handshakes)),
                config->server_handshakes, 0, key);
}

/* True if each chain fits the message Certificate. An entry has 3 bytes of length, the
 * certificate, and 2 bytes for an empty list of extensions (4.4.2). */
static bool are_sound(const struct leat_tls_identity *const *identities, uint16_t count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t bytes = 0;

        for (unsigned k = 0; k < identities[i]->chain_count; k++)
            bytes += identities[i]->chain[k].len + 5;
        if (identities[i]->chain_count == 0 || identities[i]->chain_count > LEAT_TLS_CHAIN_MAX ||
            bytes > LEAT_TLS_CHAIN_BYTES_MAX)
            return false;
    }
    return true;
}

enum leat_err leat_tls_open(struct leat_tls **tls, struct leat *stack, void *memory, size_t bytes,
                            const struct leat_tls_config *config)
{
    const struct leat_tls_config full = complete(config);
    uint8_t *at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_tls *made = (struct leat_tls *)(void *)at;

    if (LEAT_RESERVED_IS_USED(config) || !config->crypto ||
        leat_pool_buf_bytes(leat_pool(stack)) < BUF_BYTES_MIN ||
        full.client_message_bytes < CLIENT_MESSAGE_BYTES_MIN ||
        (full.early_bytes > 0 && !full.early) || !are_sound(full.identities, full.identity_count) ||
        (full.challenge && !are_sound(&full.challenge, 1)))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_tls_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    memset(made, 0, sizeof *made);
    made->config = full;
    made->stack = stack;
    made->crypto = *full.crypto;
    made->generation = leat_generation(stack);
    at += align_up(sizeof *made);
    lay_out_sessions(made, &at);
    made->strikes = (struct tls_strike *)(void *)at;
    memset(made->strikes, 0, full.early_hellos * sizeof *made->strikes);
    at += align_up(full.early_hellos * sizeof *made->strikes);
    made->server_handshakes = at;
    made->handshake_bytes = handshake_bytes(full.server_message_bytes);
    made->free_server = lay_out(&at, full.server_handshakes, full.server_message_bytes, false);
    made->free_client = lay_out(&at, full.client_handshakes, full.client_message_bytes, true);
    tls_agree_open(made);
    /* A provider that lacks all suites, groups or schemes could agree with no peer. */
    if (made->suite_count == 0 || made->group_count == 0 || made->scheme_count == 0)
        return LEAT_ERR_ARGUMENT;
    *tls = made;
    return LEAT_OK;
}

void leat_tls_close(struct leat_tls *tls)
{
    for (uint32_t i = 0; i < tls->session_count; i++)
        if (tls->sessions[i].below.end)
            tls_session_drop(&tls->sessions[i]);
    tls_secrets_wipe(tls);
}

enum leat_err leat_tls_set_identities(struct leat_tls *tls,
                                      const struct leat_tls_identity *const *identities,
                                      uint16_t count)
{
    if (!are_sound(identities, count))
        return LEAT_ERR_ARGUMENT;
    tls->config.identities = identities;
    tls->config.identity_count = count;
    /* A ticket stands for the certificate of its first session. After a change of certificates it
     * would resume a session that the new ones may not authenticate. */
    tls_seals_wipe(tls);
    return LEAT_OK;
}

enum leat_err leat_tls_set_challenge(struct leat_tls *tls,
                                     const struct leat_tls_identity *identity)
{
    if (identity && !are_sound(&identity, 1))
        return LEAT_ERR_ARGUMENT;
    tls->config.challenge = identity;
    return LEAT_OK;
}

enum leat_err leat_tls_accept(struct leat_tls *tls, const struct leat_stream *below,
                              struct leat_stream *session)
{
    struct tls_session *made;

    /* a program that is only a client */
    if (tls->config.identity_count == 0 && !tls->config.challenge)
        return LEAT_ERR_ARGUMENT;
    /* Two copies of a machine have the same keys until one of them is reseeded (secrets.c). */
    if (!tls_secrets_renew(tls))
        return LEAT_ERR_ENTROPY;
    made = tls_session_take(tls, below, false);
    if (!made)
        return LEAT_ERR_MEMORY;
    tls_session_start(made, below);
    *session = (struct leat_stream){&tls_stream_ops, made};
    tls_event(made, TLS_accept);
    return LEAT_OK;
}

/* True if the client's protocols fit a hello, and each one fits a session. */
static bool are_names(const struct leat_tls_client *client)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < client->protocol_count; i++) {
        const size_t len = tls_text_len(client->protocols[i]);

        if (len == 0 || len >= LEAT_TLS_PROTOCOL_BYTES)
            return false;
        bytes += 1 + len;
    }
    return bytes <= TLS_PROTOCOLS_BYTES;
}

/* True if the client has a way to authenticate its server. */
static bool is_possible(const struct leat_tls_client *client)
{
    if (LEAT_RESERVED_IS_USED(client))
        return false;
    if (client->name && (!client->name[0] || tls_text_len(client->name) > 255))
        return false;
    if ((client->early_len > 0 && !client->early) || !are_names(client))
        return false;
    return client->pin_count > 0 || client->anybody || (client->name && client->anchors);
}

enum leat_err leat_tls_connect(struct leat_tls *tls, const struct leat_stream *below,
                               const struct leat_tls_client *client, struct leat_stream *session)
{
    struct tls_session *made;

    if (!is_possible(client))
        return LEAT_ERR_ARGUMENT;
    if (!tls_secrets_renew(tls))
        return LEAT_ERR_ENTROPY;
    /* A client writes its hello at once, so it needs a handshake now. A server takes one when a
     * hello comes. */
    if (!tls->free_client) {
        tls->counts.refused++;
        return LEAT_ERR_MEMORY;
    }
    made = tls_session_take(tls, below, true);
    if (!made)
        return LEAT_ERR_MEMORY;
    tls_handshake_take(made, &tls->free_client);
    made->handshake->client = client;
    tls_session_start(made, below);
    *session = (struct leat_stream){&tls_stream_ops, made};
    tls_event(made, TLS_connect);
    return LEAT_OK;
}

void leat_tls_get_info(const struct leat_stream *stream, struct leat_tls_info *info)
{
    const struct tls_session *session = stream->end;

    *info = (struct leat_tls_info){.open = session->is_open,
                                   .server = session->server,
                                   .resumed = session->resumed,
                                   .early_bytes =
                                       session->early == TLS_EARLY_TAKEN ? session->early_done : 0,
                                   .suite = session->suite,
                                   .group = session->group,
                                   .scheme = session->scheme,
                                   .alert_sent = session->alert_sent,
                                   .alert_received = session->alert_received,
                                   .protocol = session->protocol,
                                   .why = session->why};
}

const struct leat_tls_counts *leat_tls_counts(const struct leat_tls *tls)
{
    return &tls->counts;
}
