/*
 * targets.c -- turns the program's host into names to look up.
 *
 * connect_names_begin() finds out whether the host needs a name server at all. If it does,
 * connect_names_next() makes one candidate after another: the name as it is, and the name below
 * each domain of the search list.
 */
#include <string.h>

#include "proto/connect/connect.h"

#include "core/assert.h"

enum {
    NDOTS = 1
};

/* True if @label is the last label of the name, in any case. */
static bool ends_with(const struct leat_dns_name *name, const char *label)
{
    unsigned at = 0, last = 0;
    unsigned i = 0;

    while (name->wire[at] != 0) {
        last = at;
        at += name->wire[at] + 1u;
    }
    while (i < name->wire[last] && label[i] &&
           connect_lower((char)name->wire[last + 1 + i]) == label[i])
        i++;
    return i == name->wire[last] && !label[i];
}

enum leat_err connect_names_begin(struct leat_connecting *connecting)
{
    const struct leat_ip itself[] = {LEAT_IP4_INIT(127, 0, 0, 1), {{[15] = 1}}};
    struct leat_ip ip;
    enum leat_err err;

    if (leat_ip_parse(connecting->host, &ip)) {
        connect_add(connecting, ip);
        return connecting->try_count > 0 ? LEAT_OK : LEAT_ERR_FAMILY;
    }
    err = leat_dns_name_parse(connecting->host, &connecting->host_name);
    if (err || connecting->host_name.len == 1) /* the root is no host */
        return LEAT_ERR_FORMAT;
    /* RFC 6761 6.3: such names never go to a server, whose answer could lead elsewhere. */
    if (ends_with(&connecting->host_name, "localhost")) {
        connect_add(connecting, itself[0]);
        connect_add(connecting, itself[1]);
        return LEAT_OK;
    }
    /* RFC 6762 3: these names belong to multicast DNS. A server on the Internet doesn't know them,
     * and need not see them. */
    if (ends_with(&connecting->host_name, "local"))
        return LEAT_ERR_REFUSED;
    if (connect_hosts_find(connecting))
        return connecting->try_count > 0 ? LEAT_OK : LEAT_ERR_FAMILY;
    connecting->asks = connecting->config->resolver != NULL;
    return connecting->asks ? LEAT_OK : LEAT_ERR_NOT_FOUND;
}

/* Domain number @index of the search list, as text of @len bytes; NULL: the list is shorter. */
static const char *domain(const char *search, unsigned index, size_t *len)
{
    while (search && *search) {
        *len = connect_word(search);
        if (*len > 0 && index-- == 0)
            return search;
        search += *len > 0 ? *len : 1;
    }
    return NULL;
}

/* Sets connecting->name to the host below a domain; false: that makes no legal name. */
static bool join(struct leat_connecting *connecting, const char *text, size_t len)
{
    const struct leat_dns_name *host = &connecting->host_name;
    struct leat_dns_name *name = &connecting->name;
    char domain_text[LEAT_CONNECT_HOST_BYTES] = "";
    const size_t front = host->len - 1u; /* without the root */

    if (len >= sizeof domain_text)
        return false;
    memcpy(domain_text, text, len);
    if (leat_dns_name_parse(domain_text, name) || front + name->len > LEAT_DNS_NAME_BYTES)
        return false;
    /* The domain moves back, with its root, and the labels of the host go in front. */
    memmove(name->wire + front, name->wire, name->len);
    memcpy(name->wire, host->wire, front);
    name->len = (uint8_t)(front + name->len);
    return true;
}

/* Makes candidate number @index; false: there are fewer. @fits: the candidate is a legal name. */
static bool make_candidate(struct leat_connecting *connecting, unsigned index, bool *fits)
{
    const char *search = connecting->config->search;
    const unsigned ndots = connecting->config->ndots ? connecting->config->ndots : NDOTS;
    unsigned dots = 0, domains = 0, as_it_is;
    size_t len = 0;

    for (const char *c = connecting->host; *c; c++) {
        dots += *c == '.';
        if (*c == '.' && !c[1])
            search = NULL; /* absolute */
    }
    while (domain(search, domains, &len))
        domains++;
    /* resolv.conf(5), ndots: with enough dots the name itself is tried first, otherwise last. */
    as_it_is = dots >= ndots ? 0 : domains;
    if (index > domains)
        return false;
    *fits = true;
    if (index == as_it_is) {
        connecting->name = connecting->host_name;
    } else {
        const char *text = domain(search, index - (as_it_is == 0), &len);

        leat_assert(text); /* the search list was counted before */
        *fits = join(connecting, text, len);
    }
    return true;
}

bool connect_names_next(struct leat_connecting *connecting)
{
    bool fits = false;

    while (!fits && make_candidate(connecting, connecting->candidate, &fits))
        connecting->candidate++;
    return fits;
}
