/*
 * own_names.c -- the DNS names of a server's own certificate (RFC 5280 4.1, 4.2.1.6).
 *
 * The certificate is the program's, but it is read as if it were a stranger's: an element that
 * doesn't lie in the one around it ends the reading.
 */
#include <leat/tls.h>

#include <stdalign.h>

#include "core/assert.h"

/* Tags of DER (X.690 8.1.2). */
enum {
    DER_OID = 0x06,
    DER_OCTETS = 0x04,
    DER_SEQUENCE = 0x30,
    DER_DNS_NAME = 0x82,  /* of a GeneralName */
    DER_EXTENSIONS = 0xa3 /* of a TBSCertificate */
};

enum {
    NAME_BYTES = 253 /* of a DNS name as text */
};

struct der {
    const uint8_t *at;
    size_t len;
};

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

/* Takes the next element off @from. False: there is none, or it is broken. */
static bool take(struct der *from, uint8_t *tag, struct der *inside)
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

/* Takes elements up to the first with @wanted. False: there is none. */
static bool find(struct der *from, uint8_t wanted, struct der *inside)
{
    uint8_t tag;

    while (take(from, &tag, inside)) {
        if (tag == wanted)
            return true;
    }
    return false;
}

static bool is_alternative_name(const struct der *oid)
{
    return oid->len == 3 && oid->at[0] == 0x55 && oid->at[1] == 0x1d && oid->at[2] == 0x11;
}

/* The GeneralNames of the certificate. False: it has none. */
static bool find_names(struct der certificate, struct der *names)
{
    struct der whole, signed_part, extensions, list, extension, oid, value;

    if (!find(&certificate, DER_SEQUENCE, &whole) || !find(&whole, DER_SEQUENCE, &signed_part) ||
        !find(&signed_part, DER_EXTENSIONS, &extensions) || !find(&extensions, DER_SEQUENCE, &list))
        return false;
    while (find(&list, DER_SEQUENCE, &extension)) {
        if (find(&extension, DER_OID, &oid) && is_alternative_name(&oid))
            return find(&extension, DER_OCTETS, &value) && find(&value, DER_SEQUENCE, names);
    }
    return false;
}

/* True for letters, digits, "-", "_", "*" and dots. */
static bool is_name(const struct der *name)
{
    bool good = name->len > 0 && name->len <= NAME_BYTES;

    for (size_t i = 0; good && i < name->len; i++) {
        const uint8_t c = name->at[i], letter = c | 0x20;

        good = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '*' || c == '.';
    }
    return good;
}

/* Writes @name in lower case, with a NUL. */
static void copy(char *to, const struct der *name)
{
    leat_assert(name->len <= NAME_BYTES);
    for (size_t i = 0; i < name->len; i++) {
        const char c = (char)name->at[i];

        to[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    to[name->len] = '\0';
}

enum leat_err leat_tls_identity_read_names(struct leat_tls_identity *identity, void *memory,
                                           size_t bytes)
{
    const size_t padding = -(uintptr_t)memory % alignof(const char *);
    const char **names = (const char **)(void *)((uint8_t *)memory + padding);
    struct der all, rest, name;
    size_t count = 0, text = 0;
    char *at;

    if (identity->chain_count == 0 ||
        !find_names((struct der){identity->chain[0].bytes, identity->chain[0].len}, &all))
        return LEAT_ERR_NOT_FOUND;
    for (rest = all; find(&rest, DER_DNS_NAME, &name);) {
        count += is_name(&name);
        text += is_name(&name) ? name.len + 1 : 0;
    }
    if (count == 0 || count > UINT16_MAX)
        return LEAT_ERR_NOT_FOUND;
    if (bytes < padding || bytes - padding < count * sizeof *names + text)
        return LEAT_ERR_MEMORY;
    at = (char *)(names + count);
    count = 0;
    for (rest = all; find(&rest, DER_DNS_NAME, &name);) {
        if (!is_name(&name))
            continue;
        copy(at, &name);
        names[count++] = at;
        at += name.len + 1;
    }
    leat_assert(at <= (char *)memory + bytes); /* both passes have taken the same names */
    identity->names = names;
    identity->name_count = (uint16_t)count;
    return LEAT_OK;
}
