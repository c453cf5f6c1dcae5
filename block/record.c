/* record.c -- writes and reads the records of a store's log. */
#include "block/record.h"

#include <leat/assert.h>

#include <string.h>

#include "core/siphash.h"

enum {
    KIND_AT = 4,
    SIZE_AT = 5,
    SECTORS_AT = 6,
    SEQUENCE_AT = 8,
    TAIL_SEQUENCE_AT = 16,
    TAIL_AT = 24,
    LEN_AT = 28,
    SUM_AT = 32,
    NAME_AT = 40,
    TAG_BYTES = 4,
    SUM_BYTES = 8
};

_Static_assert(NAME_AT + LEAT_STORE_NAME_BYTES + 1 == LEAT_STORE_RECORD_BYTES,
               "the value follows the name");

static const uint8_t first_tag[TAG_BYTES] = {'L', 'e', 'S', '1'};
static const uint8_t other_tag[TAG_BYTES] = {'l', 'e', 's', '1'};

/* Any key does; another one means another format. */
static const struct siphash_key sum_key = {1, 1};

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = bytes; i > 0; i--)
        value = value << 8 | at[i - 1];
    return value;
}

static void put(uint8_t *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

uint32_t record_value_max(uint32_t sector_bytes, uint32_t sectors)
{
    return sector_bytes - LEAT_STORE_RECORD_BYTES +
           (sectors - 1) * (sector_bytes - RECORD_OTHER_BYTES);
}

uint32_t record_sectors(uint32_t sector_bytes, uint32_t len)
{
    const uint32_t first = sector_bytes - LEAT_STORE_RECORD_BYTES;
    const uint32_t other = sector_bytes - RECORD_OTHER_BYTES;

    /* without a sum that could wrap, as @len may come from a device */
    return len <= first ? 1 : 2 + (len - first - 1) / other;
}

/* The binary logarithm of a sector's size. */
static uint8_t size_of(uint32_t sector_bytes)
{
    uint8_t log = 0;

    while (sector_bytes >>= 1)
        log++;
    return log;
}

bool record_is_first(const uint8_t *sector)
{
    return memcmp(sector, first_tag, TAG_BYTES) == 0;
}

/* The tag's bytes, or zero where a torn write didn't reach. */
static bool may_be(const uint8_t *sector, const uint8_t *tag)
{
    for (unsigned i = 0; i < TAG_BYTES; i++) {
        if (sector[i] != tag[i] && sector[i] != 0)
            return false;
    }
    return true;
}

bool record_is_foreign(const uint8_t *sector, uint32_t bytes)
{
    uint8_t any = 0;

    if (record_is_first(sector) && sector[SIZE_AT] != size_of(bytes) && sector[SIZE_AT] != 0)
        return true;
    if (get(sector, TAG_BYTES) != 0)
        return !may_be(sector, first_tag) && !may_be(sector, other_tag);
    for (uint32_t i = TAG_BYTES; i < bytes; i++)
        any |= sector[i];
    return any != 0;
}

/* The bytes of a value that lie in one sector. */
struct part {
    uint32_t at;   /* in the record */
    uint32_t from; /* in the value */
    uint32_t len;
};

static struct part first_part(uint32_t sector_bytes, uint32_t len)
{
    const uint32_t room = sector_bytes - LEAT_STORE_RECORD_BYTES;

    return (struct part){LEAT_STORE_RECORD_BYTES, 0, len < room ? len : room};
}

static struct part next_part(const struct part *part, uint32_t sector_bytes, uint32_t len)
{
    const uint32_t room = sector_bytes - RECORD_OTHER_BYTES;
    const uint32_t from = part->from + part->len;
    const uint32_t at = part->at + part->len + RECORD_OTHER_BYTES; /* the part was a whole one */

    return (struct part){at, from, len - from < room ? len - from : room};
}

void record_write(const struct record *record, const void *value, uint8_t *to,
                  uint32_t sector_bytes)
{
    const uint32_t sectors = record_sectors(sector_bytes, record->len);
    struct part part = first_part(sector_bytes, record->len);

    memset(to, 0, (size_t)sectors * sector_bytes);
    memcpy(to, first_tag, TAG_BYTES);
    for (uint32_t i = 1; i < sectors; i++)
        memcpy(to + (size_t)i * sector_bytes, other_tag, TAG_BYTES);
    to[KIND_AT] = (uint8_t)record->kind;
    to[SIZE_AT] = size_of(sector_bytes);
    to[SECTORS_AT] = (uint8_t)sectors;
    put(to + LEN_AT, 4, record->len);
    memcpy(to + NAME_AT, record->name, sizeof record->name);
    record_renumber(to, record);
    while (part.len > 0) {
        memcpy(to + part.at, (const uint8_t *)value + part.from, part.len);
        part = next_part(&part, sector_bytes, record->len);
    }
}

void record_renumber(uint8_t *bytes, const struct record *numbers)
{
    put(bytes + SEQUENCE_AT, 8, numbers->sequence);
    put(bytes + TAIL_SEQUENCE_AT, 8, numbers->tail_sequence);
    put(bytes + TAIL_AT, 4, numbers->tail);
}

/* The checksum of a record; its place is zero afterwards. */
static uint64_t sum_of(uint8_t *bytes, uint32_t sector_bytes, uint32_t sectors)
{
    memset(bytes + SUM_AT, 0, SUM_BYTES);
    return siphash24(&sum_key, bytes, (size_t)sector_bytes * sectors);
}

void record_seal(uint8_t *bytes, uint32_t sector_bytes, uint32_t sectors)
{
    const uint64_t sum = sum_of(bytes, sector_bytes, sectors);

    put(bytes + SUM_AT, SUM_BYTES, sum);
}

/* A name is not empty, and ends with zeros. */
static bool name_is_right(const char *name)
{
    unsigned len = 0;

    while (len <= LEAT_STORE_NAME_BYTES && name[len])
        len++;
    if (len == 0 || len > LEAT_STORE_NAME_BYTES)
        return false;
    for (; len <= LEAT_STORE_NAME_BYTES; len++) {
        if (name[len])
            return false;
    }
    return true;
}

/* Reads what is in front of the value; false: it is none of a record. The checksum may be wrong. */
static bool read_head(struct record *record, const uint8_t *bytes, uint32_t sector_bytes)
{
    const uint8_t kind = bytes[KIND_AT];

    if (!record_is_first(bytes) || bytes[SIZE_AT] != size_of(sector_bytes) ||
        (kind != RECORD_PUT && kind != RECORD_DELETE))
        return false;
    record->kind = (enum record_kind)kind;
    record->sequence = get(bytes + SEQUENCE_AT, 8);
    record->tail_sequence = get(bytes + TAIL_SEQUENCE_AT, 8);
    record->tail = (uint32_t)get(bytes + TAIL_AT, 4);
    record->len = (uint32_t)get(bytes + LEN_AT, 4);
    memcpy(record->name, bytes + NAME_AT, sizeof record->name);
    /* sequences begin at 1, and never come near to their end */
    return bytes[SECTORS_AT] == record_sectors(sector_bytes, record->len) &&
           record->tail_sequence > 0 && record->tail_sequence <= record->sequence &&
           record->sequence < UINT64_MAX / 2 && (record->kind == RECORD_PUT || record->len == 0) &&
           name_is_right(record->name);
}

uint64_t record_longer(const uint8_t *bytes, uint32_t sector_bytes, uint32_t sectors_max)
{
    struct record record;

    return read_head(&record, bytes, sector_bytes) && bytes[SECTORS_AT] > sectors_max
               ? record.sequence
               : 0;
}

bool record_read(struct record *record, uint8_t *bytes, uint32_t sector_bytes, uint32_t sectors_max)
{
    const uint64_t sum = get(bytes + SUM_AT, SUM_BYTES);
    const uint32_t sectors = bytes[SECTORS_AT];
    bool is_right;

    if (!read_head(record, bytes, sector_bytes) || sectors > sectors_max)
        return false;
    is_right = sum_of(bytes, sector_bytes, sectors) == sum;
    put(bytes + SUM_AT, SUM_BYTES, sum);
    return is_right;
}

void record_value(const struct record *record, const uint8_t *bytes, uint32_t sector_bytes,
                  void *to)
{
    struct part part = first_part(sector_bytes, record->len);

    while (part.len > 0) {
        leat_debug_assert(part.from + part.len <= record->len);
        memcpy((uint8_t *)to + part.from, bytes + part.at, part.len);
        part = next_part(&part, sector_bytes, record->len);
    }
}
