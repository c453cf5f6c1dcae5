/*
 * resume.c -- resumption of sessions (RFC 8446 2.2, 4.2.9, 4.2.11): the tickets that a client keeps
 * and offers, and the one that a server accepts.
 *
 * A key share is always exchanged, too (psk_dhe_ke), so that a stolen ticket key doesn't reveal the
 * session. Early data, which is sent before that, is in early.c.
 */
#include "tls/tls.h"

#include <string.h>

enum {
    HELLO_BYTES = 640, /* limit of our hello without its share, cookie and ticket */
    PSK_DHE_KE = 1     /* 4.2.9 */
};

static const struct tls_verdict good = {0, NULL};
static const struct tls_verdict failed = {WIRE_TLS_INTERNAL_ERROR, tls_provider_failed};

uint64_t tls_civil_s(const struct leat_tls *tls)
{
    return tls->config.civil_time_s ? tls->config.civil_time_s(tls->config.arg) : 0;
}

bool tls_name_note(struct tls_session *session, struct wire_tls_bytes name)
{
    const struct leat_crypto *crypto = &session->tls->crypto;
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    struct leat_crypto_hashing hashing;
    const bool done =
        crypto->ops->hash_open(crypto->self, &hashing, LEAT_CRYPTO_SHA256) &&
        (name.len == 0 || crypto->ops->hash_update(crypto->self, &hashing, name.at, name.len)) &&
        crypto->ops->hash_digest(crypto->self, &hashing, digest);

    crypto->ops->hash_close(crypto->self, &hashing);
    memcpy(session->name_digest, digest, done ? TLS_NAME_DIGEST : 0);
    return done;
}

/* ---- The server ------------------------------------------------------------------------------ */

static bool has_mode(const struct wire_tls_client_hello *hello)
{
    for (uint32_t i = 0; i < hello->psk_modes.len; i++)
        if (hello->psk_modes.at[i] == PSK_DHE_KE)
            return true;
    return false;
}

/* Checks the binder: only a client that knows the ticket's key can have made it for this hello. */
static struct tls_verdict check_binder(struct tls_session *session, uint32_t binders_at,
                                       struct wire_tls_bytes binder)
{
    struct tls_handshake *handshake = session->handshake;
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX], mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    handshake->hashed = WIRE_TLS_MESSAGE_HEADER + binders_at; /* the caller adds the rest */
    if (!tls_transcript_add(session, handshake->message, handshake->hashed) ||
        !tls_transcript_digest(session, digest) ||
        !tls_binder(session, handshake->psk, digest, mac))
        return failed;
    session->resumed =
        binder.len == tls_digest_bytes(session) && leat_crypto_equal(mac, binder.at, binder.len);
    return session->resumed ? good
                            : (struct tls_verdict){WIRE_TLS_DECRYPT_ERROR,
                                                   "a ticket with a wrong binder"}; /* 4.2.11 */
}

struct tls_verdict tls_resume_choose(struct tls_session *session,
                                     const struct wire_tls_client_hello *hello)
{
    struct tls_handshake *handshake = session->handshake;
    struct wire_tls_bytes identities = hello->identities, binders = hello->binders;
    struct wire_tls_bytes identity, binder;
    uint32_t age;

    session->gives_ticket = !session->tls->config.no_tickets && has_mode(hello);
    if (!hello->identities.at || !session->gives_ticket)
        return good;
    for (uint16_t i = 0; i < TLS_TICKETS_TRIED && wire_tls_identity(&identities, &identity, &age) &&
                         wire_tls_binder(&binders, &binder);
         i++)
        if (tls_ticket_open(session, identity, age)) {
            handshake->psk_place = i;
            return check_binder(session, hello->binders_at, binder);
        }
    session->tls->counts.tickets_refused++;
    return good;
}

void tls_snd_NewSessionTicket(TLS_PARAMETERS)
{
    if (!step->follows && session->gives_ticket)
        session->owed |= TLS_OWES_TICKET;
}

/* ---- The client ------------------------------------------------------------------------------ */

/* A clock may be set back: then a ticket has the age 0. */
static uint64_t age_of(uint64_t now_s, uint64_t then_s)
{
    return now_s > then_s ? now_s - then_s : 0;
}

/* True if the ticket is for this name (4.6.1), for a suite that we support, and young enough. Each
 * ticket may come from the previous session, so certificates are checked again after a week. */
static bool may_be_used(const struct tls_session *session, uint64_t now_s)
{
    const struct leat_tls_ticket *ticket = session->ticket;

    return ticket && ticket->identity_len > 0 && ticket->identity_len <= LEAT_TLS_TICKET_BYTES &&
           now_s > 0 && age_of(now_s, ticket->received_s) < ticket->lifetime_s &&
           age_of(now_s, ticket->checked_s) < TLS_TICKET_S_MAX &&
           tls_has_suite(session->tls, ticket->suite) &&
           memcmp(ticket->name, session->name_digest, TLS_NAME_DIGEST) == 0;
}

/* After a HelloRetryRequest: true if it is the ticket of the first hello and fits the suite's hash
 * (4.1.4). */
static bool may_be_repeated(const struct tls_session *session)
{
    const struct tls_handshake *handshake = session->handshake;
    const struct leat_tls_ticket *ticket = session->ticket;

    return !handshake->retried ||
           (handshake->offered &&
            tls_suite_hash(ticket->suite) == (enum leat_crypto_hash)session->hash &&
            leat_crypto_equal(ticket->secret, handshake->psk, sizeof handshake->psk));
}

void tls_resume_offer(struct tls_session *session, struct wire_tls_client_offer *offer)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_tls_ticket *ticket = session->ticket;
    const struct leat_tls_early *early = session->tls->config.early;
    const uint64_t now_s = ticket ? tls_civil_s(session->tls) : 0;
    enum leat_crypto_hash hash;

    if (!may_be_used(session, now_s) || !may_be_repeated(session) ||
        HELLO_BYTES + offer->share.len + offer->cookie.len + ticket->identity_len > TLS_OUT_BYTES) {
        handshake->offered = false;
        return;
    }
    hash = tls_suite_hash(ticket->suite);
    offer->identity = (struct wire_tls_bytes){ticket->identity, ticket->identity_len};
    /* 4.2.11.1: whole seconds may be one too many, and GnuTLS refuses an impossible age */
    offer->obfuscated_age =
        (uint32_t)(age_of(now_s, ticket->received_s + 1) * 1000) + ticket->age_add;
    offer->binder_len = (uint32_t)leat_crypto_digest_bytes(hash);
    offer->early_data = early && early->offer(session);
    memcpy(handshake->psk, ticket->secret, sizeof handshake->psk);
    session->hash = (uint8_t)hash;
    session->checked_s = ticket->checked_s;
    handshake->offered = true;
}

bool tls_resume_bind(struct tls_session *session, uint8_t *binders)
{
    struct tls_handshake *handshake = session->handshake;
    const uint32_t before = (uint32_t)(binders - handshake->out);
    const struct leat_crypto_piece hello = {handshake->out, before};
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    bool done;

    if (handshake->retried) { /* the transcript goes on; the rest is added when the hello is sent */
        handshake->hashed = before;
        done = tls_transcript_add(session, handshake->out, before) &&
               tls_transcript_digest(session, digest);
    } else { /* it starts when the server has chosen the hash */
        done = tls_digest_of(session, hello, digest);
    }
    return done && tls_binder(session, handshake->psk, digest, binders + 2 + 1);
}

struct tls_verdict tls_resume_answer(struct tls_session *session,
                                     const struct wire_tls_server_hello *hello)
{
    struct tls_handshake *handshake = session->handshake;

    if (!hello->has_psk)
        return good;
    if (!handshake->offered)
        return (struct tls_verdict){WIRE_TLS_UNSUPPORTED_EXTENSION,
                                    "a ticket that was not offered"};
    if (hello->psk != 0 || tls_suite_hash(hello->suite) != (enum leat_crypto_hash)session->hash)
        return (struct tls_verdict){WIRE_TLS_ILLEGAL_PARAMETER,
                                    "a ticket that doesn't fit the offer"}; /* 4.2.11 */
    session->resumed = true;
    return good;
}

/* Fills in session->ticket from the server's message. */
static bool keep(const struct tls_session *session, const struct wire_tls_ticket *said)
{
    struct leat_tls_ticket *ticket = session->ticket;

    leat_crypto_wipe(ticket, sizeof *ticket);
    if (!tls_ticket_key(session, said->nonce, ticket->secret))
        return false;
    ticket->suite = session->suite;
    ticket->lifetime_s = said->lifetime_s < TLS_TICKET_S_MAX ? said->lifetime_s : TLS_TICKET_S_MAX;
    ticket->age_add = said->age_add;
    ticket->early_bytes = said->early_bytes;
    ticket->received_s = tls_civil_s(session->tls);
    ticket->checked_s = session->checked_s;
    memcpy(ticket->name, session->name_digest, sizeof ticket->name);
    memcpy(ticket->protocol, session->protocol, sizeof ticket->protocol);
    memcpy(ticket->identity, said->identity.at, said->identity.len);
    ticket->identity_len = (uint16_t)said->identity.len;
    return true;
}

void tls_read_NewSessionTicket(TLS_PARAMETERS)
{
    struct leat_tls *tls = session->tls;
    struct wire_tls_ticket said;
    uint8_t alert;

    if (session->server)
        tls_flaw(session, step, WIRE_TLS_UNEXPECTED_MESSAGE, "a ticket of a client");
    if (tls->late_len == 0)
        return; /* the program wants no ticket; a server has no memory for one */
    alert = wire_tls_ticket_read(tls->late, tls->late_len, &said);
    if (alert != 0)
        tls_flaw(session, step, alert, "a malformed NewSessionTicket");
    else if (said.lifetime_s > 0 && said.nonce.len <= TLS_NONCE_MAX &&
             said.identity.len <= LEAT_TLS_TICKET_BYTES && keep(session, &said))
        tls->counts.tickets_kept++;
}
