/*
 * cpio.c -- see archive.h.
 *
 * A header is a magic number and 13 fields of eight hexadecimal digits. Behind it lie the name with
 * its NUL, and the contents, each padded to a multiple of four from the start of the archive. An
 * entry named "TRAILER!!!" ends an archive.
 */
#include "files/archive.h"

#include <string.h>

enum {
    MAGIC_BYTES = 6,
    HEADER_BYTES = 110,
    FIELD_BYTES = 8,
    ALIGNMENT = 4,
    /* the type of a file in its mode (POSIX.1-2017, sys/stat.h, with the usual values) */
    MODE_TYPE = 0170000,
    MODE_FILE = 0100000,
    MODE_FOLDER = 0040000,
    MODE_LINK = 0120000
};

/* The fields that are read, by their number. */
enum field {
    FIELD_INODE = 0,
    FIELD_MODE = 1,
    FIELD_LINKS = 4,
    FIELD_MODIFIED = 5,
    FIELD_LEN = 6,
    FIELD_MAJOR = 7,
    FIELD_MINOR = 8,
    FIELD_NAME_LEN = 11,
    FIELDS = 13
};

/* buffer-format.rst: the name that marks the end of an archive */
static const char last_name[] = "TRAILER!!!";

/* "070702" has checksums of the contents in its last field. They aren't checked: an initrd has been
 * loaded by a boot loader, and a sum of bytes finds no manipulation. */
bool cpio_is_there(const uint8_t *bytes, size_t len)
{
    return len >= MAGIC_BYTES &&
           (memcmp(bytes, "070701", MAGIC_BYTES) == 0 || memcmp(bytes, "070702", MAGIC_BYTES) == 0);
}

/* The value of a hexadecimal digit; 16: it is none. */
static unsigned digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : 16;
}

static bool read_fields(const uint8_t *header, uint32_t fields[FIELDS])
{
    for (unsigned i = 0; i < FIELDS; i++) {
        fields[i] = 0;
        for (unsigned j = 0; j < FIELD_BYTES; j++) {
            const unsigned value = digit(header[MAGIC_BYTES + i * FIELD_BYTES + j]);

            if (value > 15)
                return false;
            fields[i] = fields[i] << 4 | value;
        }
    }
    return true;
}

static uint64_t align(uint64_t at)
{
    return (at + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

static enum reading damaged(struct reader *reader, const char *fault)
{
    reader->fault = fault;
    return READ_DAMAGED;
}

/* Goes behind @len bytes, which there are. Their padding to a multiple of four may be missing at
 * the end of the archive. */
static void skip(struct reader *reader, uint64_t len)
{
    const uint64_t end = align(reader->at + len);

    reader->at = end < reader->view->len ? end : reader->view->len;
}

/* Fills in the members that follow from the mode. @at: where the contents lie. @link: the target of
 * a link. A file with a single name gets no inode, because its number in the archive need not be
 * unique, and must not join it with another file. */
static void fill_in(struct entry *entry, const uint32_t fields[FIELDS], uint64_t at,
                    const char *link)
{
    entry->modified_s = fields[FIELD_MODIFIED];
    switch (fields[FIELD_MODE] & MODE_TYPE) {
    case MODE_FILE:
        entry->kind = ENTRY_FILE;
        entry->at = at;
        entry->len = fields[FIELD_LEN];
        if (fields[FIELD_LINKS] > 1) /* Linux' devices: 12 bits and 20 bits */
            entry->inode = (uint64_t)fields[FIELD_MAJOR] << 52 |
                           (uint64_t)(fields[FIELD_MINOR] & 0xfffff) << 32 | fields[FIELD_INODE];
        break;
    case MODE_FOLDER:
        entry->kind = ENTRY_FOLDER;
        break;
    case MODE_LINK:
        entry->kind = ENTRY_LINK;
        entry->link = (struct words){link, fields[FIELD_LEN]};
        break;
    default:
        entry->kind = ENTRY_LEFT_OUT;
        break;
    }
}

/* Skips the zeros behind the last entry of an archive. False: there is no further archive. Behind
 * one on a medium may be any bytes, which an earlier use has left. */
static bool find_next_archive(struct reader *reader)
{
    const struct view *view = reader->view;

    if (view->medium)
        return false;
    while (reader->at < view->len && view->bytes[reader->at] == 0)
        reader->at++;
    return reader->at < view->len;
}

static enum reading read_header(struct reader *reader, uint32_t fields[FIELDS])
{
    const uint64_t left = reader->view->len - reader->at;
    const uint8_t *header;

    if (left < HEADER_BYTES)
        return damaged(reader, "the archive ends in a header");
    header = view_at(reader->view, reader->at, HEADER_BYTES);
    if (!header)
        return damaged(reader, reader->view->fault);
    if (!cpio_is_there(header, HEADER_BYTES))
        return damaged(reader, "no header of cpio's format newc is there");
    if (!read_fields(header, fields))
        return damaged(reader, "a header has a byte that is no hexadecimal digit");
    if (fields[FIELD_NAME_LEN] == 0)
        return damaged(reader, "a name has no bytes");
    if (fields[FIELD_NAME_LEN] > left - HEADER_BYTES)
        return damaged(reader, "the archive ends in a name");
    return READ_ENTRY;
}

/* Reads the name behind the header, and goes behind the contents. */
static enum reading read_rest(struct reader *reader, const uint32_t fields[FIELDS],
                              struct entry *entry)
{
    struct view *view = reader->view;
    const uint64_t begin = reader->at, name_len = fields[FIELD_NAME_LEN];
    const bool is_link = (fields[FIELD_MODE] & MODE_TYPE) == MODE_LINK;
    const uint8_t *bytes = view_at(view, begin, HEADER_BYTES + name_len);
    uint64_t contents;

    if (!bytes)
        return damaged(reader, view->fault);
    /* The length counts the NUL, and a name without one is a sign of a wrong length. */
    if (bytes[HEADER_BYTES + name_len - 1] != '\0')
        return damaged(reader, "a name has no end");
    /* Header and name are padded together. */
    skip(reader, HEADER_BYTES + name_len);
    contents = reader->at;
    /* Even the last entry and a folder may have contents, by their length. They are skipped. */
    if (fields[FIELD_LEN] > view->len - contents)
        return damaged(reader, "the archive ends in a file");
    skip(reader, fields[FIELD_LEN]);
    if (is_link) /* the name and the target, in one part */
        bytes = view_at(view, begin, contents - begin + fields[FIELD_LEN]);
    if (!bytes)
        return damaged(reader, view->fault);
    *entry = (struct entry){.name = {(const char *)bytes + HEADER_BYTES, (size_t)name_len - 1}};
    fill_in(entry, fields, contents, is_link ? (const char *)bytes + (contents - begin) : NULL);
    return READ_ENTRY;
}

static bool is_last(struct words name)
{
    return name.len == sizeof last_name - 1 && memcmp(name.bytes, last_name, name.len) == 0;
}

enum reading cpio_next(struct reader *reader, struct entry *entry)
{
    uint32_t fields[FIELDS];

    for (;;) {
        enum reading result;

        reader->entry_at = reader->at;
        result = read_header(reader, fields);
        if (result == READ_ENTRY)
            result = read_rest(reader, fields, entry);
        if (result != READ_ENTRY || !is_last(entry->name))
            return result;
        if (!find_next_archive(reader))
            return READ_END;
    }
}
