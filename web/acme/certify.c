/*
 * certify.c -- see certify.h.
 *
 * All is written backwards (encode.h): the last element of a sequence first.  The functions put
 * their element in front of those that are there.
 */
#include "web/acme/certify.h"

#include <string.h>

#include "core/assert.h"
#include "tls/der.h"
#include "web/acme/encode.h"
#include "web/acme/words.h"

enum {
    TAG_BIT_STRING = 0x03,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_EXPLICIT_0 = 0xa0,
    TAG_EXTENSIONS = 0xa3,
    TAG_DNS_NAME = 0x82,
    TAG_KEY_ID = 0x80,        /* in an AuthorityKeyIdentifier */
    SIGNATURE_BYTES_MAX = 72, /* of P-256: two numbers of 33 bytes, and three heads */
    SIGN_ROOM = 640           /* for the provider's largest signature, and the tail */
};

/* Object identifiers, whole elements. */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}; /* RFC 5758 3.2 */
static const uint8_t p256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                               0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t alternative_name[] = {0x06, 0x03, 0x55, 0x1d, 0x11};
static const uint8_t extension_request[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                            0xf7, 0x0d, 0x01, 0x09, 0x0e}; /* RFC 2985 5.4.2 */
/* acmeIdentifier, critical (RFC 8737 3) */
static const uint8_t identifier[] = {0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05,
                                     0x07, 0x01, 0x1f, 0x01, 0x01, 0xff};
/* the name CN=acme */
static const uint8_t nobody[] = {0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55,
                                 0x04, 0x03, 0x0c, 0x04, 'a',  'c',  'm',  'e'};
/* 1970 to 9999: the authority doesn't look at it, and this machine may not know the time */
static const uint8_t always[] = {0x30, 0x20, 0x17, 0x0d, '7', '0',  '0',  '1', '0', '1', '0', '0',
                                 '0',  '0',  '0',  '0',  'Z', 0x18, 0x0f, '9', '9', '9', '9', '1',
                                 '2',  '3',  '1',  '2',  '3', '5',  '9',  '5', '9', 'Z'};
static const uint8_t version_0[] = {0x02, 0x01, 0x00};
static const uint8_t version_3_serial_1[] = {0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01};

/* ---- Keys ------------------------------------------------------------------------------------ */

static bool open_key(struct acme_key *key, const struct leat_crypto *crypto)
{
    key->is_open =
        crypto->ops->private_open(crypto->self, &key->inside, key->der, sizeof key->der) == LEAT_OK;
    return key->is_open;
}

bool acme_key_make(struct acme_key *key, const struct leat_crypto *crypto)
{
    acme_key_close(key, crypto);
    return crypto->ops->private_make && crypto->ops->private_make(crypto->self, key->der) &&
           open_key(key, crypto);
}

/* True if @der is what leat_crypto_made() writes of its own parts. */
static bool is_made(const uint8_t der[LEAT_CRYPTO_MADE_BYTES])
{
    enum {
        SCALAR_AT = 7
    };
    uint8_t again[LEAT_CRYPTO_MADE_BYTES];
    bool same;

    leat_crypto_made(again, der + SCALAR_AT, der + sizeof again - LEAT_CRYPTO_POINT_BYTES);
    same = leat_crypto_equal(again, der, sizeof again);
    leat_crypto_wipe(again, sizeof again);
    return same;
}

bool acme_key_read(struct acme_key *key, const struct leat_crypto *crypto, const char *text,
                   size_t len)
{
    struct leat_crypto_pem pem;

    acme_key_close(key, crypto);
    return leat_crypto_pem_next(&text, &len, &pem, key->der, sizeof key->der) == LEAT_OK &&
           leat_crypto_pem_is_private(&pem) && pem.der_len == sizeof key->der &&
           is_made(key->der) && open_key(key, crypto);
}

void acme_key_close(struct acme_key *key, const struct leat_crypto *crypto)
{
    if (key->is_open)
        crypto->ops->private_close(crypto->self, &key->inside);
    key->is_open = false;
    leat_crypto_wipe(key->der, sizeof key->der);
}

/* ---- Elements -------------------------------------------------------------------------------- */

/* SubjectPublicKeyInfo (RFC 5480 2). */
static void put_public(struct der_out *out, const struct acme_key *key)
{
    const uint8_t *end = out->at;
    const uint8_t *const whole = end;

    der_put(out, acme_key_point(key), LEAT_CRYPTO_POINT_BYTES);
    der_put(out, "", 1); /* no unused bits */
    der_wrap(out, TAG_BIT_STRING, end);
    der_put(out, p256, sizeof p256);
    der_wrap(out, TAG_SEQUENCE, whole);
}

/* The extension subjectAltName (RFC 5280 4.2.1.6). */
static void put_names(struct der_out *out, const char *const *names, unsigned count)
{
    const uint8_t *const whole = out->at;

    for (unsigned i = count; i-- > 0;) {
        const uint8_t *const end = out->at;

        der_put(out, names[i], acme_len(names[i]));
        der_wrap(out, TAG_DNS_NAME, end);
    }
    der_wrap(out, TAG_SEQUENCE, whole);
    der_wrap(out, DER_OCTETS, whole);
    der_put(out, alternative_name, sizeof alternative_name);
    der_wrap(out, TAG_SEQUENCE, whole);
}

/* Makes a sequence of the bytes that are written, and of their signature.  Returns its first byte.
 */
static const uint8_t *sign(struct der_out *out, const struct acme_key *key,
                           const struct leat_crypto *crypto, size_t *len)
{
    uint8_t *const signature = out->first; /* in the room that is left */
    const struct leat_crypto_piece content = {out->at, (size_t)(out->end - out->at)};
    struct der_out tail = {NULL, out->end, out->end, false};
    size_t signature_len, tail_len;

    if (out->full || (size_t)(out->at - out->first) < SIGN_ROOM ||
        !crypto->ops->sign(crypto->self, &key->inside, LEAT_CRYPTO_ECDSA_SECP256R1_SHA256, &content,
                           1, signature, &signature_len) ||
        signature_len > SIGNATURE_BYTES_MAX)
        return NULL;
    /* the signature is known last, but lies behind the content, with a tag, a length and the number
     * of unused bits */
    tail_len = sizeof ecdsa_sha256 + 3 + signature_len;
    memmove(out->at - tail_len, out->at, content.len);
    out->at -= tail_len;
    tail.first = out->end - tail_len;
    der_put(&tail, signature, signature_len);
    der_put(&tail, "", 1);
    der_wrap(&tail, TAG_BIT_STRING, tail.end);
    der_put(&tail, ecdsa_sha256, sizeof ecdsa_sha256);
    leat_assert(tail.at == tail.first && !tail.full);
    der_wrap(out, TAG_SEQUENCE, out->end);
    *len = (size_t)(out->end - out->at);
    return out->full ? NULL : out->at;
}

/* ---- What is sent ---------------------------------------------------------------------------- */

const uint8_t *acme_csr(const struct acme_key *key, const struct leat_crypto *crypto,
                        const char *const *names, unsigned count, uint8_t *der, size_t *len)
{
    uint8_t *const end = der + ACME_CSR_BYTES;
    struct der_out out = {der, end, end, false};

    put_names(&out, names, count);
    der_wrap(&out, TAG_SEQUENCE, end); /* Extensions */
    der_wrap(&out, TAG_SET, end);
    der_put(&out, extension_request, sizeof extension_request);
    der_wrap(&out, TAG_SEQUENCE, end);
    der_wrap(&out, TAG_EXPLICIT_0, end);
    put_public(&out, key);
    der_put(&out, "\x30", 2); /* the subject has no name: an empty sequence */
    der_put(&out, version_0, sizeof version_0);
    der_wrap(&out, TAG_SEQUENCE, end);
    return sign(&out, key, crypto, len);
}

const uint8_t *acme_challenge_certificate(const struct acme_key *key,
                                          const struct leat_crypto *crypto, const char *name,
                                          const uint8_t digest[ACME_DIGEST_BYTES], uint8_t *der,
                                          size_t *len)
{
    uint8_t *const end = der + ACME_CHALLENGE_BYTES;
    struct der_out out = {der, end, end, false};

    der_put(&out, digest, ACME_DIGEST_BYTES);
    der_wrap(&out, DER_OCTETS, end);
    der_wrap(&out, DER_OCTETS, end);
    der_put(&out, identifier, sizeof identifier);
    der_wrap(&out, TAG_SEQUENCE, end);
    put_names(&out, &name, 1);
    der_wrap(&out, TAG_SEQUENCE, end);
    der_wrap(&out, TAG_EXTENSIONS, end);
    put_public(&out, key);
    der_put(&out, nobody, sizeof nobody);
    der_put(&out, always, sizeof always);
    der_put(&out, nobody, sizeof nobody);
    der_put(&out, ecdsa_sha256, sizeof ecdsa_sha256);
    der_put(&out, version_3_serial_1, sizeof version_3_serial_1);
    der_wrap(&out, TAG_SEQUENCE, end);
    return sign(&out, key, crypto, len);
}

/* ---- What is read ---------------------------------------------------------------------------- */

/* The contents of the extension authorityKeyIdentifier (RFC 5280 4.2.1.1): its keyIdentifier.
 * False: there is none. */
static bool find_key_id(struct der extensions, struct der *key_id)
{
    static const uint8_t wanted[] = {0x55, 0x1d, 0x23};
    struct der list, extension, oid, value, inside;

    if (!der_find(&extensions, DER_SEQUENCE, &list))
        return false;
    while (der_find(&list, DER_SEQUENCE, &extension)) {
        if (der_find(&extension, DER_OID, &oid) && oid.len == sizeof wanted &&
            memcmp(oid.at, wanted, sizeof wanted) == 0)
            return der_find(&extension, DER_OCTETS, &value) &&
                   der_find(&value, DER_SEQUENCE, &inside) && der_find(&inside, TAG_KEY_ID, key_id);
    }
    return false;
}

bool acme_cert_id(const uint8_t *der, size_t len, char id[ACME_CERT_ID_BYTES])
{
    enum {
        TAG_INTEGER = 0x02
    };
    struct der certificate = {der, len}, whole, content, serial, extensions, key_id;
    struct text text = {id, 0, ACME_CERT_ID_BYTES - 1};
    const bool found =
        der_find(&certificate, TAG_SEQUENCE, &whole) && der_find(&whole, TAG_SEQUENCE, &content) &&
        der_find(&content, TAG_INTEGER, &serial) && serial.len > 0 &&
        der_find(&content, TAG_EXTENSIONS, &extensions) && find_key_id(extensions, &key_id) &&
        key_id.len > 0 &&
        BASE64URL_BYTES(serial.len) + BASE64URL_BYTES(key_id.len) + 2 <= ACME_CERT_ID_BYTES;

    if (found) {
        encode_url(&text, key_id.at, key_id.len);
        text_add(&text, ".");
        encode_url(&text, serial.at, serial.len);
    }
    id[text.len] = '\0';
    return found;
}
