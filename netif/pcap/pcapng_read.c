/*
 * pcapng_read.c -- the format pcapng (draft-ietf-opsawg-pcapng): blocks of a type, a length, a body
 * and the length again.
 *
 * A file may hold several sections, each with its byte order and its interfaces.  Blocks of unknown
 * types are skipped, as the draft demands.
 */
#include "capture.h"

#include <string.h>

enum {
    BLOCK_HEAD_BYTES = 8,
    BLOCK_BYTES_MIN = 12,
    SECTION_BYTES_MIN = 28,
    SECTION_FIXED_BYTES = 16, /* of the body, before the options */
    INTERFACE_FIXED_BYTES = 8,
    ENHANCED_FIXED_BYTES = 20,
    OPTION_HEAD_BYTES = 4,
    RESOLUTION_DEFAULT = 6 /* 10^-6 s */
};

enum block_type {
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    BLOCK_SECTION = 0x0a0d0d0a
};

enum option_code {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_FLAGS = 2,       /* of an enhanced packet */
    OPTION_RESOLUTION = 9,  /* of an interface */
    OPTION_TIME_OFFSET = 14 /* of an interface */
};

static const uint32_t byte_order_magic = 0x1a2b3c4d;

struct block {
    uint32_t type;
    const uint8_t *body;
    uint32_t len; /* of the body */
};

struct option {
    uint16_t code;
    uint16_t len;
    const uint8_t *value;
};

static uint32_t padded(uint32_t len)
{
    return (len + 3) & ~3u;
}

/* Takes one option off the front of *@at; false: there is none left, or it is cut off. */
static bool option_next(const struct leat_capture *capture, const uint8_t **at, uint32_t *left,
                        struct option *option)
{
    if (*left < OPTION_HEAD_BYTES)
        return false;
    option->code = leat__capture_get16(capture, *at);
    option->len = leat__capture_get16(capture, *at + 2);
    option->value = *at + OPTION_HEAD_BYTES;
    /* Options are a side matter: a broken one ends them, and the frame is still read. */
    if (option->code == OPTION_END || padded(option->len) > *left - OPTION_HEAD_BYTES)
        return false;
    *at += OPTION_HEAD_BYTES + padded(option->len);
    *left -= OPTION_HEAD_BYTES + padded(option->len);
    return true;
}

/* Reads the byte order of a section from its header; it is needed for that header's length. */
static enum leat_err section_take_order(struct leat_capture *capture)
{
    uint32_t magic;

    if (!leat__capture_want(capture, BLOCK_BYTES_MIN))
        return capture->status ? capture->status
                               : leat__capture_fail(capture, "cut off inside a section header");
    memcpy(&magic, leat__capture_at(capture) + BLOCK_HEAD_BYTES, sizeof magic);
    if (magic != byte_order_magic && magic != __builtin_bswap32(byte_order_magic))
        return leat__capture_fail(capture, "section header with byte order 0x%08x", magic);
    capture->swapped = magic != byte_order_magic;
    return LEAT_OK;
}

/* Reads the whole next block into the buffer, and checks its lengths. */
static enum leat_err block_want(struct leat_capture *capture, struct block *block)
{
    uint32_t len;

    if (!leat__capture_want(capture, BLOCK_HEAD_BYTES)) {
        if (capture->status)
            return capture->status;
        if (leat__capture_have(capture) == 0)
            return capture->status = LEAT_ERR_NOT_FOUND;
        return leat__capture_fail(capture, "cut off: %zu of a block's 8 first bytes",
                                  leat__capture_have(capture));
    }
    block->type = leat__capture_get32(capture, leat__capture_at(capture));
    if (block->type == BLOCK_SECTION && section_take_order(capture))
        return capture->status;
    len = leat__capture_get32(capture, leat__capture_at(capture) + 4);
    if (len < (block->type == BLOCK_SECTION ? SECTION_BYTES_MIN : BLOCK_BYTES_MIN))
        return leat__capture_fail(capture, "block of %u bytes: too short", len);
    if (len % 4 != 0)
        return leat__capture_fail(capture, "block of %u bytes: not a multiple of 4", len);
    if (len > BLOCK_BYTES_MAX)
        return leat__capture_fail(capture, "block of %u bytes: more than %d", len, BLOCK_BYTES_MAX);
    if (!leat__capture_want(capture, len))
        return capture->status ? capture->status
                               : leat__capture_fail(capture, "cut off: %zu of a block's %u bytes",
                                                    leat__capture_have(capture), len);
    /* The second length is a cheap proof that the first one is right. A block that is cut or
     * overwritten fails here, and not somewhere in the next one. */
    if (leat__capture_get32(capture, leat__capture_at(capture) + len - 4) != len)
        return leat__capture_fail(
            capture, "block of %u bytes that ends with the length %u", len,
            leat__capture_get32(capture, leat__capture_at(capture) + len - 4));
    block->body = leat__capture_at(capture) + BLOCK_HEAD_BYTES;
    block->len = len - BLOCK_BYTES_MIN;
    return LEAT_OK;
}

static enum leat_err section_take(struct leat_capture *capture, const struct block *block)
{
    const uint8_t *at = block->body + SECTION_FIXED_BYTES;
    uint32_t left = block->len - SECTION_FIXED_BYTES;
    struct option option;

    if (leat__capture_get16(capture, block->body + 4) != 1)
        return leat__capture_fail(capture, "pcapng of version %u.%u: only 1 is read",
                                  leat__capture_get16(capture, block->body + 4),
                                  leat__capture_get16(capture, block->body + 6));
    /* Interfaces are numbered from 0 in each section. */
    capture->interface_count = 0;
    while (!capture->has_notes && option_next(capture, &at, &left, &option)) {
        const size_t len =
            option.len < sizeof capture->notes ? option.len : sizeof capture->notes - 1;

        if (option.code == OPTION_COMMENT) {
            memcpy(capture->notes, option.value, len);
            capture->notes[len] = '\0';
            break;
        }
    }
    capture->has_notes = true;
    return LEAT_OK;
}

/* 10^-n seconds, or 2^-n with the highest bit set; an impossible resolution counts as nanoseconds.
 */
static uint64_t units_per_s(uint8_t resolution)
{
    const unsigned n = resolution & 0x7f;
    uint64_t units = 1;

    if (resolution & 0x80)
        return n < 63 ? 1ull << n : 1ull << 62;
    for (unsigned i = 0; i < n && i < 18; i++)
        units *= 10;
    return units;
}

/* Remembers whether there is an interface that is read, and the first that is not. */
static void note_link(struct leat_capture *capture, const struct capture_interface *interface)
{
    if (leat__link_is_read(interface->link)) {
        capture->any_is_read = true;
    } else if (capture->left_out_offset == UINT64_MAX) {
        capture->left_out_offset = interface->offset;
        capture->left_out.link_type = interface->link_type;
        capture->left_out.name = leat__link_name(interface->link);
    }
}

static enum leat_err interface_take(struct leat_capture *capture, const struct block *block)
{
    struct capture_interface *interface = &capture->interfaces[capture->interface_count];
    struct option option;
    const uint8_t *at;
    uint32_t left;

    if (block->len < INTERFACE_FIXED_BYTES)
        return leat__capture_fail(capture, "interface description cut short");
    if (capture->interface_count == INTERFACES_MAX)
        return leat__capture_fail(capture, "more than %d interfaces", INTERFACES_MAX);
    capture->interface_count++;
    *interface = (struct capture_interface){.link_type = leat__capture_get16(capture, block->body),
                                            .units_per_s = units_per_s(RESOLUTION_DEFAULT),
                                            .offset = leat__capture_offset(capture)};
    interface->link = leat__link_of(interface->link_type);
    note_link(capture, interface);
    at = block->body + INTERFACE_FIXED_BYTES;
    left = block->len - INTERFACE_FIXED_BYTES;
    while (option_next(capture, &at, &left, &option)) {
        if (option.code == OPTION_RESOLUTION && option.len == 1)
            interface->units_per_s = units_per_s(option.value[0]);
        if (option.code == OPTION_TIME_OFFSET && option.len == 8)
            interface->offset_s = (int64_t)leat__capture_get64(capture, option.value);
    }
    return LEAT_OK;
}

/* A time in units of the interface in nanoseconds: no product is too large for 64 bits. */
static uint64_t time_ns(const struct capture_interface *interface, uint64_t units)
{
    /* Seconds and the rest apart: the time in nanoseconds of a 64-bit count of units needs more
     * than 64 bits. */
    const uint64_t seconds = units / interface->units_per_s + (uint64_t)interface->offset_s;
    const long double rest = (long double)(units % interface->units_per_s);

    if (NS_PER_S % interface->units_per_s == 0)
        return seconds * NS_PER_S +
               units % interface->units_per_s * (NS_PER_S / interface->units_per_s);
    return seconds * NS_PER_S + (uint64_t)(rest * NS_PER_S / (long double)interface->units_per_s);
}

/* Direction and comment, which follow the frame. */
static void frame_take_options(const struct leat_capture *capture, const uint8_t *at, uint32_t left,
                               struct leat_capture_frame *frame)
{
    struct option option;

    while (option_next(capture, &at, &left, &option)) {
        if (option.code == OPTION_COMMENT) {
            frame->comment = (const char *)option.value;
            frame->comment_bytes = option.len;
        } else if (option.code == OPTION_FLAGS && option.len == 4) {
            const uint32_t direction = leat__capture_get32(capture, option.value) & 3;

            if (direction <= LEAT_CAPTURE_OUT)
                frame->direction = (enum leat_capture_direction)direction;
        }
    }
}

/* The interface of an enhanced packet, or of its obsolete forerunner. */
static enum leat_err frame_take(struct leat_capture *capture, const struct block *block,
                                struct capture_record *record)
{
    struct leat_capture_frame *frame = &record->frame;
    const uint8_t *body = block->body;
    uint32_t number;

    if (block->len < ENHANCED_FIXED_BYTES)
        return leat__capture_fail(capture, "packet block cut short");
    /* The obsolete block has 16 bits for the interface, and a count of drops behind them. */
    number = block->type == BLOCK_PACKET ? leat__capture_get16(capture, body)
                                         : leat__capture_get32(capture, body);
    if (number >= capture->interface_count)
        return leat__capture_fail(capture, "frame %llu of interface %u, of which there are %u",
                                  (unsigned long long)capture->frames + 1, number,
                                  capture->interface_count);
    frame->captured_bytes = leat__capture_get32(capture, body + 12);
    frame->wire_bytes = leat__capture_get32(capture, body + 16);
    if (frame->captured_bytes > LEAT_CAPTURE_FRAME_MAX)
        return leat__capture_fail(capture, "frame %llu claims %u bytes, more than %u",
                                  (unsigned long long)capture->frames + 1, frame->captured_bytes,
                                  LEAT_CAPTURE_FRAME_MAX);
    if (padded(frame->captured_bytes) > block->len - ENHANCED_FIXED_BYTES)
        return leat__capture_fail(capture, "frame %llu claims %u bytes, its block has %u",
                                  (unsigned long long)capture->frames + 1, frame->captured_bytes,
                                  block->len - ENHANCED_FIXED_BYTES);
    frame->bytes = body + ENHANCED_FIXED_BYTES;
    record->interface = &capture->interfaces[number];
    frame->time_ns =
        time_ns(record->interface, (uint64_t)leat__capture_get32(capture, body + 4) << 32 |
                                       leat__capture_get32(capture, body + 8));
    frame_take_options(capture, frame->bytes + padded(frame->captured_bytes),
                       block->len - ENHANCED_FIXED_BYTES - padded(frame->captured_bytes), frame);
    return LEAT_OK;
}

/* A simple packet has neither a time nor a captured length: it is at most that of the block. */
static enum leat_err frame_take_simple(struct leat_capture *capture, const struct block *block,
                                       struct capture_record *record)
{
    struct leat_capture_frame *frame = &record->frame;

    if (block->len < 4 || capture->interface_count == 0)
        return leat__capture_fail(capture, "simple packet without length or interface");
    frame->wire_bytes = leat__capture_get32(capture, block->body);
    frame->captured_bytes = block->len - 4 < frame->wire_bytes ? block->len - 4 : frame->wire_bytes;
    if (frame->captured_bytes > LEAT_CAPTURE_FRAME_MAX)
        return leat__capture_fail(capture, "frame %llu has %u bytes, more than %u",
                                  (unsigned long long)capture->frames + 1, frame->captured_bytes,
                                  LEAT_CAPTURE_FRAME_MAX);
    frame->bytes = block->body + 4;
    record->interface = &capture->interfaces[0];
    frame->time_ns = capture->last_ns;
    return LEAT_OK;
}

/* Uses up one block; sets record->frame.bytes if it holds a frame. */
static enum leat_err block_take(struct leat_capture *capture, struct capture_record *record)
{
    struct block block = {0};
    enum leat_err err = block_want(capture, &block);

    *record = (struct capture_record){.frame = {.offset = leat__capture_offset(capture)}};
    if (err)
        return err;
    if (block.type == BLOCK_SECTION)
        err = section_take(capture, &block);
    else if (block.type == BLOCK_INTERFACE)
        err = interface_take(capture, &block);
    else if (block.type == BLOCK_ENHANCED || block.type == BLOCK_PACKET)
        err = frame_take(capture, &block, record);
    else if (block.type == BLOCK_SIMPLE)
        err = frame_take_simple(capture, &block, record);
    if (err == LEAT_OK)
        leat__capture_use(capture, BLOCK_BYTES_MIN + block.len);
    return err;
}

static enum leat_err read_next(struct leat_capture *capture, struct capture_record *record)
{
    do {
        const enum leat_err err = block_take(capture, record);

        if (err)
            return err;
    } while (!record->frame.bytes);
    capture->last_ns = record->frame.time_ns;
    return LEAT_OK;
}

enum leat_err leat__pcapng_read_start(struct leat_capture *capture)
{
    struct capture_record none;

    capture->next = read_next;
    return block_take(capture, &none);
}
