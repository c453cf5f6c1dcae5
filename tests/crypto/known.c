/*
 * known.c -- known answers of cryptography, for machines without any other reference.
 *
 * From FIPS 180-4's examples, RFC 4231, 8439, 8448 and the specification of GCM, and for a chain
 * that the openssl command made, valid for a hundred years. Needs only the provider's library.
 */
#include <string.h>

#include "known.h"

#define DURING 1900000000u /* in 2030, when the chain is valid */
#define AFTER  5000000000u /* when it has expired */

static const char root_pem[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIIBZTCCAQqgAwIBAgIUcXWHa9gkPXLBu7QW7v7kZ3dgEikwCgYIKoZIzj0EAwIw\n"
                               "DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjIxODU2MjNaGA8yMTI2MTAyOTE4NTYy\n"
                               "M1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIQI\n"
                               "6HWWZck6KqFDf7GCMc4DHJvg2jlZH2UXzrarC5Ly9nWToM6p4B+o9rAr40APM1Sl\n"
                               "00GBUs6HQQVWZ32CQbmjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQD\n"
                               "AgIEMB0GA1UdDgQWBBTsP/8MGyogiCotYtmZOgw+9VWJ8DAKBggqhkjOPQQDAgNJ\n"
                               "ADBGAiEAm4QJancigZvKorwwOGio0m4ykwA2riSYEPcX9efqM9gCIQD+NIP+D+GK\n"
                               "cZ4yD85pXxNw8Oem2ExxGqeaNVCuRO71wA==\n"
                               "-----END CERTIFICATE-----\n";

static const char host_pem[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIIBgjCCASegAwIBAgIUT9Q5XfxsuqcDvXzTIc3wYzU5r6IwCgYIKoZIzj0EAwIw\n"
                               "DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjIxODU2MjNaGA8yMTI1MDYxNjE4NTYy\n"
                               "M1owDzENMAsGA1UEAwwEaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNQ5\n"
                               "eV56Th7ZXNqwjxQXSAz7vRmjSs7Ol+e/wydxMtiEFza3fNxgVJeG6NGjofeBvXfm\n"
                               "hRV8bSeYjU46K5I6ghijXzBdMBsGA1UdEQQUMBKCEHd3dy5sZWF0LmV4YW1wbGUw\n"
                               "HQYDVR0OBBYEFEFLQ7Y7bzkB0fuya/qXxWbuX7h1MB8GA1UdIwQYMBaAFOw//wwb\n"
                               "KiCIKi1i2Zk6DD71VYnwMAoGCCqGSM49BAMCA0kAMEYCIQD5GHqpbl5DLX3rNdkD\n"
                               "eaBPcsfnraQN+hHZ6nyG2/oEmwIhAIOFJ4bNBzIiKW2atb0dNKGlymmtiqL+exGz\n"
                               "RaLJIfim\n"
                               "-----END CERTIFICATE-----\n";

static const char host_key[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPvvPOaC4F6/jpIzn\n"
                               "OJpaMRi75skIA/oG7nVad8wOXeehRANCAATUOXleek4e2VzasI8UF0gM+70Zo0rO\n"
                               "zpfnv8MncTLYhBc2t3zcYFSXhujRo6H3gb135oUVfG0nmI1OOiuSOoIY\n"
                               "-----END PRIVATE KEY-----\n";

/* Reads hex; at most 128 bytes. */
static size_t hex(const char *text, uint8_t *bytes)
{
    size_t len = 0;

    for (; text[0] && text[1]; text += 2) {
        uint32_t value = 0;

        for (int i = 0; i < 2; i++)
            value = value << 4 | (uint32_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
        bytes[len++] = (uint8_t)value;
    }
    return len;
}

static bool is_hex(const uint8_t *bytes, const char *text)
{
    uint8_t right[128];

    return memcmp(bytes, right, hex(text, right)) == 0;
}

static bool hashes(const struct leat_crypto *crypto)
{
    const struct leat_crypto_piece abc = leat_crypto_piece_of("what do ya want for nothing?", 28);
    struct leat_crypto_hashing hashing;
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    if (!crypto->ops->hash_open(crypto->self, &hashing, LEAT_CRYPTO_SHA384) ||
        !crypto->ops->hash_update(crypto->self, &hashing, "ab", 2) ||
        !crypto->ops->hash_digest(crypto->self, &hashing, digest) ||
        !crypto->ops->hash_update(crypto->self, &hashing, "c", 1) ||
        !crypto->ops->hash_digest(crypto->self, &hashing, digest))
        return false;
    crypto->ops->hash_close(crypto->self, &hashing);
    if (!is_hex(digest, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
                        "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"))
        return false;
    return crypto->ops->hmac(crypto->self, LEAT_CRYPTO_SHA256, (const uint8_t *)"Jefe", 4, &abc, 1,
                             digest) &&
           is_hex(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 7914, 11. */
static bool stretches(const struct leat_crypto *crypto)
{
    const struct leat_crypto_stretch job = {.hash = LEAT_CRYPTO_SHA256,
                                            .rounds = 1,
                                            .password = "passwd",
                                            .password_len = 6,
                                            .salt = "salt",
                                            .salt_len = 4};
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    return crypto->ops->stretch(crypto->self, &job, digest) &&
           is_hex(digest, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
}

/* RFC 8448, 3: the early secret. */
static bool hkdf(const struct leat_crypto *crypto)
{
    static const uint8_t zeros[32];
    uint8_t secret[32];

    return leat_crypto_hkdf_extract(crypto, LEAT_CRYPTO_SHA256, NULL, 0, zeros, sizeof zeros,
                                    secret) &&
           is_hex(secret, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
}

/* Seals @text in two pieces, compares the tag, opens it again, but not with another tag. */
static bool seals(const struct leat_crypto *crypto, const struct leat_crypto_aead_key *key,
                  struct leat_crypto_job job, uint8_t *text, size_t len, const char *tag)
{
    struct leat_crypto_piece pieces[2];
    uint8_t plain[128], right[LEAT_CRYPTO_TAG_BYTES];

    pieces[0] = leat_crypto_piece_of(text, 21);
    pieces[1] = leat_crypto_piece_of(text + 21, len - 21);
    job.in = job.out = pieces;
    job.in_count = job.out_count = 2;
    memcpy(plain, text, len);
    if (!crypto->ops->seal(crypto->self, key, &job, right) || !is_hex(right, tag) ||
        !crypto->ops->open(crypto->self, key, &job, right) || memcmp(plain, text, len) != 0)
        return false;
    right[15] ^= 1;
    return !crypto->ops->open(crypto->self, key, &job, right);
}

static bool aes(const struct leat_crypto *crypto)
{
    struct leat_crypto_aead_key key = {{0}, LEAT_CRYPTO_AES_128_GCM};
    struct leat_crypto_job job = {0};
    uint8_t nonce[12], text[128];
    const size_t len = hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                           "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
                           text);

    hex("feffe9928665731c6d6a8f9467308308", key.bytes);
    hex("cafebabefacedbaddecaf888", nonce);
    job.nonce = nonce;
    return seals(crypto, &key, job, text, len, "4d5c2af327cd64a62cf35abd2ba6fab4");
}

static bool chacha(const struct leat_crypto *crypto)
{
    static const char words[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                "only one tip for the future, sunscreen would be it.";
    struct leat_crypto_aead_key key = {{0}, LEAT_CRYPTO_CHACHA20_POLY1305};
    struct leat_crypto_job job = {0};
    uint8_t nonce[12], aad[12], text[128];

    for (size_t i = 0; i < 32; i++)
        key.bytes[i] = (uint8_t)(0x80 + i);
    hex("070000004041424344454647", nonce);
    job.aad_len = hex("50515253c0c1c2c3c4c5c6c7", aad);
    job.nonce = nonce;
    job.aad = aad;
    memcpy(text, words, sizeof words - 1);
    return seals(crypto, &key, job, text, sizeof words - 1, "1ae10b594f09e26a7e902ecbd0600691");
}

static bool shares(const struct leat_crypto *crypto, enum leat_crypto_group group)
{
    struct leat_crypto_share share;
    uint8_t ours[80], theirs[80], mine[LEAT_CRYPTO_SECRET_BYTES_MAX];
    uint8_t yours[LEAT_CRYPTO_SECRET_BYTES_MAX];
    size_t len, answer_len, mine_len, yours_len;
    bool done;

    if (!crypto->ops->share_open(crypto->self, &share, group, ours, &len))
        return false;
    done = crypto->ops->share_answer(crypto->self, group, ours, len, theirs, &answer_len, yours,
                                     &yours_len) &&
           crypto->ops->share_derive(crypto->self, &share, theirs, answer_len, mine, &mine_len) &&
           mine_len == 32 && yours_len == 32 && leat_crypto_equal(mine, yours, 32);
    memset(theirs, 0, sizeof theirs);
    done = done &&
           !crypto->ops->share_derive(crypto->self, &share, theirs, answer_len, mine, &mine_len);
    crypto->ops->share_close(crypto->self, &share);
    return done;
}

static bool both_shares(const struct leat_crypto *crypto)
{
    return shares(crypto, LEAT_CRYPTO_X25519) && shares(crypto, LEAT_CRYPTO_SECP256R1);
}

/* A signature by the host's key is verified with the public key of its chain. */
static bool signs(const struct leat_crypto *crypto, const struct leat_crypto_public *public_key)
{
    const struct leat_crypto_piece text = leat_crypto_piece_of("text", 4);
    const struct leat_crypto_piece other = leat_crypto_piece_of("Text", 4);
    const enum leat_crypto_scheme scheme = LEAT_CRYPTO_ECDSA_SECP256R1_SHA256;
    uint8_t signature[LEAT_CRYPTO_SIGNATURE_BYTES_MAX];
    struct leat_crypto_private key;
    size_t len;
    bool done;

    if (crypto->ops->private_open(crypto->self, &key, host_key, sizeof host_key - 1) != LEAT_OK)
        return false;
    done = crypto->ops->private_fits(crypto->self, &key, public_key) &&
           crypto->ops->sign(crypto->self, &key, scheme, &text, 1, signature, &len) &&
           crypto->ops->verify(crypto->self, public_key, scheme, &text, 1, signature, len) &&
           !crypto->ops->verify(crypto->self, public_key, scheme, &other, 1, signature, len);
    crypto->ops->private_close(crypto->self, &key);
    return done;
}

static bool judges(const struct leat_crypto *crypto, struct leat_crypto_chain *chain)
{
    struct leat_crypto_public key;
    bool done;

    chain->name = "www.leat.example";
    chain->civil_s = AFTER;
    if (crypto->ops->check_chain(crypto->self, chain, &key) != LEAT_CRYPTO_EXPIRED)
        return false;
    chain->civil_s = 1;
    if (crypto->ops->check_chain(crypto->self, chain, &key) != LEAT_CRYPTO_NOT_YET)
        return false;
    chain->civil_s = 0;
    if (crypto->ops->check_chain(crypto->self, chain, &key) != LEAT_CRYPTO_NO_TIME)
        return false;
    chain->civil_s = DURING;
    chain->name = "leat.example";
    if (crypto->ops->check_chain(crypto->self, chain, &key) != LEAT_CRYPTO_WRONG_NAME)
        return false;
    chain->name = "www.leat.example";
    if (crypto->ops->check_chain(crypto->self, chain, &key) != LEAT_CRYPTO_TRUSTED)
        return false;
    done = signs(crypto, &key);
    crypto->ops->public_close(crypto->self, &key);
    return done;
}

static bool chains(const struct leat_crypto *crypto)
{
    static uint8_t der[1024];
    static uint64_t memory[160];
    const char *text = host_pem;
    size_t len = sizeof host_pem - 1;
    struct leat_crypto_pem pem;
    struct leat_crypto_anchors anchors;
    struct leat_crypto_piece piece;
    struct leat_crypto_certificate certificate = {&piece, 1};
    struct leat_crypto_chain chain = {&certificate, 1, &anchors, NULL, 0};
    bool done;

    if (leat_crypto_pem_next(&text, &len, &pem, der, sizeof der) != LEAT_OK ||
        crypto->ops->anchors_open(crypto->self, &anchors, root_pem, sizeof root_pem - 1, memory,
                                  sizeof memory) != LEAT_OK)
        return false;
    piece = leat_crypto_piece_of(der, pem.der_len);
    done = judges(crypto, &chain);
    crypto->ops->anchors_close(crypto->self, &anchors);
    return done;
}

const char *known_answers(const struct leat_crypto *crypto)
{
    static const struct {
        const char *name;
        bool (*is_right)(const struct leat_crypto *crypto);
    } answers[] = {{"hashes", hashes},
                   {"PBKDF2", stretches},
                   {"HKDF", hkdf},
                   {"AES-GCM", aes},
                   {"ChaCha20-Poly1305", chacha},
                   {"key shares", both_shares},
                   {"certificates and signatures", chains}};

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (!answers[i].is_right(crypto))
            return answers[i].name;
    }
    return NULL;
}
