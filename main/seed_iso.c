/*
 * seed_iso.c -- a seed disk of ISO 9660 (ECMA-119).
 *
 * A name like "user-data" isn't one of ISO 9660. It stands in the tree of Joliet, with 16 bits a
 * character, or in the entry NM of Rock Ridge behind a record; some programs write it as it is.
 */
#include "seed.h"

#include <string.h>

enum {
    SECTOR = 2048,
    FIRST_DESCRIPTOR = 16, /* a sector, as the next one */
    DESCRIPTORS_MAX = 16,
    TYPE_PRIMARY = 1,
    TYPE_MORE = 2, /* supplementary: Joliet's */
    TYPE_END = 255,
    HEAD_BYTES = 190, /* of a descriptor: up to the end of its root record */
    VOLUME_AT = 40,
    VOLUME_BYTES = 32,
    ESCAPES_AT = 88,
    ROOT_AT = 156
};

/* A record of a folder (ECMA-119, 9.1). */
enum {
    RECORD_MIN = 34,
    RECORD_MAX = 255,
    RECORD_PLACE = 2,
    RECORD_SIZE = 10,
    RECORD_FLAGS = 25,
    RECORD_NAME_BYTES = 32,
    RECORD_NAME = 33,
    FLAG_FOLDER = 2,
    FLAG_MORE = 0x80, /* the file goes on in another record */
    FOLDER_MAX = 65536
};

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The bytes of @word in 16 bits a character, big-endian, whatever follows: spaces, or a version. */
static bool is_wide(const uint8_t *bytes, size_t len, const char *word)
{
    uint8_t narrow[VOLUME_BYTES];
    size_t count = 0;

    for (size_t i = 0; i + 1 < len && count < sizeof narrow; i += 2) {
        if (bytes[i] != 0 || bytes[i + 1] == ';')
            break;
        narrow[count++] = bytes[i + 1] ? bytes[i + 1] : ' ';
    }
    return seed_is_word(narrow, count, word);
}

static bool is_joliet(const uint8_t *head)
{
    const uint8_t *escape = head + ESCAPES_AT;

    return head[0] == TYPE_MORE && escape[0] == '%' && escape[1] == '/' &&
           (escape[2] == '@' || escape[2] == 'C' || escape[2] == 'E');
}

static void take_root(struct seed_iso *iso, const uint8_t *head)
{
    iso->root = (uint64_t)get32(head + ROOT_AT + RECORD_PLACE) * SECTOR;
    iso->root_bytes = get32(head + ROOT_AT + RECORD_SIZE);
    iso->is_joliet = head[0] == TYPE_MORE;
}

enum seed_outcome seed_iso_open(struct seed *seed)
{
    uint8_t head[HEAD_BYTES];
    bool is_found = false;

    for (uint64_t i = FIRST_DESCRIPTOR; i < FIRST_DESCRIPTOR + DESCRIPTORS_MAX; i++) {
        if (!seed_bytes(seed, i * SECTOR, head, sizeof head) || memcmp(head + 1, "CD001", 5) != 0 ||
            head[0] == TYPE_END)
            break;
        if (head[0] == TYPE_PRIMARY && seed_is_word(head + VOLUME_AT, VOLUME_BYTES, "cidata")) {
            is_found = true;
            take_root(&seed->iso, head);
        } else if (is_found && is_joliet(head)) {
            take_root(&seed->iso, head);
        }
    }
    if (!is_found)
        return SEED_NOT_FOUND;
    return seed->iso.root_bytes <= FOLDER_MAX && seed->iso.root < seed->medium->len ? SEED_GOOD
                                                                                    : SEED_BROKEN;
}

/* True if the entry NM of Rock Ridge (RRIP 4.1.4) behind the name is @word. */
static bool has_long_name(const uint8_t *record, size_t len, const char *word)
{
    size_t at = RECORD_NAME + (size_t)record[RECORD_NAME_BYTES];

    at += at % 2; /* records begin at even places, and so does this part */
    while (len > at + 4 && record[at + 2] >= 4 && record[at + 2] <= len - at) {
        const size_t bytes = record[at + 2];

        if (record[at] == 'N' && record[at + 1] == 'M' && bytes > 5)
            return seed_is_word(record + at + 5, bytes - 5, word);
        at += bytes;
    }
    return false;
}

static bool is_named(const struct seed_iso *iso, const uint8_t *record, size_t len,
                     const char *name)
{
    const uint8_t *own = record + RECORD_NAME;
    size_t bytes = record[RECORD_NAME_BYTES];

    if (iso->is_joliet)
        return is_wide(own, bytes, name);
    if (has_long_name(record, len, name))
        return true;
    for (size_t i = 0; i < bytes; i++) {
        if (own[i] == ';')
            bytes = i;
    }
    return seed_is_word(own, bytes - (bytes > 0 && own[bytes - 1] == '.'), name);
}

enum seed_outcome seed_iso_find(struct seed *seed, const char *name, struct seed_file *file)
{
    const struct seed_iso *iso = &seed->iso;
    uint8_t record[RECORD_MAX];
    uint32_t at = 0;

    while (at < iso->root_bytes) {
        uint8_t len;

        if (!seed_bytes(seed, iso->root + at, &len, 1))
            return SEED_BROKEN;
        if (len == 0) { /* no record crosses a sector */
            at = (at / SECTOR + 1) * SECTOR;
            continue;
        }
        if (len < RECORD_MIN || !seed_bytes(seed, iso->root + at, record, len) ||
            record[RECORD_NAME_BYTES] > len - RECORD_NAME)
            return SEED_BROKEN;
        at += len;
        if ((record[RECORD_FLAGS] & FLAG_FOLDER) || !is_named(iso, record, len, name))
            continue;
        file->start = (uint64_t)get32(record + RECORD_PLACE) * SECTOR;
        file->len = get32(record + RECORD_SIZE);
        return record[RECORD_FLAGS] & FLAG_MORE ? SEED_BROKEN : SEED_GOOD;
    }
    return SEED_NOT_FOUND;
}
