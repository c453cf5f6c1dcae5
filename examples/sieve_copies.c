/* sieve_copies.c -- see sieve_copies.h. */
#include "sieve_copies.h"

#include <string.h>

enum {
#if __STDC_HOSTED__
    ROOM_BYTES = 256 << 20, /* Linux provides the memory only when it is used */
#else
    ROOM_BYTES = 8 << 20,
#endif
};

/* The bytes of all copies lie without gaps at the beginning of the room, then the draft. */
static struct {
    unsigned count;
    struct copy list[COPIES];
    size_t used, draft_len;
} copies;

static char room[ROOM_BYTES];

struct copy *copies_add(const char *url)
{
    struct copy *copy = &copies.list[copies.count];

    if (copies.count == COPIES)
        return NULL;
    copies.count++;
    copy->url = url;
    return copy;
}

struct copy *copies_at(unsigned index)
{
    return index < copies.count ? &copies.list[index] : NULL;
}

const char *copies_bytes(const struct copy *copy)
{
    return room + copy->begin;
}

void copies_begin(void)
{
    copies.draft_len = 0;
}

size_t copies_room(void)
{
    return sizeof room - copies.used;
}

bool copies_write(const void *bytes, size_t len)
{
    if (len > copies_room() - copies.draft_len)
        return false;
    memcpy(room + copies.used + copies.draft_len, bytes, len);
    copies.draft_len += len;
    return true;
}

const char *copies_draft(size_t *len)
{
    *len = copies.draft_len;
    return room + copies.used;
}

void copies_take(struct copy *copy)
{
    const size_t end = copy->begin + copy->len;
    const size_t all = copies.used + copies.draft_len;

    if (copy->len > 0) {
        memmove(room + copy->begin, room + end, all - end);
        for (unsigned i = 0; i < copies.count; i++)
            copies.list[i].begin -= copies.list[i].begin >= end ? copy->len : 0;
    }
    copies.used = all - copy->len;
    copy->begin = copies.used - copies.draft_len;
    copy->len = copies.draft_len;
    copies.draft_len = 0;
}
