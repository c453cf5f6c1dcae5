/* text.c -- the bytes of one direction of a flow. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Makes room for @end bytes; false: too many, or no memory. */
static bool text_grow(struct text *text, uint32_t end)
{
    uint32_t room = text->room ? text->room : 65536;
    uint8_t *bytes, *have;

    if (end <= text->room)
        return true;
    if (end > TEXT_MAX)
        return false;
    while (room < end)
        room *= 2;
    bytes = realloc(text->bytes, room);
    if (bytes)
        text->bytes = bytes;
    have = bytes ? realloc(text->have, room) : NULL;
    if (!have)
        return false;
    memset(have + text->room, 0, room - text->room);
    text->have = have;
    text->room = room;
    return true;
}

void text_put(struct text *text, uint32_t at, const uint8_t *bytes, uint32_t len)
{
    if (at > UINT32_MAX - TEXT_MAX) { /* a keep-alive, or text of before */
        const uint32_t before = 0 - at;

        if (before >= len)
            return;
        bytes += before;
        len -= before;
        at = 0;
    }
    if (len == 0)
        return;
    if (at > TEXT_MAX || !text_grow(text, at + len)) {
        text->too_long = true;
        return;
    }
    for (uint32_t i = 0; i < len; i++) {
        if (text->have[at + i]) {
            if (text->bytes[at + i] != bytes[i]) {
                text->conflicts++;
                text->have[at + i] = TEXT_CONTRADICTED;
            }
            continue;
        }
        text->have[at + i] = TEXT_THERE;
        text->bytes[at + i] = bytes[i];
    }
    while (text->ready < text->room && text->have[text->ready])
        text->ready++;
}

bool text_equal(const struct text *text, uint32_t at, const uint8_t *bytes, uint32_t len,
                uint32_t *where)
{
    for (uint32_t i = 0; i < len; i++) {
        *where = at + i;
        if (at > text->room || i >= text->room - at || !text->have[at + i] ||
            (text->bytes[at + i] != bytes[i] && text->have[at + i] != TEXT_CONTRADICTED))
            return false;
    }
    return true;
}

void text_free(struct text *text)
{
    free(text->bytes);
    free(text->have);
    *text = (struct text){0};
}
