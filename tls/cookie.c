/*
 * cookie.c -- a server under load asks for a second ClientHello and forgets the first one (RFC 8446
 * 4.2.2).
 *
 * The cookie holds the state of the first hello, with a MAC: its hash for the transcript, the
 * request, and a digest of the parts that the second hello must repeat. The second hello gets
 * memory for a handshake when it arrives, as the first did (places.c).
 *
 *      group asked for, or 0 | suite | hash of the hello | digest of its parts | MAC
 */
#include "tls/secrets.h"
#include "tls/tls.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    SUITE_AT = 2,
    HASH_AT = SUITE_AT + 2,
    PARTS_AT = HASH_AT + LEAT_CRYPTO_DIGEST_BYTES_MAX,
    MAC_AT = PARTS_AT + LEAT_CRYPTO_DIGEST_BYTES_MAX
};

_Static_assert(MAC_AT + TLS_COOKIE_MAC == TLS_COOKIE, "a cookie has this form");

static const struct tls_verdict good = {0, NULL};
static const struct tls_verdict failed = {WIRE_TLS_INTERNAL_ERROR, tls_provider_failed};

bool tls_cookie_wanted(const struct leat_tls *tls)
{
    const uint16_t from = tls->config.cookie_handshakes;

    return from > 0 && tls->server_busy >= from;
}

/* ---- The cookie ------------------------------------------------------------------------------ */

/* Computes the MAC. Its key is made for the first cookie. */
static bool mac_of(struct leat_tls *tls, const uint8_t *cookie, uint8_t *mac)
{
    const struct leat_crypto_piece piece = leat_crypto_piece_of(cookie, MAC_AT);

    if (!tls_secrets_renew(tls))
        return false;
    if (!tls->cookie_key_made)
        tls->cookie_key_made =
            tls->crypto.ops->random(tls->crypto.self, tls->cookie_key, sizeof tls->cookie_key);
    return tls->cookie_key_made &&
           tls->crypto.ops->hmac(tls->crypto.self, LEAT_CRYPTO_SHA256, tls->cookie_key,
                                 sizeof tls->cookie_key, &piece, 1, mac);
}

bool tls_cookie_write(struct tls_session *session, uint8_t cookie[TLS_COOKIE])
{
    const struct tls_handshake *handshake = session->handshake;
    uint8_t mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    put16(cookie, handshake->group_asked);
    put16(cookie + SUITE_AT, session->suite);
    memcpy(cookie + HASH_AT, handshake->first_digest, sizeof handshake->first_digest);
    memcpy(cookie + PARTS_AT, handshake->hello_digest, sizeof handshake->hello_digest);
    if (!mac_of(session->tls, cookie, mac))
        return false;
    memcpy(cookie + MAC_AT, mac, TLS_COOKIE_MAC);
    return true;
}

/* Restores the transcript of the first hello and our request from the cookie. */
static bool restore_transcript(struct tls_session *session, const uint8_t *cookie)
{
    struct tls_handshake *handshake = session->handshake;
    struct wire_tls_out out = {handshake->out, handshake->out + TLS_OUT_BYTES, false};
    const struct wire_tls_server_choice choice = {
        .session_id = {handshake->session_id, handshake->session_id_len},
        .suite = session->suite,
        .group = handshake->group_asked,
        .cookie = {cookie, TLS_COOKIE}};

    wire_tls_server_hello_write(&out, &choice);
    leat_assert(!out.full);
    return tls_transcript_resume(session) &&
           tls_transcript_add(session, handshake->out, (size_t)(out.at - handshake->out));
}

struct tls_verdict tls_cookie_read(struct tls_session *session, struct wire_tls_bytes cookie)
{
    struct tls_handshake *handshake = session->handshake;
    uint8_t mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (!cookie.at)
        return (struct tls_verdict){WIRE_TLS_MISSING_EXTENSION, "a second hello without a cookie"};
    if (cookie.len == TLS_COOKIE && !mac_of(session->tls, cookie.at, mac))
        return failed;
    if (cookie.len != TLS_COOKIE || !leat_crypto_equal(mac, cookie.at + MAC_AT, TLS_COOKIE_MAC) ||
        get16(cookie.at + SUITE_AT) != session->suite)
        return (struct tls_verdict){WIRE_TLS_ILLEGAL_PARAMETER, "a cookie that isn't ours"};
    handshake->group_asked = get16(cookie.at);
    memcpy(handshake->first_digest, cookie.at + HASH_AT, sizeof handshake->first_digest);
    memcpy(handshake->hello_digest, cookie.at + PARTS_AT, sizeof handshake->hello_digest);
    return restore_transcript(session, cookie.at) ? good : failed;
}

/* ---- The memory ------------------------------------------------------------------------------ */

void tls_forget_hello(TLS_PARAMETERS)
{
    (void)step;
    if (session->cookie)
        tls_handshake_release(session);
}
