/*
 * ticket_keys.c -- see ticket_keys.h.
 *
 * The value is a digest of the server's certificate and the bytes of leat_tls_ticket_keys_get().  A
 * ticket replaces the certificate, so the keys are good only for the one they were used with.
 *
 * The keys change as they age.  So a file is written every minute, the store every ten to wear the
 * disk less, and both at the end.  Only tickets of the time since then can be lost in a crash, and
 * their clients make full handshakes.
 */
#include "ticket_keys.h"

#include <stdio.h>
#include <string.h>

#include <leat/store.h>

enum {
    VERSION = 1,       /* of the value in the store, before its bytes */
    DIGEST_BYTES = 32, /* of SHA-256 */
    FILE_BYTES = DIGEST_BYTES + LEAT_TLS_TICKET_KEYS_BYTES
};

static const uint64_t file_every_ns = 60 * UINT64_C(1000000000);
static const uint64_t store_every_ns = 600 * UINT64_C(1000000000);
static const char store_name[] = "tls/ticket-keys";

static struct keeper {
    struct leat_tls *tls;
    uint8_t digest[DIGEST_BYTES]; /* of the certificate in use */
    struct leat_timer again;
    bool began;      /* the keys may be written */
    bool has_before; /* there were keys: */
    uint8_t before[LEAT_TLS_TICKET_KEYS_BYTES];
    bool failed; /* the last write: its next failure isn't told again */
    struct leat_store_request request;
    uint8_t stored[1 + FILE_BYTES]; /* read, or being written */
    bool is_busy;                   /* with the store */
    bool is_newer;                  /* the keys have changed meanwhile */
    char line[320];
} keeper;

static const char *complaint(const struct leat_platform *platform, const char *why)
{
    snprintf(keeper.line, sizeof keeper.line, "%s %.200s: %s",
             platform->ticket_keys ? "--ticket-keys" : "--store",
             platform->ticket_keys ? platform->ticket_keys : store_name, why);
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

static void on_put(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    (void)store;
    (void)request;
    keeper.is_busy = false;
    leat_crypto_wipe(keeper.stored, sizeof keeper.stored);
    if (err && !keeper.failed)
        say(arg, leat_err_text(err));
    keeper.failed = err;
    if (keeper.is_newer && err != LEAT_ERR_CLOSED)
        ticket_keys_keep(arg);
}

/* Gives the bytes to the store, or notes that it must be done when it has the last ones. */
static enum leat_err put(struct leat_platform *platform, const uint8_t bytes[FILE_BYTES])
{
    enum leat_err err;

    keeper.is_newer = keeper.is_busy;
    if (keeper.is_busy)
        return LEAT_OK;
    keeper.stored[0] = VERSION;
    memcpy(keeper.stored + 1, bytes, FILE_BYTES);
    err = leat_store_put(platform->store, &keeper.request, store_name, keeper.stored,
                         sizeof keeper.stored, on_put, platform);
    keeper.is_busy = !err;
    return err;
}

/* Writes the keys; returns what has failed, or NULL. */
static const char *keep(struct leat_platform *platform)
{
    uint8_t bytes[FILE_BYTES];
    const char *wrong = NULL;
    enum leat_err err;

    memcpy(bytes, keeper.digest, DIGEST_BYTES);
    err = leat_tls_ticket_keys_get(keeper.tls, bytes + DIGEST_BYTES);
    if (!err && !platform->ticket_keys)
        err = put(platform, bytes);
    if (err)
        wrong = err == LEAT_ERR_ARGUMENT ? "the civil time is unknown" : leat_err_text(err);
    else if (platform->ticket_keys &&
             platform->write_file(platform, platform->ticket_keys, bytes, sizeof bytes))
        wrong = "can't write that file";
    leat_crypto_wipe(bytes, sizeof bytes);
    return wrong;
}

void ticket_keys_keep(struct leat_platform *platform)
{
    const char *wrong = keeper.began ? keep(platform) : NULL;

    if (wrong && !keeper.failed)
        say(platform, wrong);
    if (wrong || platform->ticket_keys) /* else on_put() knows */
        keeper.failed = wrong;
}

static uint64_t next_ns(const struct leat_platform *platform)
{
    return leat_now_ns(platform->stack) + (platform->ticket_keys ? file_every_ns : store_every_ns);
}

static void keep_again(struct leat_timer *timer, void *arg)
{
    struct leat_platform *platform = arg;

    ticket_keys_keep(platform);
    leat_timer_set(platform->stack, timer, next_ns(platform));
}

/* Uses the keys of before, and writes those of now. */
static void begin(struct leat_platform *platform)
{
    enum leat_err err = LEAT_OK;
    const char *wrong;

    if (keeper.has_before)
        err = leat_tls_ticket_keys_set(keeper.tls, keeper.before, sizeof keeper.before);
    leat_crypto_wipe(keeper.before, sizeof keeper.before);
    wrong = err ? leat_err_text(err) : keep(platform);
    if (wrong)
        say(platform, wrong);
    if (wrong && platform->ticket_keys) { /* the user has asked for it */
        platform->finish(platform, 2);
        return;
    }
    keeper.failed = wrong;
    keeper.began = true;
    keeper.again.on_time = keep_again;
    leat_timer_set(platform->stack, &keeper.again, next_ns(platform));
}

/* Looks at the bytes that were kept; returns what is wrong with them, or NULL. */
static const char *look_at(struct leat_platform *platform, const void *bytes, size_t len)
{
    if (len == 0) /* made beforehand, with the permissions that its owner wants */
        return NULL;
    if (len != FILE_BYTES)
        return complaint(platform, "that file has no keys of this program's, so it stays as it is");
    if (memcmp(bytes, keeper.digest, DIGEST_BYTES) != 0) {
        say(platform, "the certificate is another one: earlier tickets are not accepted");
        return NULL;
    }
    memcpy(keeper.before, (const uint8_t *)bytes + DIGEST_BYTES, sizeof keeper.before);
    keeper.has_before = true;
    return NULL;
}

static void on_got(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    struct leat_platform *platform = arg;

    (void)store;
    keeper.is_busy = false;
    if (err == LEAT_ERR_CLOSED)
        return;
    if (err == LEAT_ERR_TOO_BIG ||
        (!err && (request->len != sizeof keeper.stored || keeper.stored[0] != VERSION)))
        say(platform, "they are of another version of this program: earlier tickets are not "
                      "accepted");
    else if (err && err != LEAT_ERR_NOT_FOUND)
        say(platform, leat_err_text(err));
    else if (!err && platform->early_data && (platform->may_be_copy || platform->time_is_old))
        say(platform, platform->may_be_copy
                          ? "another machine may have the same keys: earlier tickets are not "
                            "accepted, as their early data could be taken twice"
                          : "the machine has no clock: earlier tickets are not accepted, as their "
                            "early data could be taken twice");
    else if (!err)
        (void)look_at(platform, keeper.stored + 1, FILE_BYTES);
    leat_crypto_wipe(keeper.stored, sizeof keeper.stored);
    begin(platform);
}

/* Runs in the first poll: before that the stack has no time, and keys have no age. */
static void on_first_poll(struct leat_timer *timer, void *arg)
{
    struct leat_platform *platform = arg;

    (void)timer;
    if (platform->ticket_keys)
        begin(platform);
    else
        keeper.is_busy = !leat_store_get(platform->store, &keeper.request, store_name,
                                         keeper.stored, sizeof keeper.stored, on_got, platform);
}

void ticket_keys_use(struct leat_platform *platform, const struct leat_tls_identity *identity,
                     const struct leat_crypto *crypto)
{
    if (!digest_of(identity, crypto, keeper.digest))
        memset(keeper.digest, 0, sizeof keeper.digest); /* no certificate's: they are not taken */
    ticket_keys_keep(platform);
}

/* Reads the file of --ticket-keys; returns what is wrong, or NULL. */
static const char *read_keys(struct leat_platform *platform)
{
    const char *bytes = NULL, *wrong = NULL;
    size_t len = 0;
    const enum leat_err err = platform->read_file(platform, platform->ticket_keys, &bytes, &len);

    if (!err)
        wrong = look_at(platform, bytes, len);
    else if (err != LEAT_ERR_NOT_FOUND) /* that is the first run */
        wrong = complaint(platform, leat_err_text(err));
    leat_platform_free_file(platform, bytes);
    return wrong;
}

const char *ticket_keys_take(struct leat_platform *platform, struct leat_tls *tls,
                             const struct leat_tls_identity *identity,
                             const struct leat_crypto *crypto)
{
    const char *wrong;

    if (!platform->ticket_keys && !platform->store)
        return NULL;
    keeper.tls = tls;
    if (!digest_of(identity, crypto, keeper.digest))
        return complaint(platform, "the certificate has no digest");
    wrong = platform->ticket_keys ? read_keys(platform) : NULL;
    if (wrong)
        return wrong;
    keeper.again = (struct leat_timer){.on_time = on_first_poll, .arg = platform};
    leat_timer_set(platform->stack, &keeper.again, 0);
    return NULL;
}
