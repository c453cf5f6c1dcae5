/*
 * dns_kept.c -- see dns_kept.h.
 *
 * The store has blocks, "dns/cache-0" and so on, each of which leat_resolver_load() can read
 * without the others.  The first has the newest answers.  It is read last, so that they are the
 * newest ones again.  The cache is written only at the end of a run: it may change with each
 * question, and a disk wears.  A power cut leaves the blocks of an earlier end, whose answers have
 * expired by then, or are still right.
 */
#include "dns_kept.h"

#include <stdio.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/store.h>

enum {
    BLOCKS = 32,
    BLOCK_BYTES = 8192,
    BLOCK_SECTORS = 16, /* of 512 bytes; there are fewer of larger ones */
    NAME_BYTES = LEAT_STORE_NAME_BYTES + 1
};

static struct {
    struct leat_platform *platform;
    struct leat_resolver *resolver; /* NULL: nothing is kept */
    unsigned left;                  /* blocks that aren't read yet */
    bool is_reading;
    bool is_failed; /* a write: it was told */
    uint32_t taken;
    struct leat_store_request requests[BLOCKS];
} kept;

static uint8_t blocks[BLOCKS][BLOCK_BYTES];

static void name_of(unsigned block, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "dns/cache-%u", block);
}

static bool is_there(const struct leat_store *store, const char *name)
{
    const struct leat_store_entry *entry;
    uint32_t cursor = 0;

    while ((entry = leat_store_next(store, &cursor)) != NULL) {
        if (strcmp(entry->name, name) == 0)
            return true;
    }
    return false;
}

static void say(const char *what, const char *why)
{
    char line[160];

    snprintf(line, sizeof line, "%s: %.80s%.60s", example.name, what, why);
    kept.platform->say(kept.platform, line);
}

/* ---- the start */

static void read_next(void);

static void on_got(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    (void)store;
    (void)arg;
    kept.is_reading = false;
    if (err == LEAT_ERR_CLOSED)
        return;
    if (!err)
        kept.taken += leat_resolver_load(kept.resolver, blocks[0], request->len);
    read_next();
}

/* Reads the last block that isn't read yet. */
static void read_next(void)
{
    char name[NAME_BYTES];

    while (kept.left > 0) {
        name_of(--kept.left, name);
        if (!is_there(kept.platform->store, name))
            continue;
        kept.is_reading = !leat_store_get(kept.platform->store, &kept.requests[0], name, blocks[0],
                                          sizeof blocks[0], on_got, NULL);
        if (kept.is_reading)
            return;
    }
    if (kept.taken > 0) {
        char number[16];

        snprintf(number, sizeof number, "%lu", (unsigned long)kept.taken);
        say("answers of the last run that are in the cache: ", number);
    }
}

void dns_kept_take(struct leat_platform *platform, struct leat_resolver *resolver)
{
    if (!platform->store)
        return;
    kept.platform = platform;
    kept.resolver = resolver;
    if (leat_civil_ns(platform->stack) == 0)
        leat_civil_from_host(platform->stack, platform->host);
    /* how long the machine was off is then unknown, too */
    if (leat_civil_ns(platform->stack) == 0 || platform->time_is_old) {
        say("the time is unknown, so the cache of the last run is not used", "");
        return;
    }
    kept.left = BLOCKS;
    read_next();
}

/* ---- the end */

static void on_written(struct leat_store *store, struct leat_store_request *request,
                       enum leat_err err, void *arg)
{
    (void)store;
    (void)request;
    (void)arg;
    if (err && !kept.is_failed)
        say("the cache is not kept: ", leat_err_text(err));
    kept.is_failed |= err != LEAT_OK;
}

/* Blocks that take no more than about half of the store; none of the smallest one. */
static unsigned blocks_max(const struct leat_store_info *info)
{
    const uint32_t most = info->sectors / (2 * BLOCK_SECTORS);

    return most <= 1 ? 0 : most < BLOCKS ? most : BLOCKS;
}

void dns_kept_keep(struct leat_platform *platform)
{
    struct leat_store_info info;
    uint32_t saved = 0;
    char name[NAME_BYTES];

    /* Without the time nothing could be written, and the blocks of an earlier run stay. */
    if (!kept.resolver || !platform->store || kept.is_reading ||
        leat_civil_ns(platform->stack) == 0)
        return;
    leat_store_get_info(platform->store, &info);
    for (unsigned block = 0; block < BLOCKS; block++) {
        const size_t room = info.value_max < BLOCK_BYTES ? info.value_max : BLOCK_BYTES;
        const size_t len = block < blocks_max(&info)
                               ? leat_resolver_save(kept.resolver, &saved, blocks[block], room)
                               : 0;

        name_of(block, name);
        if (len > 0)
            (void)leat_store_put(platform->store, &kept.requests[block], name, blocks[block], len,
                                 on_written, NULL);
        else if (is_there(platform->store, name)) /* more were kept at an earlier end */
            (void)leat_store_delete(platform->store, &kept.requests[block], name, on_written, NULL);
    }
}
