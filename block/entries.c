/* entries.c -- the names of a store, and where their records are. */
#include <leat/assert.h>

#include <string.h>

#include "block/log.h"

struct leat_store_entry *entry_find(const struct leat_store *store, const char *name)
{
    for (uint32_t i = 0; i < store->names; i++) {
        /* both end with zeros, which are compared as well */
        if (memcmp(store->entries[i].name, name, sizeof store->entries[i].name) == 0)
            return &store->entries[i];
    }
    return 0;
}

struct leat_store_entry *entry_free(const struct leat_store *store)
{
    for (uint32_t i = 0; i < store->names; i++) {
        if (!store->entries[i].name[0])
            return &store->entries[i];
    }
    return 0;
}

struct leat_store_entry *entry_oldest(const struct leat_store *store,
                                      const struct leat_store_entry *except)
{
    struct leat_store_entry *oldest = 0;

    for (uint32_t i = 0; i < store->names; i++) {
        struct leat_store_entry *entry = &store->entries[i];

        if (entry->name[0] && entry != except && (!oldest || entry->sequence < oldest->sequence))
            oldest = entry;
    }
    return oldest;
}

uint32_t entry_sectors(const struct leat_store *store, const struct leat_store_entry *entry)
{
    return record_sectors(store->sector_bytes, entry->len);
}

uint32_t entry_sectors_max(const struct leat_store *store)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < store->names; i++) {
        const uint32_t sectors = entry_sectors(store, &store->entries[i]);

        if (store->entries[i].name[0] && sectors > most)
            most = sectors;
    }
    return most;
}

void entry_drop(struct leat_store *store, struct leat_store_entry *entry)
{
    if (!entry)
        return;
    leat_assert(store->valid >= entry_sectors(store, entry));
    store->valid -= entry_sectors(store, entry);
    memset(entry, 0, sizeof *entry);
}

bool entry_apply(struct leat_store *store, const struct record *record, uint32_t sector)
{
    struct leat_store_entry *entry = entry_find(store, record->name);

    entry_drop(store, entry);
    if (record->kind == RECORD_DELETE)
        return true;
    entry = entry_free(store);
    if (!entry)
        return false;
    memcpy(entry->name, record->name, sizeof entry->name);
    entry->sequence = record->sequence;
    entry->sector = sector;
    entry->len = record->len;
    store->valid += entry_sectors(store, entry);
    return true;
}

const struct leat_store_entry *leat_store_next(const struct leat_store *store, uint32_t *cursor)
{
    while (store->is_mounted && *cursor < store->names) {
        const struct leat_store_entry *entry = &store->entries[(*cursor)++];

        if (entry->name[0])
            return entry;
    }
    return 0;
}
