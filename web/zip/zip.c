/*
 * zip.c -- the structures of an archive, without its data (APPNOTE 6.3.10, sections 4.3, 4.4,
 * 4.5.3).
 *
 * Lengths are unknown when an entry begins, so each has a data descriptor after its data. The entry
 * may be longer than 4 GiB, so that has the form of Zip64. The end of the archive has that form
 * only if a number needs it, so that old programs can open small archives.
 */
#include <leat/zip.h>

#include <string.h>

#include "core/assert.h"

enum {
    VERSION = 45, /* the first version with Zip64 */
    UNIX = 3,     /* the maker; with MS-DOS, unzip converts names from a code page (4.4.2) */
    MAKER = UNIX << 8 | VERSION,
    MODE = 0100644,        /* a readable file, as Unix stores it (4.4.15) */
    FOLLOWED = 1 << 3,     /* a data descriptor follows (4.4.4) */
    UTF_8 = 1 << 11,       /* the name is UTF-8; otherwise its encoding is unknown */
    DEFLATED = 8,          /* the method (4.4.5); 0 is stored */
    DOS_DATE = 1 << 5 | 1, /* 1 January 1980, because a stack has no calendar */
    EXTRA_BYTES = 4 + 2 * 8,
    ENTRY_MAX = LEAT_ZIP_ENTRY_BYTES
};

static const uint64_t u32_max = UINT32_MAX;

/* Kept of an entry until the end of the archive. Its name follows. */
struct entry {
    uint64_t at;
    uint64_t len;
    uint64_t packed;
    uint32_t crc;
    uint16_t name_len;
    uint16_t method;
};

_Static_assert(sizeof(struct entry) <= ENTRY_MAX, "what zip.h says of memory");

static uint8_t *put16(uint8_t *to, unsigned value)
{
    *to++ = (uint8_t)value;
    *to++ = (uint8_t)(value >> 8);
    return to;
}

static uint8_t *put32(uint8_t *to, uint64_t value)
{
    return put16(put16(to, (unsigned)(value & 0xffff)), (unsigned)(value >> 16 & 0xffff));
}

static uint8_t *put64(uint8_t *to, uint64_t value)
{
    return put32(put32(to, value & u32_max), value >> 32);
}

/* The maximum means that the value is in Zip64's fields. */
static uint64_t at_most(uint64_t value, uint64_t max)
{
    return value < max ? value : max;
}

void leat_zip_start(struct leat_zip *zip, void *memory, size_t bytes)
{
    memset(zip, 0, sizeof *zip);
    zip->memory = memory;
    zip->bytes = bytes;
    zip->crc32 = leat_crc32;
}

void leat_zip_use_crc32(struct leat_zip *zip, leat_zip_crc32 *crc32)
{
    leat_assert(!zip->open);
    zip->crc32 = crc32;
}

/* Octets that follow @lead in its character (RFC 3629 3); 4: no character begins so. */
static size_t octets_behind(uint8_t lead)
{
    if (lead < 0x80)
        return 0;
    if (lead < 0xc0 || lead > 0xf7)
        return 4;
    return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

/* RFC 3629 3: true if characters have their shortest form, and none is a surrogate. */
static bool is_utf8(const uint8_t *name, size_t len)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

    for (size_t i = 0; i < len;) {
        const uint8_t lead = name[i++];
        const size_t more = octets_behind(lead);
        uint32_t code = more == 0 ? lead : lead & 0x3fu >> more;

        if (more > 3 || more > len - i)
            return false;
        for (const size_t end = i + more; i < end; i++) {
            if ((name[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (name[i] & 0x3fu);
        }
        if (code < least[more] || code > 0x10ffff || code >> 11 == 0xd800 >> 11)
            return false;
    }
    return true;
}

/* Length of @name without a character that is cut off at its end. */
static size_t whole_part(const char *name, size_t len)
{
    size_t end = len;

    while (end > 0 && len - end < 3 && ((uint8_t)name[end - 1] & 0xc0) == 0x80)
        end--;
    if (end == 0 || (uint8_t)name[end - 1] < 0xc0)
        return len;
    return end - 1;
}

size_t leat_zip_clean_name(const char *given, size_t len, char *name)
{
    static const char nothing[] = "file";
    size_t from = 0;
    size_t to = 0;

    for (size_t i = 0; i < len; i++) {
        if (given[i] == '/' || given[i] == '\\')
            from = i + 1;
    }
    for (; from < len && to < LEAT_ZIP_NAME_BYTES; from++) {
        if ((unsigned char)given[from] >= ' ' && given[from] != 0x7f)
            name[to++] = given[from];
    }
    if (from < len && ((uint8_t)given[from] & 0xc0) == 0x80)
        to = whole_part(name, to);
    if (to > 2 || (to > 0 && (name[0] != '.' || name[to - 1] != '.')))
        return to;
    memcpy(name, nothing, sizeof nothing - 1);
    return sizeof nothing - 1;
}

/* Counts the octets from @piece to @end as written. */
static size_t count(struct leat_zip *zip, const uint8_t *piece, const uint8_t *end)
{
    zip->at += (size_t)(end - piece);
    return (size_t)(end - piece);
}

static unsigned flags_of(const void *name, size_t len)
{
    return is_utf8(name, len) ? FOLLOWED | UTF_8 : FOLLOWED;
}

/* Writes the fields that both headers of an entry share: signature, versions, flags, method,
 * time. */
static uint8_t *put_header(uint8_t *to, uint32_t signature, unsigned flags, unsigned method,
                           bool in_directory)
{
    to = put32(to, signature);
    if (in_directory)
        to = put16(to, MAKER);
    to = put16(to, VERSION);
    to = put16(to, flags);
    to = put16(to, method);
    to = put16(to, 0);
    return put16(to, DOS_DATE);
}

static size_t begin(struct leat_zip *zip, const char *name, size_t len, unsigned method,
                    uint8_t *piece)
{
    struct entry entry = {.at = zip->at, .name_len = (uint16_t)len, .method = (uint16_t)method};
    uint8_t *to;

    leat_assert(!zip->open && !zip->ending);
    leat_assert(len > 0 && len <= LEAT_ZIP_NAME_BYTES);
    if (zip->bytes - zip->used < sizeof entry + len)
        return 0;
    memcpy(zip->memory + zip->used, &entry, sizeof entry);
    memcpy(zip->memory + zip->used + sizeof entry, name, len);
    zip->open = true;
    zip->deflated = method == DEFLATED;
    zip->len = zip->packed = 0;
    zip->crc = 0;
    to = put_header(piece, 0x04034b50, flags_of(name, len), method, false);
    to = put32(to, 0); /* CRC and lengths follow the data */
    to = put32(to, u32_max);
    to = put32(to, u32_max);
    to = put16(to, (unsigned)len);
    to = put16(to, EXTRA_BYTES);
    memcpy(to, name, len);
    to =
        put16(to + len, 1); /* Zip64 (4.5.3), so lengths in the descriptor have 8 bytes (4.3.9.2) */
    to = put16(to, EXTRA_BYTES - 4);
    to = put64(put64(to, 0), 0);
    return count(zip, piece, to);
}

size_t leat_zip_entry(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece)
{
    return begin(zip, name, len, 0, piece);
}

size_t leat_zip_entry_deflated(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece)
{
    return begin(zip, name, len, DEFLATED, piece);
}

static void add_packed(struct leat_zip *zip, size_t len)
{
    zip->packed += len;
    zip->at += len;
}

void leat_zip_packed(struct leat_zip *zip, size_t len)
{
    leat_assert(zip->open && zip->deflated);
    add_packed(zip, len);
}

void leat_zip_data(struct leat_zip *zip, const void *bytes, size_t len)
{
    leat_assert(zip->open);
    zip->crc = zip->crc32(zip->crc, bytes, len);
    zip->len += len;
    if (!zip->deflated)
        add_packed(zip, len);
}

size_t leat_zip_entry_end(struct leat_zip *zip, uint8_t *piece)
{
    struct entry entry;
    uint8_t *to;

    leat_assert(zip->open);
    memcpy(&entry, zip->memory + zip->used, sizeof entry);
    entry.len = zip->len;
    entry.packed = zip->packed;
    entry.crc = zip->crc;
    memcpy(zip->memory + zip->used, &entry, sizeof entry);
    zip->used += sizeof entry + entry.name_len;
    zip->entries++;
    zip->open = false;
    to = put32(piece, 0x08074b50);
    to = put32(to, entry.crc);
    to = put64(put64(to, entry.packed), entry.len);
    return count(zip, piece, to);
}

/* Writes the directory's header of the next entry. */
static size_t put_entry(struct leat_zip *zip, uint8_t *piece)
{
    const uint8_t *name = zip->memory + zip->told + sizeof(struct entry);
    struct entry entry;
    bool large;
    uint8_t *to;

    memcpy(&entry, zip->memory + zip->told, sizeof entry);
    large = entry.len >= u32_max || entry.packed >= u32_max || entry.at >= u32_max;
    to = put_header(piece, 0x02014b50, flags_of(name, entry.name_len), entry.method, true);
    to = put32(to, entry.crc);
    to = put32(to, large ? u32_max : entry.packed);
    to = put32(to, large ? u32_max : entry.len);
    to = put16(to, entry.name_len);
    to = put16(to, large ? EXTRA_BYTES + 8 : 0);
    to = put16(to, 0); /* comment */
    to = put16(to, 0); /* disk */
    to = put16(to, 0); /* internal attributes */
    to = put32(to, (uint64_t)MODE << 16);
    to = put32(to, large ? u32_max : entry.at);
    memcpy(to, name, entry.name_len);
    to += entry.name_len;
    if (large) {
        to = put16(put16(to, 1), EXTRA_BYTES + 8 - 4);
        to = put64(put64(put64(to, entry.len), entry.packed), entry.at);
    }
    zip->told += sizeof entry + entry.name_len;
    return count(zip, piece, to);
}

/* Writes the records after the last header (4.3.14 to 4.3.16). */
static size_t put_end(struct leat_zip *zip, uint8_t *piece)
{
    const uint64_t end = zip->at;
    const uint64_t len = end - zip->directory;
    uint8_t *to = piece;

    if (zip->entries >= 0xffff || end >= u32_max) {
        to = put64(put32(to, 0x06064b50), 44);
        to = put16(put16(to, MAKER), VERSION);
        to = put64(to, 0); /* disks */
        to = put64(put64(to, zip->entries), zip->entries);
        to = put64(put64(to, len), zip->directory);
        to = put32(put32(to, 0x07064b50), 0);
        to = put32(put64(to, end), 1);
    }
    to = put32(put32(to, 0x06054b50), 0);
    to = put16(to, (unsigned)at_most(zip->entries, 0xffff));
    to = put16(to, (unsigned)at_most(zip->entries, 0xffff));
    to = put32(put32(to, at_most(len, u32_max)), at_most(zip->directory, u32_max));
    to = put16(to, 0);
    zip->ended = true;
    return count(zip, piece, to);
}

size_t leat_zip_end(struct leat_zip *zip, uint8_t *piece)
{
    leat_assert(!zip->open);
    if (!zip->ending)
        zip->directory = zip->at;
    zip->ending = true;
    if (zip->ended)
        return 0;
    return zip->told < zip->used ? put_entry(zip, piece) : put_end(zip, piece);
}
