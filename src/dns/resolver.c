/* resolver.c -- a resolver's memory, its defaults, its end; what it does is in lookup.c. */
#include <leat/resolver.h>

#include <string.h>

#include "dns/lookup.h"

enum {
    ROUNDS_MAX = 16,
    ALIGN = 16
};

static struct leat_resolver_config with_defaults(const struct leat_resolver_config *given)
{
    struct leat_resolver_config config = *given;

    for (unsigned i = 0; i < LEAT_RESOLVER_SERVERS_MAX; i++) {
        if (config.servers[i].port == 0)
            config.servers[i].port = LEAT_DNS_PORT;
    }
    if (config.rounds == 0)
        config.rounds = 3;
    if (config.lookups == 0)
        config.lookups = 16;
    if (config.answer_bytes == 0)
        config.answer_bytes = 4096;
    if (config.timeout_ns == 0)
        config.timeout_ns = UINT64_C(2000000000);
    return config;
}

static size_t message_bytes(const struct leat_resolver_config *config)
{
    return (size_t)LOOKUP_LENGTH_BYTES + config->answer_bytes;
}

size_t leat_resolver_memory_bytes(const struct leat_resolver_config *config)
{
    const struct leat_resolver_config full = with_defaults(config);

    return ALIGN + sizeof(struct leat_resolver) +
           full.lookups * (sizeof(struct leat_lookup) + message_bytes(&full));
}

_Static_assert(sizeof(struct leat_resolver) % _Alignof(struct leat_lookup) == 0,
               "lookups lie right behind their resolver");

enum leat_err leat_resolver_open(struct leat_resolver **resolver, struct leat *stack, void *memory,
                                 size_t bytes, const struct leat_resolver_config *config)
{
    const struct leat_resolver_config full = with_defaults(config);
    uint8_t *block = memory;
    struct leat_resolver *made;

    if (full.server_count == 0 || full.server_count > LEAT_RESOLVER_SERVERS_MAX ||
        full.rounds > ROUNDS_MAX || full.answer_bytes < LEAT_DNS_UDP_BYTES)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_resolver_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_resolver *)(void *)block;
    memset(made, 0, sizeof *made);
    made->config = full;
    made->stack = stack;
    made->lookups = (struct leat_lookup *)(void *)(block + sizeof *made);
    memset(made->lookups, 0, full.lookups * sizeof *made->lookups);
    block = (uint8_t *)(made->lookups + full.lookups);
    for (unsigned i = 0; i < full.lookups; i++)
        made->lookups[i].message = block + i * message_bytes(&full);
    *resolver = made;
    return LEAT_OK;
}

void leat_resolver_close(struct leat_resolver *resolver)
{
    for (unsigned i = 0; i < resolver->config.lookups; i++) {
        if (resolver->lookups[i].on_done)
            leat_lookup_cancel(&resolver->lookups[i]);
    }
}

const struct leat_resolver_counts *leat_resolver_counts(const struct leat_resolver *resolver)
{
    return &resolver->counts;
}
