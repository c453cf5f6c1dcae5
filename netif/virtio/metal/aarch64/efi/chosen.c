/*
 * chosen.c -- see chosen.h.
 *
 * The structure block is copied token by token, without the properties that are replaced. The new
 * ones become the first of /chosen; a tree without that node gets one. The copy has the blocks in
 * another order: reservations, structure, strings.
 */
#include "chosen.h"

#include <stdbool.h>

#define MAGIC UINT32_C(0xd00dfeed)

enum {
    BYTES_MAX = 2 << 20,
    VERSION = 17,
    OLDEST = 16,
    RESERVATION_BYTES = 16
};

/* Tokens of the structure block. */
enum {
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROPERTY = 3,
    END = 9
};

/* The fields of the header, by their number. */
enum {
    FIELD_MAGIC,
    FIELD_BYTES,
    FIELD_NODES,
    FIELD_NAMES,
    FIELD_RESERVED,
    FIELD_VERSION,
    FIELD_OLDEST,
    FIELD_PROCESSOR,
    FIELD_NAMES_BYTES,
    FIELD_NODES_BYTES,
    FIELDS
};

/* The new names behind the tree's, and where each begins. */
static const char names[] = "bootargs\0linux,initrd-start\0linux,initrd-end\0leat,civil-s";

enum {
    NAME_LINE = 0,
    NAME_ARCHIVE = 9,
    NAME_ARCHIVE_END = 28,
    NAME_CIVIL = 45
};

struct copy {
    const uint8_t *from;
    uint32_t fields[FIELDS]; /* of that tree */
    uint32_t at;             /* in its structure block */
    uint8_t *to;
    uint32_t out; /* bytes at @to */
};

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(struct copy *copy, uint32_t value)
{
    for (unsigned shift = 32; shift > 0; shift -= 8)
        copy->to[copy->out++] = (uint8_t)(value >> (shift - 8));
}

/* Writes @len bytes, padded to whole words. */
static void put(struct copy *copy, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        copy->to[copy->out++] = bytes[i];
    while (copy->out % 4 != 0)
        copy->to[copy->out++] = 0;
}

/* ---- the new properties */

static void put_property(struct copy *copy, uint32_t name, uint32_t len)
{
    put32(copy, PROPERTY);
    put32(copy, len);
    put32(copy, copy->fields[FIELD_NAMES_BYTES] + name);
}

static void put_number(struct copy *copy, uint32_t name, uint64_t number)
{
    put_property(copy, name, 8);
    put32(copy, (uint32_t)(number >> 32));
    put32(copy, (uint32_t)number);
}

static void put_words(struct copy *copy, const struct chosen *chosen)
{
    put_property(copy, NAME_LINE, (uint32_t)chosen->command_line_bytes);
    put(copy, (const uint8_t *)chosen->command_line, (uint32_t)chosen->command_line_bytes);
    if (chosen->archive < chosen->archive_end) {
        put_number(copy, NAME_ARCHIVE, chosen->archive);
        put_number(copy, NAME_ARCHIVE_END, chosen->archive_end);
    }
    if (chosen->civil_s > 0)
        put_number(copy, NAME_CIVIL, chosen->civil_s);
}

/* ---- the tree's own */

static bool is_text(const uint8_t *bytes, uint32_t room, const char *text)
{
    uint32_t i = 0;

    while (i < room && text[i] != '\0' && bytes[i] == (uint8_t)text[i])
        i++;
    return i < room && text[i] == '\0' && bytes[i] == '\0';
}

/* True if the property at @at has one of the new names. */
static bool is_replaced(const struct copy *copy)
{
    const uint32_t name = get32(copy->from + copy->at + 8);
    const uint32_t bytes = copy->fields[FIELD_NAMES_BYTES];
    const uint8_t *text = copy->from + copy->fields[FIELD_NAMES] + name;

    return name < bytes && (is_text(text, bytes - name, names + NAME_LINE) ||
                            is_text(text, bytes - name, names + NAME_ARCHIVE) ||
                            is_text(text, bytes - name, names + NAME_ARCHIVE_END) ||
                            is_text(text, bytes - name, names + NAME_CIVIL));
}

/* The bytes of the token at @at, with its name or value, or 0 if they end behind the block. */
static uint32_t token_bytes(const struct copy *copy, uint32_t left)
{
    const uint8_t *token = copy->from + copy->at;
    uint32_t bytes = 4;

    if (left < bytes)
        return 0;
    if (get32(token) == BEGIN_NODE) {
        while (bytes < left && token[bytes] != '\0')
            bytes++;
        bytes++;
    } else if (get32(token) == PROPERTY) {
        if (left < 12 || get32(token + 4) > left - 12)
            return 0;
        bytes = 12 + get32(token + 4);
    }
    bytes = (bytes + 3) & ~UINT32_C(3);
    return bytes <= left ? bytes : 0;
}

static void put_node(struct copy *copy, const struct chosen *chosen)
{
    put32(copy, BEGIN_NODE);
    put(copy, (const uint8_t *)"chosen", sizeof "chosen");
    put_words(copy, chosen);
    put32(copy, END_NODE);
}

/* How far the structure block has been copied. */
struct progress {
    unsigned depth;
    bool is_inside;  /* of /chosen */
    bool is_written; /* the new properties are */
};

/* A node begins, and its name has been copied. */
static void begin_node(struct copy *copy, struct progress *progress, uint32_t name_bytes,
                       const struct chosen *chosen)
{
    if (++progress->depth != 2)
        return;
    progress->is_inside = is_text(copy->from + copy->at + 4, name_bytes, "chosen");
    if (progress->is_inside && !progress->is_written)
        put_words(copy, chosen);
    progress->is_written |= progress->is_inside;
}

/* Copies the structure block. False: it is broken. */
static bool put_nodes(struct copy *copy, const struct chosen *chosen)
{
    const uint32_t end = copy->at + copy->fields[FIELD_NODES_BYTES];
    struct progress progress = {0};
    uint32_t bytes;

    for (; (bytes = token_bytes(copy, end - copy->at)) > 0; copy->at += bytes) {
        const uint8_t *token = copy->from + copy->at;
        const uint32_t kind = get32(token);

        if (kind == PROPERTY && progress.is_inside && progress.depth == 2 && is_replaced(copy))
            continue;
        if (kind == END_NODE && progress.depth == 1 && !progress.is_written) {
            put_node(copy, chosen);
            progress.is_written = true;
        }
        put(copy, token, bytes);
        if (kind == BEGIN_NODE)
            begin_node(copy, &progress, bytes - 4, chosen);
        if (kind == END_NODE && progress.depth-- == 0)
            return false;
        if (kind == END)
            return progress.depth == 0 && progress.is_written;
    }
    return false;
}

/* ---- the whole */

/* Reads the header. False: this is no whole tree of a version that can be copied. */
static bool read_fields(struct copy *copy)
{
    uint32_t *fields = copy->fields;

    for (unsigned i = 0; i < FIELDS; i++)
        fields[i] = get32(copy->from + 4 * (size_t)i);
    return fields[FIELD_MAGIC] == MAGIC && fields[FIELD_VERSION] >= VERSION &&
           fields[FIELD_OLDEST] <= VERSION && fields[FIELD_BYTES] <= BYTES_MAX &&
           fields[FIELD_NODES] <= fields[FIELD_BYTES] &&
           fields[FIELD_NODES_BYTES] <= fields[FIELD_BYTES] - fields[FIELD_NODES] &&
           fields[FIELD_NAMES] <= fields[FIELD_BYTES] &&
           fields[FIELD_NAMES_BYTES] <= fields[FIELD_BYTES] - fields[FIELD_NAMES] &&
           fields[FIELD_RESERVED] <= fields[FIELD_BYTES];
}

/* Copies the reservations up to the last entry, which is zero. */
static bool put_reserved(struct copy *copy)
{
    uint32_t at = copy->fields[FIELD_RESERVED];
    bool is_last = false;

    while (!is_last) {
        if (copy->fields[FIELD_BYTES] - at < RESERVATION_BYTES)
            return false;
        is_last = true;
        for (unsigned i = 0; i < RESERVATION_BYTES; i++)
            is_last &= copy->from[at + i] == 0;
        put(copy, copy->from + at, RESERVATION_BYTES);
        at += RESERVATION_BYTES;
    }
    return true;
}

uint32_t chosen_tree_bytes(const void *tree)
{
    struct copy copy;

    copy.from = tree; /* no initializer, which would call memset(): there is no library */
    return read_fields(&copy) ? copy.fields[FIELD_BYTES] : 0;
}

uint32_t chosen_write(uint8_t *to, const void *tree, const struct chosen *chosen)
{
    struct copy copy;
    uint32_t fields[FIELDS];

    copy.from = tree;
    copy.to = to;
    copy.out = 4 * FIELDS;
    if (!read_fields(&copy))
        return 0;
    copy.at = copy.fields[FIELD_NODES];
    for (unsigned i = 0; i < FIELDS; i++)
        fields[i] = copy.fields[i];
    fields[FIELD_VERSION] = VERSION;
    fields[FIELD_OLDEST] = OLDEST;
    fields[FIELD_RESERVED] = copy.out;
    if (!put_reserved(&copy))
        return 0;
    fields[FIELD_NODES] = copy.out;
    if (!put_nodes(&copy, chosen))
        return 0;
    fields[FIELD_NODES_BYTES] = copy.out - fields[FIELD_NODES];
    fields[FIELD_NAMES] = copy.out;
    for (uint32_t i = 0; i < copy.fields[FIELD_NAMES_BYTES]; i++)
        to[copy.out++] = copy.from[copy.fields[FIELD_NAMES] + i];
    for (uint32_t i = 0; i < sizeof names; i++)
        to[copy.out++] = (uint8_t)names[i];
    fields[FIELD_NAMES_BYTES] = copy.out - fields[FIELD_NAMES];
    fields[FIELD_BYTES] = copy.out;
    copy.out = 0;
    for (unsigned i = 0; i < FIELDS; i++)
        put32(&copy, fields[i]);
    return fields[FIELD_BYTES];
}
