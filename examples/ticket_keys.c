/*
 * ticket_keys.c -- see ticket_keys.h.
 *
 * The file is a digest of the server's certificate and the bytes of leat_tls_ticket_keys_get().  A
 * ticket replaces the certificate, so the keys are good only for the one they were used with.
 *
 * The keys change as they age.  So the file is written every minute and at the end: only tickets
 * of the last minute before a crash can be lost, and their clients make full handshakes.
 */
#include "ticket_keys.h"

#include <stdio.h>
#include <string.h>

enum {
    DIGEST_BYTES = 32, /* of SHA-256 */
    FILE_BYTES = DIGEST_BYTES + LEAT_TLS_TICKET_KEYS_BYTES
};

static const uint64_t keep_every_ns = 60000000000;

static struct keeper {
    struct leat_tls *tls;
    uint8_t digest[DIGEST_BYTES]; /* of the certificate in use */
    struct leat_timer again;
    bool began;      /* the file may be written */
    bool has_before; /* it had keys: */
    uint8_t before[LEAT_TLS_TICKET_KEYS_BYTES];
    bool failed; /* the last write: its next failure isn't told again */
    char line[320];
} keeper;

static const char *complaint(const struct leat_platform *platform, const char *why)
{
    snprintf(keeper.line, sizeof keeper.line, "--ticket-keys %.200s: %s", platform->ticket_keys,
             why);
    return keeper.line;
}

static bool digest_of(const struct leat_tls_identity *identity, const struct leat_crypto *crypto,
                      uint8_t digest[DIGEST_BYTES])
{
    const struct leat_crypto_piece *own = &identity->chain[0];
    struct leat_crypto_hashing hashing;
    const bool good = crypto->ops->hash_open(crypto->self, &hashing, LEAT_CRYPTO_SHA256) &&
                      crypto->ops->hash_update(crypto->self, &hashing, own->bytes, own->len) &&
                      crypto->ops->hash_digest(crypto->self, &hashing, digest);

    crypto->ops->hash_close(crypto->self, &hashing);
    return good;
}

static void say(struct leat_platform *platform, const char *why)
{
    char line[360];

    snprintf(line, sizeof line, "%s: %s", example.name, complaint(platform, why));
    platform->say(platform, line);
}

/* Writes the file; returns what has failed, or NULL. */
static const char *keep(struct leat_platform *platform)
{
    uint8_t bytes[FILE_BYTES];
    const char *wrong = NULL;
    enum leat_err err;

    memcpy(bytes, keeper.digest, DIGEST_BYTES);
    err = leat_tls_ticket_keys_get(keeper.tls, bytes + DIGEST_BYTES);
    if (err)
        wrong = err == LEAT_ERR_ARGUMENT ? "the civil time is unknown" : leat_err_text(err);
    else if (platform->write_file(platform, platform->ticket_keys, bytes, sizeof bytes))
        wrong = "can't write that file";
    leat_crypto_wipe(bytes, sizeof bytes);
    return wrong;
}

void ticket_keys_keep(struct leat_platform *platform)
{
    const char *wrong = keeper.began ? keep(platform) : NULL;

    if (wrong && !keeper.failed)
        say(platform, wrong);
    keeper.failed = wrong;
}

static void keep_again(struct leat_timer *timer, void *arg)
{
    struct leat_platform *platform = arg;

    ticket_keys_keep(platform);
    leat_timer_set(platform->stack, timer, leat_now_ns(platform->stack) + keep_every_ns);
}

/* Runs in the first poll: before that the stack has no time, and keys have no age. */
static void begin(struct leat_timer *timer, void *arg)
{
    struct leat_platform *platform = arg;
    enum leat_err err = LEAT_OK;
    const char *wrong;

    if (keeper.has_before)
        err = leat_tls_ticket_keys_set(keeper.tls, keeper.before, sizeof keeper.before);
    leat_crypto_wipe(keeper.before, sizeof keeper.before);
    wrong = err ? leat_err_text(err) : keep(platform);
    if (wrong) {
        say(platform, wrong);
        platform->finish(platform, 2);
        return;
    }
    keeper.began = true;
    timer->on_time = keep_again;
    leat_timer_set(platform->stack, timer, leat_now_ns(platform->stack) + keep_every_ns);
}

void ticket_keys_use(struct leat_platform *platform, const struct leat_tls_identity *identity,
                     const struct leat_crypto *crypto)
{
    if (!digest_of(identity, crypto, keeper.digest))
        memset(keeper.digest, 0, sizeof keeper.digest); /* no certificate's: they are not taken */
    ticket_keys_keep(platform);
}

/* Looks at the file's bytes; returns what is wrong with them, or NULL. */
static const char *look_at(struct leat_platform *platform, const char *bytes, size_t len)
{
    if (len == 0) /* made beforehand, with the permissions that its owner wants */
        return NULL;
    if (len != FILE_BYTES)
        return complaint(platform, "that file has no keys of this program's, so it stays as it is");
    if (memcmp(bytes, keeper.digest, DIGEST_BYTES) != 0) {
        say(platform, "the certificate is another one: earlier tickets are not accepted");
        return NULL;
    }
    memcpy(keeper.before, bytes + DIGEST_BYTES, sizeof keeper.before);
    keeper.has_before = true;
    return NULL;
}

const char *ticket_keys_take(struct leat_platform *platform, struct leat_tls *tls,
                             const struct leat_tls_identity *identity,
                             const struct leat_crypto *crypto)
{
    const char *bytes = NULL, *wrong = NULL;
    enum leat_err err;
    size_t len = 0;

    if (!platform->ticket_keys)
        return NULL;
    keeper.tls = tls;
    if (!digest_of(identity, crypto, keeper.digest))
        return complaint(platform, "the certificate has no digest");
    err = platform->read_file(platform, platform->ticket_keys, &bytes, &len);
    if (!err)
        wrong = look_at(platform, bytes, len);
    else if (err != LEAT_ERR_NOT_FOUND) /* that is the first run */
        wrong = complaint(platform, leat_err_text(err));
    leat_platform_free_file(platform, bytes);
    if (wrong)
        return wrong;
    keeper.again = (struct leat_timer){.on_time = begin, .arg = platform};
    leat_timer_set(platform->stack, &keeper.again, 0);
    return NULL;
}
