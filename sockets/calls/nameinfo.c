/* nameinfo.c -- getnameinfo(): addresses to names, and errors in words. */
#include "sockets/calls/inside.h"

#include <string.h>

enum {
    ARPA_BYTES = 80, /* 32 digits with dots, and "ip6.arpa." */
    KNOWN_FLAGS = LEAT_NI_NUMERICHOST | LEAT_NI_NUMERICSERV | LEAT_NI_NOFQDN | LEAT_NI_NAMEREQD |
                  LEAT_NI_DGRAM
};

/* A lookup that a task waits for. */
struct asked {
    struct ring waiters;
    struct leat_lookup *lookup; /* NULL: it is over */
    bool found;
    struct leat_dns_name name;
};

/* ---- PTR ------------------------------------------------------------------------------------ */

static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct leat_dns_record record;
    struct asked *asked = arg;
    size_t cursor = 0;

    asked->lookup = NULL;
    while (!err && !asked->found && leat_dns_result_next(result, &cursor, &record))
        asked->found = leat_dns_record_target(&record, &asked->name);
    sockets_wake(&asked->waiters);
}

/* The name that has the names of an address: RFC 1035 3.5, RFC 3596 2.5. */
static void arpa_of(struct leat_ip ip, char text[ARPA_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    const bool v4 = leat_ip_is_v4(ip);
    const char *ending = v4 ? "in-addr.arpa." : "ip6.arpa.";
    size_t at = 0;

    for (unsigned i = 16; i-- > (v4 ? 12u : 0u);) {
        const uint8_t byte = ip.bytes[i];

        if (v4) {
            if (byte >= 100)
                text[at++] = digits[byte / 100];
            if (byte >= 10)
                text[at++] = digits[byte / 10 % 10];
            text[at++] = digits[byte % 10];
        } else {
            text[at++] = digits[byte & 15];
            text[at++] = '.';
            text[at++] = digits[byte >> 4];
        }
        text[at++] = '.';
    }
    while ((text[at] = *ending++))
        at++;
}

/* Asks for the name of @ip. Returns its length without the final dot; 0: there is none. */
static __attribute__((noinline)) size_t ask(struct leat_sockets *sockets, struct leat_ip ip,
                                            char *text, size_t bytes)
{
    const uint64_t deadline_ns = service_now_ns(sockets->stack) + sockets->config.resolve_ns;
    struct asked asked = {.lookup = NULL};
    char arpa[ARPA_BYTES];
    size_t len = 0;
    int error = 0;

    arpa_of(ip, arpa);
    ring_init(&asked.waiters);
    if (!sockets->config.resolver || !leat_task_running(sockets->tasks) ||
        leat_dns_name_parse(arpa, &asked.name) ||
        leat_lookup_start(sockets->config.resolver, &asked.name, LEAT_DNS_PTR, on_done, &asked,
                          &asked.lookup))
        return 0;
    while (asked.lookup && !error)
        error = sockets_wait(sockets, &asked.waiters, deadline_ns);
    /* a callback after the return would write into a stack frame that is gone */
    if (asked.lookup)
        leat_lookup_cancel(asked.lookup);
    if (asked.found)
        len = leat_dns_name_format(&asked.name, text, bytes);
    if (len == 0 || len >= bytes)
        return len;
    if (text[len - 1] == '.')
        text[--len] = '\0';
    return len;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static size_t decimal(uint32_t number, char *text)
{
    char digits[10];
    size_t count = 0, at = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        text[at++] = digits[--count];
    text[at] = '\0';
    return at;
}

static int copy(const char *from, size_t len, char *to, uint32_t bytes)
{
    if (len >= bytes)
        return LEAT_EAI_OVERFLOW;
    memcpy(to, from, len);
    to[len] = '\0';
    return 0;
}

static int number_of(const struct leat_endpoint *end, bool as_v6, char *node, uint32_t bytes)
{
    char text[LEAT_IP_TEXT_BYTES + 12] = "::ffff:";
    const size_t mapped = as_v6 && leat_ip_is_v4(end->ip) ? 7 : 0;
    char plain[LEAT_IP_TEXT_BYTES];
    size_t len = leat_ip_format(end->ip, plain);

    memcpy(text + mapped, plain, len);
    len += mapped;
    if (end->zone > 0) {
        text[len++] = '%';
        len += decimal(end->zone, text + len);
    }
    return copy(text, len, node, bytes);
}

/* ---- the call ------------------------------------------------------------------------------- */

static int node_of(struct leat_sockets *sockets, const struct leat_endpoint *end, bool as_v6,
                   char *node, uint32_t bytes, int flags)
{
    const size_t len = flags & LEAT_NI_NUMERICHOST ? 0 : ask(sockets, end->ip, node, bytes);

    if (len > 0)
        return len < bytes ? 0 : LEAT_EAI_OVERFLOW;
    return flags & LEAT_NI_NAMEREQD ? LEAT_EAI_NONAME : number_of(end, as_v6, node, bytes);
}

static int service_of(uint16_t port, char *service, uint32_t bytes, int flags)
{
    const char *name =
        flags & LEAT_NI_NUMERICSERV ? NULL : service_name(port, (flags & LEAT_NI_DGRAM) != 0);
    char text[12];
    size_t len = 0;

    if (!name)
        return copy(text, decimal(port, text), service, bytes);
    while (name[len])
        len++;
    return copy(name, len, service, bytes);
}

int leat_bsd_getnameinfo(struct leat_sockets *sockets, const void *address, uint32_t len,
                         char *node, uint32_t node_bytes, char *service, uint32_t service_bytes,
                         int flags)
{
    const int family = address_family(address, len);
    const bool as_v6 = family == LEAT_AF_INET6;
    struct leat_endpoint end;
    int error = 0;

    if (flags & ~KNOWN_FLAGS)
        return LEAT_EAI_BADFLAGS;
    if ((!node || node_bytes == 0) && (!service || service_bytes == 0))
        return LEAT_EAI_NONAME;
    if (family < 0 || address_read(as_v6, address, len, &end))
        return LEAT_EAI_FAMILY;
    if (node && node_bytes > 0)
        error = node_of(sockets, &end, as_v6, node, node_bytes, flags);
    if (!error && service && service_bytes > 0)
        error = service_of(end.port, service, service_bytes, flags);
    return error;
}

const char *leat_bsd_gai_text(int error)
{
    static const char *const texts[] = {
        "success",
        "unknown flags",
        "there is no such name or service",
        "the name servers don't answer; try again later",
        "names can't be resolved",
        "the name has no address of this family",
        "this family of addresses is not supported",
        "this type of socket is not supported",
        "the service is unknown for this type of socket",
        "the address is of another family",
        "there is too little memory",
        "a system error",
        "the room for the name is too small",
    };

    if (error > 0 || error < LEAT_EAI_OVERFLOW)
        return "an unknown error";
    return texts[-error];
}
