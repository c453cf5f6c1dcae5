/*
 * own_names.c -- the DNS names of a server's own certificate (RFC 5280 4.1, 4.2.1.6).
 */
#include <leat/tls.h>

#include <stdalign.h>

#include "core/assert.h"
#include "tls/der.h"

enum {
    NAME_BYTES = 253 /* of a DNS name as text */
};

static bool is_alternative_name(const struct der *oid)
{
    return oid->len == 3 && oid->at[0] == 0x55 && oid->at[1] == 0x1d && oid->at[2] == 0x11;
}

/* The GeneralNames of the certificate. False: it has none. */
static bool find_names(struct der certificate, struct der *names)
{
    struct der whole, signed_part, extensions, list, extension, oid, value;

    if (!der_find(&certificate, DER_SEQUENCE, &whole) ||
        !der_find(&whole, DER_SEQUENCE, &signed_part) ||
        !der_find(&signed_part, DER_EXTENSIONS, &extensions) ||
        !der_find(&extensions, DER_SEQUENCE, &list))
        return false;
    while (der_find(&list, DER_SEQUENCE, &extension)) {
        if (der_find(&extension, DER_OID, &oid) && is_alternative_name(&oid))
            return der_find(&extension, DER_OCTETS, &value) &&
                   der_find(&value, DER_SEQUENCE, names);
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
    for (rest = all; der_find(&rest, DER_DNS_NAME, &name);) {
        count += is_name(&name);
        text += is_name(&name) ? name.len + 1 : 0;
    }
    if (count == 0 || count > UINT16_MAX)
        return LEAT_ERR_NOT_FOUND;
    if (bytes < padding || bytes - padding < count * sizeof *names + text)
        return LEAT_ERR_MEMORY;
    at = (char *)(names + count);
    count = 0;
    for (rest = all; der_find(&rest, DER_DNS_NAME, &name);) {
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
