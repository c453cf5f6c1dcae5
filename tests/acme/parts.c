/*
 * parts.c -- writes what an authority gets, for test_parts.py: a request for a certificate, and the
 * certificate of tls-alpn-01, each for the names in argv, by both providers.
 *
 *      parts PROVIDER FOLDER NAME...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/crypto_bearssl.h>
#include <leat/crypto_openssl.h>

#include "entropy.h"
#include "web/acme/certify.h"
#include "web/acme/encode.h"

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "parts: %s\n", what);
    exit(1);
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[400];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    demand(file && fwrite(bytes, 1, len, file) == len && fclose(file) == 0, path);
}

static void write_pem(const char *folder, const char *name, const char *label, const uint8_t *der,
                      size_t len)
{
    static char pem[16384];
    struct text text = {pem, 0, sizeof pem};

    encode_pem(&text, label, der, len);
    write_file(folder, name, pem, text.len);
}

int main(int argc, char **argv)
{
    static _Alignas(8) unsigned char memory[LEAT_CRYPTO_BEARSSL_BYTES];
    static uint8_t csr[ACME_CSR_BYTES], challenge[ACME_CHALLENGE_BYTES];
    static struct acme_key key, again;
    static uint64_t random = 7;
    uint8_t digest[ACME_DIGEST_BYTES];
    struct leat_crypto crypto;
    const uint8_t *der;
    char pem[400];
    struct text text = {pem, 0, sizeof pem};
    size_t len = 0;

    demand(argc > 3, "PROVIDER FOLDER NAME...");
    demand(strcmp(argv[1], "openssl") == 0
               ? leat_crypto_openssl_open(&crypto, known_entropy, &random) == LEAT_OK
               : leat_crypto_bearssl_open(&crypto, memory, sizeof memory, known_entropy, &random) ==
                     LEAT_OK,
           "the provider");
    demand(acme_key_make(&key, &crypto), "a key");
    write_file(argv[2], "key.der", key.der, sizeof key.der);
    der = acme_csr(&key, &crypto, (const char *const *)(argv + 3), (unsigned)argc - 3, csr, &len);
    demand(der, "a request");
    write_pem(argv[2], "csr.pem", "CERTIFICATE REQUEST", der, len);
    for (unsigned i = 0; i < sizeof digest; i++)
        digest[i] = (uint8_t)i;
    der = acme_challenge_certificate(&key, &crypto, argv[3], digest, challenge, &len);
    demand(der, "a certificate");
    write_pem(argv[2], "challenge.pem", "CERTIFICATE", der, len);
    encode_pem(&text, "EC PRIVATE KEY", key.der, sizeof key.der);
    write_file(argv[2], "key.pem", pem, text.len);
    demand(acme_key_read(&again, &crypto, pem, text.len), "its own key");
    demand(memcmp(again.der, key.der, sizeof key.der) == 0, "the same key");
    acme_key_close(&again, &crypto);
    for (size_t cut = 0; cut < text.len - 1; cut += 7) /* only a whole key is one */
        demand(!acme_key_read(&again, &crypto, pem, cut), "a part of a key");
    acme_key_close(&key, &crypto);
    if (strcmp(argv[1], "openssl") == 0)
        leat_crypto_openssl_close(&crypto);
    else
        leat_crypto_bearssl_close(&crypto);
    return 0;
}
