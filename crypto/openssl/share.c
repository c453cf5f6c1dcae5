/*
 * share.c -- X25519, P-256 and P-384 by libcrypto.
 *
 * Private shares are made of the bytes that the program's entropy gives, so that a run can be
 * repeated.  Any 32 bytes do for X25519 (RFC 7748 5); a curve of NIST takes a number below its
 * order, and the provider draws until it has one (FIPS 186-5 A.2.2).
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "inside.h"

#define X25519_BYTES     32u
#define SCALAR_BYTES_MAX 48u
#define DRAWS_MAX        64 /* one draw fails once in 2^32 times */

/* The content of struct leat_crypto_share. */
struct share {
    EVP_PKEY *key;
    enum leat_crypto_group group;
} OPENSSL_INSIDE;

_Static_assert(sizeof(struct share) <= sizeof(struct leat_crypto_share), "it has the room");

/* A curve of NIST. */
struct curve {
    enum leat_crypto_group id;
    int nid;
    const char *name;
    size_t scalar_bytes;
    size_t point_bytes; /* 4, x, y: RFC 8446 4.2.8.2 */
};

static const struct curve curves[OPENSSL_CURVES] = {
    {LEAT_CRYPTO_SECP256R1, NID_X9_62_prime256v1, "P-256", 32, 65},
    {LEAT_CRYPTO_SECP384R1, NID_secp384r1, "P-384", SCALAR_BYTES_MAX, 97},
};

/* NULL: @group is none of them. */
static const struct curve *curve_of(enum leat_crypto_group group)
{
    for (size_t i = 0; i < OPENSSL_CURVES; i++) {
        if (curves[i].id == group)
            return &curves[i];
    }
    return NULL;
}

static struct share *inside_of(struct leat_crypto_share *share)
{
    return (struct share *)share->state;
}

bool leat_openssl_share_start(struct openssl_provider *provider)
{
    for (size_t i = 0; i < OPENSSL_CURVES; i++) {
        provider->curves[i] = EC_GROUP_new_by_curve_name_ex(provider->library, NULL, curves[i].nid);
        if (!provider->curves[i])
            return false;
    }
    return true;
}

void leat_openssl_share_stop(struct openssl_provider *provider)
{
    for (size_t i = 0; i < OPENSSL_CURVES; i++)
        EC_GROUP_free(provider->curves[i]);
}

bool leat_openssl_supports_group(void *self, enum leat_crypto_group group)
{
    (void)self;
    return group == LEAT_CRYPTO_X25519 || curve_of(group);
}

/* A key of a curve, made of its parts; @scalar NULL: a public one.  NULL: not a point of the curve.
 */
static EVP_PKEY *curve_key(const struct openssl_provider *provider, const struct curve *curve,
                           const uint8_t *point, const BIGNUM *scalar)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(provider->library, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (context && builder &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point,
                                         curve->point_bytes) == 1 &&
        (!scalar || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1))
        params = OSSL_PARAM_BLD_to_param(builder);
    if (params && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

/* Draws a private number until it is in range. */
static bool draw_scalar(const struct openssl_provider *provider, const struct curve *curve,
                        BIGNUM *scalar)
{
    const BIGNUM *order = EC_GROUP_get0_order(provider->curves[curve - curves]);
    uint8_t bytes[SCALAR_BYTES_MAX];
    bool found = false;

    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    for (int i = 0; i < DRAWS_MAX && !found; i++) {
        if (provider->entropy(provider->entropy_arg, bytes, curve->scalar_bytes) != LEAT_OK ||
            !BN_bin2bn(bytes, (int)curve->scalar_bytes, scalar))
            break;
        found = !BN_is_zero(scalar) && BN_cmp(scalar, order) < 0;
    }
    leat_crypto_wipe(bytes, sizeof bytes);
    return found;
}

/* Draws a private number and writes its public half. */
static bool curve_pair(const struct openssl_provider *provider, const struct curve *curve,
                       BIGNUM *scalar, uint8_t *public_share)
{
    const EC_GROUP *group = provider->curves[curve - curves];
    BN_CTX *numbers = BN_CTX_secure_new_ex(provider->library);
    EC_POINT *point = EC_POINT_new(group);
    const bool done = numbers && point && draw_scalar(provider, curve, scalar) &&
                      EC_POINT_mul(group, point, scalar, NULL, NULL, numbers) == 1 &&
                      EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, public_share,
                                         curve->point_bytes, numbers) == curve->point_bytes;

    EC_POINT_free(point);
    BN_CTX_free(numbers);
    return done;
}

static EVP_PKEY *curve_draw(const struct openssl_provider *provider, const struct curve *curve,
                            uint8_t *public_share)
{
    BIGNUM *scalar = BN_secure_new();
    EVP_PKEY *key = NULL;

    if (scalar && curve_pair(provider, curve, scalar, public_share))
        key = curve_key(provider, curve, public_share, scalar);
    BN_clear_free(scalar);
    return key;
}

bool leat_openssl_private_make(void *self, uint8_t der[LEAT_CRYPTO_MADE_BYTES])
{
    const struct curve *curve = curve_of(LEAT_CRYPTO_SECP256R1);
    BIGNUM *scalar = BN_secure_new();
    uint8_t bytes[SCALAR_BYTES_MAX], point[LEAT_CRYPTO_POINT_BYTES];
    const int len = (int)curve->scalar_bytes;
    const bool done =
        scalar && curve_pair(self, curve, scalar, point) && BN_bn2binpad(scalar, bytes, len) == len;

    if (done)
        leat_crypto_made(der, bytes, point);
    else
        ERR_clear_error();
    leat_crypto_wipe(bytes, sizeof bytes);
    BN_clear_free(scalar);
    return done;
}

static EVP_PKEY *x25519_draw(const struct openssl_provider *provider, uint8_t *public_share)
{
    uint8_t bytes[X25519_BYTES];
    size_t len = X25519_BYTES;
    EVP_PKEY *key = NULL;

    if (provider->entropy(provider->entropy_arg, bytes, sizeof bytes) == LEAT_OK)
        key =
            EVP_PKEY_new_raw_private_key_ex(provider->library, "X25519", NULL, bytes, sizeof bytes);
    leat_crypto_wipe(bytes, sizeof bytes);
    if (key && EVP_PKEY_get_raw_public_key(key, public_share, &len) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

bool leat_openssl_share_open(void *self, struct leat_crypto_share *share,
                             enum leat_crypto_group group, uint8_t *public_share, size_t *len)
{
    const struct openssl_provider *provider = self;
    const struct curve *curve = curve_of(group);
    struct share *inside = inside_of(share);

    inside->group = group;
    inside->key = NULL;
    if (group == LEAT_CRYPTO_X25519) {
        inside->key = x25519_draw(provider, public_share);
        *len = X25519_BYTES;
    } else if (curve) {
        inside->key = curve_draw(provider, curve, public_share);
        *len = curve->point_bytes;
    }
    if (!inside->key)
        ERR_clear_error();
    return inside->key != NULL;
}

/* The key of a peer's share, or NULL if it can't be one. */
static EVP_PKEY *peer_key(const struct openssl_provider *provider, enum leat_crypto_group group,
                          const uint8_t *peer, size_t len)
{
    const struct curve *curve = curve_of(group);

    if (group == LEAT_CRYPTO_X25519 && len == X25519_BYTES)
        return EVP_PKEY_new_raw_public_key_ex(provider->library, "X25519", NULL, peer, len);
    if (curve && len == curve->point_bytes && peer[0] == 4)
        return curve_key(provider, curve, peer, NULL);
    return NULL;
}

bool leat_openssl_share_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                               size_t peer_len, uint8_t *secret, size_t *secret_len)
{
    const struct openssl_provider *provider = self;
    const struct share *inside = inside_of(share);
    static const uint8_t zeros[LEAT_CRYPTO_SECRET_BYTES_MAX];
    EVP_PKEY *other = peer_key(provider, inside->group, peer, peer_len);
    EVP_PKEY_CTX *context =
        other ? EVP_PKEY_CTX_new_from_pkey(provider->library, inside->key, NULL) : NULL;
    bool done;

    *secret_len = LEAT_CRYPTO_SECRET_BYTES_MAX;
    done = context && EVP_PKEY_derive_init(context) == 1 &&
           EVP_PKEY_derive_set_peer(context, other) == 1 &&
           EVP_PKEY_derive(context, secret, secret_len) == 1;
    done = done && *secret_len <= sizeof zeros && !leat_crypto_equal(secret, zeros, *secret_len);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(other);
    if (!done)
        ERR_clear_error();
    return done;
}

void leat_openssl_share_close(void *self, struct leat_crypto_share *share)
{
    struct share *inside = inside_of(share);

    (void)self;
    EVP_PKEY_free(inside->key);
    inside->key = NULL;
}

bool leat_openssl_share_answer(void *self, enum leat_crypto_group group, const uint8_t *peer,
                               size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                               size_t *secret_len)
{
    struct leat_crypto_share share;
    const bool done = leat_openssl_share_open(self, &share, group, public_share, len) &&
                      leat_openssl_share_derive(self, &share, peer, peer_len, secret, secret_len);

    leat_openssl_share_close(self, &share);
    return done;
}
