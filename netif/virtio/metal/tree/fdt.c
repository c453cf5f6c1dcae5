/*
 * fdt.c -- a cursor over the structure block of a device tree.
 *
 * A loader's tree is checked once, in fdt_open(); from then on every item is checked against the
 * end of its block before it is read. A broken tree ends a walk early, and never leads outside.
 * Sections are those of the Devicetree Specification 0.4.
 */
#include "fdt.h"

#include <string.h>

#include <leat/assert.h>

enum {
    MAGIC = (int)0xd00dfeed,
    HEADER_BYTES = 40,
    VERSION = 17, /* what all have written since 2005; later ones must be compatible with it */
    TOKEN_BEGIN = 1,
    TOKEN_END = 2,
    TOKEN_PROPERTY = 3,
    TOKEN_NOTHING = 4,
    PROPERTY_BYTES = 8, /* length and name */
    ADDRESS_CELLS = 2,  /* without the property (2.3.5) */
    SIZE_CELLS = 1,
    CELLS_MAX = 4
};

static uint32_t read_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The bytes from @at to @end; 0: none. */
static uint32_t left(uint32_t at, uint32_t end)
{
    return at < end ? end - at : 0;
}

/* Bytes of the string at @at, without its NUL; UINT32_MAX: it doesn't end before @end. */
static uint32_t string_len(const struct fdt *fdt, uint32_t at, uint32_t end)
{
    for (uint32_t i = at; i < end; i++) {
        if (fdt->bytes[i] == 0)
            return i - at;
    }
    return UINT32_MAX;
}

bool fdt_open(struct fdt *fdt, const void *bytes, size_t size_max)
{
    const uint8_t *header = bytes;
    uint32_t nodes_bytes, names_bytes;

    if (size_max < HEADER_BYTES || read_be32(header) != (uint32_t)MAGIC)
        return false;
    *fdt = (struct fdt){.bytes = header,
                        .size = read_be32(header + 4),
                        .nodes = read_be32(header + 8),
                        .names = read_be32(header + 12),
                        .reserved = read_be32(header + 16)};
    names_bytes = read_be32(header + 32);
    nodes_bytes = read_be32(header + 36);
    /* 5.2: at 20 the version, at 24 the oldest version that it is compatible with */
    if (fdt->size > size_max || fdt->size > FDT_BYTES_MAX || read_be32(header + 20) < VERSION ||
        read_be32(header + 24) > VERSION)
        return false;
    if (fdt->nodes > fdt->size || nodes_bytes > fdt->size - fdt->nodes || fdt->names > fdt->size ||
        names_bytes > fdt->size - fdt->names || fdt->reserved > fdt->size)
        return false;
    fdt->nodes_end = fdt->nodes + nodes_bytes;
    fdt->names_end = fdt->names + names_bytes;
    leat_assert(fdt->nodes_end <= fdt->size && fdt->names_end <= fdt->size);
    return true;
}

/* Bytes of the item at @at with its padding, and its token. 0: the block ends, or is broken. */
static uint32_t item(const struct fdt *fdt, uint32_t at, uint32_t *token)
{
    const uint32_t room = left(at, fdt->nodes_end);
    uint32_t len = 0;

    if (room < 4)
        return 0;
    *token = read_be32(fdt->bytes + at);
    /* 5.4.1: a node has its name behind the token, a property its length, the offset of its name,
     * and its value. */
    if (*token == TOKEN_BEGIN) {
        len = string_len(fdt, at + 4, fdt->nodes_end);
        if (len == UINT32_MAX)
            return 0;
        len++;
    } else if (*token == TOKEN_PROPERTY) {
        if (room < 4 + PROPERTY_BYTES)
            return 0;
        len = read_be32(fdt->bytes + at + 4);
        if (len > room - 4 - PROPERTY_BYTES)
            return 0;
        len += PROPERTY_BYTES;
    } else if (*token != TOKEN_END && *token != TOKEN_NOTHING) {
        return 0;
    }
    len = (4 + len + 3) & ~3u;
    return len <= room ? len : 0;
}

struct fdt_value fdt_property(const struct fdt *fdt, const struct fdt_node *node, const char *name)
{
    const size_t name_len = strlen(name) + 1;
    uint32_t token, len;

    leat_assert(node->at <= fdt->nodes_end);
    for (uint32_t at = node->at; (len = item(fdt, at, &token)) != 0; at += len) {
        uint32_t offset;

        if (token == TOKEN_NOTHING)
            continue;
        if (token != TOKEN_PROPERTY) /* properties come before the children */
            break;
        offset = read_be32(fdt->bytes + at + 8);
        if (offset < fdt->names_end - fdt->names &&
            name_len <= fdt->names_end - fdt->names - offset &&
            memcmp(fdt->bytes + fdt->names + offset, name, name_len) == 0)
            return (struct fdt_value){fdt->bytes + at + 4 + PROPERTY_BYTES,
                                      read_be32(fdt->bytes + at + 4)};
    }
    return (struct fdt_value){NULL, 0};
}

/* Records for the children of the node how their addresses are written. */
static void take_cells(const struct fdt *fdt, struct fdt_node *node)
{
    const struct fdt_value ranges = fdt_property(fdt, node, "ranges");
    const uint32_t address = fdt_cell(fdt_property(fdt, node, "#address-cells"), 0, ADDRESS_CELLS);
    const uint32_t size = fdt_cell(fdt_property(fdt, node, "#size-cells"), 0, SIZE_CELLS);
    const unsigned depth = node->depth;

    leat_assert(depth >= 1 && depth <= FDT_DEPTH_MAX);
    node->above[depth].address_cells = (uint8_t)(address <= CELLS_MAX ? address : 0);
    node->above[depth].size_cells = (uint8_t)(size <= CELLS_MAX ? size : 0);
    /* An empty "ranges" says that addresses of the children are those of the parent (2.3.8). The
     * root's children have the processor's addresses. */
    node->above[depth].identity =
        depth == 1 || (node->above[depth - 1].identity && ranges.bytes && ranges.len == 0);
}

bool fdt_next(const struct fdt *fdt, struct fdt_node *node)
{
    uint32_t token, len, at = node->depth == 0 && node->next == 0 ? fdt->nodes : node->next;
    unsigned depth = node->depth;

    leat_assert(depth <= FDT_DEPTH_MAX);
    for (; (len = item(fdt, at, &token)) != 0; at += len) {
        if (token == TOKEN_END) {
            if (depth == 0)
                return false;
            depth--;
        }
        if (token != TOKEN_BEGIN)
            continue;
        /* Deeper nodes are passed over, with all that is in them. */
        if (++depth > FDT_DEPTH_MAX)
            continue;
        node->name = (const char *)fdt->bytes + at + 4;
        node->at = node->next = at + len;
        node->depth = depth;
        take_cells(fdt, node);
        return true;
    }
    return false;
}

bool fdt_lists(struct fdt_value value, const char *text)
{
    const size_t len = strlen(text) + 1;

    for (uint32_t at = 0; at < value.len; at++) {
        if ((at == 0 || value.bytes[at - 1] == 0) && len <= value.len - at &&
            memcmp(value.bytes + at, text, len) == 0)
            return true;
    }
    return false;
}

uint32_t fdt_cell(struct fdt_value value, uint32_t index, uint32_t missing)
{
    return index < value.len / 4 ? read_be32(value.bytes + (size_t)4 * index) : missing;
}

bool fdt_number(struct fdt_value value, uint32_t index, unsigned cells, uint64_t *number)
{
    const uint32_t count = value.len / 4;

    *number = 0;
    if (index > count || cells > count - index)
        return false;
    for (unsigned i = 0; i < cells; i++) {
        /* A third cell would shift bits out, so a number of that size isn't read. */
        if (*number >> 32 != 0)
            return false;
        *number = *number << 32 | fdt_cell(value, index + i, 0);
    }
    return true;
}

bool fdt_reg(const struct fdt *fdt, const struct fdt_node *node, unsigned index, uint64_t *address,
             uint64_t *bytes)
{
    const struct fdt_value reg = fdt_property(fdt, node, "reg");
    unsigned address_cells, size_cells, at;

    leat_assert(node->depth <= FDT_DEPTH_MAX);
    /* An address behind a bus that translates isn't one of the processor's. */
    if (!reg.bytes || node->depth < 2 || !node->above[node->depth - 1].identity)
        return false;
    address_cells = node->above[node->depth - 1].address_cells;
    size_cells = node->above[node->depth - 1].size_cells;
    at = index * (address_cells + size_cells);
    return address_cells > 0 && fdt_number(reg, at, address_cells, address) &&
           fdt_number(reg, at + address_cells, size_cells, bytes);
}

bool fdt_reserved(const struct fdt *fdt, unsigned index, uint64_t *address, uint64_t *bytes)
{
    struct fdt_value block = {fdt->bytes + fdt->reserved, fdt->size - fdt->reserved};

    return index < block.len / 16 && fdt_number(block, 4 * index, 2, address) &&
           fdt_number(block, 4 * index + 2, 2, bytes) && (*address != 0 || *bytes != 0);
}
