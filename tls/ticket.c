/*
 * ticket.c -- a server's tickets (RFC 8446 4.6.1): all state of a resumption, sealed, so that the
 * server stores nothing.
 *
 *      name of the seal | nonce | sealed: suite, time since the seal was made, age_add, protocol,
 *                                         digest of the server's name, key | tag
 *
 * A seal is a random key. When it is as old as a ticket may be, a new one replaces it, and it only
 * opens its tickets until those have expired, too. A ticket's age is measured by our own clock. The
 * age that the client sends (4.2.11.1) matters only for early data, as suite and protocol do.
 */
#include "tls/secrets.h"
#include "tls/tls.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    NONCE_AT = TLS_SEAL_NAME,
    SEALED_AT = NONCE_AT + LEAT_CRYPTO_NONCE_BYTES,
    TAG_AT = SEALED_AT + TLS_TICKET_INSIDE,
    /* offsets in the sealed part */
    TIME_AT = 2,
    ADD_AT = TIME_AT + 8,
    PROTOCOL_AT = ADD_AT + 4,
    NAME_AT = PROTOCOL_AT + LEAT_TLS_PROTOCOL_BYTES,
    KEY_AT = NAME_AT + TLS_NAME_DIGEST
};

_Static_assert(TAG_AT + LEAT_CRYPTO_TAG_BYTES == TLS_TICKET, "a ticket has this form");

static uint64_t lifetime_ns(const struct leat_tls *tls)
{
    return (uint64_t)tls->config.ticket_lifetime_s * 1000000000;
}

/* ---- Seals ----------------------------------------------------------------------------------- */

static bool is_worn(const struct leat_tls *tls, const struct tls_seal *seal)
{
    return !seal->made || leat_now_ns(tls->stack) - seal->made_ns >= lifetime_ns(tls);
}

/* The strongest AEAD of the provider, because a seal's key protects all sessions of its time. */
static enum leat_crypto_aead best_aead(const struct leat_tls *tls)
{
    leat_assert(tls->suite_count > 0); /* checked by leat_tls_open() */
    for (unsigned i = 0; i < tls->suite_count; i++)
        if (tls->suites[i] == WIRE_TLS_AES_256_GCM)
            return LEAT_CRYPTO_AES_256_GCM;
    return tls_suite_aead(tls->suites[0]);
}

/* The current seal. NULL: the provider has no entropy. */
static const struct tls_seal *seal_of_now(struct leat_tls *tls)
{
    struct tls_seal *seal = &tls->seals[0];

    if (!tls_secrets_renew(tls))
        return NULL;
    if (!is_worn(tls, seal))
        return seal;
    tls->seals[1] = *seal;
    seal->made = false;
    seal->key.aead = (uint8_t)best_aead(tls);
    if (!tls->crypto.ops->random(tls->crypto.self, seal->key.bytes, sizeof seal->key.bytes) ||
        !tls->crypto.ops->random(tls->crypto.self, seal->name, sizeof seal->name))
        return NULL;
    seal->made_ns = leat_now_ns(tls->stack);
    seal->made = true;
    /* from then on, a hello from before the first seal is too old (8.2) */
    if (tls->early_from_ns == 0)
        tls->early_from_ns = seal->made_ns + TLS_EARLY_WINDOW_S * (uint64_t)1000000000;
    return seal;
}

bool tls_seals_make(struct leat_tls *tls)
{
    return seal_of_now(tls) != NULL;
}

/* The seal with @name, or NULL. */
static const struct tls_seal *find_seal(const struct leat_tls *tls, const uint8_t *name)
{
    for (unsigned i = 0; i < TLS_SEALS; i++)
        if (tls->seals[i].made && memcmp(tls->seals[i].name, name, TLS_SEAL_NAME) == 0)
            return &tls->seals[i];
    return NULL;
}

/* ---- Sealing --------------------------------------------------------------------------------- */

/* Completes @ticket: adds seal and nonce, and encrypts the sealed part in place. */
static bool seal_it(struct leat_tls *tls, const struct tls_seal *seal, uint8_t ticket[TLS_TICKET])
{
    const struct leat_crypto_piece inside = {ticket + SEALED_AT, TLS_TICKET_INSIDE};
    const struct leat_crypto_job job = {.nonce = ticket + NONCE_AT,
                                        .aad = ticket,
                                        .aad_len = TLS_SEAL_NAME,
                                        .in = &inside,
                                        .in_count = 1,
                                        .out = &inside,
                                        .out_count = 1};

    memcpy(ticket, seal->name, TLS_SEAL_NAME);
    /* random instead of a counter, so that two copies of this machine have different nonces */
    return tls->crypto.ops->random(tls->crypto.self, ticket + NONCE_AT, LEAT_CRYPTO_NONCE_BYTES) &&
           tls->crypto.ops->seal(tls->crypto.self, &seal->key, &job, ticket + TAG_AT);
}

bool tls_ticket_write(struct tls_session *session, struct wire_tls_out *out)
{
    static const uint8_t nonce[1]; /* may be constant, as a session gets only one ticket */
    struct leat_tls *tls = session->tls;
    const struct tls_seal *seal = seal_of_now(tls);
    uint8_t ticket[TLS_TICKET] = {0};
    struct wire_tls_ticket said = {.lifetime_s = tls->config.ticket_lifetime_s,
                                   .early_bytes = tls->config.early_bytes,
                                   .nonce = {nonce, sizeof nonce},
                                   .identity = {ticket, sizeof ticket}};
    uint8_t *inside = ticket + SEALED_AT;
    bool done;

    put16(inside, session->suite);
    put64(inside + TIME_AT, seal ? leat_now_ns(tls->stack) - seal->made_ns : 0);
    memcpy(inside + PROTOCOL_AT, session->protocol, sizeof session->protocol);
    memcpy(inside + NAME_AT, session->name_digest, TLS_NAME_DIGEST);
    done = seal && tls->crypto.ops->random(tls->crypto.self, inside + ADD_AT, 4) &&
           tls_ticket_key(session, said.nonce, inside + KEY_AT);
    said.age_add = get32(inside + ADD_AT);
    done = done && seal_it(tls, seal, ticket);
    leat_crypto_wipe(session->resumption, sizeof session->resumption);
    if (!done) {
        leat_crypto_wipe(ticket, sizeof ticket);
        return false;
    }
    wire_tls_ticket_write(out, &said);
    return true;
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* When the ticket was sealed, on our clock; before its begin, after a restart, it wraps. */
static uint64_t made_ns(const struct tls_seal *seal, const uint8_t *inside)
{
    return seal->made_ns + get64(inside + TIME_AT);
}

/* True if the ticket was sealed for this session's hash and name, and hasn't expired. */
static bool is_good(const struct tls_session *session, const struct tls_seal *seal,
                    const uint8_t *inside)
{
    /* After a restart the seal's age is as exact as the civil clock, which counts whole seconds and
     * may have been set back. The age is negative if the ticket seems to be sealed after now. */
    const int64_t age_ns = (int64_t)(leat_now_ns(session->tls->stack) - made_ns(seal, inside));
    const uint16_t suite = get16(inside);

    return tls_suite_is_known(suite) &&
           tls_suite_hash(suite) == (enum leat_crypto_hash)session->hash &&
           age_ns < (int64_t)lifetime_ns(session->tls) &&
           memcmp(inside + NAME_AT, session->name_digest, TLS_NAME_DIGEST) == 0;
}

/* Notes what early data depends on (4.2.10). */
static void note_age(struct tls_session *session, const struct tls_seal *seal,
                     const uint8_t *inside, uint32_t age)
{
    struct tls_handshake *handshake = session->handshake;
    const uint32_t age_ms = age - get32(inside + ADD_AT);

    leat_debug_assert(session->handshake != NULL);
    handshake->said_ns = made_ns(seal, inside) + (uint64_t)age_ms * 1000000;
    handshake->early_fits =
        get16(inside) == session->suite &&
        memcmp(inside + PROTOCOL_AT, session->protocol, sizeof session->protocol) == 0;
}

bool tls_ticket_open(struct tls_session *session, struct wire_tls_bytes identity, uint32_t age)
{
    struct leat_tls *tls = session->tls;
    uint8_t inside[TLS_TICKET_INSIDE];
    const struct leat_crypto_piece out = {inside, sizeof inside};
    struct leat_crypto_piece in;
    struct leat_crypto_job job = {
        .aad_len = TLS_SEAL_NAME, .in = &in, .in_count = 1, .out = &out, .out_count = 1};
    const struct tls_seal *seal;
    bool good;

    if (identity.len != TLS_TICKET)
        return false;
    seal = find_seal(tls, identity.at);
    if (!seal)
        return false;
    in = leat_crypto_piece_of(identity.at + SEALED_AT, TLS_TICKET_INSIDE);
    job.nonce = identity.at + NONCE_AT;
    job.aad = identity.at;
    good = tls->crypto.ops->open(tls->crypto.self, &seal->key, &job, identity.at + TAG_AT) &&
           is_good(session, seal, inside);
    if (good) {
        memcpy(session->handshake->psk, inside + KEY_AT, LEAT_CRYPTO_DIGEST_BYTES_MAX);
        note_age(session, seal, inside, age);
    }
    leat_crypto_wipe(inside, sizeof inside);
    return good;
}
