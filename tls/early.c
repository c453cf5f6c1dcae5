/*
 * early.c -- early data (0-RTT, RFC 8446 2.3, 4.2.10, 8): a server's acceptance, a client's
 * sending, and the keys until early data is over.
 *
 * An attacker that has seen a hello with its early data can replay both, so a server accepts them
 * only once. The ticket's age, which only client and server know, tells when the hello was sent
 * (8.3): that must be within window_ns of now. The binder of an accepted hello is stored in a table
 * of fixed size until the hello is too old to be replayed (8.2). If the table has no room, or
 * anything else is uncertain, early data is refused. A refusal only costs the client a round trip.
 *
 * This file is called only by leat_tls_config.early, so programs that don't ask for early data
 * don't link it.
 *
 * The table is neither saved nor shared with other servers. No other server can open our tickets.
 * After a start, early data is refused until early_from_ns, when each hello from before the start
 * is too old. A copy of a running machine can open the tickets of its original, but doesn't have
 * the binders that the original stores later: it must not accept early data (docs/tls.md).
 */
#include "tls/tls.h"

#include <string.h>

#include "wire/bytes.h"

static const uint64_t window_ns = TLS_EARLY_WINDOW_S * (uint64_t)1000000000; /* 8.3 */

/* ---- Both ends ------------------------------------------------------------------------------- */

/* True until early data that was offered is refused. */
static bool goes_on(const struct tls_session *session)
{
    return session->early == TLS_EARLY_TAKEN ||
           (session->early == TLS_EARLY_OFFERED && session->resumed);
}

static bool end(struct tls_session *session, struct tls_key *key)
{
    if (session->early == TLS_EARLY_OFFERED)
        session->early = TLS_EARLY_REFUSED;
    session->owed &= ~(uint32_t)TLS_OWES_EARLY;
    return tls_key_set(session, key, session->handshake->held_secret);
}

static bool hold(struct tls_session *session, struct tls_key *key)
{
    struct tls_handshake *handshake = session->handshake;

    memcpy(handshake->held_secret, handshake->client_secret, sizeof handshake->held_secret);
    return goes_on(session) || end(session, key);
}

/* ---- The server ------------------------------------------------------------------------------ */

static uint64_t now_of(const struct leat_tls *tls)
{
    return leat_now_ns(tls->stack);
}

/* Stores the hello's @binder. False: it was there already, or there is no room. */
static bool note_binder(struct leat_tls *tls, struct wire_tls_bytes binder, uint64_t until_ns)
{
    const uint32_t rows = tls->config.early_hellos / TLS_STRIKES_A_ROW;
    struct tls_strike *row = tls->strikes + get32(binder.at + 8) % rows * TLS_STRIKES_A_ROW;
    struct tls_strike *place = NULL;
    const uint64_t name = get64(binder.at);

    for (unsigned i = 0; i < TLS_STRIKES_A_ROW; i++) {
        if (row[i].until_ns < now_of(tls)) {
            place = &row[i];
        } else if (row[i].name == name) {
            tls->counts.early_repeated++;
            return false;
        }
    }
    if (place)
        *place = (struct tls_strike){until_ns, name};
    return place != NULL;
}

/* 8.3: True if the client has sent its hello within window_ns of now. */
static bool is_fresh(uint64_t now_ns, uint64_t said_ns)
{
    return said_ns <= now_ns + window_ns && now_ns <= said_ns + window_ns;
}

/* True if early data may be accepted: the first ticket of a first hello was chosen, suite and
 * protocol are the ticket's (4.2.10), the hello is fresh, and it isn't a replay. */
static bool may_be_taken(struct tls_session *session, const struct wire_tls_client_hello *hello)
{
    const struct tls_handshake *handshake = session->handshake;
    struct leat_tls *tls = session->tls;
    struct wire_tls_bytes binders = hello->binders, binder;

    return tls->config.early_bytes > 0 && session->resumed && handshake->psk_place == 0 &&
           handshake->early_fits && now_of(tls) >= tls->early_from_ns &&
           is_fresh(now_of(tls), handshake->said_ns) && wire_tls_binder(&binders, &binder) &&
           note_binder(tls, binder, handshake->said_ns + window_ns);
}

static bool choose(struct tls_session *session, const struct wire_tls_client_hello *hello)
{
    if (!may_be_taken(session, hello))
        return false;
    session->early = TLS_EARLY_TAKEN;
    session->early_left = 0;
    session->tls->counts.early_taken++;
    return true;
}

/* The transcript is the ClientHello alone. */
static void take(TLS_PARAMETERS)
{
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX], secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (!tls_transcript_digest(session, digest) || !tls_schedule_early(session, digest, secret) ||
        !tls_key_set(session, &session->read, secret))
        tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
    leat_crypto_wipe(secret, sizeof secret);
}

/* Keeps early data until the program asks for it or the session is open. */
static void hold_data(TLS_PARAMETERS)
{
    session->early_done += leat_buf_total(session->incoming);
    if (session->early_done > session->tls->config.early_bytes) {
        tls_flaw(session, step, WIRE_TLS_UNEXPECTED_MESSAGE, "more early data than was allowed");
        return; /* 4.2.10 */
    }
    tls_hand_up(session, step);
    session->news = (uint8_t)((session->news & ~TLS_NEWS_READABLE) | TLS_NEWS_EARLY);
}

static void read_end(TLS_PARAMETERS)
{
    if (session->handshake->have != WIRE_TLS_MESSAGE_HEADER)
        tls_flaw(session, step, WIRE_TLS_DECODE_ERROR, "a malformed EndOfEarlyData");
    else if (tls_message_add(session, step) && !end(session, &session->read))
        tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
}

struct leat_buf *leat_tls_receive_early(const struct leat_stream *stream, uint32_t bytes_max)
{
    struct tls_session *session = stream->end;

    session->answers = true;
    if (!session->is_open && session->state != TLS_WAIT_EOED && session->state != TLS_WAIT_FLIGHT2)
        return NULL;
    return tls_stream_take(session, bytes_max);
}

/* ---- The client ------------------------------------------------------------------------------ */

/* True if the client offers the ticket's protocol again. */
static bool offers_protocol(const struct leat_tls_client *client, const char *protocol)
{
    const struct wire_tls_bytes name = {(const uint8_t *)protocol,
                                        (uint32_t)tls_text_len(protocol)};

    for (unsigned i = 0; i < client->protocol_count; i++)
        if (tls_text_is(name, client->protocols[i]))
            return true;
    return name.len == 0;
}

static bool offer(struct tls_session *session)
{
    const struct leat_tls_client *client = session->handshake->client;
    const struct leat_tls_ticket *ticket = session->ticket;

    if (session->handshake->retried || client->early_len == 0 || ticket->early_bytes == 0 ||
        !offers_protocol(client, ticket->protocol))
        return false;
    session->early = TLS_EARLY_OFFERED;
    session->suite = ticket->suite;
    return true;
}

static uint32_t next(const struct tls_session *session)
{
    const uint32_t allowed = session->ticket->early_bytes;
    const size_t len = session->handshake->client->early_len;
    const uint32_t all = len < allowed ? (uint32_t)len : allowed;
    const uint32_t left = all - session->early_done;

    return left < TLS_SEGMENT_DATA ? left : TLS_SEGMENT_DATA;
}

static bool begin(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX], secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    const struct leat_crypto_piece hello = {handshake->out, handshake->out_len};
    bool done;

    if (session->write.on)
        return true;
    done = tls_digest_of(session, hello, digest) && tls_schedule_early(session, digest, secret) &&
           tls_key_set(session, &session->write, secret);
    leat_crypto_wipe(secret, sizeof secret);
    return done;
}

static bool send(struct tls_session *session)
{
    const uint8_t *at = session->handshake->client->early;
    const uint32_t len = next(session);

    if (!begin(session))
        return false;
    session->tls->in[0] = leat_crypto_piece_of(at + session->early_done, len);
    if (!tls_protect(session, WIRE_TLS_APPLICATION_DATA, 1, len))
        leat_stream_abort(&session->below); /* can't happen, because room was checked before */
    session->early_done += len;
    if (next(session) > 0)
        session->owed |= TLS_OWES_EARLY;
    return true;
}

static void retry(struct tls_session *session)
{
    session->tls->counts.early_refused++;
    session->early = TLS_EARLY_NONE;
    session->owed &= ~(uint32_t)TLS_OWES_EARLY;
    leat_crypto_wipe(&session->write,
                     sizeof session->write); /* the second hello is not encrypted */
}

static struct tls_verdict answer(struct tls_session *session, bool taken)
{
    static const struct tls_verdict good = {0, NULL},
                                    failed = {WIRE_TLS_INTERNAL_ERROR, tls_provider_failed};
    const struct leat_tls_ticket *ticket = session->ticket;

    if (!taken) {
        session->tls->counts.early_refused++;
        return session->early != TLS_EARLY_OFFERED || end(session, &session->write) ? good : failed;
    }
    /* RFC 8446 4.2.10: the server may accept early data only if we have offered it, and only with
     * the ticket's suite and protocol */
    if (session->early != TLS_EARLY_OFFERED || session->suite != ticket->suite ||
        memcmp(session->protocol, ticket->protocol, sizeof ticket->protocol) != 0)
        return (struct tls_verdict){WIRE_TLS_ILLEGAL_PARAMETER, "early data that can't be taken"};
    session->early = TLS_EARLY_TAKEN;
    session->tls->counts.early_taken++;
    return good;
}

const struct leat_tls_early leat_tls_early = {.choose = choose,
                                              .offer = offer,
                                              .begin = begin,
                                              .send = send,
                                              .next = next,
                                              .hold = hold,
                                              .end = end,
                                              .retry = retry,
                                              .answer = answer,
                                              .take = take,
                                              .hold_data = hold_data,
                                              .read_end = read_end};
