/*
 * keep.h -- the values that leat_main() keeps from one run to the next, in the store of --store.
 *
 * Each value has a version before its bytes.  One of another version or length is ignored, with a
 * line, and replaced when there is a new value.  docs/storage.md has the list of the names.
 */
#ifndef KEEP_H
#define KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/autoconf.h>
#include <leat/block.h>
#include <leat/ipv6.h>
#include <leat/main.h>
#include <leat/store.h>

#include "keep_runs.h"
#include "options.h"

enum keep_value {
    KEEP_LEASE,
    KEEP_MAC,
    KEEP_SECRET, /* of IPv6 addresses */
    KEEP_ENTROPY,
    KEEP_GENERATION, /* the id of the machine's, where it has one */
    KEEP_RUNS,       /* keep_runs.h */
    KEEP_VALUES
};

enum {
    KEEP_NAMES = 64,               /* of leat_main() and the program together */
    KEEP_RECORD_BYTES = 8192,      /* a chain of certificates fits */
    KEEP_STORE_BYTES = 256 * 1024, /* of a new file; of a device that the program has a part of */
    KEEP_SECTOR_MAX = KEEP_RECORD_BYTES,             /* bytes; larger sectors are refused */
    KEEP_LEASE_BYTES = 6 + LEAT_AUTOCONF_KEPT_BYTES, /* our MAC address, and both addresses */
    KEEP_GENERATION_BYTES = 16,
    KEEP_RUNS_BYTES = 32,
    KEEP_BYTES_MAX = 1 + KEEP_LEASE_BYTES, /* of a value, with its version */
    KEEP_LINE_BYTES = 360,
    KEEP_MEMORY_BYTES = 8 + KEEP_NAMES * (int)sizeof(struct leat_store_entry) + KEEP_RECORD_BYTES
};

/* A value of leat_main(). */
struct keep_slot {
    struct keep *keep;
    struct leat_store_request request;
    uint8_t bytes[KEEP_BYTES_MAX];   /* the version, and the value as it is now */
    uint8_t written[KEEP_BYTES_MAX]; /* being written */
    bool has_value;
    bool is_busy;   /* with the store */
    bool is_newer;  /* the value has changed meanwhile */
    bool is_failed; /* the last access */
};

struct keep {
    struct leat_platform *platform;
    const char *program; /* its name, for messages */
    const char *path;    /* of --store */
    /* The reason of the device's last failure in words, or NULL or "". */
    const char *(*device_why)(const struct leat_block_device *device);
    struct leat_block_device *device;
    bool has_area; /* the program has the sectors behind KEEP_STORE_BYTES */
    struct leat_block block;
    struct leat_store store;
    struct leat_store_request fence; /* ends when all earlier requests have */
    struct keep_slot slots[KEEP_VALUES];
    struct keep_runs runs;
    enum leat_err mount_err;
    bool is_waiting; /* for the mount, or the fence */
    bool is_mounted;
    char line[KEEP_LINE_BYTES];
    uint8_t memory[KEEP_MEMORY_BYTES];
};

/* Mounts the store on keep->device, and reads the values, before a netif is attached: it polls the
 * stack until that is done, ten seconds at most.  The members up to keep->has_area are set.  Then
 * keep->platform->store is the store.  Returns NULL, or why not, in keep->line. */
const char *keep_open(struct keep *keep, const struct options *options);

/* Waits until all values are written, five seconds at most, and closes the device.  Nothing happens
 * if it wasn't opened. */
void keep_close(struct keep *keep);

/* The bytes of a value; NULL: there is none, or @keep is NULL. */
const uint8_t *keep_get(const struct keep *keep, enum keep_value value);

/* Writes a value that has changed; a failure is told.  Nothing happens if @keep is NULL. */
void keep_put(struct keep *keep, enum keep_value value, const void *bytes);

/* Mixes the entropy of the run before into the stack's seed, which is @seed; that is then the new
 * one.  The entropy is replaced first, so a copy of the disk isn't used twice.  If it can't be
 * replaced, it isn't used. */
void keep_mix(struct keep *keep, uint8_t seed[LEAT_SEED_BYTES]);

/* Adds numbers of the stack's to @bytes of the machine's entropy. */
void keep_stir(struct keep *keep, uint8_t *bytes, size_t len);

/* The addresses that the last run with the address @mac had, for leat_autoconf_config.kept; NULL:
 * there are none. */
const uint8_t *keep_kept(const struct keep *keep, const struct leat_mac *mac);

/* Writes the addresses of @autoconf, if they have changed.  Those of a family without a lease stay.
 */
void keep_lease(struct keep *keep, const struct leat_mac *mac,
                const struct leat_autoconf *autoconf);

/* Copies the secret of IPv6 addresses, which is drawn in the first run; all zero without a store.
 */
void keep_secret(struct keep *keep, uint8_t secret[LEAT_IPV6_SECRET_BYTES]);

/* The MAC address of the runs before, or one that is drawn now; @keep is not NULL. */
struct leat_mac keep_mac(struct keep *keep);

#endif
