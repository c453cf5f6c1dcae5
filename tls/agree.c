/*
 * agree.c -- suites, groups, schemes and names, for both ends of TLS.
 *
 * The tables have all that this library could use, in its order of preference. tls_agree_open()
 * keeps of them what the provider supports; a client offers that list, and a server takes its first
 * entry that the client has offered, too.
 */
#include "tls/tls.h"

#include <string.h>

#include "core/assert.h"

/* ---- Algorithms, in order of preference ------------------------------------------------------ */

static const struct {
    uint16_t suite;
    uint8_t aead;
    uint8_t hash;
} all_suites[] = {
    {WIRE_TLS_AES_128_GCM, LEAT_CRYPTO_AES_128_GCM, LEAT_CRYPTO_SHA256},
    {WIRE_TLS_AES_256_GCM, LEAT_CRYPTO_AES_256_GCM, LEAT_CRYPTO_SHA384},
    {WIRE_TLS_CHACHA20_POLY1305, LEAT_CRYPTO_CHACHA20_POLY1305, LEAT_CRYPTO_SHA256},
};

/* The hybrid comes first: a recorded session stays secret as long as one of its two parts isn't
 * broken. */
static const uint16_t all_groups[] = {LEAT_CRYPTO_X25519MLKEM768, LEAT_CRYPTO_X25519,
                                      LEAT_CRYPTO_SECP256R1, LEAT_CRYPTO_SECP384R1};

static const uint16_t all_schemes[] = {
    LEAT_CRYPTO_ECDSA_SECP256R1_SHA256, LEAT_CRYPTO_ED25519,
    LEAT_CRYPTO_ECDSA_SECP384R1_SHA384, LEAT_CRYPTO_ECDSA_SECP521R1_SHA512,
    LEAT_CRYPTO_RSA_PSS_RSAE_SHA256,    LEAT_CRYPTO_RSA_PSS_RSAE_SHA384,
    LEAT_CRYPTO_RSA_PSS_RSAE_SHA512,    LEAT_CRYPTO_RSA_PSS_PSS_SHA256,
    LEAT_CRYPTO_RSA_PSS_PSS_SHA384,     LEAT_CRYPTO_RSA_PSS_PSS_SHA512};

/* RSA with PKCS #1, in certificates only (4.2.3): some servers have no certificate for a client
 * that doesn't list them */
static const uint16_t pkcs1[TLS_SCHEMES_PKCS1] = {0x0401, 0x0501, 0x0601};

enum {
    SUITES = sizeof all_suites / sizeof *all_suites,
    GROUPS = sizeof all_groups / sizeof *all_groups,
    SCHEMES = sizeof all_schemes / sizeof *all_schemes
};

_Static_assert((size_t)SUITES <= sizeof((struct leat_tls *)0)->suites / sizeof *all_groups &&
                   (size_t)GROUPS <= sizeof((struct leat_tls *)0)->groups / sizeof *all_groups &&
                   (size_t)SCHEMES <= TLS_SCHEMES,
               "there is room for each");

void tls_agree_open(struct leat_tls *tls)
{
    const struct leat_crypto_ops *ops = tls->crypto.ops;
    void *self = tls->crypto.self;

    leat_assert(tls->suite_count == 0);
    for (unsigned i = 0; i < SUITES; i++)
        if (ops->supports_aead(self, (enum leat_crypto_aead)all_suites[i].aead))
            tls->suites[tls->suite_count++] = all_suites[i].suite;
    for (unsigned i = 0; i < GROUPS; i++)
        if (ops->supports_group(self, (enum leat_crypto_group)all_groups[i]))
            tls->groups[tls->group_count++] = all_groups[i];
    for (unsigned i = 0; i < SCHEMES; i++)
        if (ops->supports_scheme(self, (enum leat_crypto_scheme)all_schemes[i]))
            tls->schemes[tls->scheme_count++] = all_schemes[i];
    /* behind scheme_count, so that no signature of a handshake is made or accepted with them
     * (4.2.3) */
    memcpy(tls->schemes + tls->scheme_count, pkcs1, sizeof pkcs1);
}

bool tls_has_suite(const struct leat_tls *tls, uint16_t suite)
{
    for (unsigned i = 0; i < tls->suite_count; i++)
        if (tls->suites[i] == suite)
            return true;
    return false;
}

/* Index in all_suites; SUITES: unknown. */
static unsigned place_of(uint16_t suite)
{
    unsigned i = 0;

    while (i < SUITES && all_suites[i].suite != suite)
        i++;
    return i;
}

bool tls_suite_is_known(uint16_t suite)
{
    return place_of(suite) < SUITES;
}

enum leat_crypto_aead tls_suite_aead(uint16_t suite)
{
    leat_assert(tls_suite_is_known(suite));
    return (enum leat_crypto_aead)all_suites[place_of(suite)].aead;
}

enum leat_crypto_hash tls_suite_hash(uint16_t suite)
{
    leat_assert(tls_suite_is_known(suite));
    return (enum leat_crypto_hash)all_suites[place_of(suite)].hash;
}

/* ---- Flaws ----------------------------------------------------------------------------------- */

void tls_flaw(struct tls_session *session, struct tls_step *step, uint8_t alert, const char *why)
{
    session->alert = alert;
    session->why = why;
    session->err = LEAT_ERR_TLS;
    step->next = TLS_flaw;
    step->follows = true;
}

/* ---- Signatures and names -------------------------------------------------------------------- */

void tls_signed_content(struct leat_crypto_piece pieces[3], uint8_t *digest, size_t len)
{
    /* 64 spaces, then the text with its NUL, which is signed, too */
    static const char content[] = "                                "
                                  "                                "
                                  "TLS 1.3, server CertificateVerify";

    /* the cast is safe, because a provider only reads the content that it signs */
    pieces[0] = (struct leat_crypto_piece){(uint8_t *)(uintptr_t)content, sizeof content};
    pieces[1] = (struct leat_crypto_piece){digest, len};
    pieces[2] = (struct leat_crypto_piece){digest, 0};
}

size_t tls_text_len(const char *text)
{
    size_t len = 0;

    while (text[len])
        len++;
    return len;
}

bool tls_text_is(struct wire_tls_bytes bytes, const char *text)
{
    return tls_text_len(text) == bytes.len && memcmp(bytes.at, text, bytes.len) == 0;
}

bool tls_protocol_set(struct tls_session *session, struct wire_tls_bytes name)
{
    if (name.len >= sizeof session->protocol)
        return false;
    memcpy(session->protocol, name.at, name.len);
    session->protocol[name.len] = '\0';
    return true;
}
