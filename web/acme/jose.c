/* jose.c -- JSON that is signed: JWK, its thumbprint, and JWS (RFC 7515, RFC 7517, RFC 7638). */
#include <string.h>

#include "core/assert.h"
#include "web/acme/acme.h"
#include "web/acme/words.h"

enum {
    NUMBER_BYTES = 32,                  /* of P-256 */
    SIGNATURE_BYTES = 2 * NUMBER_BYTES, /* R, S (RFC 7518 3.4) */
    HEADER_BYTES = 2 * ACME_URL_BYTES + ACME_NONCE_BYTES + 256
};

_Static_assert(HEADER_BYTES + LEAT_CRYPTO_SIGNATURE_BYTES_MAX <= ACME_REPLY_BYTES,
               "both have room where the reply will be");

void acme_jwk(const struct leat_acme *acme, struct text *text)
{
    const uint8_t *x = acme_key_point(&acme->account) + 1;

    leat_debug_assert(acme->account.is_open);
    text_add(text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    encode_url(text, x, NUMBER_BYTES);
    text_add(text, "\",\"y\":\"");
    encode_url(text, x + NUMBER_BYTES, NUMBER_BYTES);
    text_add(text, "\"}");
}

bool acme_digest(const struct leat_acme *acme, const char *text, size_t len,
                 uint8_t digest[ACME_DIGEST_BYTES])
{
    const struct leat_crypto *crypto = acme->crypto;
    struct leat_crypto_hashing hashing;
    bool done = crypto->ops->hash_open(crypto->self, &hashing, LEAT_CRYPTO_SHA256);

    done = done && crypto->ops->hash_update(crypto->self, &hashing, text, len) &&
           crypto->ops->hash_digest(crypto->self, &hashing, digest);
    crypto->ops->hash_close(crypto->self, &hashing);
    return done;
}

bool acme_thumbprint(struct leat_acme *acme)
{
    char jwk[136]; /* 126 are used (RFC 7638 3.2): numbers of 43 characters */
    struct text text = {jwk, 0, sizeof jwk};
    struct text print = {acme->thumbprint, 0, sizeof acme->thumbprint - 1};
    uint8_t digest[ACME_DIGEST_BYTES];
    bool done;

    acme_jwk(acme, &text);
    done = acme_digest(acme, jwk, text.len, digest);
    if (done)
        encode_url(&print, digest, sizeof digest);
    acme->thumbprint[print.len] = '\0';
    return done;
}

/* Takes an INTEGER of a signature off @at and writes it as a number of fixed length. */
static const uint8_t *take_number(const uint8_t *at, const uint8_t *end,
                                  uint8_t number[NUMBER_BYTES])
{
    size_t len;

    if (!at || end - at < 2 || at[0] != 0x02 || at[1] > end - at - 2)
        return NULL;
    len = at[1];
    at += 2;
    for (; len > NUMBER_BYTES && *at == 0; len--)
        at++;
    if (len > NUMBER_BYTES)
        return NULL;
    memset(number, 0, NUMBER_BYTES);
    memcpy(number + NUMBER_BYTES - len, at, len);
    return at + len;
}

/* Signs the pieces by ES256 (RFC 7518 3.4).  The provider's signature is an ECDSA-Sig-Value
 * (RFC 3279 2.2.3). */
static bool sign(struct leat_acme *acme, const struct leat_crypto_piece *pieces, size_t count,
                 uint8_t signature[SIGNATURE_BYTES])
{
    const struct leat_crypto *crypto = acme->crypto;
    uint8_t *const der = (uint8_t *)acme->call.reply + HEADER_BYTES;
    const uint8_t *at = der + 2;
    size_t len;

    if (!crypto->ops->sign(crypto->self, &acme->account.inside, LEAT_CRYPTO_ECDSA_SECP256R1_SHA256,
                           pieces, count, der, &len) ||
        len < 2 || der[0] != 0x30 || der[1] != len - 2)
        return false;
    at = take_number(at, der + len, signature);
    at = take_number(at, der + len, signature + NUMBER_BYTES);
    return at == der + len;
}

/* The protected header (6.2). */
static void add_header(const struct leat_acme *acme, struct text *text)
{
    text_add(text, "{\"alg\":\"ES256\",");
    if (acme->call.by_key) {
        text_add(text, "\"jwk\":");
        acme_jwk(acme, text);
    } else {
        text_add(text, "\"kid\":\"");
        text_add(text, acme->kid);
        text_add(text, "\"");
    }
    text_add(text, ",\"nonce\":\"");
    text_add(text, acme->nonce);
    text_add(text, "\",\"url\":\"");
    text_add(text, acme->call.url);
    text_add(text, "\"}");
}

bool acme_sign(struct leat_acme *acme)
{
    struct acme_call *call = &acme->call;
    struct text post = {call->post, 0, sizeof call->post};
    uint8_t signature[SIGNATURE_BYTES];
    struct leat_crypto_piece pieces[3];
    /* the reply before has been read, and the next one is asked for later */
    char *const header = call->reply;
    struct text text = {header, 0, HEADER_BYTES};
    size_t from;

    leat_debug_assert(acme->nonce[0]);
    leat_debug_assert(call->payload_len <= sizeof call->payload);
    add_header(acme, &text);
    text_add(&post, "{\"protected\":\"");
    from = post.len;
    encode_url(&post, header, text.len);
    pieces[0] = leat_crypto_piece_of(post.bytes + from, post.len - from);
    pieces[1] = leat_crypto_piece_of(".", 1); /* RFC 7515 5.1: the text that is signed */
    text_add(&post, "\",\"payload\":\"");
    from = post.len;
    encode_url(&post, call->payload, call->payload_len);
    pieces[2] = leat_crypto_piece_of(post.bytes + from, post.len - from);
    if (text.len == text.room || !sign(acme, pieces, 3, signature))
        return false;
    text_add(&post, "\",\"signature\":\"");
    encode_url(&post, signature, sizeof signature);
    text_add(&post, "\"}");
    call->post_len = (uint32_t)post.len;
    return post.len < post.room;
}

bool acme_bind(struct leat_acme *acme, struct text *text)
{
    const struct leat_crypto *crypto = acme->crypto;
    char *const plain = acme->call.reply; /* as in acme_sign() */
    struct text part = {plain, 0, HEADER_BYTES};
    struct leat_crypto_piece pieces[3];
    uint8_t mac[ACME_DIGEST_BYTES];
    size_t from;

    text_add(&part, "{\"alg\":\"HS256\",\"kid\":\"");
    text_add(&part, acme->config.binding_id);
    text_add(&part, "\",\"url\":\"");
    text_add(&part, acme->directory.new_account);
    text_add(&part, "\"}");
    if (part.len == part.room)
        return false;
    text_add(text, "\"externalAccountBinding\":{\"protected\":\"");
    from = text->len;
    encode_url(text, plain, part.len);
    pieces[0] = leat_crypto_piece_of(text->bytes + from, text->len - from);
    pieces[1] = leat_crypto_piece_of(".", 1);
    part.len = 0;
    acme_jwk(acme, &part);
    text_add(text, "\",\"payload\":\"");
    from = text->len;
    encode_url(text, plain, part.len);
    pieces[2] = leat_crypto_piece_of(text->bytes + from, text->len - from);
    if (!crypto->ops->hmac(crypto->self, LEAT_CRYPTO_SHA256, acme->binding, acme->binding_len,
                           pieces, 3, mac))
        return false;
    text_add(text, "\",\"signature\":\"");
    encode_url(text, mac, sizeof mac);
    text_add(text, "\"}");
    return true;
}
