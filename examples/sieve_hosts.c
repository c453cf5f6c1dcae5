/* sieve_hosts.c -- see sieve_hosts.h. */
#include "sieve_hosts.h"

#include <limits.h>
#include <string.h>

enum {
    HOSTS_MAX = 256,
    NAME_TEXT_BYTES = 256, /* without escapes */
    HOST_TTL_S = 60        /* a new start may change it */
};

struct host {
    struct leat_dns_name name;
    struct leat_forwarder_own own;
};

static struct host hosts[HOSTS_MAX];
static unsigned host_count;
static uint64_t answered;

/* Adds the address of @len bytes; false: it is none, or the second one of its family. */
static bool add_address(struct host *host, const char *text, size_t len)
{
    char copy[LEAT_IP_TEXT_BYTES];
    struct leat_ip ip;
    bool *has;

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!leat_ip_parse(copy, &ip))
        return false;
    has = leat_ip_is_v4(ip) ? &host->own.has_ip4 : &host->own.has_ip6;
    if (*has)
        return false;
    *has = true;
    *(leat_ip_is_v4(ip) ? &host->own.ip4 : &host->own.ip6) = ip;
    return true;
}

/* The reason why "NAME=ADDRESSES" is refused, or NULL. */
static const char *add(const char *text)
{
    struct host *host = &hosts[host_count];
    const size_t name_len = strcspn(text, "=");
    char name[NAME_TEXT_BYTES];
    const char *at = text + name_len;

    if (host_count == HOSTS_MAX)
        return "too many words with host=";
    if (name_len >= sizeof name || *at != '=')
        return "host= has a name and its addresses, as host=a.home.arpa=192.168.1.9,fd00::9";
    memcpy(name, text, name_len);
    name[name_len] = '\0';
    *host = (struct host){.own = {.say = LEAT_FORWARDER_ADDRESS, .ttl_s = HOST_TTL_S}};
    if (name_len == 0 || leat_dns_name_parse(name, &host->name))
        return "host= has no legal name";
    while (*at != '\0') {
        const char *address = at + 1;

        at = address + strcspn(address, ",");
        if (!add_address(host, address, (size_t)(at - address)))
            return "host= has at most one address of each family, with a comma between them";
    }
    host_count++;
    return NULL;
}

bool hosts_word(const char *word, const char **wrong)
{
    static const char head[] = "host=";

    *wrong = NULL;
    if (strncmp(word, head, sizeof head - 1) != 0)
        return false;
    *wrong = add(word + sizeof head - 1);
    return true;
}

/* ---- names of addresses ---------------------------------------------------------------------- */

/* The value of a hexadecimal digit, at least 16 if it is none. */
static unsigned digit_of(uint8_t byte)
{
    const unsigned lower = byte | 0x20u;

    return byte >= '0' && byte <= '9' ? byte - 0u - '0' : lower >= 'a' ? lower - 'a' + 10u : 16u;
}

/* The number in @label, of at most @digits; UINT_MAX: it is none. "01" isn't one either. */
static unsigned number_of(const uint8_t *label, unsigned base, unsigned digits)
{
    unsigned number = 0;

    if (label[0] == 0 || label[0] > digits || (label[0] > 1 && label[1] == '0'))
        return UINT_MAX;
    for (unsigned i = 1; i <= label[0]; i++) {
        if (digit_of(label[i]) >= base)
            return UINT_MAX;
        number = number * base + digit_of(label[i]);
    }
    return number;
}

/* Reads @count labels, the last byte's or half byte's first; returns what is behind them, or NULL.
 */
static const uint8_t *read_labels(const uint8_t *at, struct leat_ip *ip, unsigned count, bool v4)
{
    for (unsigned i = count; i-- > 0; at += *at + 1) {
        const unsigned number = v4 ? number_of(at, 10, 3) : number_of(at, 16, 1);

        if (number > UINT8_MAX)
            return NULL;
        if (v4)
            ip->bytes[sizeof ip->bytes - 4 + i] = (uint8_t)number;
        else
            ip->bytes[i / 2] |= (uint8_t)(i % 2 == 0 ? number << 4 : number);
    }
    return at;
}

/* Reads a name in in-addr.arpa or ip6.arpa with all of its labels (RFC 1035 3.5, RFC 3596 2.5). */
static bool read_reverse(const struct leat_dns_name *name, struct leat_ip *ip)
{
    static const struct leat_dns_name ends[] = {{.len = 14, .wire = "\7in-addr\4arpa"},
                                                {.len = 10, .wire = "\3ip6\4arpa"}};

    for (unsigned i = 0; i < 2; i++) {
        const bool v4 = i == 0;
        struct leat_dns_name end;
        const uint8_t *at;

        *ip = v4 ? LEAT_IP4(0, 0, 0, 0) : LEAT_IP_ANY;
        if (name->len <= ends[i].len || (!v4 && name->len != 32 * 2 + ends[i].len))
            continue;
        at = read_labels(name->wire, ip, v4 ? 4 : 32, v4);
        if (!at || (size_t)(at - name->wire) + ends[i].len != name->len)
            continue;
        end.len = ends[i].len;
        memcpy(end.wire, at, end.len);
        if (leat_dns_name_equal(&end, &ends[i]))
            return true;
    }
    return false;
}

/* The first host with this address, or NULL. */
static const struct host *host_at(const struct leat_ip *ip)
{
    for (unsigned i = 0; i < host_count; i++) {
        const struct leat_forwarder_own *own = &hosts[i].own;

        if ((own->has_ip4 && leat_ip_equal(own->ip4, *ip)) ||
            (own->has_ip6 && leat_ip_equal(own->ip6, *ip)))
            return &hosts[i];
    }
    return NULL;
}

static bool answer_reverse(const struct leat_dns_name *name, struct leat_forwarder_own *own)
{
    const struct host *host;
    struct leat_ip ip;

    if (host_count == 0 || !read_reverse(name, &ip))
        return false;
    host = host_at(&ip);
    if (!host)
        return false;
    *own = (struct leat_forwarder_own){
        .say = LEAT_FORWARDER_TARGET, .target = &host->name, .ttl_s = HOST_TTL_S};
    answered++;
    return true;
}

/* ---- questions ------------------------------------------------------------------------------- */

bool hosts_answer(const struct leat_forwarder_question *question, struct leat_forwarder_own *own)
{
    if (question->name != question->asked) /* the target of an alias */
        return false;
    for (unsigned i = 0; i < host_count; i++) {
        if (leat_dns_name_equal(&hosts[i].name, question->name)) {
            *own = hosts[i].own;
            answered++;
            return true;
        }
    }
    return answer_reverse(question->name, own);
}

uint64_t hosts_answered(void)
{
    return answered;
}
