/*
 * certificate.c -- reads the facts of a certificate that BearSSL doesn't report (RFC 5280, 4.1).
 *
 * BearSSL's checker ignores extended key usage and name constraints that aren't critical, and uses
 * the common name if there are no alternative names.  It knows no addresses, doesn't say which date
 * was wrong, and uses only the name and the key of a trust anchor.  This file reads the rest, so
 * that the provider is as strict as others.  It never makes a certificate trusted that BearSSL
 * refuses.
 */
#include <string.h>

#include "inside.h"

enum tag {
    TAG_BOOLEAN = 0x01,
    TAG_INTEGER = 0x02,
    TAG_BITS = 0x03,
    TAG_OCTETS = 0x04,
    TAG_OID = 0x06,
    TAG_UTC_TIME = 0x17,
    TAG_TIME = 0x18,
    TAG_SEQUENCE = 0x30,
    TAG_ADDRESS = 0x87, /* iPAddress of a GeneralName */
    TAG_VERSION = 0xa0,
    TAG_EXTENSIONS = 0xa3,
};

/*
 * Takes the next element of @from: its tag, and its content.  False: there is none, or it isn't DER
 * of a length below 64 KiB.
 */
static bool take(struct bearssl_span *from, uint8_t *tag, struct bearssl_span *inside)
{
    size_t header = 2;
    size_t len;

    if (from->len < 2)
        return false;
    *tag = from->at[0];
    len = from->at[1];
    if (len >= 0x80) {
        const size_t more = len & 0x7f;

        if (more == 0 || more > 2 || from->len < 2 + more)
            return false;
        len = from->at[2];
        if (more == 2)
            len = len << 8 | from->at[3];
        header += more;
    }
    if (len > from->len - header)
        return false;
    inside->at = from->at + header;
    inside->len = len;
    from->at += header + len;
    from->len -= header + len;
    return true;
}

/* Takes the first element of @from, which must have this tag. */
static bool take_as(struct bearssl_span *from, uint8_t tag, struct bearssl_span *inside)
{
    uint8_t found;

    return take(from, &found, inside) && found == tag;
}

static bool is_oid(const struct bearssl_span *span, const char *bytes, size_t len)
{
    return span->len == len && memcmp(span->at, bytes, len) == 0;
}

static uint32_t two_digits(const uint8_t *at)
{
    return (uint32_t)(at[0] - '0') * 10u + (uint32_t)(at[1] - '0');
}

/* Days from 1970 to a day of the Gregorian calendar, which may be out of range. */
static uint64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
    const uint32_t shifted = month < 3 ? year - 1 : year; /* a year that begins in March */
    const uint32_t since_march = month < 3 ? month + 9 : month - 3;

    return (uint64_t)shifted * 365u + shifted / 4u - shifted / 100u + shifted / 400u +
           (153u * since_march + 2u) / 5u + day - 719469u;
}

/* The next date of @validity (RFC 5280, 4.1.2.5), in seconds since 1970; 0: an earlier one. */
static bool read_date(struct bearssl_span *validity, uint64_t *date_s)
{
    struct bearssl_span text;
    uint32_t year;
    uint8_t tag;

    if (!take(validity, &tag, &text))
        return false;
    if (tag == TAG_UTC_TIME && text.len == 13) {
        year = two_digits(text.at);
        year += year < 50 ? 2000 : 1900;
        text.at += 2;
    } else if (tag == TAG_TIME && text.len == 15) {
        year = two_digits(text.at) * 100u + two_digits(text.at + 2);
        text.at += 4;
    } else {
        return false;
    }
    if (year < 1950 || year > 9999)
        return false;
    *date_s = days_of(year, two_digits(text.at), two_digits(text.at + 2)) * 86400u +
              two_digits(text.at + 4) * 3600u + two_digits(text.at + 6) * 60u +
              two_digits(text.at + 8);
    if (year < 1970)
        *date_s = 0;
    return true;
}

/* Is a server's among the purposes (RFC 5280, 4.2.1.12)? */
static bool has_server(struct bearssl_span value)
{
    static const char server[] = "\x2b\x06\x01\x05\x05\x07\x03\x01"; /* 1.3.6.1.5.5.7.3.1 */
    struct bearssl_span purposes, purpose;

    if (!take_as(&value, TAG_SEQUENCE, &purposes))
        return false;
    while (take_as(&purposes, TAG_OID, &purpose)) {
        if (is_oid(&purpose, server, sizeof server - 1))
            return true;
    }
    return false;
}

/* Bit 5 of the key usage, keyCertSign (RFC 5280, 4.2.1.3). */
static bool may_sign_certificates(struct bearssl_span value)
{
    struct bearssl_span bits;

    return take_as(&value, TAG_BITS, &bits) && bits.len >= 2 && (bits.at[1] & 0x04) != 0;
}

/* pathLenConstraint (RFC 5280, 4.2.1.9), which stands behind cA; a longer number is no limit. */
static uint8_t path_max_of(struct bearssl_span value)
{
    struct bearssl_span constraints, element;
    uint8_t tag;

    if (!take_as(&value, TAG_SEQUENCE, &constraints))
        return BEARSSL_PATH_ANY;
    while (take(&constraints, &tag, &element)) {
        if (tag == TAG_INTEGER && element.len == 1 && element.at[0] < BEARSSL_PATH_ANY)
            return element.at[0];
    }
    return BEARSSL_PATH_ANY;
}

/*
 * Records an extension whose object identifier is below 2.5.29.  False: it is neither one that a
 * verifier must process to be safe, nor one that is harmless in every certificate.
 */
static bool note_extension(uint8_t number, struct bearssl_span value, struct bearssl_facts *facts)
{
    switch (number) {
    case 14: /* subjectKeyIdentifier */
    case 18: /* issuerAltName */
    case 31: /* cRLDistributionPoints */
    case 32: /* certificatePolicies: the provider asks for none */
    case 35: /* authorityKeyIdentifier */
        return true;
    case 15:
        facts->is_signer = may_sign_certificates(value);
        return true;
    case 17:
        facts->names = value;
        return true;
    case 19:
        facts->path_max = path_max_of(value);
        return true;
    case 30:
        facts->has_constraints = true;
        return true;
    case 37:
        facts->is_for_servers = has_server(value);
        return true;
    default:
        return false;
    }
}

static bool read_extension(struct bearssl_span extension, struct bearssl_facts *facts)
{
    struct bearssl_span oid, value;
    bool is_critical = false, is_known;
    uint8_t tag;

    if (!take_as(&extension, TAG_OID, &oid) || !take(&extension, &tag, &value))
        return false;
    if (tag == TAG_BOOLEAN) {
        is_critical = value.len == 1 && value.at[0] != 0;
        if (!take(&extension, &tag, &value))
            return false;
    }
    if (tag != TAG_OCTETS)
        return false;
    is_known = oid.len == 3 && oid.at[0] == 0x55 && oid.at[1] == 0x1d &&
               note_extension(oid.at[2], value, facts);
    if (is_critical && !is_known)
        facts->has_unknown_critical = true;
    return true;
}

bool leat_bearssl_has_address(const struct bearssl_facts *facts, const uint8_t *address, size_t len)
{
    struct bearssl_span value = facts->names, names, name;
    uint8_t tag;

    if (!take_as(&value, TAG_SEQUENCE, &names))
        return false;
    while (take(&names, &tag, &name)) {
        if (tag == TAG_ADDRESS && name.len == len && memcmp(name.at, address, len) == 0)
            return true;
    }
    return false;
}

/* Reads all fields behind the key: identifiers, extensions. */
static bool read_rest(struct bearssl_span rest, struct bearssl_facts *facts)
{
    struct bearssl_span element, extensions, extension;
    uint8_t tag;

    while (rest.len > 0) {
        if (!take(&rest, &tag, &element))
            return false;
        if (tag != TAG_EXTENSIONS)
            continue;
        if (!take_as(&element, TAG_SEQUENCE, &extensions))
            return false;
        while (extensions.len > 0) {
            if (!take_as(&extensions, TAG_SEQUENCE, &extension) ||
                !read_extension(extension, facts))
                return false;
        }
    }
    return true;
}

/* Takes an element that is a SEQUENCE; @whole gets it with its header. */
static bool take_whole(struct bearssl_span *from, struct bearssl_span *whole)
{
    struct bearssl_span inside;

    whole->at = from->at;
    if (!take_as(from, TAG_SEQUENCE, &inside))
        return false;
    whole->len = (size_t)(from->at - whole->at);
    return true;
}

bool leat_bearssl_facts(const uint8_t *der, size_t len, struct bearssl_facts *facts)
{
    struct bearssl_span all = {der, len};
    struct bearssl_span outer, body, element, validity;
    uint8_t tag;

    memset(facts, 0, sizeof *facts);
    facts->is_for_servers = true;
    facts->is_signer = true;
    facts->path_max = BEARSSL_PATH_ANY;
    if (!take_as(&all, TAG_SEQUENCE, &outer) || all.len != 0 ||
        !take_as(&outer, TAG_SEQUENCE, &body) || !take(&body, &tag, &element))
        return false;
    if (tag == TAG_VERSION && !take(&body, &tag, &element)) /* then the serial number */
        return false;
    return take_as(&body, TAG_SEQUENCE, &element) && /* signature's algorithm */
           take_whole(&body, &facts->issuer) && take_as(&body, TAG_SEQUENCE, &validity) &&
           read_date(&validity, &facts->not_before_s) &&
           read_date(&validity, &facts->not_after_s) && take_whole(&body, &facts->subject) &&
           take_whole(&body, &facts->key_info) && read_rest(body, facts);
}
