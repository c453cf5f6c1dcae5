/* data.c -- the bytes of one direction of a flow. */
#include "data.h"

#include <stdlib.h>
#include <string.h>

/* Makes room for @end bytes; false: too many, or no memory. */
static bool data_grow(struct data *data, uint32_t end)
{
    uint32_t room = data->room ? data->room : 65536;
    uint8_t *bytes, *have;

    if (end <= data->room)
        return true;
    if (end > DATA_MAX)
        return false;
    while (room < end)
        room *= 2;
    bytes = realloc(data->bytes, room);
    if (bytes)
        data->bytes = bytes;
    have = bytes ? realloc(data->have, room) : NULL;
    if (!have)
        return false;
    memset(have + data->room, 0, room - data->room);
    data->have = have;
    data->room = room;
    return true;
}

void data_put(struct data *data, uint32_t at, const uint8_t *bytes, uint32_t len)
{
    if (at > UINT32_MAX - DATA_MAX) { /* a keep-alive, or data before the beginning */
        const uint32_t before = 0 - at;

        if (before >= len)
            return;
        bytes += before;
        len -= before;
        at = 0;
    }
    if (len == 0)
        return;
    if (at > DATA_MAX || !data_grow(data, at + len)) {
        data->too_long = true;
        return;
    }
    for (uint32_t i = 0; i < len; i++) {
        if (data->have[at + i]) {
            if (data->bytes[at + i] != bytes[i]) {
                data->conflicts++;
                data->have[at + i] = DATA_CONTRADICTED;
            }
            continue;
        }
        data->have[at + i] = DATA_THERE;
        data->bytes[at + i] = bytes[i];
    }
    while (data->ready < data->room && data->have[data->ready])
        data->ready++;
}

bool data_equal(const struct data *data, uint32_t at, const uint8_t *bytes, uint32_t len,
                uint32_t *where)
{
    for (uint32_t i = 0; i < len; i++) {
        *where = at + i;
        if (at > data->room || i >= data->room - at || !data->have[at + i] ||
            (data->bytes[at + i] != bytes[i] && data->have[at + i] != DATA_CONTRADICTED))
            return false;
    }
    return true;
}

void data_free(struct data *data)
{
    free(data->bytes);
    free(data->have);
    *data = (struct data){0};
}
