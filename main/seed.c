/* seed.c -- see seed.h. */
#include "seed.h"

const char seed_failed[] = "can't be read: look at the host's disk, or give another";

bool seed_bytes(struct seed *seed, uint64_t from, void *to, size_t len)
{
    struct leat_files_medium *medium = seed->medium;

    if (from > medium->len || len > medium->len - from)
        return false;
    seed->failed |= !medium->read(medium, from, to, len);
    return !seed->failed;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool seed_is_word(const uint8_t *bytes, size_t len, const char *word)
{
    size_t i = 0;

    while (i < len && word[i] && lower(bytes[i]) == lower((uint8_t)word[i]))
        i++;
    if (word[i])
        return false;
    while (i < len && bytes[i] == ' ')
        i++;
    return i == len;
}

enum seed_outcome seed_open(struct seed *seed, struct leat_files_medium *medium)
{
    enum seed_outcome outcome;

    seed->medium = medium;
    seed->failed = false;
    seed->kind = SEED_ISO;
    outcome = seed_iso_open(seed);
    if (outcome != SEED_NOT_FOUND)
        return outcome;
    seed->kind = SEED_FAT;
    return seed_fat_open(seed);
}

enum seed_outcome seed_find(struct seed *seed, const char *name, struct seed_file *file)
{
    return seed->kind == SEED_ISO ? seed_iso_find(seed, name, file)
                                  : seed_fat_find(seed, name, file);
}

enum seed_outcome seed_read(struct seed *seed, const struct seed_file *file, void *to)
{
    if (seed->kind == SEED_FAT)
        return seed_fat_read(seed, file, to);
    return seed_bytes(seed, file->start, to, file->len) ? SEED_GOOD : SEED_BROKEN;
}
