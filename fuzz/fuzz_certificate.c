/*
 * fuzz_certificate.c -- certificate chains in all providers: they trust only certificates that the
 * authority's key has signed, independently of the pieces, and all compute the same pin.
 *
 * The first byte sets where each certificate is cut, the second their number. Each certificate then
 * follows, with two bytes of length in front.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/crypto_bearssl.h>
#include <leat/crypto_openssl.h>

#include "keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CHAIN_MAX = 4,
    PROVIDERS = 2,
    GENUINE = 3,
    CIVIL_S = 1800000000
};

static struct {
    struct leat_crypto crypto;
    struct leat_crypto_anchors anchors;
    uint8_t anchor_memory[2048];
} providers[PROVIDERS];

static struct leat_crypto_piece genuine[GENUINE];

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    (void)arg;
    memset(bytes, 1, len);
    return LEAT_OK;
}

static void begin(void)
{
    static const char *const texts[GENUINE] = {authority_pem, ec_pem, rsa_pem};
    static uint64_t memory[LEAT_CRYPTO_BEARSSL_BYTES / 8];
    static uint8_t ders[GENUINE][2048];

    if (genuine[0].len > 0)
        return;
    demand(leat_crypto_openssl_open(&providers[0].crypto, entropy, NULL) == LEAT_OK);
    demand(leat_crypto_bearssl_open(&providers[1].crypto, memory, sizeof memory, entropy, NULL) ==
           LEAT_OK);
    for (unsigned i = 0; i < PROVIDERS; i++)
        demand(providers[i].crypto.ops->anchors_open(
                   providers[i].crypto.self, &providers[i].anchors, authority_pem,
                   strlen(authority_pem), providers[i].anchor_memory,
                   sizeof providers[i].anchor_memory) == LEAT_OK);
    for (unsigned i = 0; i < GENUINE; i++) {
        const char *at = texts[i];
        size_t len = strlen(at);
        struct leat_crypto_pem pem;

        demand(leat_crypto_pem_next(&at, &len, &pem, ders[i], sizeof ders[i]) == LEAT_OK);
        genuine[i] = (struct leat_crypto_piece){ders[i], pem.der_len};
    }
}

/* The signed part of a certificate: its first member; lengths have at least this form. */
static struct leat_crypto_piece signed_part(struct leat_crypto_piece der)
{
    const size_t header = 4, len = 4 + ((size_t)der.bytes[6] << 8 | der.bytes[7]);

    demand(der.len > header + len && der.bytes[4] == 0x30 && der.bytes[5] == 0x82);
    return (struct leat_crypto_piece){der.bytes + header, len};
}

/* True if the certificate contains one that the authority has signed. */
static bool is_genuine(const uint8_t *der, size_t len)
{
    for (unsigned i = 0; i < GENUINE; i++) {
        const struct leat_crypto_piece part = signed_part(genuine[i]);

        for (size_t at = 0; at + part.len <= len; at++)
            if (memcmp(der + at, part.bytes, part.len) == 0)
                return true;
    }
    return false;
}

/* A certificate in two pieces. */
struct cut {
    struct leat_crypto_piece pieces[2];
    uint8_t *copies[2];
};

static struct leat_crypto_certificate cut_at(struct cut *cut, const uint8_t *der, size_t len,
                                             uint8_t where)
{
    const size_t lens[2] = {len * where / 255, len - len * where / 255};

    for (unsigned i = 0; i < 2; i++) {
        cut->copies[i] = malloc(lens[i] + !lens[i]);
        demand(cut->copies[i] != NULL);
        memcpy(cut->copies[i], i ? der + lens[0] : der, lens[i]);
        cut->pieces[i] = (struct leat_crypto_piece){cut->copies[i], lens[i]};
    }
    return (struct leat_crypto_certificate){cut->pieces, 2};
}

/* The verdict of one provider on a chain, and its pin of the first certificate. */
static bool ask(unsigned i, struct leat_crypto_chain *chain, uint8_t pin[32])
{
    const struct leat_crypto *crypto = &providers[i].crypto;
    struct leat_crypto_public key;
    enum leat_crypto_verdict verdict;

    chain->anchors = &providers[i].anchors;
    verdict = crypto->ops->check_chain(crypto->self, chain, &key);
    demand(verdict < LEAT_CRYPTO_VERDICTS && leat_crypto_why(verdict)[0] != '\0');
    if (verdict == LEAT_CRYPTO_TRUSTED)
        crypto->ops->public_close(crypto->self, &key);
    if (crypto->ops->public_open(crypto->self, &key, &chain->certificates[0]) ==
        LEAT_CRYPTO_TRUSTED)
        crypto->ops->public_close(crypto->self, &key);
    memset(pin, 0, 32);
    crypto->ops->pin(crypto->self, &chain->certificates[0], pin);
    return verdict == LEAT_CRYPTO_TRUSTED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leat_crypto_certificate certificates[CHAIN_MAX];
    struct leat_crypto_chain chain = {
        .certificates = certificates, .name = "leat.test", .civil_s = CIVIL_S};
    struct cut cuts[CHAIN_MAX];
    uint8_t pins[PROVIDERS][32];
    const uint8_t *first = data;
    size_t first_len = 0;
    bool trusted[PROVIDERS];

    if (size < 4)
        return 0;
    begin();
    for (size_t at = 2; at + 2 <= size && chain.count < 1u + data[1] % CHAIN_MAX; chain.count++) {
        const size_t said = (size_t)data[at] << 8 | data[at + 1], left = size - at - 2;
        const size_t len = said < left ? said : left;

        certificates[chain.count] = cut_at(&cuts[chain.count], data + at + 2, len, data[0]);
        if (chain.count == 0) {
            first = data + at + 2;
            first_len = len;
        }
        at += 2 + len;
    }
    for (unsigned i = 0; i < PROVIDERS; i++) {
        trusted[i] = ask(i, &chain, pins[i]);
        demand(!trusted[i] || is_genuine(first, first_len));
    }
    demand(!trusted[0] || !trusted[1] || memcmp(pins[0], pins[1], 32) == 0);
    for (size_t i = 0; i < chain.count; i++) {
        free(cuts[i].copies[0]);
        free(cuts[i].copies[1]);
    }
    return 0;
}
