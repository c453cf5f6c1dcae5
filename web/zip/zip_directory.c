/*
 * zip_directory.c -- the entries of an archive, one after another in blocks of memory, and a tree
 * that finds them by their names.
 *
 * The tree has one entry in each node. A name's hash says, bit by bit from the top, which child to
 * go to. The hash has a key, so that the clients that choose the names can't make the tree deep.
 */
#include "web/zip/zip_directory.h"

#include <string.h>

#include "core/assert.h"
#include "core/siphash.h"
#include "web/zip/zip_name.h"

enum {
    ALIGNMENT = sizeof(uint64_t),
    NUMBER_BYTES = 13, /* " (4294967295)" */
    ENDING_BYTES = 16, /* a longer part behind the last dot is no type of a file */
    TRIES = 24         /* of numbers, each at twice the distance of the one before */
};

struct leat_zip_block {
    struct leat_zip_block *next;
    size_t bytes; /* behind this header */
    size_t used;
};

_Static_assert(sizeof(struct leat_zip_block) + ALIGNMENT <= LEAT_ZIP_BLOCK_BYTES, "as zip.h says");
_Static_assert(sizeof(struct leat_zip_entry) + ALIGNMENT <= LEAT_ZIP_ENTRY_BYTES, "as zip.h says");

static uint8_t *memory_of(struct leat_zip_block *block)
{
    return (uint8_t *)(block + 1);
}

void leat_zip_add_memory(struct leat_zip *zip, void *memory, size_t bytes)
{
    const size_t skipped = -(uintptr_t)memory % ALIGNMENT;
    struct leat_zip_block *block;

    /* too small for an entry, and so of no use */
    if (bytes < skipped + sizeof *block)
        return;
    block = (struct leat_zip_block *)(void *)((uint8_t *)memory + skipped);
    *block = (struct leat_zip_block){.bytes = bytes - skipped - sizeof *block};
    if (zip->last)
        zip->last->next = block;
    else
        zip->first = block;
    zip->last = block;
}

/* ---- Names -------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct leat_zip *zip, const char *name, size_t len)
{
    const struct siphash_key key = {zip->key[0], zip->key[1]};
    struct siphash hash;

    siphash13_begin(&hash, &key);
    for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
        uint64_t word = 0;

        memcpy(&word, name + at, len - at < sizeof word ? len - at : sizeof word);
        siphash13_add(&hash, word);
    }
    siphash13_add(&hash, len);
    return siphash13_of(&hash);
}

/* Where the tree has the entry of this name, or NULL in its place. */
static struct leat_zip_entry **find(struct leat_zip *zip, const char *name, size_t len)
{
    struct leat_zip_entry **place = &zip->root;

    for (uint64_t hash = hash_of(zip, name, len); *place; hash <<= 1) {
        struct leat_zip_entry *entry = *place;

        if (entry->name_len == len && memcmp(entry->name, name, len) == 0)
            break;
        /* the top bit decides; the next level has the next bit */
        place = &entry->child[hash >> 63];
    }
    return place;
}

/* Length of @name without its type, which a number must not separate from its dot. */
static size_t stem_of(const char *name, size_t len)
{
    for (size_t at = len; at > 1 && len - at < ENDING_BYTES; at--) {
        if (name[at - 1] == '.')
            return at - 1;
    }
    return len;
}

/* Writes @name with @number before its type to @copy, and returns its length. */
static size_t with_number(const char *name, size_t len, uint32_t number, char *copy)
{
    const size_t stem = stem_of(name, len);
    char digits[NUMBER_BYTES];
    size_t at = sizeof digits;
    size_t kept = stem;

    digits[--at] = ')';
    for (; number > 0; number /= 10)
        digits[--at] = (char)('0' + number % 10);
    digits[--at] = '(';
    digits[--at] = ' ';
    /* the stem is cut, not the type, by which a program finds out how to open the file */
    if (len + sizeof digits - at > LEAT_ZIP_NAME_BYTES) {
        kept = stem - (len + sizeof digits - at - LEAT_ZIP_NAME_BYTES);
        if (((uint8_t)name[kept] & 0xc0) == 0x80)
            kept = zip_whole_part(name, kept);
    }
    memcpy(copy, name, kept);
    memcpy(copy + kept, digits + at, sizeof digits - at);
    memcpy(copy + kept + sizeof digits - at, name + stem, len - stem);
    return kept + sizeof digits - at + len - stem;
}

size_t leat_zip_distinct_name(struct leat_zip *zip, char *name, size_t len)
{
    struct leat_zip_entry *same = *find(zip, name, len);
    char copy[LEAT_ZIP_NAME_BYTES];

    leat_assert(len > 0 && len <= LEAT_ZIP_NAME_BYTES);
    if (!same)
        return len;
    /* Numbers double, so that clients that have taken many names in advance can't make this search
     * long. */
    for (unsigned i = 0; i < TRIES; i++) {
        const uint32_t number = same->copies + (UINT32_C(1) << i);
        const size_t copy_len = with_number(name, len, number, copy);

        if (*find(zip, copy, copy_len))
            continue;
        same->copies = number;
        memcpy(name, copy, copy_len);
        return copy_len;
    }
    return 0;
}

/* ---- Entries ------------------------------------------------------------------------------ */

struct leat_zip_entry *zip_directory_add(struct leat_zip *zip, const char *name, size_t len)
{
    const size_t bytes =
        (sizeof(struct leat_zip_entry) + len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct leat_zip_block *block = zip->last;
    struct leat_zip_entry **place;
    struct leat_zip_entry *entry;

    /* only the last block grows, so that the entries keep their order */
    if (!block || block->bytes - block->used < bytes)
        return NULL;
    place = find(zip, name, len);
    entry = (struct leat_zip_entry *)(void *)(memory_of(block) + block->used);
    *entry = (struct leat_zip_entry){.at = zip->at, .name_len = (uint16_t)len};
    memcpy(entry->name, name, len);
    block->used += bytes;
    if (!*place) /* else it is a second one of its name, which the program wants */
        *place = entry;
    return entry;
}

const struct leat_zip_entry *zip_directory_next(struct leat_zip *zip)
{
    const struct leat_zip_entry *entry;

    /* no entry is divided between blocks */
    while (zip->first && zip->told == zip->first->used) {
        zip->first = zip->first->next;
        zip->told = 0;
    }
    if (!zip->first)
        return NULL;
    entry = (const struct leat_zip_entry *)(const void *)(memory_of(zip->first) + zip->told);
    zip->told += (sizeof *entry + entry->name_len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    return entry;
}
