/* toy.c -- a cryptography provider that protects nothing, and checks everything. */
#include "toy.h"

#include <string.h>

#include "wire/bytes.h"

enum {
    LANES = 4,
    KIND = LANES, /* of a hash, behind its lanes */
    KEY_AT = 4,   /* of a certificate */
    NAME_AT = KEY_AT + 8,
    SIGNATURE_BYTES = 71
};

static const uint64_t the_key = 0x6c656174746f7921u;

static const char *name(void *self)
{
    (void)self;
    return "toy";
}

/* True if this call is one that must fail. */
static bool fails(void *self)
{
    struct toy *toy = self;
    const bool now =
        ++toy->calls == toy->fail_call ||
        (toy->fail_per_m > 0 && sim_random_between(&toy->random, 1, 1000000) <= toy->fail_per_m);

    toy->failures += now;
    return now;
}

/* ---- numbers and digests ------------------------------------------------------------------ */

static bool random_bytes(void *self, void *bytes, size_t len)
{
    struct toy *toy = self;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)sim_random_next(&toy->random);
    return !fails(self);
}

static bool reseed(void *self)
{
    (void)self;
    return true;
}

static void lanes_init(uint64_t lanes[LANES])
{
    for (unsigned i = 0; i < LANES; i++)
        lanes[i] = 0xcbf29ce484222325u + i * 0x9e3779b97f4a7c15u;
}

/* FNV-1a, four times over. */
static void lanes_add(uint64_t lanes[LANES], const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++)
        for (unsigned k = 0; k < LANES; k++)
            lanes[k] = (lanes[k] ^ at[i]) * 0x100000001b3u;
}

static void lanes_digest(const uint64_t lanes[LANES], uint8_t *digest, size_t len)
{
    struct sim_random random = {lanes[0] ^ (lanes[1] >> 7) ^ (lanes[2] << 9) ^ (lanes[3] >> 3)};

    for (size_t i = 0; i < len; i++)
        digest[i] = (uint8_t)(sim_random_next(&random) ^ lanes[i % LANES] >> 40);
}

static bool hash_open(void *self, struct leat_crypto_hashing *hashing, enum leat_crypto_hash hash)
{
    lanes_init(hashing->state);
    hashing->state[KIND] = hash;
    if (fails(self)) {
        hashing->state[KIND] = 0; /* as after a lack of memory */
        return false;
    }
    ((struct toy *)self)->opened++;
    return true;
}

static bool hash_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                        size_t len)
{
    lanes_add(hashing->state, bytes, len);
    return !fails(self);
}

static bool hash_digest(void *self, const struct leat_crypto_hashing *hashing, uint8_t *digest)
{
    const size_t len = leat_crypto_digest_bytes((enum leat_crypto_hash)hashing->state[KIND]);

    lanes_digest(hashing->state, digest, len);
    return !fails(self);
}

static void hash_close(void *self, struct leat_crypto_hashing *hashing)
{
    ((struct toy *)self)->opened -= hashing->state[KIND] != 0;
    hashing->state[KIND] = 0;
}

static void lanes_add_all(uint64_t lanes[LANES], const struct leat_crypto_piece *pieces,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        lanes_add(lanes, pieces[i].bytes, pieces[i].len);
}

static bool hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac)
{
    uint64_t lanes[LANES];

    lanes_init(lanes);
    lanes_add(lanes, key, key_len);
    lanes_add(lanes, "k", 1);
    lanes_add_all(lanes, pieces, count);
    lanes_digest(lanes, mac, leat_crypto_digest_bytes(hash));
    return !fails(self);
}

/* ---- records ------------------------------------------------------------------------------ */

static bool supports_aead(void *self, enum leat_crypto_aead aead)
{
    (void)self;
    (void)aead;
    return true;
}

/* A position in a list of pieces. */
struct walk {
    const struct leat_crypto_piece *piece;
    size_t at;
};

static uint8_t *next_byte(struct walk *walk)
{
    while (walk->at == walk->piece->len)
        *walk = (struct walk){walk->piece + 1, 0};
    return walk->piece->bytes + walk->at++;
}

/* Turns @in into @out; the tag is over the encrypted bytes. */
static void crypt(const struct leat_crypto_aead_key *key, const struct leat_crypto_job *job,
                  bool seals, uint8_t *tag)
{
    struct walk in = {job->in, 0}, out = {job->out, 0};
    struct sim_random stream;
    uint64_t lanes[LANES];
    size_t left = 0;

    lanes_init(lanes);
    lanes_add(lanes, key->bytes, leat_crypto_key_bytes((enum leat_crypto_aead)key->aead));
    lanes_add(lanes, job->nonce, LEAT_CRYPTO_NONCE_BYTES);
    stream.state = lanes[0];
    lanes_add(lanes, job->aad, job->aad_len);
    for (size_t i = 0; i < job->in_count; i++)
        left += job->in[i].len;
    for (; left > 0; left--) {
        const uint8_t was = *next_byte(&in);
        const uint8_t is = was ^ (uint8_t)sim_random_next(&stream);

        lanes_add(lanes, seals ? &is : &was, 1);
        *next_byte(&out) = is;
    }
    lanes_digest(lanes, tag, LEAT_CRYPTO_TAG_BYTES);
}

static bool seal(void *self, const struct leat_crypto_aead_key *key,
                 const struct leat_crypto_job *job, uint8_t *tag)
{
    crypt(key, job, true, tag);
    return !fails(self);
}

static bool open_data(void *self, const struct leat_crypto_aead_key *key,
                      const struct leat_crypto_job *job, const uint8_t *tag)
{
    uint8_t right[LEAT_CRYPTO_TAG_BYTES];

    crypt(key, job, false, right);
    return memcmp(right, tag, sizeof right) == 0 && !fails(self);
}

/* ---- shares ------------------------------------------------------------------------------- */

static bool supports_group(void *self, enum leat_crypto_group group)
{
    return group == LEAT_CRYPTO_SECP256R1 ||
           (group == LEAT_CRYPTO_X25519 && !((const struct toy *)self)->one_group);
}

static size_t share_bytes(uint64_t group)
{
    return group == LEAT_CRYPTO_X25519 ? 32 : 65;
}

/* A number, and bytes that depend on it, so that a changed byte is noticed. */
static size_t write_share(uint64_t group, uint64_t number, uint8_t *bytes)
{
    struct sim_random random = {number ^ group};

    put64(bytes, number);
    for (size_t i = 8; i < share_bytes(group); i++)
        bytes[i] = (uint8_t)sim_random_next(&random);
    return share_bytes(group);
}

/* Both multiply the numbers, which is no secret: the peer's number can be divided out. */
static bool derive(uint64_t group, uint64_t own, const uint8_t *peer, size_t peer_len,
                   uint8_t *secret, size_t *secret_len)
{
    uint8_t right[65];
    struct sim_random random;

    *secret_len = 32;
    if (peer_len != share_bytes(group))
        return false;
    write_share(group, get64(peer), right);
    random.state = own * get64(peer);
    for (size_t i = 0; i < *secret_len; i++)
        secret[i] = (uint8_t)sim_random_next(&random);
    return memcmp(peer, right, peer_len) == 0;
}

static bool share_open(void *self, struct leat_crypto_share *share, enum leat_crypto_group group,
                       uint8_t *public_share, size_t *len)
{
    struct toy *toy = self;

    if (fails(self))
        return false;
    toy->opened++;
    share->state[0] = group;
    share->state[1] = sim_random_next(&toy->random) | 1;
    *len = write_share(group, share->state[1] * the_key, public_share);
    return true;
}

static bool share_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                         size_t peer_len, uint8_t *secret, size_t *secret_len)
{
    return derive(share->state[0], share->state[1], peer, peer_len, secret, secret_len) &&
           !fails(self);
}

static void share_close(void *self, struct leat_crypto_share *share)
{
    (void)share;
    ((struct toy *)self)->opened--;
}

static bool share_answer(void *self, enum leat_crypto_group group, const uint8_t *peer,
                         size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                         size_t *secret_len)
{
    const uint64_t own = sim_random_next(&((struct toy *)self)->random) | 1;

    *len = write_share(group, own * the_key, public_share);
    return derive(group, own, peer, peer_len, secret, secret_len) && !fails(self);
}

/* ---- keys and certificates ---------------------------------------------------------------- */

static bool supports_scheme(void *self, enum leat_crypto_scheme scheme)
{
    (void)self;
    return scheme == LEAT_CRYPTO_ECDSA_SECP256R1_SHA256;
}

static enum leat_err private_open(void *self, struct leat_crypto_private *key, const void *text,
                                  size_t len)
{
    (void)self;
    (void)text;
    (void)len;
    key->state[0] = the_key;
    return LEAT_OK;
}

static void private_close(void *self, struct leat_crypto_private *key)
{
    (void)self;
    (void)key;
}

static bool private_can(void *self, const struct leat_crypto_private *key,
                        enum leat_crypto_scheme scheme)
{
    (void)key;
    return supports_scheme(self, scheme);
}

static bool private_fits(void *self, const struct leat_crypto_private *key,
                         const struct leat_crypto_public *public_key)
{
    (void)self;
    return key->state[0] == public_key->state[0];
}

static void sign_by(uint64_t key, const struct leat_crypto_piece *pieces, size_t count,
                    uint8_t signature[SIGNATURE_BYTES])
{
    uint64_t lanes[LANES];
    uint8_t bytes[8];

    put64(bytes, key);
    lanes_init(lanes);
    lanes_add(lanes, bytes, sizeof bytes);
    lanes_add_all(lanes, pieces, count);
    lanes_digest(lanes, signature, SIGNATURE_BYTES);
}

static bool sign(void *self, const struct leat_crypto_private *key, enum leat_crypto_scheme scheme,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *signature,
                 size_t *len)
{
    *len = SIGNATURE_BYTES;
    sign_by(key->state[0] ^ scheme, pieces, count, signature);
    return !fails(self);
}

static bool verify(void *self, const struct leat_crypto_public *key, enum leat_crypto_scheme scheme,
                   const struct leat_crypto_piece *pieces, size_t count, const uint8_t *signature,
                   size_t len)
{
    uint8_t right[SIGNATURE_BYTES];

    sign_by(key->state[0] ^ scheme, pieces, count, right);
    return len == sizeof right && memcmp(signature, right, sizeof right) == 0 && !fails(self);
}

/* Builds the whole certificate. False: not one of ours. */
static bool read_certificate(const struct leat_crypto_certificate *certificate,
                             uint8_t bytes[TOY_CERTIFICATE_BYTES])
{
    uint8_t right[TOY_CERTIFICATE_BYTES];
    size_t have = 0;

    for (size_t i = 0; i < certificate->count; i++) {
        const struct leat_crypto_piece *piece = &certificate->pieces[i];

        if (piece->len > TOY_CERTIFICATE_BYTES - have)
            return false;
        if (piece->len > 0)
            memcpy(bytes + have, piece->bytes, piece->len);
        have += piece->len;
    }
    if (have != TOY_CERTIFICATE_BYTES || bytes[NAME_AT + TOY_NAME_BYTES - 1] != 0)
        return false;
    toy_certificate(right, (const char *)bytes + NAME_AT);
    return memcmp(bytes, right, sizeof right) == 0; /* the issuer's signature */
}

static enum leat_crypto_verdict public_open(void *self, struct leat_crypto_public *key,
                                            const struct leat_crypto_certificate *certificate)
{
    uint8_t bytes[TOY_CERTIFICATE_BYTES];

    if (!read_certificate(certificate, bytes))
        return LEAT_CRYPTO_MALFORMED;
    if (fails(self))
        return LEAT_CRYPTO_NO_MEMORY;
    key->state[0] = get64(bytes + KEY_AT);
    ((struct toy *)self)->opened++;
    return LEAT_CRYPTO_TRUSTED;
}

static void public_close(void *self, struct leat_crypto_public *key)
{
    (void)key;
    ((struct toy *)self)->opened--;
}

static bool pin(void *self, const struct leat_crypto_certificate *certificate, uint8_t *digest)
{
    uint8_t bytes[TOY_CERTIFICATE_BYTES];

    memset(digest, 0, 32);
    return read_certificate(certificate, bytes) && !fails(self);
}

static enum leat_err anchors_open(void *self, struct leat_crypto_anchors *anchors, const void *text,
                                  size_t len, void *memory, size_t memory_bytes)
{
    (void)self;
    (void)text;
    (void)len;
    (void)memory;
    (void)memory_bytes;
    memset(anchors, 0, sizeof *anchors);
    return LEAT_OK;
}

static void anchors_close(void *self, struct leat_crypto_anchors *anchors)
{
    (void)self;
    (void)anchors;
}

static enum leat_crypto_verdict check_chain(void *self, const struct leat_crypto_chain *chain,
                                            struct leat_crypto_public *key)
{
    const enum leat_crypto_verdict glance = leat_crypto_chain_glance(chain);
    uint8_t bytes[TOY_CERTIFICATE_BYTES];

    if (glance != LEAT_CRYPTO_TRUSTED)
        return glance;
    for (size_t i = 0; i < chain->count; i++) {
        if (!read_certificate(&chain->certificates[i], bytes))
            return LEAT_CRYPTO_BAD_SIGNATURE;
        if (i == 0 && chain->name && strcmp((const char *)bytes + NAME_AT, chain->name) != 0)
            return LEAT_CRYPTO_WRONG_NAME;
    }
    return public_open(self, key, &chain->certificates[0]);
}

void toy_certificate(uint8_t bytes[TOY_CERTIFICATE_BYTES], const char *name)
{
    struct sim_random random = {the_key};

    for (unsigned i = 0; i < TOY_CERTIFICATE_BYTES; i++)
        bytes[i] = (uint8_t)sim_random_next(&random);
    memcpy(bytes, "toy", KEY_AT);
    put64(bytes + KEY_AT, the_key);
    memset(bytes + NAME_AT, 0, TOY_NAME_BYTES);
    for (unsigned i = 0; name[i] && i < TOY_NAME_BYTES - 1; i++)
        bytes[NAME_AT + i] = (uint8_t)name[i];
}

static const struct leat_crypto_ops ops = {.name = name,
                                           .random = random_bytes,
                                           .reseed = reseed,
                                           .hash_open = hash_open,
                                           .hash_update = hash_update,
                                           .hash_digest = hash_digest,
                                           .hash_close = hash_close,
                                           .hmac = hmac,
                                           .supports_aead = supports_aead,
                                           .seal = seal,
                                           .open = open_data,
                                           .supports_group = supports_group,
                                           .share_open = share_open,
                                           .share_derive = share_derive,
                                           .share_close = share_close,
                                           .share_answer = share_answer,
                                           .supports_scheme = supports_scheme,
                                           .private_open = private_open,
                                           .private_close = private_close,
                                           .private_can = private_can,
                                           .private_fits = private_fits,
                                           .sign = sign,
                                           .verify = verify,
                                           .public_open = public_open,
                                           .public_close = public_close,
                                           .pin = pin,
                                           .anchors_open = anchors_open,
                                           .anchors_close = anchors_close,
                                           .check_chain = check_chain};

struct leat_crypto toy_open(struct toy *self, uint64_t seed)
{
    memset(self, 0, sizeof *self);
    self->random.state = seed;
    return (struct leat_crypto){&ops, self};
}
