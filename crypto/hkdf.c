/* hkdf.c -- derives keys from keys: HKDF (RFC 5869) over a provider's HMAC. */
#include <string.h>

#include <leat/crypto.h>

/* NOLINTNEXTLINE(readability-function-size): RFC 5869's arguments, each with its length */
bool leat_crypto_hkdf_extract(const struct leat_crypto *crypto, enum leat_crypto_hash hash,
                              const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
                              size_t ikm_len, uint8_t *prk)
{
    static const uint8_t zeros[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    const struct leat_crypto_piece piece = leat_crypto_piece_of(ikm, ikm_len);

    if (salt_len == 0) {
        salt = zeros;
        salt_len = leat_crypto_digest_bytes(hash);
    }
    return crypto->ops->hmac(crypto->self, hash, salt, salt_len, &piece, 1, prk);
}

/* NOLINTNEXTLINE(readability-function-size): as above */
bool leat_crypto_hkdf_expand(const struct leat_crypto *crypto, enum leat_crypto_hash hash,
                             const uint8_t *prk, const void *info, size_t info_len, uint8_t *out,
                             size_t len)
{
    const size_t digest_bytes = leat_crypto_digest_bytes(hash);
    uint8_t block[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t number = 0;
    bool done = len <= 255u * digest_bytes;

    for (size_t at = 0; done && at < len; at += digest_bytes) {
        const size_t some = len - at < digest_bytes ? len - at : digest_bytes;
        struct leat_crypto_piece pieces[3];

        pieces[0] = leat_crypto_piece_of(block, number == 0 ? 0 : digest_bytes); /* T(i - 1) */
        pieces[1] = leat_crypto_piece_of(info, info_len);
        number++;
        pieces[2] = leat_crypto_piece_of(&number, 1);
        done = crypto->ops->hmac(crypto->self, hash, prk, digest_bytes, pieces, 3, block);
        if (done)
            memcpy(out + at, block, some);
    }
    leat_crypto_wipe(block, sizeof block);
    return done;
}
