/*
 * path.c -- the order of a chain's certificates.
 *
 * A server sends its own certificate first.  The others should follow in the order of their
 * issuers.  But some servers send them in another order, or one of them twice, or certificates that
 * don't belong to the chain; a client accepts all of that (RFC 8446, 4.4.2).  BearSSL's engine
 * demands that each certificate was issued by the next one, so it is given only such a path.
 *
 * The path follows the names.  If several certificates have the issuer's name, the first one that
 * is currently valid is taken, or else the first one.  The engine decides whether keys and
 * signatures are right.
 */
#include "inside.h"

uint64_t leat_bearssl_name_hash(const uint8_t *name, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ name[i]) * 0x100000001b3u;
    return hash;
}

static bool read_link(struct bearssl_provider *provider, const struct leat_crypto_chain *chain,
                      size_t number, struct bearssl_link *link)
{
    const struct leat_crypto_certificate *certificate = &chain->certificates[number];
    const size_t len = leat_bearssl_gather(certificate->pieces, certificate->count,
                                           provider->scratch, LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
    struct bearssl_facts facts;

    if (len == SIZE_MAX || !leat_bearssl_facts(provider->scratch, len, &facts))
        return false;
    *link = (struct bearssl_link){
        .subject = leat_bearssl_name_hash(facts.subject.at, facts.subject.len),
        .issuer = leat_bearssl_name_hash(facts.issuer.at, facts.issuer.len),
        .is_current = facts.not_before_s <= chain->civil_s && chain->civil_s <= facts.not_after_s,
    };
    return true;
}

/* The certificate that has issued the last one of the path; SIZE_MAX: none. */
static size_t issuer_of_last(const struct bearssl_path *path, size_t count)
{
    const uint64_t issuer = path->links[path->order[path->count - 1]].issuer;
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        const struct bearssl_link *link = &path->links[i];

        if (link->is_taken || link->subject != issuer)
            continue;
        if (link->is_current)
            return i;
        if (found == SIZE_MAX)
            found = i;
    }
    return found;
}

bool leat_bearssl_path(struct bearssl_provider *provider, const struct leat_crypto_chain *chain)
{
    struct bearssl_path *path = &provider->path;
    size_t next = 0;

    for (size_t i = 0; i < chain->count; i++) {
        if (!read_link(provider, chain, i, &path->links[i]))
            return false;
    }
    path->count = 0;
    while (next != SIZE_MAX) {
        path->links[next].is_taken = true;
        path->order[path->count++] = (uint8_t)next;
        next = issuer_of_last(path, chain->count);
    }
    return true;
}

bool leat_bearssl_path_reaches(const struct bearssl_path *path, const struct bearssl_anchor *anchor)
{
    if (path->links[0].subject == anchor->name_hash)
        return true;
    for (unsigned i = 0; i < path->count; i++) {
        if (path->links[path->order[i]].issuer == anchor->name_hash)
            return true;
    }
    return false;
}

bool leat_bearssl_path_fits(const struct bearssl_path *path, unsigned count, uint8_t path_max)
{
    unsigned authorities = 0;

    for (unsigned i = 1; i < count; i++) {
        const struct bearssl_link *link = &path->links[path->order[i]];

        authorities += link->subject != link->issuer;
    }
    return path_max == BEARSSL_PATH_ANY || authorities <= path_max;
}
