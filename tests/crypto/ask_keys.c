/* ask_keys.c -- commands for keys, signatures and certificates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"

static const unsigned schemes[] = {0x0403, 0x0503, 0x0804, 0x0805, 0x0806,
                                   0x0807, 0x0603, 0x0809, 0x080a, 0x080b};

/* A certificate in DER, cut into pieces of different lengths. */
static struct leat_crypto_certificate certificate_of(const char *path)
{
    const struct ask_bytes file = ask_file(path);
    struct leat_crypto_piece *pieces = ask_memory(sizeof *pieces * ASK_PIECES);
    struct leat_crypto_certificate certificate = {pieces, 0};
    size_t at = 0;

    for (size_t len = 1; certificate.count < ASK_PIECES - 1 && at + len < file.len; len += 7) {
        pieces[certificate.count].bytes = ask_memory(len);
        memcpy(pieces[certificate.count].bytes, file.bytes + at, len);
        pieces[certificate.count++].len = len;
        at += len;
    }
    pieces[certificate.count].bytes = file.bytes + at;
    pieces[certificate.count++].len = file.len - at;
    return certificate;
}

/* Opens the key in a file, or prints the reason why not. */
static bool open_key(struct ask *ask, const char *path, struct leat_crypto_private *key)
{
    const struct ask_bytes file = ask_file(path);
    const enum leat_err err =
        ask->crypto.ops->private_open(ask->crypto.self, key, file.bytes, file.len);

    if (err != LEAT_OK)
        printf("error: %s", leat_err_text(err));
    return err == LEAT_OK;
}

/* key FILE: schemes of the key */
void ask_key(struct ask *ask)
{
    struct leat_crypto_private *key = ask_memory(sizeof *key);

    if (open_key(ask, ask->words[1], key)) {
        for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
            if (ask->crypto.ops->private_can(ask->crypto.self, key,
                                             (enum leat_crypto_scheme)schemes[i]))
                printf("%04x ", schemes[i]);
        }
        ask->crypto.ops->private_close(ask->crypto.self, key);
    }
}

static bool open_public(struct ask *ask, const char *path, struct leat_crypto_public *key)
{
    const struct leat_crypto_certificate certificate = certificate_of(path);
    const enum leat_crypto_verdict verdict =
        ask->crypto.ops->public_open(ask->crypto.self, key, &certificate);

    if (verdict != LEAT_CRYPTO_TRUSTED)
        printf("error: %s", leat_crypto_why(verdict));
    return verdict == LEAT_CRYPTO_TRUSTED;
}

/* fits KEY CERTIFICATE */
void ask_fits(struct ask *ask)
{
    struct leat_crypto_private *key = ask_memory(sizeof *key);
    struct leat_crypto_public *public_key = ask_memory(sizeof *public_key);

    if (open_key(ask, ask->words[1], key)) {
        if (open_public(ask, ask->words[2], public_key)) {
            printf(ask->crypto.ops->private_fits(ask->crypto.self, key, public_key) ? "yes" : "no");
            ask->crypto.ops->public_close(ask->crypto.self, public_key);
        }
        ask->crypto.ops->private_close(ask->crypto.self, key);
    }
}

static enum leat_crypto_scheme scheme_of(const char *word)
{
    return (enum leat_crypto_scheme)strtoul(word, NULL, 16);
}

/* sign KEY SCHEME PIECES */
void ask_sign(struct ask *ask)
{
    struct leat_crypto_private *key = ask_memory(sizeof *key);
    uint8_t *signature = ask_memory(LEAT_CRYPTO_SIGNATURE_BYTES_MAX);
    struct leat_crypto_piece pieces[ASK_PIECES];
    const size_t count = ask_pieces(ask->words[3], pieces);
    size_t len;

    if (open_key(ask, ask->words[1], key)) {
        if (ask_done(ask->crypto.ops->sign(ask->crypto.self, key, scheme_of(ask->words[2]), pieces,
                                           count, signature, &len)))
            ask_print(signature, len);
        ask->crypto.ops->private_close(ask->crypto.self, key);
    }
}

/* verify CERTIFICATE SCHEME PIECES SIGNATURE */
void ask_verify(struct ask *ask)
{
    struct leat_crypto_public *key = ask_memory(sizeof *key);
    struct leat_crypto_piece pieces[ASK_PIECES];
    const size_t count = ask_pieces(ask->words[3], pieces);
    const struct ask_bytes signature = ask_hex(ask->words[4]);

    if (open_public(ask, ask->words[1], key)) {
        if (ask_done(ask->crypto.ops->verify(ask->crypto.self, key, scheme_of(ask->words[2]),
                                             pieces, count, signature.bytes, signature.len)))
            printf("good");
        ask->crypto.ops->public_close(ask->crypto.self, key);
    }
}

/* pin CERTIFICATE */
void ask_pin(struct ask *ask)
{
    const struct leat_crypto_certificate certificate = certificate_of(ask->words[1]);
    uint8_t digest[32];

    if (ask_done(ask->crypto.ops->pin(ask->crypto.self, &certificate, digest)))
        ask_print(digest, sizeof digest);
}

/* pem FILE BYTES: label and DER of each block, by a reader with BYTES of memory */
void ask_pem(struct ask *ask)
{
    const struct ask_bytes file = ask_file(ask->words[1]);
    const size_t room = strtoul(ask->words[2], NULL, 10);
    uint8_t *der = ask_memory(room + 1);
    const char *text = (const char *)file.bytes;
    size_t len = file.len;

    for (;;) {
        struct leat_crypto_pem pem;
        const enum leat_err err = leat_crypto_pem_next(&text, &len, &pem, der, room);

        if (err == LEAT_ERR_NOT_FOUND)
            break;
        if (err == LEAT_OK) {
            printf("[%.*s] ", (int)pem.label_len, pem.label);
            ask_print(der, pem.der_len);
            putchar(' ');
        } else {
            printf("(%s) ", leat_err_text(err));
        }
    }
}

/* Opens the anchors in a file, or prints the reason why not. */
static bool open_anchors(struct ask *ask, const char *path, struct leat_crypto_anchors *anchors)
{
    const struct ask_bytes file = ask_file(path);
    const enum leat_err err =
        ask->crypto.ops->anchors_open(ask->crypto.self, anchors, file.bytes, file.len,
                                      ask_memory(file.len + 128), file.len + 128);

    if (err != LEAT_OK)
        printf("error: %s", leat_err_text(err));
    return err == LEAT_OK;
}

/* anchors FILE: their count */
void ask_anchors(struct ask *ask)
{
    struct leat_crypto_anchors anchors;

    if (!open_anchors(ask, ask->words[1], &anchors))
        return;
    printf("%zu", anchors.count);
    ask->crypto.ops->anchors_close(ask->crypto.self, &anchors);
}

/* chain ANCHORS NAME TIME CERTIFICATE...: the verdict; NAME may be "-" for any, '' for an empty one
 */
void ask_chain(struct ask *ask)
{
    struct leat_crypto_certificate certificates[ASK_WORDS];
    struct leat_crypto_public *key = ask_memory(sizeof *key);
    struct leat_crypto_chain chain = {certificates, 0, NULL, NULL, 0};
    struct leat_crypto_anchors anchors;
    enum leat_crypto_verdict verdict;

    if (!open_anchors(ask, ask->words[1], &anchors))
        return;
    chain.anchors = &anchors;
    chain.name = strcmp(ask->words[2], "-") == 0 ? NULL : ask->words[2];
    if (strcmp(ask->words[2], "''") == 0)
        chain.name = "";
    chain.civil_s = strtoull(ask->words[3], NULL, 10);
    for (size_t i = 4; ask->words[i]; i++)
        certificates[chain.count++] = certificate_of(ask->words[i]);
    verdict = ask->crypto.ops->check_chain(ask->crypto.self, &chain, key);
    printf("%s", leat_crypto_why(verdict));
    if (verdict == LEAT_CRYPTO_TRUSTED)
        ask->crypto.ops->public_close(ask->crypto.self, key);
    ask->crypto.ops->anchors_close(ask->crypto.self, &anchors);
}
