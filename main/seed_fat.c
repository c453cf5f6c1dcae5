/*
 * seed_fat.c -- a seed disk of FAT12, FAT16 or FAT32 (ECMA-107, and Microsoft's "FAT: General
 * Overview of On-Disk Format").
 *
 * A name like "user-data" is no name of eight and three letters. It stands in entries before that
 * of the file, thirteen characters in each, the last part first.
 */
#include "seed.h"

#include <string.h>

enum {
    ENTRY_BYTES = 32,
    ENTRIES_MAX = 65536,
    CLUSTERS_12 = 4085, /* fewer than so many: FAT12 */
    CLUSTERS_16 = 65525,
    CLUSTER_MIN = 2,
    LABEL_BYTES = 11,
    ATTRIBUTES = 11, /* of an entry, as the next ones */
    CLUSTER_HIGH = 20,
    CLUSTER_LOW = 26,
    SIZE = 28,
    IS_LABEL = 0x08,
    IS_FOLDER = 0x10,
    IS_LONG = 0x0f,
    DELETED = 0xe5,
    LAST_PART = 0x40,
    PART_CHARS = 13,
    PARTS_MAX = 2
};

static uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static bool is_power(uint32_t value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

/* Reads the boot sector; false: it is none of FAT. */
static bool read_boot(struct seed *seed, const uint8_t *boot)
{
    struct seed_fat *fat = &seed->fat;
    const uint32_t sector = get16(boot + 11), per_cluster = boot[13], reserved = get16(boot + 14);
    const uint32_t tables = boot[16], entries = get16(boot + 17);
    const uint32_t table = get16(boot + 22) ? get16(boot + 22) : get32(boot + 36);
    const uint32_t all = get16(boot + 19) ? get16(boot + 19) : get32(boot + 32);
    uint64_t first, root;

    if (get16(boot + 510) != 0xaa55 || !is_power(sector) || sector < 512 || sector > 4096 ||
        !is_power(per_cluster) || reserved == 0 || tables == 0 || table == 0)
        return false;
    root = reserved + (uint64_t)tables * table;
    first = root + ((uint64_t)entries * ENTRY_BYTES + sector - 1) / sector;
    if (first >= all || (uint64_t)all * sector > seed->medium->len)
        return false;
    fat->table = (uint64_t)reserved * sector;
    fat->table_bytes = (uint64_t)table * sector;
    fat->root = root * sector;
    fat->data = first * sector;
    fat->root_entries = entries;
    fat->root_cluster = get32(boot + 44);
    fat->cluster_bytes = sector * per_cluster;
    fat->clusters = (uint32_t)((all - first) / per_cluster);
    fat->bits = fat->clusters < CLUSTERS_12 ? 12 : fat->clusters < CLUSTERS_16 ? 16 : 32;
    return (fat->bits == 32) == (entries == 0);
}

/* Goes to the next cluster; false: this one is the last, or its entry can't be. */
static bool next_cluster(struct seed *seed, uint32_t *cluster)
{
    const struct seed_fat *fat = &seed->fat;
    const uint64_t at = (uint64_t)*cluster * fat->bits / 8;
    const uint64_t bytes = fat->bits == 32 ? 4 : 2;
    uint8_t entry[4] = {0};
    uint32_t next;

    if (at + bytes > fat->table_bytes || !seed_bytes(seed, fat->table + at, entry, (size_t)bytes))
        return false;
    next = get32(entry) & 0x0fffffff;
    if (fat->bits == 12)
        next = *cluster % 2 ? next >> 4 : next & 0xfff;
    *cluster = next;
    return next >= CLUSTER_MIN && next - CLUSTER_MIN < fat->clusters;
}

static uint64_t place_of(const struct seed_fat *fat, uint32_t cluster)
{
    return fat->data + (uint64_t)(cluster - CLUSTER_MIN) * fat->cluster_bytes;
}

/* A walk through the root folder. */
struct walk {
    uint32_t cluster; /* of FAT32 */
    uint32_t index;   /* of the next entry */
    uint8_t entry[ENTRY_BYTES];
};

/* Where the next entry is. False: there is none. */
static bool find_entry(struct seed *seed, struct walk *walk, uint64_t *at)
{
    const struct seed_fat *fat = &seed->fat;
    const uint32_t in_cluster = fat->cluster_bytes / ENTRY_BYTES;

    if (walk->index == ENTRIES_MAX)
        return false;
    if (fat->bits < 32) {
        *at = fat->root + (uint64_t)walk->index * ENTRY_BYTES;
        return walk->index < fat->root_entries;
    }
    if (walk->index == 0) {
        walk->cluster = fat->root_cluster;
        if (walk->cluster < CLUSTER_MIN || walk->cluster - CLUSTER_MIN >= fat->clusters)
            return false;
    } else if (walk->index % in_cluster == 0 && !next_cluster(seed, &walk->cluster)) {
        return false;
    }
    *at = place_of(fat, walk->cluster) + (uint64_t)(walk->index % in_cluster) * ENTRY_BYTES;
    return true;
}

/* Reads the next entry that isn't deleted. False: there is none. */
static bool next_entry(struct seed *seed, struct walk *walk)
{
    uint64_t at;

    while (find_entry(seed, walk, &at)) {
        walk->index++;
        if (!seed_bytes(seed, at, walk->entry, ENTRY_BYTES) || walk->entry[0] == 0)
            return false;
        if (walk->entry[0] != DELETED)
            return true;
    }
    return false;
}

/* The label is in the root folder, or in the boot sector. */
static bool has_label(struct seed *seed, const uint8_t *boot)
{
    const uint8_t *more = boot + (seed->fat.bits == 32 ? 64 : 36);
    struct walk walk = {.index = 0};

    while (next_entry(seed, &walk)) {
        const uint8_t kind = walk.entry[ATTRIBUTES];

        if ((kind & IS_LABEL) && kind != IS_LONG)
            return seed_is_word(walk.entry, LABEL_BYTES, "cidata");
    }
    return more[2] == 0x29 && seed_is_word(more + 7, LABEL_BYTES, "cidata");
}

enum seed_outcome seed_fat_open(struct seed *seed)
{
    uint8_t *boot = seed->boot;

    if (!seed_bytes(seed, 0, boot, sizeof seed->boot) || !read_boot(seed, boot) ||
        !has_label(seed, boot))
        return SEED_NOT_FOUND;
    return SEED_GOOD;
}

/* The parts of a long name. */
struct long_name {
    uint8_t chars[PARTS_MAX * PART_CHARS];
    uint8_t missing; /* parts before these; 0: it is whole */
    uint8_t sum;     /* of the short name that follows */
    bool is_given;
};

static void take_part(struct long_name *name, const uint8_t *entry)
{
    static const uint8_t places[PART_CHARS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    const uint32_t part = entry[0] & (LAST_PART - 1u);

    if (entry[0] & LAST_PART) {
        *name = (struct long_name){.missing = (uint8_t)part, .sum = entry[13], .is_given = true};
        memset(name->chars, ' ', sizeof name->chars);
    }
    if (!name->is_given || part == 0 || part > PARTS_MAX || part != name->missing ||
        entry[13] != name->sum) {
        name->is_given = false;
        return;
    }
    name->missing--;
    for (unsigned i = 0; i < PART_CHARS; i++) {
        const uint32_t c = get16(entry + places[i]);

        if (c == 0)
            break; /* the rest is filled with 0xffff */
        name->chars[(part - 1) * (uint32_t)PART_CHARS + i] = c < 0x80 ? (uint8_t)c : '?';
    }
}

static uint8_t sum_of(const uint8_t *entry)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < LABEL_BYTES; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + entry[i]);
    return sum;
}

enum seed_outcome seed_fat_find(struct seed *seed, const char *name, struct seed_file *file)
{
    struct long_name given = {.is_given = false};
    struct walk walk = {.index = 0};

    while (next_entry(seed, &walk)) {
        const uint8_t *entry = walk.entry;

        if (entry[ATTRIBUTES] == IS_LONG) {
            take_part(&given, entry);
            continue;
        }
        if (!(entry[ATTRIBUTES] & (IS_LABEL | IS_FOLDER)) && given.is_given && given.missing == 0 &&
            given.sum == sum_of(entry) && seed_is_word(given.chars, sizeof given.chars, name)) {
            file->start = get16(entry + CLUSTER_LOW);
            if (seed->fat.bits == 32)
                file->start |= (uint64_t)get16(entry + CLUSTER_HIGH) << 16;
            file->len = get32(entry + SIZE);
            return SEED_GOOD;
        }
        given.is_given = false;
    }
    return SEED_NOT_FOUND;
}

enum seed_outcome seed_fat_read(struct seed *seed, const struct seed_file *file, void *to)
{
    const struct seed_fat *fat = &seed->fat;
    uint32_t cluster = (uint32_t)file->start, left = file->len;
    uint8_t *at = to;

    while (left > 0) {
        const uint32_t part = left < fat->cluster_bytes ? left : fat->cluster_bytes;

        if (cluster < CLUSTER_MIN || cluster - CLUSTER_MIN >= fat->clusters ||
            !seed_bytes(seed, place_of(fat, cluster), at, part))
            return SEED_BROKEN;
        at += part;
        left -= part;
        if (left > 0 && !next_cluster(seed, &cluster))
            return SEED_BROKEN;
    }
    return SEED_GOOD;
}
