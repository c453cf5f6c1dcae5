/*
 * share.c -- X25519, P-256 and P-384 by BearSSL.
 *
 * A private share is made of the bytes that the program's entropy gives.  Any 32 bytes do for
 * X25519 (RFC 7748 5); a curve of NIST takes a number below its order, and the provider draws until
 * it has one (FIPS 186-5 A.2.2).
 */
#include <string.h>

#include "inside.h"

#define SCALAR_BYTES_MAX 48u
#define POINT_BYTES_MAX  97u /* 4, x, y: RFC 8446 4.2.8.2 */
#define DRAWS_MAX        64  /* one draw fails once in 2^32 times */

/* The content of struct leat_crypto_share. */
struct share {
    int32_t curve; /* BR_EC_; 0: none */
    uint8_t scalar[SCALAR_BYTES_MAX];
} BEARSSL_INSIDE;

_Static_assert(sizeof(struct share) <= sizeof(struct leat_crypto_share), "it has the room");

static int curve_of(enum leat_crypto_group group)
{
    if (group == LEAT_CRYPTO_X25519)
        return BR_EC_curve25519;
    if (group == LEAT_CRYPTO_SECP384R1)
        return BR_EC_secp384r1;
    return group == LEAT_CRYPTO_SECP256R1 ? BR_EC_secp256r1 : 0;
}

static size_t scalar_bytes(int curve)
{
    return curve == BR_EC_secp384r1 ? 48 : 32;
}

static size_t point_bytes(int curve)
{
    return curve == BR_EC_curve25519 ? 32 : 1 + 2 * scalar_bytes(curve);
}

bool leat_bearssl_supports_group(void *self, enum leat_crypto_group group)
{
    (void)self;
    return curve_of(group) != 0;
}

/* True if 0 < scalar < order; constant-time. */
static bool is_in_order(int curve, const uint8_t *scalar)
{
    size_t len;
    const uint8_t *order = br_ec_all_m31.order(curve, &len);
    uint32_t borrow = 0;
    uint32_t any = 0;

    for (size_t i = scalar_bytes(curve); i-- > 0;) {
        borrow = ((uint32_t)scalar[i] - order[i] - borrow) >> 31;
        any |= scalar[i];
    }
    return borrow != 0 && any != 0;
}

/* Draws a private number until it is in range. */
static bool draw(const struct bearssl_provider *provider, struct share *inside)
{
    for (int i = 0; i < DRAWS_MAX; i++) {
        if (provider->entropy(provider->entropy_arg, inside->scalar, scalar_bytes(inside->curve)) !=
            LEAT_OK)
            return false;
        if (inside->curve == BR_EC_curve25519 || is_in_order(inside->curve, inside->scalar))
            return true;
    }
    return false;
}

bool leat_bearssl_share_open(void *self, struct leat_crypto_share *share,
                             enum leat_crypto_group group, uint8_t *public_share, size_t *len)
{
    struct share *inside = (struct share *)share->state;

    memset(inside, 0, sizeof *inside);
    inside->curve = curve_of(group);
    if (inside->curve == 0 || !draw(self, inside))
        return false;
    *len = br_ec_all_m31.mulgen(public_share, inside->scalar, scalar_bytes(inside->curve),
                                inside->curve);
    return *len != 0;
}

bool leat_bearssl_private_make(void *self, uint8_t der[LEAT_CRYPTO_MADE_BYTES])
{
    struct share inside = {.curve = BR_EC_secp256r1};
    uint8_t point[POINT_BYTES_MAX];
    const bool done = draw(self, &inside) &&
                      br_ec_all_m31.mulgen(point, inside.scalar, scalar_bytes(inside.curve),
                                           inside.curve) == LEAT_CRYPTO_POINT_BYTES;

    if (done)
        leat_crypto_made(der, inside.scalar, point);
    leat_crypto_wipe(&inside, sizeof inside);
    return done;
}

bool leat_bearssl_share_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                               size_t peer_len, uint8_t *secret, size_t *secret_len)
{
    const struct share *inside = (const struct share *)share->state;
    static const uint8_t zeros[SCALAR_BYTES_MAX];
    const size_t size = scalar_bytes(inside->curve);
    uint8_t point[POINT_BYTES_MAX];
    size_t x_at;
    bool done;

    (void)self;
    if (inside->curve == 0 || peer_len != point_bytes(inside->curve) ||
        (inside->curve != BR_EC_curve25519 && peer[0] != 4))
        return false;
    memcpy(point, peer, peer_len);
    /* 0: not a point of the curve */
    done = br_ec_all_m31.mul(point, peer_len, inside->scalar, size, inside->curve) == 1;
    x_at = br_ec_all_m31.xoff(inside->curve, secret_len);
    done = done && *secret_len == size;
    if (done)
        memcpy(secret, point + x_at, size);
    leat_crypto_wipe(point, sizeof point);
    return done && !leat_crypto_equal(secret, zeros, size);
}

void leat_bearssl_share_close(void *self, struct leat_crypto_share *share)
{
    (void)self;
    leat_crypto_wipe(share, sizeof *share);
}

bool leat_bearssl_share_answer(void *self, enum leat_crypto_group group, const uint8_t *peer,
                               size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                               size_t *secret_len)
{
    struct leat_crypto_share share;
    const bool done = leat_bearssl_share_open(self, &share, group, public_share, len) &&
                      leat_bearssl_share_derive(self, &share, peer, peer_len, secret, secret_len);

    leat_bearssl_share_close(self, &share);
    return done;
}
