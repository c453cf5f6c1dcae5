/* sieve_hosts.c -- see sieve_hosts.h. */
#include "sieve_hosts.h"

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
    return false;
}

uint64_t hosts_answered(void)
{
    return answered;
}
