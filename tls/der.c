/* der.c -- see der.h. */
#include "tls/der.h"

/* The length of an element, which is taken off @from. False: it is longer than the rest. */
static bool take_length(struct der *from, size_t *len)
{
    size_t value = 0;
    unsigned octets;

    if (from->len == 0)
        return false;
    octets = *from->at++;
    from->len--;
    if (octets < 0x80) {
        *len = octets;
        return octets <= from->len;
    }
    octets &= 0x7f;
    if (octets == 0 || octets > 3 || octets > from->len) /* 16 MiB are enough */
        return false;
    for (unsigned i = 0; i < octets; i++)
        value = value << 8 | from->at[i];
    from->at += octets;
    from->len -= octets;
    *len = value;
    return value <= from->len;
}

bool der_take(struct der *from, uint8_t *tag, struct der *inside)
{
    size_t len;

    if (from->len == 0)
        return false;
    *tag = *from->at++;
    from->len--;
    if (!take_length(from, &len))
        return false;
    *inside = (struct der){from->at, len};
    from->at += len;
    from->len -= len;
    return true;
}

bool der_find(struct der *from, uint8_t wanted, struct der *inside)
{
    uint8_t tag;

    while (der_take(from, &tag, inside)) {
        if (tag == wanted)
            return true;
    }
    return false;
}
