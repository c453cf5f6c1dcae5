/*
 * ask.c -- a provider of cryptography with a line protocol, for tests in another language.
 *
 *     ask openssl|bearssl
 *
 * Each line of the input is a command with its words. Each line of the output is its answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ask.h"
#include "providers.h"

#define MEMORIES 4096

static void *memories[MEMORIES];
static size_t used;
static struct ask_bytes entropy_left;

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    (void)arg;
    if (!entropy_left.bytes) {
        if (getrandom(bytes, len, 0) != (ssize_t)len)
            return LEAT_ERR_ENTROPY;
        return LEAT_OK;
    }
    if (len > entropy_left.len)
        return LEAT_ERR_ENTROPY;
    memcpy(bytes, entropy_left.bytes, len);
    entropy_left.bytes += len;
    entropy_left.len -= len;
    return LEAT_OK;
}

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void *ask_memory(size_t len)
{
    if (used == MEMORIES)
        abort();
    return memories[used++] = need(malloc(len + (len == 0)));
}

static void free_memory(void)
{
    while (used > 0)
        free(memories[--used]);
}

static uint8_t nibble(char letter)
{
    return (uint8_t)(letter <= '9' ? letter - '0' : letter - 'a' + 10);
}

static struct ask_bytes hex_of(const char *word, size_t letters)
{
    struct ask_bytes result = {ask_memory(letters / 2), letters / 2};

    for (size_t i = 0; i < result.len; i++)
        result.bytes[i] = (uint8_t)(nibble(word[2 * i]) << 4 | nibble(word[2 * i + 1]));
    return result;
}

struct ask_bytes ask_hex(const char *word)
{
    if (!word)
        abort();
    return hex_of(word, strcmp(word, "-") == 0 ? 0 : strlen(word));
}

size_t ask_pieces(const char *word, struct leat_crypto_piece *pieces)
{
    size_t count = 0;

    if (strcmp(word, "-") == 0)
        return 0;
    for (;;) {
        const size_t letters = strcspn(word, ",");
        const struct ask_bytes piece = hex_of(word, letters);

        if (count == ASK_PIECES)
            abort();
        pieces[count].bytes = piece.bytes;
        pieces[count++].len = piece.len;
        if (word[letters] == 0)
            return count;
        word += letters + 1;
    }
}

struct ask_bytes ask_file(const char *path)
{
    FILE *file = need(fopen(path, "rb"));
    struct ask_bytes result;

    if (fseek(file, 0, SEEK_END) != 0)
        abort();
    result.len = (size_t)ftell(file);
    rewind(file);
    result.bytes = ask_memory(result.len);
    if (fread(result.bytes, 1, result.len, file) != result.len)
        abort();
    fclose(file);
    return result;
}

void ask_print(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    if (len == 0)
        putchar('-');
    for (size_t i = 0; i < len; i++)
        printf("%02x", at[i]);
}

void ask_set_entropy(const char *hex)
{
    entropy_left = hex ? ask_hex(hex) : (struct ask_bytes){NULL, 0};
}

bool ask_done(bool done)
{
    if (!done)
        printf("refused");
    return done;
}

static void ask_name(struct ask *ask)
{
    printf("%s", ask->crypto.ops->name(ask->crypto.self));
}

static void ask_supports(struct ask *ask)
{
    const unsigned id = (unsigned)strtoul(ask->words[2], NULL, 0);
    bool does = false;

    if (strcmp(ask->words[1], "aead") == 0)
        does = ask->crypto.ops->supports_aead(ask->crypto.self, (enum leat_crypto_aead)id);
    else if (strcmp(ask->words[1], "group") == 0)
        does = ask->crypto.ops->supports_group(ask->crypto.self, (enum leat_crypto_group)id);
    else if (strcmp(ask->words[1], "scheme") == 0)
        does = ask->crypto.ops->supports_scheme(ask->crypto.self, (enum leat_crypto_scheme)id);
    printf(does ? "yes" : "no");
}

static void ask_random(struct ask *ask)
{
    uint8_t bytes[32];

    if (ask_done(ask->crypto.ops->reseed(ask->crypto.self) &&
                 ask->crypto.ops->random(ask->crypto.self, bytes, sizeof bytes)))
        ask_print(bytes, sizeof bytes);
}

static const struct {
    const char *word;
    void (*run)(struct ask *ask);
} commands[] = {
    {"name", ask_name},       {"supports", ask_supports}, {"random", ask_random},
    {"hash", ask_hash},       {"hmac", ask_hmac},         {"extract", ask_extract},
    {"expand", ask_expand},   {"seal", ask_seal},         {"open", ask_open},
    {"agree", ask_agree},     {"answer", ask_answer},     {"key", ask_key},
    {"fits", ask_fits},       {"sign", ask_sign},         {"verify", ask_verify},
    {"pin", ask_pin},         {"pem", ask_pem},           {"chain", ask_chain},
    {"anchors", ask_anchors}, {"stretch", ask_stretch},
};

static void answer(struct ask *ask, char *line)
{
    size_t count = 0;

    for (char *word = strtok(line, " \n"); word && count < ASK_WORDS - 1;
         word = strtok(NULL, " \n"))
        ask->words[count++] = word;
    ask->words[count] = NULL;
    for (size_t i = 0; count > 0 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(ask->words[0], commands[i].word) == 0) {
            commands[i].run(ask);
            putchar('\n');
            fflush(stdout);
            free_memory();
            return;
        }
    }
    abort();
}

int main(int argc, char **argv)
{
    static char line[1 << 20];
    struct ask ask;

    if (argc != 2 || provider_open(&ask.crypto, argv[1], entropy) != LEAT_OK)
        return 77; /* this build has no such provider */
    while (fgets(line, sizeof line, stdin))
        answer(&ask, line);
    provider_close(&ask.crypto, argv[1]);
    return 0;
}
