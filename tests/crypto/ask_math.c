/* ask_math.c -- commands for hashes, encryption and key shares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"

static enum leat_crypto_hash hash_of(const char *word)
{
    return strcmp(word, "sha384") == 0 ? LEAT_CRYPTO_SHA384 : LEAT_CRYPTO_SHA256;
}

/* hash NAME PIECES: the digest after each piece, and the last one again */
void ask_hash(struct ask *ask)
{
    const enum leat_crypto_hash hash = hash_of(ask->words[1]);
    struct leat_crypto_hashing *hashing = ask_memory(sizeof *hashing);
    struct leat_crypto_piece pieces[ASK_PIECES];
    const size_t count = ask_pieces(ask->words[2], pieces);
    const struct leat_crypto_ops *ops = ask->crypto.ops;
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (!ops->hash_open(ask->crypto.self, hashing, hash))
        abort();
    for (size_t i = 0; i < count; i++) {
        if (!ops->hash_update(ask->crypto.self, hashing, pieces[i].bytes, pieces[i].len) ||
            !ops->hash_digest(ask->crypto.self, hashing, digest))
            abort();
        ask_print(digest, leat_crypto_digest_bytes(hash));
        putchar(' ');
    }
    if (!ops->hash_digest(ask->crypto.self, hashing, digest))
        abort();
    ask_print(digest, leat_crypto_digest_bytes(hash));
    ops->hash_close(ask->crypto.self, hashing);
}

/* hmac NAME KEY PIECES */
void ask_hmac(struct ask *ask)
{
    const enum leat_crypto_hash hash = hash_of(ask->words[1]);
    const struct ask_bytes key = ask_hex(ask->words[2]);
    struct leat_crypto_piece pieces[ASK_PIECES];
    const size_t count = ask_pieces(ask->words[3], pieces);
    uint8_t mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (ask_done(
            ask->crypto.ops->hmac(ask->crypto.self, hash, key.bytes, key.len, pieces, count, mac)))
        ask_print(mac, leat_crypto_digest_bytes(hash));
}

/* stretch NAME ROUNDS PASSWORD SALT */
void ask_stretch(struct ask *ask)
{
    const struct ask_bytes password = ask_hex(ask->words[3]), salt = ask_hex(ask->words[4]);
    const struct leat_crypto_stretch job = {.hash = hash_of(ask->words[1]),
                                            .rounds = (uint32_t)atoi(ask->words[2]),
                                            .password = password.bytes,
                                            .password_len = password.len,
                                            .salt = salt.bytes,
                                            .salt_len = salt.len};
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (ask_done(ask->crypto.ops->stretch(ask->crypto.self, &job, digest)))
        ask_print(digest, leat_crypto_digest_bytes(job.hash));
}

/* extract NAME SALT IKM */
void ask_extract(struct ask *ask)
{
    const enum leat_crypto_hash hash = hash_of(ask->words[1]);
    const struct ask_bytes salt = ask_hex(ask->words[2]);
    const struct ask_bytes ikm = ask_hex(ask->words[3]);
    uint8_t prk[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (ask_done(leat_crypto_hkdf_extract(&ask->crypto, hash, salt.bytes, salt.len, ikm.bytes,
                                          ikm.len, prk)))
        ask_print(prk, leat_crypto_digest_bytes(hash));
}

/* expand NAME PRK INFO LENGTH */
void ask_expand(struct ask *ask)
{
    const struct ask_bytes prk = ask_hex(ask->words[2]);
    const struct ask_bytes info = ask_hex(ask->words[3]);
    const size_t len = strtoul(ask->words[4], NULL, 10);
    uint8_t *out = ask_memory(len + (len == 0));

    if (ask_done(leat_crypto_hkdf_expand(&ask->crypto, hash_of(ask->words[1]), prk.bytes,
                                         info.bytes, info.len, out, len)))
        ask_print(out, len);
}

static struct leat_crypto_aead_key aead_key(struct ask *ask)
{
    static const char *const names[] = {"", "aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"};
    const struct ask_bytes bytes = ask_hex(ask->words[2]);
    struct leat_crypto_aead_key key = {{0}, 0};

    for (uint8_t i = 1; i < sizeof names / sizeof *names; i++) {
        if (strcmp(ask->words[1], names[i]) == 0)
            key.aead = i;
    }
    if (bytes.len != leat_crypto_key_bytes((enum leat_crypto_aead)key.aead))
        abort();
    memcpy(key.bytes, bytes.bytes, bytes.len);
    return key;
}

/*
 * Words 3 to 6: NONCE AAD IN OUT, where OUT is "=" for the same memory, or lengths with commas
 * between them.
 */
static struct leat_crypto_job job_of(struct ask *ask, struct leat_crypto_piece *in,
                                     struct leat_crypto_piece *out)
{
    const struct ask_bytes nonce = ask_hex(ask->words[3]);
    const struct ask_bytes aad = ask_hex(ask->words[4]);
    const char *cuts = ask->words[6];
    struct leat_crypto_job job = {nonce.bytes, aad.bytes, aad.len, in, 0, out, 0};

    if (nonce.len != LEAT_CRYPTO_NONCE_BYTES)
        abort();
    job.in_count = ask_pieces(ask->words[5], in);
    if (strcmp(cuts, "=") == 0) {
        job.out = in;
        job.out_count = job.in_count;
        return job;
    }
    while (*cuts && job.out_count < ASK_PIECES) {
        char *end;

        out[job.out_count].len = strtoul(cuts, &end, 10);
        out[job.out_count].bytes = ask_memory(out[job.out_count].len + 1);
        job.out_count++;
        cuts = *end ? end + 1 : end;
    }
    return job;
}

static void print_out(const struct leat_crypto_job *job)
{
    size_t total = 0;

    for (size_t i = 0; i < job->out_count; i++) {
        if (job->out[i].len > 0)
            ask_print(job->out[i].bytes, job->out[i].len);
        total += job->out[i].len;
    }
    if (total == 0)
        putchar('-');
}

/* seal AEAD KEY NONCE AAD IN OUT: the ciphertext and the tag */
void ask_seal(struct ask *ask)
{
    const struct leat_crypto_aead_key key = aead_key(ask);
    struct leat_crypto_piece in[ASK_PIECES], out[ASK_PIECES];
    const struct leat_crypto_job job = job_of(ask, in, out);
    uint8_t tag[LEAT_CRYPTO_TAG_BYTES];

    if (!ask_done(ask->crypto.ops->seal(ask->crypto.self, &key, &job, tag)))
        return;
    print_out(&job);
    putchar(' ');
    ask_print(tag, sizeof tag);
}

/* open AEAD KEY NONCE AAD IN OUT TAG */
void ask_open(struct ask *ask)
{
    const struct leat_crypto_aead_key key = aead_key(ask);
    struct leat_crypto_piece in[ASK_PIECES], out[ASK_PIECES];
    const struct leat_crypto_job job = job_of(ask, in, out);
    const struct ask_bytes tag = ask_hex(ask->words[7]);

    if (tag.len != LEAT_CRYPTO_TAG_BYTES)
        abort();
    if (ask_done(ask->crypto.ops->open(ask->crypto.self, &key, &job, tag.bytes)))
        print_out(&job);
}

static enum leat_crypto_group group_of(const char *word)
{
    return (enum leat_crypto_group)strtoul(word, NULL, 0);
}

/* agree GROUP ENTROPY PEER: our public share and the secret, or only the share */
void ask_agree(struct ask *ask)
{
    const struct leat_crypto_ops *ops = ask->crypto.ops;
    const struct ask_bytes peer = ask_hex(ask->words[3]);
    uint8_t *public_share = ask_memory(LEAT_CRYPTO_SHARE_BYTES_MAX);
    uint8_t *secret = ask_memory(LEAT_CRYPTO_SECRET_BYTES_MAX);
    struct leat_crypto_share share;
    size_t len, secret_len;

    ask_set_entropy(ask->words[2]);
    if (ask_done(ops->share_open(ask->crypto.self, &share, group_of(ask->words[1]), public_share,
                                 &len))) {
        ask_print(public_share, len);
        putchar(' ');
        if (ask_done(ops->share_derive(ask->crypto.self, &share, peer.bytes, peer.len, secret,
                                       &secret_len)))
            ask_print(secret, secret_len);
    }
    ops->share_close(ask->crypto.self, &share);
    ask_set_entropy(NULL);
}

/* answer GROUP ENTROPY PEER: our public share and the secret */
void ask_answer(struct ask *ask)
{
    const struct ask_bytes peer = ask_hex(ask->words[3]);
    uint8_t *public_share = ask_memory(LEAT_CRYPTO_SHARE_BYTES_MAX);
    uint8_t *secret = ask_memory(LEAT_CRYPTO_SECRET_BYTES_MAX);
    size_t len, secret_len;

    ask_set_entropy(ask->words[2]);
    if (ask_done(ask->crypto.ops->share_answer(ask->crypto.self, group_of(ask->words[1]),
                                               peer.bytes, peer.len, public_share, &len, secret,
                                               &secret_len))) {
        ask_print(public_share, len);
        putchar(' ');
        ask_print(secret, secret_len);
    }
    ask_set_entropy(NULL);
}
