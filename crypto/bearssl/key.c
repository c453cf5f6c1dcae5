/* key.c -- private keys and certificates as BearSSL reads them. */
#include <string.h>

#include "inside.h"

/* The pointers of BearSSL's structures aren't const; here their targets are only read. */
static unsigned char *only_read(const uint8_t *bytes)
{
    return (unsigned char *)(uintptr_t)bytes;
}

br_rsa_private_key leat_bearssl_rsa_private(const struct bearssl_private *key)
{
    br_rsa_private_key view;
    unsigned char *at = only_read(key->bytes);

    view.n_bitlen = key->bits;
    view.p = at;
    view.plen = key->lens[0];
    view.q = view.p + view.plen;
    view.qlen = key->lens[1];
    view.dp = view.q + view.qlen;
    view.dplen = key->lens[2];
    view.dq = view.dp + view.dplen;
    view.dqlen = key->lens[3];
    view.iq = view.dq + view.dqlen;
    view.iqlen = key->lens[4];
    return view;
}

br_ec_private_key leat_bearssl_ec_private(const struct bearssl_private *key)
{
    br_ec_private_key view;

    view.curve = (int)key->curve;
    view.x = only_read(key->bytes);
    view.xlen = key->lens[0];
    return view;
}

br_rsa_public_key leat_bearssl_rsa_public(const struct bearssl_public *key)
{
    br_rsa_public_key view;

    view.n = only_read(key->bytes);
    view.nlen = key->n_len;
    view.e = view.n + view.nlen;
    view.elen = key->e_len;
    return view;
}

br_ec_public_key leat_bearssl_ec_public(const struct bearssl_public *key)
{
    br_ec_public_key view;

    view.curve = (int)key->curve;
    view.q = only_read(key->bytes);
    view.qlen = key->n_len;
    return view;
}

static bool is_curve(int curve)
{
    return curve == BR_EC_secp256r1 || curve == BR_EC_secp384r1 || curve == BR_EC_secp521r1;
}

static enum leat_err take_rsa(struct bearssl_private *inside, const br_rsa_private_key *found)
{
    const unsigned char *const parts[] = {found->p, found->q, found->dp, found->dq, found->iq};
    const size_t lens[] = {found->plen, found->qlen, found->dplen, found->dqlen, found->iqlen};
    size_t at = 0;

    if (found->n_bitlen < 8 * RSA_BYTES_MIN || found->n_bitlen > 8 * RSA_BYTES_MAX)
        return LEAT_ERR_UNSUPPORTED;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        if (lens[i] > sizeof inside->bytes - at)
            return LEAT_ERR_UNSUPPORTED;
        memcpy(inside->bytes + at, parts[i], lens[i]);
        inside->lens[i] = (uint16_t)lens[i];
        at += lens[i];
    }
    inside->bits = found->n_bitlen;
    inside->type = BR_KEYTYPE_RSA;
    return LEAT_OK;
}

static enum leat_err take_ec(struct bearssl_private *inside, const br_ec_private_key *found)
{
    if (!is_curve(found->curve) || found->xlen > sizeof inside->bytes)
        return LEAT_ERR_UNSUPPORTED;
    memcpy(inside->bytes, found->x, found->xlen);
    inside->lens[0] = (uint16_t)found->xlen;
    inside->curve = (uint32_t)found->curve;
    inside->type = BR_KEYTYPE_EC;
    return LEAT_OK;
}

static enum leat_err open_der(struct bearssl_provider *provider, struct bearssl_private *inside,
                              const uint8_t *der, size_t len)
{
    br_skey_decoder_context *decoder = &provider->work.private_key;
    enum leat_err err = LEAT_ERR_FORMAT;
    int said;

    br_skey_decoder_init(decoder);
    br_skey_decoder_push(decoder, der, len);
    said = br_skey_decoder_last_error(decoder);
    if (said == 0 && br_skey_decoder_key_type(decoder) == BR_KEYTYPE_RSA)
        err = take_rsa(inside, br_skey_decoder_get_rsa(decoder));
    else if (said == 0 && br_skey_decoder_key_type(decoder) == BR_KEYTYPE_EC)
        err = take_ec(inside, br_skey_decoder_get_ec(decoder));
    else if (said == BR_ERR_X509_UNSUPPORTED)
        err = LEAT_ERR_UNSUPPORTED;
    leat_crypto_wipe(decoder, sizeof *decoder);
    return err;
}

enum leat_err leat_bearssl_private_open(void *self, struct leat_crypto_private *key,
                                        const void *text, size_t len)
{
    struct bearssl_provider *provider = self;
    struct bearssl_private *inside = (struct bearssl_private *)key->state;
    const char *at = text;
    struct leat_crypto_pem pem;
    enum leat_err err;

    memset(inside, 0, sizeof *inside);
    if (len > 0 && *(const uint8_t *)text == 0x30) /* SEQUENCE */
        return open_der(provider, inside, text, len);
    do {
        err = leat_crypto_pem_next(&at, &len, &pem, provider->scratch, sizeof provider->scratch);
        if (err == LEAT_OK && leat_crypto_pem_is_private(&pem)) {
            err = open_der(provider, inside, provider->scratch, pem.der_len);
            break;
        }
    } while (err == LEAT_OK || err == LEAT_ERR_MEMORY); /* a long block that isn't the key */
    leat_crypto_wipe(provider->scratch, sizeof provider->scratch);
    return err;
}

void leat_bearssl_private_close(void *self, struct leat_crypto_private *key)
{
    (void)self;
    leat_crypto_wipe(key, sizeof *key);
}

/* True if one key verifies a signature of the other.  BearSSL can't compute a modulus of 4,096
 * bits. */
static bool signs_for(struct bearssl_provider *provider, const struct bearssl_private *mine,
                      const struct bearssl_public *theirs)
{
    static const uint8_t digest[32];
    uint8_t *signature = provider->work.pss.signature;
    size_t len;

    return leat_bearssl_pss_sign(provider, mine, &br_sha256_vtable, digest, signature, &len) &&
           leat_bearssl_pss_verify(provider, theirs, &br_sha256_vtable, digest, signature, len);
}

bool leat_bearssl_private_fits(void *self, const struct leat_crypto_private *key,
                               const struct leat_crypto_public *public_key)
{
    const struct bearssl_private *mine = (const struct bearssl_private *)key->state;
    const struct bearssl_public *theirs = (const struct bearssl_public *)public_key->state;
    unsigned char point[BR_EC_KBUF_PUB_MAX_SIZE];
    br_ec_private_key view;

    if (mine->type != theirs->type || mine->curve != theirs->curve)
        return false;
    if (mine->type == BR_KEYTYPE_RSA)
        return signs_for(self, mine, theirs);
    view = leat_bearssl_ec_private(mine);
    return br_ec_compute_pub(&br_ec_all_m31, NULL, point, &view) == theirs->n_len &&
           memcmp(point, theirs->bytes, theirs->n_len) == 0;
}

static enum leat_crypto_verdict take_rsa_public(struct bearssl_public *inside,
                                                const br_rsa_public_key *found)
{
    const unsigned char *n = found->n;
    size_t len = found->nlen;

    while (len > 0 && *n == 0) {
        n++;
        len--;
    }
    if (len < RSA_BYTES_MIN || len > RSA_BYTES_MAX || (len == RSA_BYTES_MIN && n[0] < 0x80) ||
        found->elen > EXPONENT_BYTES_MAX)
        return LEAT_CRYPTO_UNSUPPORTED;
    memcpy(inside->bytes, n, len);
    memcpy(inside->bytes + len, found->e, found->elen);
    inside->n_len = (uint32_t)len;
    inside->e_len = (uint32_t)found->elen;
    inside->type = BR_KEYTYPE_RSA;
    return LEAT_CRYPTO_TRUSTED;
}

enum leat_crypto_verdict leat_bearssl_public_take(struct leat_crypto_public *key,
                                                  const br_x509_pkey *found)
{
    struct bearssl_public *inside = (struct bearssl_public *)key->state;

    memset(inside, 0, sizeof *inside);
    if (found->key_type == BR_KEYTYPE_RSA)
        return take_rsa_public(inside, &found->key.rsa);
    if (found->key_type != BR_KEYTYPE_EC || !is_curve(found->key.ec.curve) ||
        found->key.ec.qlen > sizeof inside->bytes)
        return LEAT_CRYPTO_UNSUPPORTED;
    memcpy(inside->bytes, found->key.ec.q, found->key.ec.qlen);
    inside->n_len = (uint32_t)found->key.ec.qlen;
    inside->curve = (uint32_t)found->key.ec.curve;
    inside->type = BR_KEYTYPE_EC;
    return LEAT_CRYPTO_TRUSTED;
}

/* The decoder requires a callback for the name. */
static void ignore_name(void *arg, const void *bytes, size_t len)
{
    (void)arg, (void)bytes, (void)len;
}

enum leat_crypto_verdict leat_bearssl_public_open(void *self, struct leat_crypto_public *key,
                                                  const struct leat_crypto_certificate *certificate)
{
    struct bearssl_provider *provider = self;
    br_x509_decoder_context *decoder = &provider->work.decoder;
    const size_t len = leat_bearssl_gather(certificate->pieces, certificate->count,
                                           provider->scratch, LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
    struct bearssl_facts facts;

    memset(key, 0, sizeof *key);
    if (len == SIZE_MAX || !leat_bearssl_facts(provider->scratch, len, &facts))
        return LEAT_CRYPTO_MALFORMED;
    br_x509_decoder_init(decoder, ignore_name, NULL);
    br_x509_decoder_push(decoder, provider->scratch, len);
    if (br_x509_decoder_last_error(decoder) == BR_ERR_X509_UNSUPPORTED)
        return LEAT_CRYPTO_UNSUPPORTED;
    if (!br_x509_decoder_get_pkey(decoder))
        return LEAT_CRYPTO_MALFORMED;
    return leat_bearssl_public_take(key, br_x509_decoder_get_pkey(decoder));
}

void leat_bearssl_public_close(void *self, struct leat_crypto_public *key)
{
    (void)self;
    memset(key, 0, sizeof *key);
}

bool leat_bearssl_pin(void *self, const struct leat_crypto_certificate *certificate,
                      uint8_t *digest)
{
    struct bearssl_provider *provider = self;
    const size_t len = leat_bearssl_gather(certificate->pieces, certificate->count,
                                           provider->scratch, LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
    struct bearssl_facts facts;
    br_sha256_context context;

    if (len == SIZE_MAX || !leat_bearssl_facts(provider->scratch, len, &facts))
        return false;
    br_sha256_init(&context);
    br_sha256_update(&context, facts.key_info.at, facts.key_info.len);
    br_sha256_out(&context, digest);
    return true;
}
