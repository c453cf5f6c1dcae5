/*
 * keys.c -- the transcript and the key schedule (RFC 8446 4.4.1, 7).
 *
 * The transcript is one hash over the messages of the handshake, and each secret depends on those
 * so far. So the order of calls is fixed: open the transcript, add the hellos,
 * tls_schedule_handshake(), add up to the server's Finished, tls_schedule_master(), add the
 * client's Finished, tls_schedule_resumption().
 */
#include "tls/tls.h"

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    /* HkdfLabel (7.1): the length of the output, the label, whose longest has 12 bytes behind
     * "tls13 ", and a digest */
    LABEL_BYTES_MAX = 2 + 1 + 6 + 12 + 1 + LEAT_CRYPTO_DIGEST_BYTES_MAX
};

static enum leat_crypto_hash hash_of(const struct tls_session *session)
{
    return (enum leat_crypto_hash)session->hash;
}

size_t tls_digest_bytes(const struct tls_session *session)
{
    return leat_crypto_digest_bytes(hash_of(session));
}

/* ---- The transcript -------------------------------------------------------------------------- */

bool tls_transcript_open(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;

    handshake->hashing = true; /* hash_close() is allowed even after a failed hash_open() */
    return crypto->ops->hash_open(crypto->self, &handshake->transcript, hash_of(session));
}

bool tls_transcript_add(struct tls_session *session, const uint8_t *bytes, size_t len)
{
    const struct leat_crypto *crypto = &session->tls->crypto;

    leat_assert(session->handshake->hashing);
    return crypto->ops->hash_update(crypto->self, &session->handshake->transcript, bytes, len);
}

bool tls_transcript_digest(const struct tls_session *session, uint8_t *digest)
{
    const struct leat_crypto *crypto = &session->tls->crypto;

    return crypto->ops->hash_digest(crypto->self, &session->handshake->transcript, digest);
}

bool tls_transcript_retry(struct tls_session *session)
{
    const struct leat_crypto *crypto = &session->tls->crypto;

    if (!tls_transcript_digest(session, session->handshake->first_digest))
        return false;
    crypto->ops->hash_close(crypto->self, &session->handshake->transcript);
    return tls_transcript_resume(session);
}

bool tls_transcript_resume(struct tls_session *session)
{
    const size_t len = tls_digest_bytes(session);
    /* 4.4.1: the hash takes the place of the hello, as a message of a type that is never sent. */
    const uint8_t header[WIRE_TLS_MESSAGE_HEADER] = {WIRE_TLS_MESSAGE_HASH, 0, 0, (uint8_t)len};

    return tls_transcript_open(session) && tls_transcript_add(session, header, sizeof header) &&
           tls_transcript_add(session, session->handshake->first_digest, len);
}

bool tls_digest_of(const struct tls_session *session, struct leat_crypto_piece data,
                   uint8_t *digest)
{
    const struct leat_crypto *crypto = &session->tls->crypto;
    struct leat_crypto_hashing hashing;
    const bool done =
        crypto->ops->hash_open(crypto->self, &hashing, hash_of(session)) &&
        (data.len == 0 || crypto->ops->hash_update(crypto->self, &hashing, data.bytes, data.len)) &&
        crypto->ops->hash_digest(crypto->self, &hashing, digest);

    crypto->ops->hash_close(crypto->self, &hashing);
    return done;
}

static bool empty_digest(const struct tls_session *session, uint8_t *digest)
{
    return tls_digest_of(session, (struct leat_crypto_piece){NULL, 0}, digest);
}

/* ---- The schedule ---------------------------------------------------------------------------- */

/* HKDF-Expand-Label (7.1) to @out. */
static bool expand_with(const struct tls_session *session, const uint8_t *secret, const char *label,
                        struct wire_tls_bytes context, struct leat_crypto_piece out)
{
    uint8_t info[LABEL_BYTES_MAX];
    struct wire_tls_out at = {info, info + sizeof info, false};
    uint8_t *opened;

    leat_assert(out.len <= UINT16_MAX);
    wire_tls_put_number(&at, (uint32_t)out.len, 2);
    opened = wire_tls_open(&at, 1);
    wire_tls_put(&at, "tls13 ", 6);
    wire_tls_put(&at, label, tls_text_len(label));
    wire_tls_close(&at, opened, 1);
    opened = wire_tls_open(&at, 1);
    wire_tls_put(&at, context.at, context.len);
    wire_tls_close(&at, opened, 1);
    leat_assert(!at.full);
    return leat_crypto_hkdf_expand(&session->tls->crypto, hash_of(session), secret, info,
                                   (size_t)(at.at - info), out.bytes, out.len);
}

/* HKDF-Expand-Label with @context, a digest or NULL. */
static bool expand(const struct tls_session *session, const uint8_t *secret, const char *label,
                   const uint8_t *context, uint8_t *out, size_t len)
{
    const struct wire_tls_bytes bytes = {context,
                                         context ? (uint32_t)tls_digest_bytes(session) : 0};

    return expand_with(session, secret, label, bytes, (struct leat_crypto_piece){out, len});
}

/* Derives the next stage's secret from the current one and @ikm (7.1). NULL stands for zeros. */
static bool next_stage(struct tls_session *session, const uint8_t *ikm, size_t len)
{
    static const uint8_t zeros[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX], salt[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t *secret = session->handshake->secret;
    const size_t size = tls_digest_bytes(session);
    /* 7.1: the salt is Derive-Secret(Secret, "derived", ""), and the transcript of "" is an empty
     * digest. The Master Secret has no input of its own, hence the zeros. */
    const bool done = empty_digest(session, digest) &&
                      expand(session, secret, "derived", digest, salt, size) &&
                      leat_crypto_hkdf_extract(&session->tls->crypto, hash_of(session), salt, size,
                                               ikm ? ikm : zeros, ikm ? len : size, secret);

    leat_crypto_wipe(salt, sizeof salt);
    return done;
}

/* Derives both traffic secrets of a stage from the transcript so far. */
static bool derive_traffic(struct tls_session *session, const char *client, const char *server)
{
    struct tls_handshake *handshake = session->handshake;
    const size_t size = tls_digest_bytes(session);
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    /* Both directions have secrets of their own, so that a message can't be reflected to its
     * sender. */
    leat_debug_assert(handshake->hashing);
    return tls_transcript_digest(session, digest) &&
           expand(session, handshake->secret, client, digest, handshake->client_secret, size) &&
           expand(session, handshake->secret, server, digest, handshake->server_secret, size);
}

/* Derives the Early Secret from a ticket's key @psk; NULL stands for zeros. */
static bool early_secret(const struct tls_session *session, const uint8_t *psk, uint8_t *secret)
{
    static const uint8_t zeros[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    /* 7.1 wants a salt of as many zeros as the hash has bytes. An empty one is the same, because
     * HMAC pads its key with zeros. */
    return leat_crypto_hkdf_extract(&session->tls->crypto, hash_of(session), zeros, 0,
                                    psk ? psk : zeros, tls_digest_bytes(session), secret);
}

bool tls_schedule_early(const struct tls_session *session, const uint8_t *digest, uint8_t *secret)
{
    uint8_t stage[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    const bool done =
        early_secret(session, session->handshake->psk, stage) &&
        expand(session, stage, "c e traffic", digest, secret, tls_digest_bytes(session));

    leat_crypto_wipe(stage, sizeof stage);
    if (done)
        tls_tell_secret(session, "CLIENT_EARLY_TRAFFIC_SECRET", secret);
    return done;
}

bool tls_schedule_handshake(struct tls_session *session, const uint8_t *shared, size_t len)
{
    struct tls_handshake *handshake = session->handshake;

    leat_assert(len > 0);
    if (!early_secret(session, session->resumed ? handshake->psk : NULL, handshake->secret) ||
        !next_stage(session, shared, len) ||
        !derive_traffic(session, "c hs traffic", "s hs traffic"))
        return false;
    tls_tell_secret(session, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", handshake->client_secret);
    tls_tell_secret(session, "SERVER_HANDSHAKE_TRAFFIC_SECRET", handshake->server_secret);
    return true;
}

bool tls_schedule_master(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;

    if (!next_stage(session, NULL, 0) || !derive_traffic(session, "c ap traffic", "s ap traffic"))
        return false;
    tls_tell_secret(session, "CLIENT_TRAFFIC_SECRET_0", handshake->client_secret);
    tls_tell_secret(session, "SERVER_TRAFFIC_SECRET_0", handshake->server_secret);
    return true;
}

bool tls_schedule_resumption(struct tls_session *session)
{
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    return tls_transcript_digest(session, digest) &&
           expand(session, session->handshake->secret, "res master", digest, session->resumption,
                  tls_digest_bytes(session));
}

bool tls_ticket_key(const struct tls_session *session, struct wire_tls_bytes nonce, uint8_t *psk)
{
    leat_assert(nonce.len <= TLS_NONCE_MAX);
    return expand_with(session, session->resumption, "resumption", nonce,
                       (struct leat_crypto_piece){psk, tls_digest_bytes(session)});
}

/* If the provider fails, the old key stays, because the alert is sent under it (6). */
bool tls_key_set(struct tls_session *session, struct tls_key *key, const uint8_t *secret)
{
    const enum leat_crypto_aead aead = tls_suite_aead(session->suite);
    /* 5.3: the sequence number of a new key is 0 */
    struct tls_key made = {.key.aead = (uint8_t)aead, .on = true};
    const bool done =
        expand(session, secret, "key", NULL, made.key.bytes, leat_crypto_key_bytes(aead)) &&
        expand(session, secret, "iv", NULL, made.iv, sizeof made.iv);

    if (done) {
        memcpy(made.secret, secret, tls_digest_bytes(session));
        *key = made;
    }
    leat_crypto_wipe(&made, sizeof made);
    return done;
}

bool tls_key_begin(struct tls_session *session, struct tls_key *key)
{
    if (session->early != TLS_EARLY_NONE)
        return session->tls->config.early->hold(session, key);
    return tls_key_set(session, key, session->handshake->client_secret);
}

bool tls_key_update(struct tls_session *session, struct tls_key *key)
{
    uint8_t next[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    const bool done =
        expand(session, key->secret, "traffic upd", NULL, next, tls_digest_bytes(session)) &&
        tls_key_set(session, key, next);

    leat_crypto_wipe(next, sizeof next);
    session->tls->counts.key_updates++;
    return done;
}

/* Computes the MAC of a Finished or a binder. */
static bool finish(const struct tls_session *session, const uint8_t *secret, const uint8_t *digest,
                   uint8_t *mac)
{
    const struct leat_crypto *crypto = &session->tls->crypto;
    const size_t size = tls_digest_bytes(session);
    const struct leat_crypto_piece piece = leat_crypto_piece_of(digest, size);
    uint8_t key[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    const bool done = expand(session, secret, "finished", NULL, key, size) &&
                      crypto->ops->hmac(crypto->self, hash_of(session), key, size, &piece, 1, mac);

    leat_crypto_wipe(key, sizeof key);
    return done;
}

bool tls_finished(struct tls_session *session, const uint8_t *secret, uint8_t *mac)
{
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    return tls_transcript_digest(session, digest) && finish(session, secret, digest, mac);
}

bool tls_binder(const struct tls_session *session, const uint8_t *psk, const uint8_t *digest,
                uint8_t *mac)
{
    uint8_t secret[LEAT_CRYPTO_DIGEST_BYTES_MAX], key[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t nothing[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    const bool done =
        /* 7.1: "res binder", because our tickets come from earlier sessions. Keys from outside have
         * another label. */
        early_secret(session, psk, secret) && empty_digest(session, nothing) &&
        expand(session, secret, "res binder", nothing, key, tls_digest_bytes(session)) &&
        finish(session, key, digest, mac);

    leat_crypto_wipe(secret, sizeof secret);
    leat_crypto_wipe(key, sizeof key);
    return done;
}

/* ---- Secrets for key log files --------------------------------------------------------------- */

static char *put_text(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    return at;
}

static char *put_hex(char *at, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

void tls_tell_secret(const struct tls_session *session, const char *label, const uint8_t *secret)
{
    const struct leat_tls_config *config = &session->tls->config;
    char line[LEAT_TLS_KEY_LINE_BYTES];
    char *at = line;

    if (!config->on_secret)
        return;
    /* The format of SSLKEYLOGFILE. The client's random tells a reader of a recording which session
     * it is. */
    at = put_text(at, label);
    *at++ = ' ';
    at = put_hex(at, session->handshake->random, WIRE_TLS_RANDOM);
    *at++ = ' ';
    at = put_hex(at, secret, tls_digest_bytes(session));
    *at = '\0';
    config->on_secret(line, config->arg);
    leat_crypto_wipe(line, sizeof line);
}
