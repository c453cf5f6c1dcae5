/* parts.c -- the parts of a message, one behind the other. */
#include "sockets/calls/inside.h"

#include "core/assert.h"

intptr_t parts_total(const struct parts *parts)
{
    size_t total = 0;

    for (size_t i = 0; i < parts->count; i++) {
        if (parts->parts[i].iov_len > (size_t)INTPTR_MAX - total)
            return -LEAT_EINVAL;
        total += parts->parts[i].iov_len;
    }
    return (intptr_t)total;
}

uint8_t *parts_here(struct parts *parts, size_t *len)
{
    while (parts->at < parts->count && parts->offset == parts->parts[parts->at].iov_len) {
        parts->at++;
        parts->offset = 0;
    }
    if (parts->at == parts->count)
        return NULL;
    *len = parts->parts[parts->at].iov_len - parts->offset;
    return (uint8_t *)parts->parts[parts->at].iov_base + parts->offset;
}

void parts_advance(struct parts *parts, size_t bytes)
{
    leat_debug_assert(parts->at < parts->count);
    leat_debug_assert(bytes <= parts->parts[parts->at].iov_len - parts->offset);
    parts->offset += bytes;
}

size_t parts_take(struct parts *parts, const struct leat_buf *from, uint32_t offset, size_t len)
{
    size_t done = 0;
    size_t room;

    while (done < len) {
        uint8_t *at = parts_here(parts, &room);
        uint32_t copied;

        if (!at)
            break;
        copied = leat_buf_read(from, offset + (uint32_t)done, at,
                               (uint32_t)(room < len - done ? room : len - done));
        if (copied == 0)
            break;
        parts_advance(parts, copied);
        done += copied;
    }
    return done;
}
