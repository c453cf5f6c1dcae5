/* agreeable.c -- a mock provider of cryptography that always succeeds. */
#include "agreeable.h"

#include <stdlib.h>
#include <string.h>

#include "tls/wire/tls.h"

static const char *name(void *self)
{
    (void)self;
    return "agreeable";
}

/* ---- Numbers and digests ----------------------------------------------------------------------
 */

static bool random_bytes(void *self, void *bytes, size_t len)
{
    struct agreeable *crypto = self;

    for (size_t i = 0; i < len; i++) {
        crypto->random = crypto->random * 1664525u + 1013904223u;
        ((uint8_t *)bytes)[i] = (uint8_t)(crypto->random >> 24);
    }
    return true;
}

static bool reseed(void *self)
{
    (void)self;
    return true;
}

static bool hash_open(void *self, struct leat_crypto_hashing *hashing, enum leat_crypto_hash hash)
{
    ((struct agreeable *)self)->opened++;
    hashing->state[0] = hash;
    return true;
}

static bool hash_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                        size_t len)
{
    (void)self;
    for (size_t i = 0; i < len; i++)
        hashing->state[1] += ((const uint8_t *)bytes)[i]; /* reads every byte, so that a
                                                           * sanitizer checks them */
    return true;
}

static bool hash_digest(void *self, const struct leat_crypto_hashing *hashing, uint8_t *digest)
{
    (void)self;
    memset(digest, AGREEABLE_DIGEST,
           leat_crypto_digest_bytes((enum leat_crypto_hash)hashing->state[0]));
    return true;
}

static void hash_close(void *self, struct leat_crypto_hashing *hashing)
{
    (void)hashing;
    ((struct agreeable *)self)->opened--;
}

static bool hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac)
{
    (void)self;
    (void)key;
    (void)key_len;
    (void)pieces;
    (void)count;
    memset(mac, AGREEABLE_DIGEST, leat_crypto_digest_bytes(hash));
    return true;
}

/* ---- Records ----------------------------------------------------------------------------------
 */

static bool supports_aead(void *self, enum leat_crypto_aead aead)
{
    (void)self;
    (void)aead;
    return true;
}

/* Byte @at of the concatenated pieces. */
static uint8_t *byte_of(const struct leat_crypto_piece *pieces, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++) {
        if (at < pieces[i].len)
            return pieces[i].bytes + at;
        at -= pieces[i].len;
    }
    abort(); /* `out` has fewer bytes than `in` */
}

static size_t total_of(const struct leat_crypto_piece *pieces, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += pieces[i].len;
    return total;
}

/* Copies @in to @out, or writes bytes that must not be used (AGREEABLE_UNCHECKED). */
static void move_data(const struct leat_crypto_job *job, bool good)
{
    size_t out = 0;

    if (total_of(job->in, job->in_count) != total_of(job->out, job->out_count))
        abort();
    for (size_t i = 0; i < job->in_count; i++)
        for (size_t k = 0; k < job->in[i].len; k++)
            *byte_of(job->out, job->out_count, out++) =
                good ? job->in[i].bytes[k] : (uint8_t)AGREEABLE_UNCHECKED;
}

static bool seal(void *self, const struct leat_crypto_aead_key *key,
                 const struct leat_crypto_job *job, uint8_t *tag)
{
    (void)self;
    (void)key;
    move_data(job, true);
    memset(tag, AGREEABLE_TAG, LEAT_CRYPTO_TAG_BYTES);
    return true;
}

/* Notes the application data of a record. */
static void note_data(struct agreeable *crypto, const struct leat_crypto_job *job)
{
    size_t len = total_of(job->out, job->out_count);

    if (job->aad_len != WIRE_TLS_RECORD_HEADER)
        return; /* a ticket */
    while (len > 0 && *byte_of(job->out, job->out_count, len - 1) == 0)
        len--;
    if (len == 0 || *byte_of(job->out, job->out_count, len - 1) != WIRE_TLS_APPLICATION_DATA)
        return;
    for (size_t i = 0; i < len - 1 && crypto->data_len < AGREEABLE_DATA_BYTES; i++)
        crypto->data[crypto->data_len++] = *byte_of(job->out, job->out_count, i);
}

static bool open_data(void *self, const struct leat_crypto_aead_key *key,
                      const struct leat_crypto_job *job, const uint8_t *tag)
{
    bool good = true;

    (void)key;
    for (unsigned i = 0; i < LEAT_CRYPTO_TAG_BYTES; i++)
        good &= tag[i] == AGREEABLE_TAG;
    move_data(job, good);
    if (good)
        note_data(self, job);
    return good;
}

/* ---- Shares -----------------------------------------------------------------------------------
 */

static bool supports_group(void *self, enum leat_crypto_group group)
{
    if (group == LEAT_CRYPTO_X25519MLKEM768)
        return ((struct agreeable *)self)->hybrid;
    return group == LEAT_CRYPTO_X25519 || group == LEAT_CRYPTO_SECP256R1;
}

/* Length of a share, a client's or a server's. */
static size_t share_bytes(enum leat_crypto_group group, bool client)
{
    switch ((unsigned)group) {
    case LEAT_CRYPTO_X25519:
        return 32;
    case LEAT_CRYPTO_SECP256R1:
        return 65;
    default:
        return client ? 1216 : 1120;
    }
}

static bool share_open(void *self, struct leat_crypto_share *share, enum leat_crypto_group group,
                       uint8_t *public_share, size_t *len)
{
    ((struct agreeable *)self)->opened++;
    share->state[0] = group;
    *len = share_bytes(group, true);
    memset(public_share, (int)group & 0xff, *len);
    return true;
}

static bool share_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                         size_t peer_len, uint8_t *secret, size_t *secret_len)
{
    (void)self;
    *secret_len = 32;
    memset(secret, AGREEABLE_DIGEST, *secret_len);
    return peer_len == share_bytes((enum leat_crypto_group)share->state[0], false) && peer[0] != 0;
}

static void share_close(void *self, struct leat_crypto_share *share)
{
    (void)share;
    ((struct agreeable *)self)->opened--;
}

static bool share_answer(void *self, enum leat_crypto_group group, const uint8_t *peer,
                         size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                         size_t *secret_len)
{
    (void)self;
    *len = share_bytes(group, false);
    *secret_len = 32;
    if (peer_len != share_bytes(group, true) || peer[0] == 0)
        return false;
    memset(public_share, (int)group & 0xff, *len);
    memset(secret, AGREEABLE_DIGEST, *secret_len);
    return true;
}

/* ---- Keys and certificates --------------------------------------------------------------------
 */

static bool supports_scheme(void *self, enum leat_crypto_scheme scheme)
{
    (void)self;
    (void)scheme;
    return true;
}

static enum leat_err private_open(void *self, struct leat_crypto_private *key, const void *text,
                                  size_t len)
{
    (void)key;
    (void)text;
    (void)len;
    ((struct agreeable *)self)->opened++;
    return LEAT_OK;
}

static void private_close(void *self, struct leat_crypto_private *key)
{
    (void)key;
    ((struct agreeable *)self)->opened--;
}

static bool private_can(void *self, const struct leat_crypto_private *key,
                        enum leat_crypto_scheme scheme)
{
    (void)self;
    (void)key;
    return scheme == LEAT_CRYPTO_ECDSA_SECP256R1_SHA256;
}

static bool private_fits(void *self, const struct leat_crypto_private *key,
                         const struct leat_crypto_public *public_key)
{
    (void)self;
    (void)key;
    (void)public_key;
    return true;
}

static bool sign(void *self, const struct leat_crypto_private *key, enum leat_crypto_scheme scheme,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *signature,
                 size_t *len)
{
    (void)self;
    (void)key;
    (void)scheme;
    (void)pieces;
    (void)count;
    *len = AGREEABLE_SIGNATURE_BYTES;
    memset(signature, AGREEABLE_DIGEST, *len);
    return true;
}

static bool verify(void *self, const struct leat_crypto_public *key, enum leat_crypto_scheme scheme,
                   const struct leat_crypto_piece *pieces, size_t count, const uint8_t *signature,
                   size_t len)
{
    (void)self;
    (void)key;
    (void)scheme;
    (void)pieces;
    (void)count;
    return len > 0 && signature[0] != 0;
}

static enum leat_crypto_verdict public_open(void *self, struct leat_crypto_public *key,
                                            const struct leat_crypto_certificate *certificate)
{
    (void)key;
    (void)certificate;
    ((struct agreeable *)self)->opened++;
    return LEAT_CRYPTO_TRUSTED;
}

static void public_close(void *self, struct leat_crypto_public *key)
{
    (void)key;
    ((struct agreeable *)self)->opened--;
}

static bool pin(void *self, const struct leat_crypto_certificate *certificate, uint8_t *digest)
{
    (void)self;
    (void)certificate;
    memset(digest, AGREEABLE_DIGEST, 32);
    return true;
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

/* Reads each byte; a certificate that begins with 0 is malformed. */
static enum leat_crypto_verdict check_chain(void *self, const struct leat_crypto_chain *chain,
                                            struct leat_crypto_public *key)
{
    struct leat_crypto_hashing sum = {{0}};
    const enum leat_crypto_verdict glance = leat_crypto_chain_glance(chain);

    if (glance != LEAT_CRYPTO_TRUSTED)
        return glance;
    for (size_t i = 0; i < chain->count; i++)
        for (size_t k = 0; k < chain->certificates[i].count; k++)
            hash_update(self, &sum, chain->certificates[i].pieces[k].bytes,
                        chain->certificates[i].pieces[k].len);
    if (chain->certificates[0].pieces[0].len == 0 || chain->certificates[0].pieces[0].bytes[0] == 0)
        return LEAT_CRYPTO_MALFORMED;
    return public_open(self, key, &chain->certificates[0]);
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

struct leat_crypto agreeable_open(struct agreeable *self)
{
    self->random = 1;
    self->opened = 0;
    self->hybrid = false;
    self->data_len = 0;
    return (struct leat_crypto){&ops, self};
}
