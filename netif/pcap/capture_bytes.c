/*
 * capture_bytes.c -- the bytes of a capture and its flaws, for the readers of all formats.
 *
 * A reader asks for bytes in one piece (leat__capture_want()), looks at them where they lie, and
 * uses them up (leat__capture_use()). The buffer slides over the file, so a file of any size, or a
 * pipe, needs memory for one record.
 */
#include "capture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_why(struct leat_capture *capture, uint64_t offset, const char *reason,
                    va_list arguments)
{
    /* The offset is that of the record with the flaw, for a look at it in a hex dump. */
    int len = snprintf(capture->why, sizeof capture->why, "%s: offset %llu%s: ", capture->path,
                       (unsigned long long)offset, capture->source.offset_note);

    if (len > 0 && (size_t)len < sizeof capture->why)
        vsnprintf(capture->why + len, sizeof capture->why - (size_t)len, reason, arguments);
    capture->status = LEAT_ERR_FORMAT;
}

enum leat_err leat__capture_fail(struct leat_capture *capture, const char *reason, ...)
{
    va_list arguments;

    va_start(arguments, reason);
    set_why(capture, leat__capture_offset(capture), reason, arguments);
    va_end(arguments);
    return LEAT_ERR_FORMAT;
}

enum leat_err leat__capture_fail_at(struct leat_capture *capture, uint64_t offset,
                                    const char *reason, ...)
{
    va_list arguments;

    va_start(arguments, reason);
    set_why(capture, offset, reason, arguments);
    va_end(arguments);
    return LEAT_ERR_FORMAT;
}

/* Moves what is left to the front, and makes room for @bytes. */
static bool capture_make_room(struct leat_capture *capture, size_t bytes)
{
    uint8_t *larger;

    /* Bytes that were used are overwritten here: a frame ends with the next call of
     * leat_capture_next(). */
    memmove(capture->buffer, leat__capture_at(capture), leat__capture_have(capture));
    capture->base_offset += capture->from;
    capture->to -= capture->from;
    capture->from = 0;
    if (bytes <= capture->room)
        return true;
    /* The readers have bounded @bytes (LEAT_CAPTURE_FRAME_MAX, BLOCK_BYTES_MAX), so a broken length
     * can't ask for all memory. */
    larger = realloc(capture->buffer - BUFFER_SPARE_BYTES, BUFFER_SPARE_BYTES + bytes);
    if (!larger) {
        leat__capture_fail(capture, "no memory for %zu bytes", bytes);
        return false;
    }
    capture->buffer = larger + BUFFER_SPARE_BYTES;
    capture->room = bytes;
    return true;
}

bool leat__capture_fill(struct leat_capture *capture, size_t bytes)
{
    char why[LEAT_WHY_BYTES];

    if (capture->status != LEAT_OK || !capture_make_room(capture, bytes))
        return false;
    /* A pipe gives what it has, often less than was asked for. */
    while (leat__capture_have(capture) < bytes) {
        const ptrdiff_t got = capture->source.read(
            capture->source.arg, capture->buffer + capture->to, capture->room - capture->to, why);

        /* The end of the file is no error here: the caller knows whether the record ended there. */
        if (got < 0)
            leat__capture_fail_at(capture, capture->base_offset + capture->to, "%s", why);
        if (got <= 0)
            return false;
        capture->to += (size_t)got;
    }
    return true;
}

uint16_t leat__capture_get16(const struct leat_capture *capture, const uint8_t *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof value);
    return capture->swapped ? __builtin_bswap16(value) : value;
}

enum leat_err leat__capture_refuse_link(struct leat_capture *capture, uint64_t offset,
                                        uint32_t link_type)
{
    return leat__capture_fail_at(capture, offset, "link type %u (%s): read are %s", link_type,
                                 leat__link_name(leat__link_of(link_type)), leat__links_read);
}

enum leat_err leat__capture_one_interface(struct leat_capture *capture, uint32_t link_type)
{
    const struct capture_link *link = leat__link_of(link_type);

    capture->interfaces[0] = (struct capture_interface){.link_type = link_type, .link = link};
    capture->interface_count = 1;
    if (leat__link_is_read(link))
        return LEAT_OK;
    return leat__capture_refuse_link(capture, leat__capture_offset(capture), link_type);
}
