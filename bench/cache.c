/*
 * cache.c -- one lookup in a resolver's cache, for an instruction counter to look at.
 *
 * usage: cache NAMES LOOKUPS
 *
 * Puts NAMES names with an A record each into a cache of 12 MiB, and looks up LOOKUPS of them, in
 * an order that defeats the processor's caches.  With NAMES 0 all lookups fail.  The difference of
 * two runs that differ in LOOKUPS is the cost of lookups (bench/names.py).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dns/cache.h"

enum {
    CACHE_BYTES = 12 << 20,
    RECORD_BYTES = 16, /* of an A record behind a compressed owner */
    KEYS = 100000
};

static _Alignas(8) uint8_t memory[CACHE_BYTES];
static struct cache cache;

/* "n12345.example.test" */
static void make_key(struct cache_key *key, unsigned number)
{
    uint8_t name[32] = {6, 'n'};

    for (unsigned i = 6; i > 1; i--) {
        name[i] = (uint8_t)('0' + number % 10);
        number /= 10;
    }
    memcpy(name + 7, "\7example\4test", 14);
    cache_key_make(&cache, key, name, 21, LEAT_DNS_A);
}

int main(int argc, char **argv)
{
    static const struct siphash_key secret = {1, 2};
    static const uint8_t record[RECORD_BYTES] = {0xc0, 12, 0, 1, 0, 1};
    const struct dns_kept kept = {
        .records = record, .records_len = sizeof record, .ttl_s = 3600, .answers = 1};
    struct cache_key key;
    unsigned names, lookups, found = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: cache NAMES LOOKUPS\n");
        return 2;
    }
    names = (unsigned)strtoul(argv[1], NULL, 10);
    lookups = (unsigned)strtoul(argv[2], NULL, 10);
    if (names > KEYS)
        return 2;
    cache_init(&cache, memory, sizeof memory, &secret);
    for (unsigned i = 0; i < names; i++) {
        make_key(&key, i);
        cache_put(&cache, &key, &kept, 0);
    }
    for (unsigned i = 0; i < lookups; i++) {
        make_key(&key, (unsigned)(i * 7919ull % KEYS));
        found += cache_find(&cache, &key, 1) != NULL;
    }
    printf("%u names in the cache, %u of %u found\n", cache.count, found, lookups);
    return 0;
}
