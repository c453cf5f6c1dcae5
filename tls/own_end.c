/* own_end.c -- from when to when a server's own certificate is valid (RFC 5280 4.1.2.5). */
#include <leat/tls.h>

#include <leat/civil.h>

#include "core/second.h"
#include "tls/der.h"

/* Takes two digits off @text. False: these are none. */
static bool take_pair(struct der *text, unsigned *value)
{
    unsigned digits[2];

    if (text->len < 2)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        if (text->at[i] < '0' || text->at[i] > '9')
            return false;
        digits[i] = text->at[i] - (unsigned)'0';
    }
    text->at += 2;
    text->len -= 2;
    *value = 10 * digits[0] + digits[1];
    return true;
}

/* "YYMMDDHHMMSSZ", where years from 50 on are of the last century, or "YYYYMMDDHHMMSSZ". */
static uint64_t read_time(uint8_t tag, struct der text)
{
    unsigned century = 0, parts[6];
    struct leat_civil_date date = {0};

    if (tag == DER_TIME && !take_pair(&text, &century))
        return 0;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!take_pair(&text, &parts[i]))
            return 0;
    }
    if (text.len != 1 || *text.at != 'Z')
        return 0;
    if (tag == DER_UTC_TIME)
        century = parts[0] < 50 ? 20 : 19;
    date.year = (uint16_t)(100 * century + parts[0]);
    date.month = (uint8_t)parts[1];
    date.day = (uint8_t)parts[2];
    date.hour = (uint8_t)parts[3];
    date.minute = (uint8_t)parts[4];
    date.second = (uint8_t)parts[5];
    return leat_civil_of_date(&date) / second_ns;
}

/* TBSCertificate (RFC 5280 4.1): its sequences are signature, issuer and validity, which has two
 * times.  0: it is broken. */
static uint64_t time_of(const struct leat_tls_identity *identity, unsigned which)
{
    struct der certificate, whole, signed_part, before, validity, time;
    uint8_t tag;

    if (identity->chain_count == 0)
        return 0;
    certificate = (struct der){identity->chain[0].bytes, identity->chain[0].len};
    if (!der_find(&certificate, DER_SEQUENCE, &whole) ||
        !der_find(&whole, DER_SEQUENCE, &signed_part) ||
        !der_find(&signed_part, DER_SEQUENCE, &before) ||
        !der_find(&signed_part, DER_SEQUENCE, &before) ||
        !der_find(&signed_part, DER_SEQUENCE, &validity))
        return 0;
    for (unsigned i = 0; i <= which; i++) {
        if (!der_take(&validity, &tag, &time))
            return 0;
    }
    return tag == DER_UTC_TIME || tag == DER_TIME ? read_time(tag, time) : 0;
}

uint64_t leat_tls_identity_begins_s(const struct leat_tls_identity *identity)
{
    return time_of(identity, 0);
}

uint64_t leat_tls_identity_ends_s(const struct leat_tls_identity *identity)
{
    return time_of(identity, 1);
}
