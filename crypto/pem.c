/*
 * pem.c -- PEM to DER (RFC 7468, the lax form of its figure 2).
 *
 * The text may be a private key.  So its letters are decoded without a table and without a branch
 * that depends on them.
 */
#include <string.h>

#include <leat/crypto.h>

#define BEGIN  "-----BEGIN "
#define END    "-----END "
#define DASHES "-----"

/* A text that is read from its front. */
struct reader {
    const char *at;
    size_t left;
};

/* All ones if low <= value <= high, else 0; all of them below 2^16. */
static uint32_t mask_between(uint32_t value, uint32_t low, uint32_t high)
{
    return (((value - low) | (high - value)) >> 31) - 1u;
}

/* The six bits of a letter (RFC 4648, 4), or 64 if it has none. */
static uint32_t base64_value(uint32_t letter)
{
    uint32_t value = 0;
    uint32_t known = 0;
    uint32_t mask;

    mask = mask_between(letter, 'A', 'Z');
    value |= mask & (letter - 'A');
    known |= mask;
    mask = mask_between(letter, 'a', 'z');
    value |= mask & (letter - 'a' + 26u);
    known |= mask;
    mask = mask_between(letter, '0', '9');
    value |= mask & (letter - '0' + 52u);
    known |= mask;
    mask = mask_between(letter, '+', '+');
    value |= mask & 62u;
    known |= mask;
    mask = mask_between(letter, '/', '/');
    value |= mask & 63u;
    known |= mask;
    return value | (~known & 64u);
}

static bool begins_with(const struct reader *text, const char *word, size_t len)
{
    return text->left >= len && memcmp(text->at, word, len) == 0;
}

static void advance(struct reader *text, size_t len)
{
    text->at += len;
    text->left -= len;
}

/* Moves to the next place where @word begins; false: there is none, and the text is at its end. */
static bool find(struct reader *text, const char *word, size_t len)
{
    while (text->left > 0) {
        if (begins_with(text, word, len))
            return true;
        advance(text, 1);
    }
    return false;
}

/* Takes a label and the dashes behind it; false: there are none in this line. */
static bool take_label(struct reader *text, struct leat_crypto_pem *pem)
{
    pem->label = text->at;
    while (text->left > 0 && *text->at != '\n' && *text->at != '\r') {
        if (begins_with(text, DASHES, sizeof DASHES - 1)) {
            pem->label_len = (size_t)(text->at - pem->label);
            advance(text, sizeof DASHES - 1);
            return true;
        }
        advance(text, 1);
    }
    return false;
}

static bool is_space(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
}

/* The letters of one group, its padding as zeros; how many were padding in @padding. */
static enum leat_err take_group(struct reader *text, uint32_t *bits, uint32_t *padding)
{
    uint32_t wrong = 0;

    *bits = 0;
    *padding = 0;
    for (uint32_t count = 0; count < 4;) {
        uint32_t value;
        char letter;

        if (text->left == 0)
            return LEAT_ERR_FORMAT;
        letter = *text->at;
        if (is_space(letter)) {
            advance(text, 1);
            continue;
        }
        if (letter == '-')
            return count == 0 ? LEAT_ERR_END : LEAT_ERR_FORMAT;
        advance(text, 1);
        count++;
        value = 0;
        if (letter == '=')
            ++*padding;
        else
            value = base64_value((uint8_t)letter);
        wrong |= value & 64u;
        wrong |= (uint32_t)(letter != '=' && *padding != 0);
        *bits = *bits << 6 | value;
    }
    return wrong || *padding > 2 ? LEAT_ERR_FORMAT : LEAT_OK;
}

/* Decodes the text between the two lines. */
static enum leat_err take_body(struct reader *text, struct leat_crypto_pem *pem, uint8_t *der,
                               size_t der_bytes)
{
    uint32_t padding = 0;

    pem->der_len = 0;
    for (;;) {
        const uint32_t padded = padding;
        uint32_t bits;
        const enum leat_err err = take_group(text, &bits, &padding);

        if (err == LEAT_ERR_END)
            return pem->der_len > 0 ? LEAT_OK : LEAT_ERR_FORMAT;
        if (err != LEAT_OK || padded > 0) /* nothing comes behind padding */
            return LEAT_ERR_FORMAT;
        for (uint32_t i = 0; i < 3u - padding; i++) {
            if (pem->der_len == der_bytes)
                return LEAT_ERR_MEMORY;
            der[pem->der_len++] = (uint8_t)(bits >> (16u - 8u * i));
        }
    }
}

/* The line at the end, with the label of the first. */
static enum leat_err take_end(struct reader *text, const struct leat_crypto_pem *pem)
{
    struct leat_crypto_pem end;

    if (!begins_with(text, END, sizeof END - 1))
        return LEAT_ERR_FORMAT;
    advance(text, sizeof END - 1);
    if (!take_label(text, &end) || end.label_len != pem->label_len ||
        memcmp(end.label, pem->label, pem->label_len) != 0)
        return LEAT_ERR_FORMAT;
    return LEAT_OK;
}

enum leat_err leat_crypto_pem_next(const char **text, size_t *len, struct leat_crypto_pem *pem,
                                   uint8_t *der, size_t der_bytes)
{
    struct reader reader = {*text, *len};
    enum leat_err err = LEAT_ERR_NOT_FOUND;

    if (find(&reader, BEGIN, sizeof BEGIN - 1)) {
        advance(&reader, sizeof BEGIN - 1);
        err = take_label(&reader, pem) ? take_body(&reader, pem, der, der_bytes) : LEAT_ERR_FORMAT;
        if (err == LEAT_OK)
            err = take_end(&reader, pem);
        else if (err == LEAT_ERR_MEMORY)
            find(&reader, END, sizeof END - 1);
    }
    *text = reader.at;
    *len = reader.left;
    return err;
}

bool leat_crypto_pem_is_private(const struct leat_crypto_pem *pem)
{
    static const struct {
        const char *text;
        size_t len;
    } labels[] = {{"PRIVATE KEY", 11}, {"EC PRIVATE KEY", 14}, {"RSA PRIVATE KEY", 15}};

    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (pem->label_len == labels[i].len &&
            memcmp(pem->label, labels[i].text, labels[i].len) == 0)
            return true;
    }
    return false;
}
