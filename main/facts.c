/* facts.c -- see facts.h. */
#include "facts.h"

#include <stdio.h>
#include <string.h>

#include <leat/addr.h>

#include "yaml.h"

enum {
    VALUE_BYTES = 64 /* with its NUL */
};

static bool fail(struct facts *facts, const char *file, const struct yaml *yaml, const char *why)
{
    snprintf(facts->why, sizeof facts->why, "%s:%u: %.110s", file, (unsigned)yaml->line, why);
    return false;
}

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(".:/-_", c));
}

bool facts_add(struct facts *facts, const char *name, const char *value, size_t len)
{
    int wrote;

    for (size_t i = 0; i < len; i++) {
        if (is_safe(value[i]))
            continue;
        snprintf(facts->why, sizeof facts->why,
                 "the metadata's %s has a character that can't be there", name);
        return false;
    }
    wrote = len < FACTS_BYTES ? snprintf(facts->text + facts->len, sizeof facts->text - facts->len,
                                         "%s = %.*s\n", name, (int)len, value)
                              : FACTS_BYTES;
    if (len == 0 || wrote < 0 || (size_t)wrote >= sizeof facts->text - facts->len) {
        snprintf(facts->why, sizeof facts->why, "the metadata's %s is %s", name,
                 len == 0 ? "empty" : "too long");
        return false;
    }
    facts->len += (size_t)wrote;
    return true;
}

/* The ones at the front of a netmask; 33: it is none. */
static unsigned mask_bits(const char *netmask)
{
    struct leat_ip ip;
    uint32_t mask;
    unsigned bits = 0;

    if (!leat_ip_parse(netmask, &ip) || !leat_ip_is_v4(ip))
        return 33;
    mask = leat_ip_v4_number(ip);
    while (bits < 32 && mask >> (31 - bits) & 1)
        bits++;
    return bits == 32 || mask << bits == 0 ? bits : 33;
}

bool facts_add_address(struct facts *facts, const char *address, const char *netmask)
{
    const char *name = strchr(address, ':') ? "ip6" : "ip";
    char text[2 * VALUE_BYTES];
    unsigned bits;

    if (!netmask[0] || strchr(address, '/'))
        return facts_add(facts, name, address, strlen(address));
    bits = strchr(netmask, '.') ? mask_bits(netmask) : 0;
    if (bits > 32) {
        snprintf(facts->why, sizeof facts->why, "the metadata's netmask %.40s can't be", netmask);
        return false;
    }
    if (strchr(netmask, '.'))
        snprintf(text, sizeof text, "%.60s/%u", address, bits);
    else
        snprintf(text, sizeof text, "%.60s/%.60s", address, netmask);
    return facts_add(facts, name, text, strlen(text));
}

bool facts_read_names(struct facts *facts, const char *text, size_t len)
{
    struct yaml yaml = {.at = text, .end = text + len};
    bool is_named = false;

    while (yaml_next(&yaml)) {
        if (is_named || !(yaml_is(&yaml, "local-hostname") || yaml_is(&yaml, "hostname")))
            continue;
        if (!facts_add(facts, "host-name", yaml.word, yaml.word_len))
            return false;
        is_named = true;
    }
    return !yaml.why || fail(facts, "meta-data", &yaml, yaml.why);
}

/* ---- network-config */

enum slot {
    SLOT_ADDRESS, /* of a group, as the next two */
    SLOT_NETMASK,
    SLOT_ROUTER,
    SLOT_TO, /* of a route */
    SLOTS,
    SLOT_OWN_ADDRESS, /* without a group, as the next ones */
    SLOT_OWN_ROUTER,
    SLOT_SERVER,
    SLOT_MTU
};

enum {
    NO_INTERFACE = 0,
    INTERFACE = 1, /* the level that has it */
    GROUP = 3      /* the same */
};

/* Both versions.  Words of other interfaces than the first are left out. */
static const struct {
    const char *path;
    uint8_t slot;
    uint8_t interface;
} paths[] = {
    {"ethernets/?/addresses/-", SLOT_OWN_ADDRESS, INTERFACE},
    {"ethernets/?/gateway4", SLOT_OWN_ROUTER, INTERFACE},
    {"ethernets/?/gateway6", SLOT_OWN_ROUTER, INTERFACE},
    {"ethernets/?/routes/-/to", SLOT_TO, INTERFACE},
    {"ethernets/?/routes/-/via", SLOT_ROUTER, INTERFACE},
    {"ethernets/?/nameservers/addresses/-", SLOT_SERVER, INTERFACE},
    {"ethernets/?/mtu", SLOT_MTU, INTERFACE},
    {"config/-/subnets/-/address", SLOT_ADDRESS, INTERFACE},
    {"config/-/subnets/-/netmask", SLOT_NETMASK, INTERFACE},
    {"config/-/subnets/-/gateway", SLOT_ROUTER, INTERFACE},
    {"config/-/subnets/-/dns_nameservers/-", SLOT_SERVER, INTERFACE},
    {"config/-/mtu", SLOT_MTU, INTERFACE},
    {"config/-/address", SLOT_SERVER, NO_INTERFACE}, /* of a name server */
    {"config/-/address/-", SLOT_SERVER, NO_INTERFACE},
};

struct network {
    struct facts *facts;
    struct yaml yaml;
    uint32_t interface; /* the number of the first; 0: none was seen */
    uint32_t group;     /* of the subnet or route; 0: none */
    char slots[SLOTS][VALUE_BYTES];
    bool has_router, has_router6, has_server;
};

/* Adds a router, if it is the first of its family. */
static bool add_router(struct network *network, const char *router)
{
    const bool is_v6 = strchr(router, ':') != NULL;
    bool *has = is_v6 ? &network->has_router6 : &network->has_router;

    if (*has)
        return true;
    *has = true;
    return facts_add(network->facts, is_v6 ? "ip6-gateway" : "gateway", router, strlen(router));
}

static bool is_default(const char *to)
{
    return !to[0] || strcmp(to, "default") == 0 || strcmp(to, "0.0.0.0/0") == 0 ||
           strcmp(to, "::/0") == 0;
}

/* A subnet or a route is complete. */
static bool end_group(struct network *network)
{
    char(*slots)[VALUE_BYTES] = network->slots;

    if (slots[SLOT_ADDRESS][0] &&
        !facts_add_address(network->facts, slots[SLOT_ADDRESS], slots[SLOT_NETMASK]))
        return false;
    if (slots[SLOT_ROUTER][0] && is_default(slots[SLOT_TO]) &&
        !add_router(network, slots[SLOT_ROUTER]))
        return false;
    memset(network->slots, 0, sizeof network->slots);
    return true;
}

static bool take_alone(struct network *network, unsigned slot, const char *word)
{
    if (slot == SLOT_OWN_ADDRESS)
        return facts_add_address(network->facts, word, "");
    if (slot == SLOT_OWN_ROUTER)
        return add_router(network, word);
    if (slot == SLOT_MTU)
        return facts_add(network->facts, "mtu", word, strlen(word));
    if (network->has_server)
        return true;
    network->has_server = true;
    return facts_add(network->facts, "server", word, strlen(word));
}

/* Takes the word that path @i leads to, with @more levels before those of the path. */
static bool take(struct network *network, unsigned i, uint32_t more)
{
    const struct yaml *yaml = &network->yaml;
    const uint32_t interface = yaml_number(yaml, more + INTERFACE);
    const uint32_t group = yaml_number(yaml, more + GROUP);
    char word[VALUE_BYTES];

    if (paths[i].interface) {
        if (network->interface == 0)
            network->interface = interface;
        if (network->interface != interface)
            return true;
    }
    snprintf(word, sizeof word, "%.*s", (int)(yaml->word_len < VALUE_BYTES ? yaml->word_len : 0),
             yaml->word);
    if (!word[0])
        return fail(network->facts, "network-config", yaml, "a word is empty or too long");
    if (paths[i].slot > SLOTS)
        return take_alone(network, paths[i].slot, word);
    if (group != network->group && !end_group(network))
        return false;
    network->group = group;
    memcpy(network->slots[paths[i].slot], word, sizeof word);
    return true;
}

/* True if the path of the word is @path, perhaps below "network". */
static bool leads_to(const struct yaml *yaml, const char *path, uint32_t *more)
{
    char below[VALUE_BYTES];

    *more = 0;
    if (yaml_is(yaml, path))
        return true;
    *more = 1;
    snprintf(below, sizeof below, "network/%s", path);
    return yaml_is(yaml, below);
}

bool facts_read_network(struct facts *facts, const char *text, size_t len)
{
    static struct network network; /* large for a frame */

    memset(&network, 0, sizeof network);
    network.facts = facts;
    network.yaml.at = text;
    network.yaml.end = text + len;
    while (yaml_next(&network.yaml)) {
        for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
            uint32_t more;

            if (!leads_to(&network.yaml, paths[i].path, &more))
                continue;
            if (!take(&network, i, more))
                return false;
            break;
        }
    }
    if (network.yaml.why)
        return fail(facts, "network-config", &network.yaml, network.yaml.why);
    return end_group(&network);
}
