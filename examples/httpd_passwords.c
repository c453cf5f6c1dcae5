/* httpd_passwords.c -- see httpd_passwords.h. */
#include "httpd_passwords.h"

#include <string.h>

#include <leat/crypto.h>
#include <leat/http_folder.h>

#include "library.h"

enum {
    ROUNDS_MIN = 1000,
    ROUNDS_MAX = 1000000,
    SALT_BYTES = 64, /* at most */
    DIGEST_BYTES = 32,
    KNOWN = 64,
    ROUND_NS = 1000, /* more than one takes */
    PART = 8         /* of the time may be spent on checks: one in so many */
};

struct hash {
    uint32_t rounds;
    size_t salt_len;
    uint8_t salt[SALT_BYTES];
    uint8_t digest[DIGEST_BYTES];
};

static struct {
    struct leat_platform *platform;
    struct leat_crypto crypto;
    bool is_open, is_busy;
    uint64_t next_ns;                   /* no check before that */
    uint8_t secret[DIGEST_BYTES];       /* of `known` */
    unsigned turn;                      /* the next one that is replaced */
    uint8_t known[KNOWN][DIGEST_BYTES]; /* MACs of passwords that were right, with their hashes */
} passwords;

/* ---- the text of a hash ---------------------------------------------------------------------- */

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : c == '.' || c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes base64 without padding up to `$` or the end.  Returns how many characters it has read; 0:
 * they are illegal, or too many. */
static size_t decode(const char *text, size_t len, uint8_t *bytes, size_t *count, size_t most)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t at = 0;

    *count = 0;
    for (; at < len && text[at] != '$'; at++) {
        const int value = value_of(text[at]);

        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have < 8)
            continue;
        if (*count == most)
            return 0;
        have -= 8;
        bytes[(*count)++] = (uint8_t)(bits >> have);
    }
    return at;
}

/* Reads "$pbkdf2-sha256$ROUNDS$SALT$DIGEST".  False: it is something else. */
static bool read_hash(struct hash *hash, const char *text, size_t len)
{
    static const char head[] = "$pbkdf2-sha256$";
    size_t at = sizeof head - 1, digest_len = 0, step;

    hash->rounds = 0;
    if (len < at || memcmp(text, head, at) != 0)
        return false;
    for (; at < len && text[at] >= '0' && text[at] <= '9' && hash->rounds <= ROUNDS_MAX; at++)
        hash->rounds = hash->rounds * 10 + (uint32_t)(text[at] - '0');
    if (hash->rounds < ROUNDS_MIN || hash->rounds > ROUNDS_MAX || at == len || text[at] != '$')
        return false;
    at++;
    step = decode(text + at, len - at, hash->salt, &hash->salt_len, sizeof hash->salt);
    at += step;
    if (step == 0 || at == len)
        return false;
    at++;
    step = decode(text + at, len - at, hash->digest, &digest_len, sizeof hash->digest);
    return digest_len == DIGEST_BYTES && at + step == len;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static const char *open_library(struct leat_platform *platform)
{
    const struct leat_crypto *crypto = &passwords.crypto;
    const char *wrong = passwords.is_open ? NULL : library_open(&passwords.crypto, platform->host);

    if (wrong || passwords.is_open)
        return wrong;
    if (!crypto->ops->random(crypto->self, passwords.secret, sizeof passwords.secret))
        return "there are no random bytes";
    passwords.platform = platform;
    passwords.is_open = true;
    return NULL;
}

const char *passwords_fault(struct leat_platform *platform, const char *hash, size_t len)
{
    struct hash read;

    return read_hash(&read, hash, len) ? open_library(platform)
                                       : "a hash must be $pbkdf2-sha256$ROUNDS$SALT$DIGEST, with "
                                         "1,000 to 1,000,000 rounds (tools/password makes one)";
}

/* Writes the MAC of a password and its hash. */
static bool identify(const char *password, const char *hash, size_t len, uint8_t *mac)
{
    const struct leat_crypto *crypto = &passwords.crypto;
    const struct leat_crypto_piece pieces[] = {leat_crypto_piece_of(password, strlen(password) + 1),
                                               leat_crypto_piece_of(hash, len)};

    return crypto->ops->hmac(crypto->self, LEAT_CRYPTO_SHA256, passwords.secret,
                             sizeof passwords.secret, pieces, 2, mac);
}

static bool is_known(const uint8_t *mac)
{
    bool known = false;

    for (unsigned i = 0; i < KNOWN; i++)
        known |= leat_crypto_equal(passwords.known[i], mac, DIGEST_BYTES);
    return known;
}

/* Computes the digest, and says when the next one may be computed.  The clock of leat_poll() stands
 * still meanwhile, so the duration is estimated. */
static bool is_right(const char *password, const struct hash *hash)
{
    const struct leat_crypto *crypto = &passwords.crypto;
    const struct leat_crypto_stretch job = {.hash = LEAT_CRYPTO_SHA256,
                                            .rounds = hash->rounds,
                                            .password = password,
                                            .password_len = strlen(password),
                                            .salt = hash->salt,
                                            .salt_len = hash->salt_len};
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    passwords.next_ns =
        leat_now_ns(passwords.platform->stack) + (uint64_t)hash->rounds * ROUND_NS * PART;
    return crypto->ops->stretch(crypto->self, &job, digest) &&
           leat_crypto_equal(digest, hash->digest, DIGEST_BYTES);
}

bool passwords_verify(const char *password, const char *hash, size_t len)
{
    struct hash read;
    uint8_t mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (!passwords.is_open || !read_hash(&read, hash, len) || !identify(password, hash, len, mac))
        return false;
    if (is_known(mac))
        return true;
    passwords.is_busy = leat_now_ns(passwords.platform->stack) < passwords.next_ns;
    if (passwords.is_busy || !is_right(password, &read))
        return false;
    memcpy(passwords.known[passwords.turn++ % KNOWN], mac, DIGEST_BYTES);
    return true;
}

bool passwords_allow(void *arg, const char *name, const char *password)
{
    passwords.is_busy = false;
    return leat_http_passwords_allow(arg, name, password);
}

bool passwords_are_busy(void *arg)
{
    (void)arg;
    return passwords.is_busy;
}
