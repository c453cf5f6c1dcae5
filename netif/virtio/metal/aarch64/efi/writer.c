/* writer.c -- see writer.h. */
#include "writer.h"

#define MAGIC UINT32_C(0xd00dfeed)

enum {
    HEADER_BYTES = 40,
    RESERVATION_BYTES = 16, /* of the last one, which is zero */
    VERSION = 17,
    OLDEST = 16
};

enum {
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROPERTY = 3,
    END = 9
};

/* All names of properties, in one block, because a list of pointers would have to be relocated. */
static const char names[] = "#address-cells\0#size-cells\0#interrupt-cells\0bus-range\0compatible\0"
                            "device_type\0interrupt-map\0interrupt-map-mask\0interrupts\0method\0"
                            "phandle\0reg\0reg-shift\0rng-seed\0stdout-path";

static uint32_t length(const char *text)
{
    uint32_t len = 0;

    while (text[len] != '\0')
        len++;
    return len;
}

static bool is_same(const char *one, const char *other)
{
    while (*one != '\0' && *one == *other) {
        one++;
        other++;
    }
    return *one == *other;
}

/* Where a name is in the block; its end, if it isn't there. */
static uint32_t offset_of(const char *name)
{
    uint32_t at = 0;

    while (at < sizeof names && !is_same(names + at, name))
        at += length(names + at) + 1;
    return at;
}

static void put(struct tree_writer *writer, uint8_t byte)
{
    writer->is_full |= writer->at == writer->room;
    if (!writer->is_full)
        writer->to[writer->at++] = byte;
}

static void pad(struct tree_writer *writer)
{
    while (writer->at % 4 != 0 && !writer->is_full)
        put(writer, 0);
}

void tree_cell(struct tree_writer *writer, uint32_t value)
{
    for (unsigned shift = 32; shift > 0; shift -= 8)
        put(writer, (uint8_t)(value >> (shift - 8)));
}

void tree_number(struct tree_writer *writer, uint64_t value)
{
    tree_cell(writer, (uint32_t)(value >> 32));
    tree_cell(writer, (uint32_t)value);
}

static void put_bytes(struct tree_writer *writer, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        put(writer, bytes[i]);
    pad(writer);
}

void tree_node(struct tree_writer *writer, const char *name)
{
    tree_cell(writer, BEGIN_NODE);
    put_bytes(writer, (const uint8_t *)name, length(name) + 1);
}

void tree_node_end(struct tree_writer *writer)
{
    tree_cell(writer, END_NODE);
}

void tree_property(struct tree_writer *writer, const char *name, uint32_t len)
{
    const uint32_t offset = offset_of(name);

    writer->is_full |= offset >= sizeof names;
    tree_cell(writer, PROPERTY);
    tree_cell(writer, len);
    tree_cell(writer, offset);
}

void tree_text(struct tree_writer *writer, const char *name, const char *text)
{
    tree_bytes(writer, name, (const uint8_t *)text, length(text) + 1);
}

void tree_bytes(struct tree_writer *writer, const char *name, const uint8_t *bytes, uint32_t len)
{
    tree_property(writer, name, len);
    put_bytes(writer, bytes, len);
}

void tree_begin(struct tree_writer *writer, uint8_t *to, uint32_t room)
{
    writer->to = to;
    writer->at = 0;
    writer->room = room;
    writer->is_full = false;
    for (unsigned i = 0; i < HEADER_BYTES + RESERVATION_BYTES; i++)
        put(writer, 0);
}

/* Writes the header, as its fields follow each other (5.2). */
static void put_header(struct tree_writer *writer, uint32_t nodes_end, uint32_t end)
{
    const uint32_t nodes = HEADER_BYTES + RESERVATION_BYTES;

    writer->at = 0;
    tree_cell(writer, MAGIC);
    tree_cell(writer, end);
    tree_cell(writer, nodes);
    tree_cell(writer, nodes_end);
    tree_cell(writer, HEADER_BYTES);
    tree_cell(writer, VERSION);
    tree_cell(writer, OLDEST);
    tree_cell(writer, 0); /* the processor that runs this */
    tree_cell(writer, end - nodes_end);
    tree_cell(writer, nodes_end - nodes);
}

uint32_t tree_finish(struct tree_writer *writer)
{
    uint32_t nodes_end, end;

    tree_cell(writer, END);
    nodes_end = writer->at;
    put_bytes(writer, (const uint8_t *)names, sizeof names);
    end = writer->at;
    if (writer->is_full)
        return 0;
    put_header(writer, nodes_end, end);
    return end;
}
