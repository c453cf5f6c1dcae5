/*
 * early.c -- early data (0-RTT, RFC 8446 2.3, 4.2.10, 8): which a server takes, what a client
 * sends, and the keys until it is over.
 *
 * Who has seen a hello and the data behind it can send both again, so a server takes them once.  By
 * its ticket's age, which only client and server know, a hello says when it was sent (8.3): that
 * must be now, within window_ns.  As long as it could come again, its binder is noted in memory of
 * a fixed size (8.2); no place for it is a reason to refuse, as everything else that isn't certain.
 * To refuse costs the client a round trip, and nothing else.
 *
 * Nobody calls this file but by leat_tls_config.early: a program that doesn't ask for early data doesn't
 * link it.
 *
 * A server's tickets open on this machine only, and not before early_from_ns: what was noted by the
 * run before, or by another server, is never asked for.  A copy of a running machine knows what its
 * original has sealed, and not what that one notes later: it must not take early data
 * (docs/tls.md).
 */
#include "tls/tls.h"

#include <string.h>

#include "wire/bytes.h"

static const uint64_t window_ns = TLS_EARLY_WINDOW_S * (uint64_t)1000000000; /* 8.3 */

/* ---- Both --------------------------------------------------------------------------------------
 */

/* What a client has offered isn't refused yet. */
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

/* ---- The server --------------------------------------------------------------------------------
 */

static uint64_t now_of(const struct leat_tls *tls)
{
    return leat_now_ns(tls->stack);
}

/* Notes the hello with this binder; false: it was here before, or there is no place. */
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

/* 8.3: was it sent now, as its client says? */
static bool is_fresh(uint64_t now_ns, uint64_t said_ns)
{
    return said_ns <= now_ns + window_ns && now_ns <= said_ns + window_ns;
}

/* The first ticket of a first hello, with all that it was given for (4.2.10), now, for the first
 * time. */
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

/* The transcript is the hello. */
static void take(TLS_PARAMETERS)
{
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX], secret[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (!tls_transcript_digest(session, digest) || !tls_schedule_early(session, digest, secret) ||
        !tls_key_set(session, &session->read, secret))
        tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
    leat_crypto_wipe(secret, sizeof secret);
}

/* Waits for the program to ask for it, or for the session to be open. */
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

/* ---- The client --------------------------------------------------------------------------------
 */

/* The protocol that the ticket is for is one that is offered again. */
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
        leat_stream_abort(&session->below); /* there was room: nothing is as it seemed */
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
    leat_crypto_wipe(&session->write, sizeof session->write); /* the second hello is plain */
}

static struct tls_verdict answer(struct tls_session *session, bool taken)
{
    static const struct tls_verdict good = {0, NULL},
                                    failed = {WIRE_TLS_INTERNAL_ERROR, tls_provider_failed};
    const struct leat_tls_ticket *ticket = session->ticket;

    if (!taken) {
        session->tls->counts.early_refused++;
        return session->early != TLS_EARLY_OFFERED || end(session, &session->write)
                   ? good
                   : failed;
    }
    /* 4.2.10: for the ticket alone, with all that it was given for */
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
