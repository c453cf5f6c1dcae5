/*
 * tar.c -- see archive.h.
 *
 * An archive is a sequence of blocks of 512 bytes: a header, the contents, the next header. An
 * extended header or one of GNU's long names is an entry of its own, and replaces fields of the
 * entry behind it. tar_next() collects these in struct extension until that entry comes.
 */
#include "files/archive.h"

#include <string.h>

enum {
    BLOCK = 512,
    NUMBER_BYTES = 12, /* of a size and a time */
    BINARY = 0x80      /* GNU: the number is big-endian, behind this bit */
};

/* A header block (POSIX.1-2017, pax, "ustar Interchange Format"). */
struct header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[NUMBER_BYTES];
    char mtime[NUMBER_BYTES];
    char chksum[8];
    char typeflag;
    char linkname[100];
    char magic[6];
    char version[2];
    char uname[32];
    char gname[32];
    char devmajor[8];
    char devminor[8];
    char prefix[155];
    char rest[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header has one block");

/* The fields of an extended header, which replace those of the entry behind it. */
struct extension {
    struct words path;
    struct words link;
    bool has_size, has_modified, is_sparse;
    bool is_long; /* a path or a link that view_keep() has refused */
    uint64_t size;
    int64_t modified_s;
};

static enum reading damaged(struct reader *reader, const char *fault)
{
    reader->fault = fault;
    return READ_DAMAGED;
}

/* Two blocks of zeros end an archive. One is enough here, because a header can't be zero: its
 * checksum counts the spaces of its own field. */
static bool is_zero(const uint8_t *block)
{
    for (unsigned i = 0; i < BLOCK; i++) {
        if (block[i])
            return false;
    }
    return true;
}

/* The characters of a field up to its NUL, if it has one. */
static struct words field_words(const char *field, size_t room)
{
    struct words words = {field, 0};

    while (words.len < room && field[words.len])
        words.len++;
    return words;
}

static bool read_binary(const char *field, unsigned room, uint64_t *number)
{
    *number = (uint8_t)field[0] & (BINARY - 1);
    for (unsigned i = 1; i < room; i++) {
        /* The next shift would lose bits. A negative number, which GNU writes with 0xff first,
         * fails here, too. */
        if (*number >> 56)
            return false;
        *number = *number << 8 | (uint8_t)field[i];
    }
    return true;
}

/* Octal digits between spaces and NULs, or GNU's binary form. */
static bool read_number(const char *field, unsigned room, uint64_t *number)
{
    unsigned at = 0;

    if ((uint8_t)field[0] & BINARY)
        return read_binary(field, room, number);
    *number = 0;
    while (at < room && field[at] == ' ')
        at++;
    for (; at < room && field[at] && field[at] != ' '; at++) {
        /* The next three bits would leave the 64 of the number. */
        if (field[at] < '0' || field[at] > '7' || *number >> 61)
            return false;
        *number = *number << 3 | (unsigned)(field[at] - '0');
    }
    return true;
}

/* The checksum adds the bytes of the header, with spaces for its own field. Some writers of old
 * took the bytes as signed. */
static bool checksum_is_right(const struct header *header)
{
    const uint8_t *bytes = (const void *)header;
    const unsigned from = offsetof(struct header, chksum);
    uint32_t sum = 0, high = 0; /* high: bytes that are negative if they are signed */
    uint64_t said;

    for (unsigned i = 0; i < BLOCK; i++) {
        /* unsigned: before the field the difference wraps, and is large */
        const bool own = i - from < sizeof header->chksum;

        sum += own ? ' ' : bytes[i];
        high += !own && bytes[i] >> 7;
    }
    /* A byte of 128 or more counts 256 less if it is signed. Both sums are taken modulo 2^32. */
    return read_number(header->chksum, sizeof header->chksum, &said) &&
           (said == sum || (said & UINT32_MAX) == sum - 256 * high);
}

bool tar_is_there(const uint8_t *bytes, size_t len)
{
    if (len < BLOCK)
        return false;
    return is_zero(bytes) || checksum_is_right((const struct header *)(const void *)bytes);
}

static uint64_t decimal(struct words digits, bool *is_right)
{
    uint64_t number = 0;

    *is_right = digits.len > 0;
    for (size_t i = 0; i < digits.len; i++) {
        const unsigned digit = (unsigned)(digits.bytes[i] - '0');

        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            *is_right = false;
            return 0;
        }
        number = number * 10 + digit;
    }
    return number;
}

static bool is_key(struct words key, const char *wanted, size_t len)
{
    return key.len >= len && memcmp(key.bytes, wanted, len) == 0;
}

/* Takes one "key=value" of an extended header; keys that say nothing about contents are ignored. */
static bool take_keyword(struct extension *more, struct words key, struct words value)
{
    bool is_right = true;

    if (key.len == 4 && is_key(key, "path", 4)) {
        more->path = value;
    } else if (key.len == 8 && is_key(key, "linkpath", 8)) {
        more->link = value;
    } else if (key.len == 4 && is_key(key, "size", 4)) {
        more->size = decimal(value, &is_right);
        more->has_size = true;
    } else if (key.len == 5 && is_key(key, "mtime", 5)) {
        /* parts of a second are left out, times before 1970 are unknown */
        struct words seconds = {value.bytes, 0};
        bool is_known;

        while (seconds.len < value.len && value.bytes[seconds.len] != '.')
            seconds.len++;
        more->modified_s = (int64_t)(decimal(seconds, &is_known) & INT64_MAX);
        more->has_modified = is_known;
    } else if (is_key(key, "GNU.sparse.", 11)) {
        more->is_sparse = true;
    }
    return is_right;
}

/* Reads the records "LENGTH KEY=VALUE\n" of an extended header. */
static bool read_records(struct extension *more, struct words text)
{
    while (text.len > 0) {
        size_t space = 0, equals;
        bool is_right;
        uint64_t len;

        while (space < text.len && text.bytes[space] != ' ')
            space++;
        len = decimal((struct words){text.bytes, space}, &is_right);
        /* The length counts its own digits, the space, the key, "=", the value and the newline.
         * Three bytes behind the digits are the least, with both key and value empty. */
        if (!is_right || len > text.len || len < space + 3 || text.bytes[len - 1] != '\n')
            return false;
        equals = space + 1;
        while (equals < len && text.bytes[equals] != '=')
            equals++;
        /* "=" lies at or before the byte in front of the newline, so the value's length can't be
         * negative. */
        if (equals == len ||
            !take_keyword(more, (struct words){text.bytes + space + 1, equals - space - 1},
                          (struct words){text.bytes + equals + 1, (size_t)len - equals - 2}))
            return false;
        text = (struct words){text.bytes + len, text.len - (size_t)len};
    }
    return true;
}

/* Only POSIX headers have a prefix: in the old GNU format, whose magic is "ustar ", the same bytes
 * hold times. The NUL is compared, too. */
static bool is_posix(const struct header *header)
{
    return memcmp(header->magic, "ustar", sizeof "ustar") == 0;
}

/* The kind of an entry. In archives of 1979 a folder's name ends with a slash. */
static enum entry_kind kind_of(const struct header *header, struct words name)
{
    switch (header->typeflag) {
    case '0':
    case '\0':
        return name.len > 0 && name.bytes[name.len - 1] == '/' ? ENTRY_FOLDER : ENTRY_FILE;
    case '7': /* a file that lies in one piece */
        return ENTRY_FILE;
    case '1':
        return ENTRY_HARD_LINK;
    case '2':
        return ENTRY_LINK;
    case '5':
        return ENTRY_FOLDER;
    default: /* devices, sparse files, labels of volumes */
        return ENTRY_LEFT_OUT;
    }
}

/* @len is the length that take_header() has checked. Words of an extended header go before the
 * fields of the header; the prefix is part of the header's own name only. */
static enum reading fill_in(struct reader *reader, struct entry *entry, const struct header *header,
                            const struct extension *more, uint64_t len)
{
    uint64_t modified;

    /* A time that can't be read is no reason to refuse a file. */
    if (!read_number(header->mtime, sizeof header->mtime, &modified))
        modified = 0;
    *entry = (struct entry){
        .name = more->path.len > 0 ? more->path : field_words(header->name, sizeof header->name),
        .link = more->link.len > 0 ? more->link
                                   : field_words(header->linkname, sizeof header->linkname),
        .modified_s = more->has_modified      ? more->modified_s
                      : modified <= INT64_MAX ? (int64_t)modified
                                              : 0,
        .at = reader->entry_at + BLOCK,
        .len = len,
    };
    if (more->path.len == 0 && is_posix(header))
        entry->folder = field_words(header->prefix, sizeof header->prefix);
    entry->kind = more->is_sparse || more->is_long ? ENTRY_LEFT_OUT : kind_of(header, entry->name);
    /* Old writers give the lengths of folders and links, though no bytes follow. */
    if (entry->kind != ENTRY_FILE)
        entry->len = 0;
    return READ_ENTRY;
}

/* Takes the next header and the bytes behind it. READ_END: zeros or the end of the archive. */
static enum reading take_header(struct reader *reader, const struct extension *more,
                                const struct header **header, uint64_t *len)
{
    const uint64_t left = reader->view->len - reader->at;
    const uint8_t *block;
    uint64_t whole;

    reader->entry_at = reader->at;
    if (left == 0)
        return READ_END;
    if (left < BLOCK)
        return damaged(reader, "the archive ends in a header");
    block = view_at(reader->view, reader->at, BLOCK);
    if (!block)
        return damaged(reader, reader->view->fault);
    if (is_zero(block))
        return READ_END;
    *header = (const void *)block;
    if (!checksum_is_right(*header))
        return damaged(reader, "the checksum of a header is wrong");
    /* pax, "size": for files of 8 GiB or more, whose length the header's octal digits can't
     * hold. */
    if (more->has_size)
        *len = more->size;
    else if (!read_number((*header)->size, sizeof(*header)->size, len))
        return damaged(reader, "a size is no number");
    if ((*header)->typeflag == '1') /* it is the size of the other name's file */
        *len = 0;
    if (*len > left - BLOCK)
        return damaged(reader, "the archive ends in a file");
    whole = BLOCK + ((*len + BLOCK - 1) & ~(uint64_t)(BLOCK - 1));
    reader->at += whole < left ? whole : left; /* the last block may be cut */
    return READ_ENTRY;
}

/* Takes the @len bytes behind the last header, of type @type. READ_ENTRY: they are for the next
 * entry. */
static enum reading take_extension(struct reader *reader, char type, uint64_t len,
                                   struct extension *more)
{
    const uint8_t *bytes = view_at(reader->view, reader->entry_at + BLOCK, len);
    const struct words text = {(const char *)bytes, (size_t)len};

    if (!bytes)
        return damaged(reader, reader->view->fault);
    if (type == 'L')
        more->path = field_words(text.bytes, text.len);
    else if (type == 'K')
        more->link = field_words(text.bytes, text.len);
    else if (!read_records(more, text))
        return damaged(reader, "an extended header is malformed");
    more->is_long |=
        !view_keep(reader->view, 0, &more->path) || !view_keep(reader->view, 1, &more->link);
    return READ_ENTRY;
}

enum reading tar_next(struct reader *reader, struct entry *entry)
{
    struct extension more = {.has_size = false};

    for (;;) {
        const struct header *header;
        uint64_t len;
        enum reading result = take_header(reader, &more, &header, &len);

        if (result != READ_ENTRY)
            return result;
        switch (header->typeflag) {
        case 'x':
        case 'L':
        case 'K':
            result = take_extension(reader, header->typeflag, len, &more);
            if (result != READ_ENTRY)
                return result;
            break;
        case 'g': /* defaults for all: none that this library would use */
            break;
        default:
            return fill_in(reader, entry, header, &more, len);
        }
    }
}
