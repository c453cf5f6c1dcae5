/* ask.h -- a provider of cryptography with a line protocol, for tests in another language. */
#ifndef ASK_H
#define ASK_H

#include <leat/crypto.h>

#define ASK_WORDS  24
#define ASK_PIECES 64

/* One command. */
struct ask {
    struct leat_crypto crypto;
    const char *words[ASK_WORDS]; /* NULL after the last one */
};

struct ask_bytes {
    uint8_t *bytes;
    size_t len;
};

/* Memory until the command is answered, of exactly that size, so that a sanitizer finds reads
 * beyond it. */
void *ask_memory(size_t len);
/* Reads a word of hex; "-" stands for none. */
struct ask_bytes ask_hex(const char *word);
/* Reads words of hex with commas between them as pieces. Returns their count. */
size_t ask_pieces(const char *word, struct leat_crypto_piece *pieces);
struct ask_bytes ask_file(const char *path);
void ask_print(const void *bytes, size_t len);
/* Sets the next output of the entropy source. NULL: random bytes. */
void ask_set_entropy(const char *hex);
/* Prints "refused" if @done is false. */
bool ask_done(bool done);

/* ask_math.c */
void ask_hash(struct ask *ask);
void ask_hmac(struct ask *ask);
void ask_stretch(struct ask *ask);
void ask_extract(struct ask *ask);
void ask_expand(struct ask *ask);
void ask_seal(struct ask *ask);
void ask_open(struct ask *ask);
void ask_agree(struct ask *ask);
void ask_answer(struct ask *ask);

/* ask_keys.c */
void ask_key(struct ask *ask);
void ask_fits(struct ask *ask);
void ask_sign(struct ask *ask);
void ask_verify(struct ask *ask);
void ask_pin(struct ask *ask);
void ask_pem(struct ask *ask);
void ask_chain(struct ask *ask);
void ask_anchors(struct ask *ask);

#endif
