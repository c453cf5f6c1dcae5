/*
 * yaml.h -- the part of YAML that files of cloud-init need: mappings and lists, by lines or in
 * [...], of plain and quoted words.
 *
 * A reader gives one word after another, with the path of keys that leads to it. It takes no memory
 * but its own, and reads each byte once.
 */
#ifndef YAML_H
#define YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    YAML_LEVELS_MAX = 12
};

struct yaml_level {
    const char *key; /* NULL: an entry of a list */
    uint32_t key_len;
    uint32_t column;
    uint32_t number; /* of the entry, or of the key, among all that were read */
};

/* Set the first two members to the text, and the others to zero. */
struct yaml {
    const char *at, *end;
    const char *word; /* of yaml_next() */
    size_t word_len;
    uint32_t line; /* of the word, or of the mistake */
    const char *why;
    struct yaml_level levels[YAML_LEVELS_MAX];
    uint32_t depth;
    uint32_t count;              /* numbers that were given */
    const char *list, *list_end; /* the rest of a [...] */
};

/* The next word. False: there is none, or yaml->why says what is wrong in yaml->line. */
bool yaml_next(struct yaml *yaml);

/* True if the path of the word is @path, such as "routes/-/via": keys, where ? stands
 * for any, and - for an entry of a list. */
bool yaml_is(const struct yaml *yaml, const char *path);

/* The number of level @depth of the word's path, which each key and each entry has for itself. */
uint32_t yaml_number(const struct yaml *yaml, uint32_t depth);

#endif
