/* httpd_passwords.c -- see httpd_passwords.h. */
#include "httpd_passwords.h"

#include <string.h>

#include <leat/crypto.h>

#include "library.h"

enum {
    ROUNDS_MIN = 1000,
    ROUNDS_MAX = 1000000,
    SALT_BYTES = 64, /* at most */
    DIGEST_BYTES = 32,
    KNOWN = 64,
    ROUND_NS = 1000, /* more than one takes */
    PART = 8,        /* of the time may be spent on checks: one in so many */
    GUESSERS = 64,
    DOUBLINGS = 6 /* of the second that a client waits after a wrong password */
};

static const uint64_t second_ns = 1000000000;
static const uint64_t forget_ns = 600 * UINT64_C(1000000000); /* a client that guessed */

struct hash {
    uint32_t rounds;
    size_t salt_len;
    uint8_t salt[SALT_BYTES];
    uint8_t digest[DIGEST_BYTES];
};

/* A client whose last password was wrong. */
struct guesser {
    struct leat_ip network; /* see network_of() */
    unsigned failures;      /* wrong passwords without a long pause; 0: unused */
    uint64_t until_ns;      /* it has no check before that; 0: unused */
};

static struct {
    struct leat_platform *platform;
    struct leat_crypto crypto;
    bool is_open;
    struct leat_ip client; /* the one that is judged */
    uint64_t wait_ns;      /* how long it must wait for a check; 0: it had one, or needs none */
    uint64_t next_ns;      /* no client has a check before that */
    struct guesser guessers[GUESSERS];
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

/* ---- clients that guess ---------------------------------------------------------------------- */

/* An IPv4 address, or the first 64 bits of another: a client has all addresses of such a network.
 */
static struct leat_ip network_of(struct leat_ip ip)
{
    if (!leat_ip_is_v4(ip))
        memset(ip.bytes + 8, 0, 8);
    return ip;
}

/* The entry of a network; NULL: there is none. */
static struct guesser *find_guesser(struct leat_ip network)
{
    for (unsigned i = 0; i < GUESSERS; i++) {
        struct guesser *guesser = &passwords.guessers[i];

        if (guesser->failures > 0 && leat_ip_equal(guesser->network, network))
            return guesser;
    }
    return NULL;
}

/* An unused entry, or the one that may have a check first. */
static struct guesser *spare_guesser(void)
{
    struct guesser *first = passwords.guessers;

    for (unsigned i = 1; i < GUESSERS; i++)
        if (passwords.guessers[i].until_ns < first->until_ns)
            first = &passwords.guessers[i];
    return first;
}

/* When the client may have a check. */
static uint64_t check_at_ns(struct leat_ip client)
{
    const struct guesser *guesser = find_guesser(network_of(client));

    return guesser && guesser->until_ns > passwords.next_ns ? guesser->until_ns : passwords.next_ns;
}

/* Notes the result of a client's check. */
static void note_check(struct leat_ip client, bool is_good)
{
    const struct leat_ip network = network_of(client);
    const uint64_t now_ns = leat_now_ns(passwords.platform->stack);
    struct guesser *guesser = find_guesser(network);
    const unsigned before =
        guesser && now_ns - guesser->until_ns < forget_ns ? guesser->failures : 0;

    if (!guesser && !is_good)
        guesser = spare_guesser();
    if (guesser)
        *guesser = (struct guesser){.failures = 0}; /* unused */
    if (is_good)
        return;
    *guesser = (struct guesser){.network = network, .failures = before + 1};
    guesser->until_ns = now_ns + (second_ns << (before < DOUBLINGS ? before : DOUBLINGS));
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
    uint64_t now_ns, at_ns;
    bool is_good;

    if (!passwords.is_open || !read_hash(&read, hash, len) || !identify(password, hash, len, mac))
        return false;
    if (is_known(mac))
        return true;
    now_ns = leat_now_ns(passwords.platform->stack);
    at_ns = check_at_ns(passwords.client);
    if (now_ns < at_ns) {
        passwords.wait_ns = at_ns - now_ns;
        return false;
    }
    is_good = is_right(password, &read);
    note_check(passwords.client, is_good);
    if (is_good)
        memcpy(passwords.known[passwords.turn++ % KNOWN], mac, DIGEST_BYTES);
    return is_good;
}

enum leat_http_login_answer passwords_judge(void *arg, struct leat_http_login *login)
{
    passwords.client = login->client;
    passwords.wait_ns = 0;
    if (leat_http_passwords_allow(arg, login->name, login->password))
        return LEAT_HTTP_LOGIN_ALLOWED;
    if (passwords.wait_ns == 0)
        return LEAT_HTTP_LOGIN_REFUSED;
    login->retry_s = (uint16_t)((passwords.wait_ns + second_ns - 1) / second_ns);
    return LEAT_HTTP_LOGIN_LATER;
}
