/*
 * pcapng.c -- writes the blocks of a pcapng into memory.
 *
 * leat__pcapng_start() comes first, then for each frame its head, its bytes, which stay where they
 * are, and its tail. All of it is padded to a multiple of four.
 */
#include "pcapng.h"

#include <leat/assert.h>

#include <string.h>

enum {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_APPLICATION = 4, /* of a section header */
    OPTION_FLAGS = 2,       /* of an enhanced packet */
    OPTION_RESOLUTION = 9   /* of an interface */
};

/* Where the next byte goes. */
struct cursor {
    uint8_t *at;
};

static void put16(struct cursor *cursor, uint16_t value)
{
    memcpy(cursor->at, &value, sizeof value);
    cursor->at += sizeof value;
}

static void put32(struct cursor *cursor, uint32_t value)
{
    memcpy(cursor->at, &value, sizeof value);
    cursor->at += sizeof value;
}

static uint32_t padding(uint32_t len)
{
    return (4 - len % 4) % 4;
}

static uint32_t text_bytes(const char *text)
{
    uint32_t len = 0;

    while (len < PCAPNG_TEXT_MAX && text[len])
        len++;
    return len;
}

static void put_option(struct cursor *cursor, uint16_t code, const void *value, uint32_t len)
{
    leat_assert(len <= UINT16_MAX);
    put16(cursor, code);
    put16(cursor, (uint16_t)len);
    memcpy(cursor->at, value, len);
    memset(cursor->at + len, 0, padding(len));
    cursor->at += len + padding(len);
}

static uint32_t option_bytes(uint32_t len)
{
    return 4 + len + padding(len);
}

/* Ends a block that began at @start: its length, at both ends. */
static uint32_t end_block(struct cursor *cursor, uint8_t *start)
{
    const uint32_t len = (uint32_t)(cursor->at - start) + 4;

    leat_debug_assert(len % 4 == 0);
    put32(cursor, len);
    /* The length stands at both ends, so that a reader can go backward, too. */
    memcpy(start + 4, &len, sizeof len);
    return len;
}

uint32_t leat__pcapng_start(uint8_t *at, const char *comment, uint32_t snap_bytes)
{
    struct cursor cursor = {at};
    const uint8_t nanoseconds = 9;
    uint8_t *interface;
    uint32_t len;

    /* A section header. The number is the same in both byte orders, and any transfer that changes
     * line ends destroys it. */
    put32(&cursor, 0x0a0d0d0a);
    put32(&cursor, 0);
    put32(&cursor, 0x1a2b3c4d); /* tells the byte order */
    put16(&cursor, 1);
    put16(&cursor, 0);
    put32(&cursor, 0xffffffff); /* the section's length: not known */
    put32(&cursor, 0xffffffff);
    put_option(&cursor, OPTION_APPLICATION, "leat", 4);
    if (comment)
        put_option(&cursor, OPTION_COMMENT, comment, text_bytes(comment));
    put32(&cursor, OPTION_END);
    len = end_block(&cursor, at);

    interface = cursor.at;
    /* an interface description */
    put32(&cursor, 1);
    put32(&cursor, 0);
    put16(&cursor, 1); /* Ethernet */
    put16(&cursor, 0);
    put32(&cursor, snap_bytes);
    put_option(&cursor, OPTION_RESOLUTION, &nanoseconds, 1);
    put32(&cursor, OPTION_END);
    return len + end_block(&cursor, interface);
}

static uint32_t frame_options_bytes(const struct pcapng_frame *frame)
{
    uint32_t len = 0;

    if (frame->comment)
        len += option_bytes(text_bytes(frame->comment));
    if (frame->direction != PCAPNG_UNKNOWN)
        len += option_bytes(4);
    return len ? len + 4 : 0; /* the end of the options */
}

static uint32_t frame_bytes(const struct pcapng_frame *frame)
{
    return PCAPNG_FRAME_HEAD_BYTES + frame->captured_bytes + padding(frame->captured_bytes) +
           frame_options_bytes(frame) + 4;
}

void leat__pcapng_frame_head(uint8_t *at, const struct pcapng_frame *frame)
{
    struct cursor cursor = {at};

    /* an enhanced packet block */
    put32(&cursor, 6);
    put32(&cursor, frame_bytes(frame));
    put32(&cursor, 0); /* the interface */
    put32(&cursor, (uint32_t)(frame->time_ns >> 32));
    put32(&cursor, (uint32_t)frame->time_ns);
    put32(&cursor, frame->captured_bytes);
    put32(&cursor, frame->wire_bytes);
}

uint32_t leat__pcapng_frame_tail(uint8_t *at, const struct pcapng_frame *frame)
{
    struct cursor cursor = {at};
    const uint32_t flags = (uint32_t)frame->direction;

    memset(cursor.at, 0, padding(frame->captured_bytes));
    cursor.at += padding(frame->captured_bytes);
    if (frame->comment)
        put_option(&cursor, OPTION_COMMENT, frame->comment, text_bytes(frame->comment));
    if (frame->direction != PCAPNG_UNKNOWN)
        put_option(&cursor, OPTION_FLAGS, &flags, sizeof flags);
    if (frame_options_bytes(frame) > 0)
        put32(&cursor, OPTION_END);
    put32(&cursor, frame_bytes(frame));
    return (uint32_t)(cursor.at - at);
}
