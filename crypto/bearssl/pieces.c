/* pieces.c -- lists of pieces: copied into one, and two of them side by side. */
#include <string.h>

#include "inside.h"

size_t leat_bearssl_gather(const struct leat_crypto_piece *pieces, size_t count, uint8_t *to,
                           size_t room)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len > room - len)
            return SIZE_MAX;
        if (pieces[i].len > 0)
            memcpy(to + len, pieces[i].bytes, pieces[i].len);
        len += pieces[i].len;
    }
    return len;
}

bool leat_bearssl_next(const struct leat_crypto_job *job, struct bearssl_place *place,
                       const uint8_t **from, uint8_t **to, size_t *len)
{
    *len = 0;
    while (place->from < job->in_count && place->from_at == job->in[place->from].len) {
        place->from++;
        place->from_at = 0;
    }
    if (place->from == job->in_count)
        return false;
    *len = job->in[place->from].len - place->from_at;
    while (place->to < job->out_count && place->to_at == job->out[place->to].len) {
        place->to++;
        place->to_at = 0;
    }
    if (place->to == job->out_count)
        return false;
    if (*len > job->out[place->to].len - place->to_at)
        *len = job->out[place->to].len - place->to_at;
    *from = job->in[place->from].bytes + place->from_at;
    *to = job->out[place->to].bytes + place->to_at;
    place->from_at += *len;
    place->to_at += *len;
    return true;
}
