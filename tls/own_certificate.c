/*
 * own_certificate.c -- reads a server's certificates and key from PEM files.
 *
 * A program calls leat_tls_identity_read() when it starts, or when it gets a new certificate. Key
 * and certificate are compared there, because a wrong pair would fail only later, at every client.
 */
#include <leat/tls.h>

#include <string.h>

static bool is_certificate(const struct leat_crypto_pem *pem)
{
    static const char label[] = "CERTIFICATE";

    return pem->label_len == sizeof label - 1 && memcmp(pem->label, label, sizeof label - 1) == 0;
}

static enum leat_err read_chain(struct leat_tls_identity *identity, const char *text, size_t len,
                                uint8_t *memory, size_t bytes)
{
    struct leat_crypto_pem pem;
    enum leat_err err;

    while ((err = leat_crypto_pem_next(&text, &len, &pem, memory, bytes)) == LEAT_OK) {
        if (!is_certificate(&pem))
            continue; /* a key in the same file is read separately */
        if (identity->chain_count == LEAT_TLS_CHAIN_MAX)
            return LEAT_ERR_TOO_BIG;
        /* The decoded certificates lie one behind the other in @memory, which must stay as long as
         * the identity. */
        identity->chain[identity->chain_count++] = (struct leat_crypto_piece){memory, pem.der_len};
        memory += pem.der_len;
        bytes -= pem.der_len;
    }
    if (err != LEAT_ERR_NOT_FOUND)
        return err;
    return identity->chain_count > 0 ? LEAT_OK : LEAT_ERR_NOT_FOUND;
}

/* Compares the key with the public key of the first certificate. */
static enum leat_err compare_keys(struct leat_tls_identity *identity,
                                  const struct leat_crypto *crypto)
{
    const struct leat_crypto_certificate certificate = {identity->chain, 1};
    struct leat_crypto_public *own = &identity->inside;
    const enum leat_crypto_verdict verdict =
        crypto->ops->public_open(crypto->self, own, &certificate);
    bool fits;

    if (verdict == LEAT_CRYPTO_UNSUPPORTED)
        return LEAT_ERR_UNSUPPORTED;
    if (verdict == LEAT_CRYPTO_NO_MEMORY)
        return LEAT_ERR_MEMORY;
    if (verdict != LEAT_CRYPTO_TRUSTED)
        return LEAT_ERR_FORMAT;
    fits = crypto->ops->private_fits(crypto->self, &identity->key, own);
    crypto->ops->public_close(crypto->self, own);
    return fits ? LEAT_OK : LEAT_ERR_ARGUMENT;
}

/* NOLINTNEXTLINE(readability-function-size): two files and memory, each with its length */
enum leat_err leat_tls_identity_read(struct leat_tls_identity *identity,
                                     const struct leat_crypto *crypto, const char *certificates,
                                     size_t certificates_len, const char *key, size_t key_len,
                                     void *memory, size_t bytes)
{
    enum leat_err err;

    memset(identity, 0, sizeof *identity);
    err = read_chain(identity, certificates, certificates_len, memory, bytes);
    if (err)
        return err;
    err = crypto->ops->private_open(crypto->self, &identity->key, key, key_len);
    if (err)
        return err;
    err = compare_keys(identity, crypto);
    if (err)
        leat_tls_identity_close(identity, crypto);
    return err;
}

void leat_tls_identity_close(struct leat_tls_identity *identity, const struct leat_crypto *crypto)
{
    crypto->ops->private_close(crypto->self, &identity->key);
    leat_crypto_wipe(identity, sizeof *identity);
}
