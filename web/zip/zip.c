/*
 * zip.c -- the structures of an archive, without its data (APPNOTE 6.3.10, sections 4.3, 4.4,
 * 4.5.3).
 *
 * Lengths are unknown when an entry begins, so each has a data descriptor after its data. A reader
 * that takes the archive as a stream has to see where the data ends. Data that isn't compressed is
 * therefore in stored blocks of Deflate (RFC 1951 3.2.4), which say it; many readers refuse method
 * 0 with a descriptor. Descriptors, headers and the end of the archive have the form of Zip64 only
 * if a number needs it. Java (up to 20) expects exactly that of a descriptor, and old programs can
 * open small archives.
 */
#include <leat/zip.h>

#include <string.h>

#include "core/assert.h"
#include "web/zip/zip_directory.h"
#include "web/zip/zip_name.h"

enum {
    DEFLATE = 20, /* the version that a reader of Deflate has (4.4.3.2) */
    ZIP64 = 45,   /* the version that a reader of Zip64 has */
    UNIX = 3,     /* the maker; with MS-DOS, unzip converts names from a code page (4.4.2) */
    MAKER = UNIX << 8 | ZIP64,
    MODE = 0100644,        /* a readable file, as Unix stores it (4.4.15) */
    FOLLOWED = 1 << 3,     /* a data descriptor follows (4.4.4) */
    UTF_8 = 1 << 11,       /* the name is UTF-8; otherwise its encoding is unknown */
    DEFLATED = 8,          /* the method (4.4.5) */
    DOS_DATE = 1 << 5 | 1, /* 1 January 1980, because a stack has no calendar */
    EXTRA_BYTES = 4 + 3 * 8,
    STORED_HEADER_BYTES = 5
};

#define IN_DIRECTORY UINT32_C(0x02014b50) /* signature of a header in the directory (4.3.12) */

static const uint64_t u32_max = UINT32_MAX;

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

void leat_zip_start(struct leat_zip *zip, const uint64_t key[2])
{
    memset(zip, 0, sizeof *zip);
    memcpy(zip->key, key, sizeof zip->key);
    zip->crc32 = leat_crc32;
}

void leat_zip_use_crc32(struct leat_zip *zip, leat_zip_crc32 *crc32)
{
    leat_assert(!zip->open);
    zip->crc32 = crc32;
}

/* Counts the octets from @piece to @end as written. */
static size_t count(struct leat_zip *zip, const uint8_t *piece, const uint8_t *end)
{
    zip->at += (size_t)(end - piece);
    return (size_t)(end - piece);
}

/* Writes the fields that both headers of an entry share: signature, versions, flags, method,
 * time. */
static uint8_t *put_header(uint8_t *to, uint32_t signature, const struct leat_zip_entry *entry,
                           unsigned version)
{
    to = put32(to, signature);
    if (signature == IN_DIRECTORY)
        to = put16(to, MAKER);
    to = put16(to, version);
    /* without this flag a reader takes the name for its own code page (Appendix D) */
    to = put16(to, zip_is_utf8(entry->name, entry->name_len) ? FOLLOWED | UTF_8 : FOLLOWED);
    to = put16(to, DEFLATED);
    to = put16(to, 0);
    return put16(to, DOS_DATE);
}

static size_t begin(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece)
{
    uint8_t *to;

    leat_assert(!zip->open && !zip->ending);
    leat_assert(len > 0 && len <= LEAT_ZIP_NAME_BYTES);
    zip->open = zip_directory_add(zip, name, len);
    if (!zip->open)
        return 0;
    to = put_header(piece, 0x04034b50, zip->open, DEFLATE);
    to = put32(put32(put32(to, 0), 0), 0); /* CRC and lengths follow the data */
    to = put16(to, (unsigned)len);
    to = put16(to, 0);
    memcpy(to, name, len);
    return count(zip, piece, to + len);
}

size_t leat_zip_entry(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece)
{
    zip->stored = true;
    return begin(zip, name, len, piece);
}

size_t leat_zip_entry_deflated(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece)
{
    zip->stored = false;
    return begin(zip, name, len, piece);
}

/* Writes the header of a stored block (RFC 1951 3.2.4). */
static uint8_t *put_block(uint8_t *to, bool is_last, size_t len)
{
    *to++ = is_last;
    return put16(put16(to, (unsigned)len), ~(unsigned)len & 0xffff);
}

size_t leat_zip_stored(struct leat_zip *zip, size_t len, uint8_t *piece)
{
    leat_assert(zip->open && zip->stored && len > 0 && len <= LEAT_ZIP_STORED_BYTES);
    zip->open->packed += STORED_HEADER_BYTES + len;
    zip->at += len;
    return count(zip, piece, put_block(piece, false, len));
}

void leat_zip_packed(struct leat_zip *zip, size_t len)
{
    leat_assert(zip->open && !zip->stored);
    /* the caller writes this data itself, so it only counts here */
    zip->open->packed += len;
    zip->at += len;
}

void leat_zip_data(struct leat_zip *zip, const void *bytes, size_t len)
{
    leat_assert(zip->open);
    zip->open->crc = zip->crc32(zip->open->crc, bytes, len);
    zip->open->len += len;
}

size_t leat_zip_entry_end(struct leat_zip *zip, uint8_t *piece)
{
    struct leat_zip_entry *entry = zip->open;
    uint8_t *to = piece;

    leat_assert(entry);
    if (zip->stored) {
        to = put_block(to, true, 0);
        entry->packed += STORED_HEADER_BYTES;
    }
    to = put32(put32(to, 0x08074b50), entry->crc);
    if (entry->packed > u32_max || entry->len > u32_max)
        to = put64(put64(to, entry->packed), entry->len); /* 4.3.9.2 */
    else
        to = put32(put32(to, entry->packed), entry->len);
    zip->entries++;
    zip->open = NULL;
    return count(zip, piece, to);
}

/* Writes the directory's header of an entry. */
static size_t put_entry(struct leat_zip *zip, const struct leat_zip_entry *entry, uint8_t *piece)
{
    const bool large = entry->len >= u32_max || entry->packed >= u32_max || entry->at >= u32_max;
    uint8_t *to = put_header(piece, IN_DIRECTORY, entry, large ? ZIP64 : DEFLATE);

    to = put32(to, entry->crc);
    to = put32(to, large ? u32_max : entry->packed);
    to = put32(to, large ? u32_max : entry->len);
    to = put16(to, entry->name_len);
    to = put16(to, large ? EXTRA_BYTES : 0);
    to = put16(to, 0); /* comment */
    to = put16(to, 0); /* disk */
    to = put16(to, 0); /* internal attributes */
    to = put32(to, (uint64_t)MODE << 16);
    to = put32(to, large ? u32_max : entry->at);
    memcpy(to, entry->name, entry->name_len);
    to += entry->name_len;
    /* all three numbers, because all three fields above have the maximum (4.5.3) */
    if (large) {
        to = put16(put16(to, 1), EXTRA_BYTES - 4);
        to = put64(put64(put64(to, entry->len), entry->packed), entry->at);
    }
    return count(zip, piece, to);
}

/* Writes the records after the last header (4.3.14 to 4.3.16). */
static size_t put_end(struct leat_zip *zip, uint8_t *piece)
{
    const uint64_t end = zip->at;
    const uint64_t len = end - zip->directory;
    uint8_t *to = piece;

    /* 4.4.1.4: the old record has its maximum where Zip64's record has the number */
    if (zip->entries >= 0xffff || end >= u32_max) {
        to = put64(put32(to, 0x06064b50), 44);
        to = put16(put16(to, MAKER), ZIP64);
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
    const struct leat_zip_entry *entry;

    leat_assert(!zip->open);
    /* the directory begins behind the last entry */
    if (!zip->ending)
        zip->directory = zip->at;
    zip->ending = true;
    if (zip->ended)
        return 0;
    entry = zip_directory_next(zip);
    return entry ? put_entry(zip, entry, piece) : put_end(zip, piece);
}
