/*
 * keep.c -- see keep.h.
 *
 * At the start and at the end the loop of the program doesn't run, so these functions poll the
 * stack themselves. In between a value is written by requests, of which each slot has one.
 */
#include "keep.h"

#include <stdio.h>
#include <string.h>

enum {
    VERSION = 1, /* of each value */
    SILENCES = 6 /* a disk that goes on answering has so many times as long as one that doesn't */
};

static const uint64_t second_ns = 1000000000;
static const uint64_t open_ns = 10 * second_ns;
static const uint64_t close_ns = 5 * second_ns;

static const struct {
    const char *name;
    uint8_t len;
} values[KEEP_VALUES] = {
    [KEEP_LEASE] = {"leat/lease", KEEP_LEASE_BYTES},
    [KEEP_MAC] = {"leat/mac", sizeof(struct leat_mac)},
    [KEEP_SECRET] = {"leat/ipv6-secret", LEAT_IPV6_SECRET_BYTES},
    [KEEP_ENTROPY] = {"leat/entropy", LEAT_SEED_BYTES},
    [KEEP_GENERATION] = {"leat/generation", KEEP_GENERATION_BYTES},
    [KEEP_RUNS] = {"leat/runs", KEEP_RUNS_BYTES},
};

_Static_assert((int)LEAT_SEED_BYTES < (int)KEEP_BYTES_MAX, "all values fit");

static enum keep_value value_of(const struct keep_slot *slot)
{
    return (enum keep_value)(slot - slot->keep->slots);
}

/* ---- messages */

/* The error in words: the device's own, if it has some. */
static const char *reason(const struct keep *keep, enum leat_err err)
{
    const char *why = keep->device_why ? keep->device_why(keep->device) : NULL;

    if (err == LEAT_ERR_UNSUPPORTED)
        return "the disk is read-only";
    if (err == LEAT_ERR_FULL)
        return "there is no room";
    return err == LEAT_ERR_DEVICE && why && *why ? why : leat_err_text(err);
}

/* It is never inlined, so that its line isn't on the stack beside those of its callers. */
__attribute__((noinline)) static void tell(struct keep *keep, const char *what, const char *text)
{
    char line[OPTIONS_LINE_BYTES];

    snprintf(line, sizeof line, "%s: --store %.100s: %.60s%.120s", keep->program, keep->path, what,
             text);
    keep->platform->say(keep->platform, line);
}

static const char *complain(struct keep *keep, const char *text)
{
    snprintf(keep->line, sizeof keep->line, "--store %.120s: %.200s", keep->path, text);
    return keep->line;
}

static const char *mount_complaint(struct keep *keep, enum leat_err err)
{
    char text[OPTIONS_LINE_BYTES];

    if (err == LEAT_ERR_FORMAT)
        return complain(keep, "it has something else than a store, and stays as it is: give "
                              "another, or erase it by --store-format");
    if (err == LEAT_ERR_MEMORY)
        snprintf(text, sizeof text,
                 "it has more than %u values, or one of more than %u bytes, so another program "
                 "wrote it: give another",
                 (unsigned)KEEP_NAMES, (unsigned)KEEP_RECORD_BYTES);
    else
        snprintf(text, sizeof text, "it can't be used: %.150s%s", reason(keep, err),
                 err == LEAT_ERR_DEVICE ? ": look at the host's disk, or give another" : "");
    return complain(keep, text);
}

/* ---- waiting */

static uint64_t now_ns(const struct keep *keep)
{
    struct leat_host *host = keep->platform->host;

    return host->now_ns(host);
}

static bool is_busy(const struct keep *keep)
{
    bool busy = keep->is_waiting;

    for (unsigned i = 0; i < KEEP_VALUES; i++)
        busy |= keep->slots[i].is_busy;
    return busy;
}

/* A number that each answer of the disk changes. */
static uint64_t answers(const struct keep *keep)
{
    const struct leat_block_counters *counters = &keep->block.counters;

    return counters->sectors_read + counters->sectors_written + counters->failed;
}

/* Polls until nothing is busy; false: it still is, and the disk was silent for @silence_ns, or has
 * had SILENCES times as long in all. */
static bool wait(struct keep *keep, uint64_t silence_ns)
{
    const uint64_t began_ns = now_ns(keep);
    uint64_t now = began_ns, answer_ns = began_ns, before = answers(keep);

    for (; is_busy(keep) && now - answer_ns < silence_ns && now - began_ns < SILENCES * silence_ns;
         now = now_ns(keep)) {
        leat_poll(keep->platform->stack, now);
        if (answers(keep) != before)
            answer_ns = now;
        before = answers(keep);
    }
    return !is_busy(keep);
}

/* ---- values */

/* Looks at a value that was read. */
static void take(struct keep_slot *slot, enum leat_err err, size_t len)
{
    const char *name = values[value_of(slot)].name;

    if (err == LEAT_ERR_NOT_FOUND)
        return;
    slot->has_value = !err && len == 1u + values[value_of(slot)].len && slot->bytes[0] == VERSION;
    if (slot->has_value)
        return;
    if (err && err != LEAT_ERR_TOO_BIG)
        tell(slot->keep, name,
             err == LEAT_ERR_FORMAT ? " is damaged, and is not used"
                                    : " can't be read, and is not used");
    else
        tell(slot->keep, name, " is of another version of this program, and is not used");
}

static void on_got(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    struct keep_slot *slot = arg;

    (void)store;
    slot->is_busy = false;
    take(slot, err, request->len);
}

static void write_value(struct keep_slot *slot);

static void on_put(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    struct keep_slot *slot = arg;
    const bool was_failed = slot->is_failed;

    (void)store;
    (void)request;
    slot->is_busy = false;
    slot->is_failed = err;
    if (slot->is_failed && !was_failed) {
        char text[OPTIONS_LINE_BYTES];

        snprintf(text, sizeof text, " is not written: %.100s", reason(slot->keep, err));
        tell(slot->keep, values[value_of(slot)].name, text);
    }
    if (slot->is_newer && err != LEAT_ERR_CLOSED)
        write_value(slot);
}

static void write_value(struct keep_slot *slot)
{
    const size_t len = 1u + values[value_of(slot)].len;

    memcpy(slot->written, slot->bytes, len);
    slot->is_newer = false;
    slot->is_busy = !leat_store_put(&slot->keep->store, &slot->request, values[value_of(slot)].name,
                                    slot->written, len, on_put, slot);
}

const uint8_t *keep_get(const struct keep *keep, enum keep_value value)
{
    return keep && keep->slots[value].has_value ? keep->slots[value].bytes + 1 : NULL;
}

void keep_put(struct keep *keep, enum keep_value value, const void *bytes)
{
    struct keep_slot *slot = keep ? &keep->slots[value] : NULL;

    if (!slot || (slot->has_value && !slot->is_failed &&
                  memcmp(slot->bytes + 1, bytes, values[value].len) == 0))
        return;
    slot->bytes[0] = VERSION;
    memcpy(slot->bytes + 1, bytes, values[value].len);
    slot->has_value = true;
    if (slot->is_busy)
        slot->is_newer = true;
    else
        write_value(slot);
}

/* ---- the store */

static void on_mounted(struct leat_store *store, struct leat_store_request *request,
                       enum leat_err err, void *arg)
{
    struct keep *keep = arg;

    (void)store;
    (void)request;
    keep->is_waiting = false;
    keep->mount_err = err;
}

/* Has the mount and all values end; NULL, or why not. */
static const char *mount(struct keep *keep, const struct leat_store_config *config)
{
    enum leat_err err = leat_block_open(&keep->block, keep->platform->stack, keep->device);

    if (!err)
        err =
            leat_store_mount(&keep->store, &keep->block, keep->memory, sizeof keep->memory, config);
    if (err)
        return mount_complaint(keep, err);
    keep->is_mounted = true;
    keep->is_waiting = true;
    if (!wait(keep, open_ns))
        return complain(keep, "the disk doesn't answer");
    if (keep->mount_err)
        return mount_complaint(keep, keep->mount_err);
    for (unsigned i = 0; i < KEEP_VALUES; i++) {
        struct keep_slot *slot = &keep->slots[i];

        slot->keep = keep;
        slot->is_busy = !leat_store_get(&keep->store, &slot->request, values[i].name, slot->bytes,
                                        sizeof slot->bytes, on_got, slot);
    }
    return wait(keep, open_ns) ? NULL : complain(keep, "the disk doesn't answer");
}

static void tell_damage(struct keep *keep)
{
    struct leat_store_info info;
    char text[OPTIONS_LINE_BYTES];

    leat_store_get_info(&keep->store, &info);
    if (info.damaged == 0)
        return;
    snprintf(text, sizeof text,
             "%llu damaged records are left out, so values may be lost or old: look at the disk",
             (unsigned long long)info.damaged);
    tell(keep, "", text);
}

/* Gives the program the sectors behind the store. */
static void give_area(struct keep *keep, uint64_t store_sectors)
{
    struct leat_platform *platform = keep->platform;

    if (store_sectors == 0)
        return;
    platform->area = &keep->block;
    platform->area_sector = store_sectors;
    platform->area_sectors = keep->device->sectors - store_sectors;
}

/* The sectors of the store, if the program has others behind them; otherwise 0. */
static uint64_t store_sectors(const struct keep *keep)
{
    const uint64_t sectors = KEEP_STORE_BYTES / keep->device->sector_bytes;

    return keep->has_area && keep->device->sectors > sectors ? sectors : 0;
}

const char *keep_open(struct keep *keep, const struct options *options)
{
    const struct leat_block_device *device = keep->device;
    const struct leat_store_config config = {.names = KEEP_NAMES,
                                             .record_bytes = KEEP_RECORD_BYTES,
                                             .format = options->store_format,
                                             .on_mounted = on_mounted,
                                             .arg = keep,
                                             .sectors = store_sectors(keep)};
    const uint64_t sectors_min = 3 * (KEEP_RECORD_BYTES / (uint64_t)device->sector_bytes) + 1;
    const char *wrong;
    char text[OPTIONS_LINE_BYTES];

    if (device->sector_bytes > KEEP_SECTOR_MAX) {
        snprintf(text, sizeof text, "its sectors have %lu bytes: give one with %lu at most",
                 (unsigned long)device->sector_bytes, (unsigned long)KEEP_SECTOR_MAX);
        return complain(keep, text);
    }
    if (device->sectors < sectors_min) {
        snprintf(text, sizeof text, "it is too small: give it %lu bytes or more",
                 (unsigned long)(sectors_min * device->sector_bytes));
        return complain(keep, text);
    }
    wrong = mount(keep, &config);
    if (wrong)
        return wrong;
    tell_damage(keep);
    keep->platform->store = &keep->store;
    give_area(keep, config.sectors);
    return NULL;
}

static void on_fence(struct leat_store *store, struct leat_store_request *request,
                     enum leat_err err, void *arg)
{
    struct keep *keep = arg;

    (void)store;
    (void)request;
    (void)err;
    keep->is_waiting = false;
}

void keep_close(struct keep *keep)
{
    uint8_t byte;

    if (!keep->is_mounted)
        return;
    if (keep->platform->store) {
        keep_runs_close(keep);
        keep->is_waiting =
            !leat_store_get(&keep->store, &keep->fence, "leat/end", &byte, 0, on_fence, keep);
        if (!wait(keep, close_ns))
            tell(keep, "", "the disk doesn't answer: the last values are not written");
    }
    keep->platform->store = NULL;
    keep->platform->area = NULL;
    leat_block_close(&keep->block);
    leat_store_close(&keep->store);
    keep->is_mounted = false;
}

/* ---- entropy */

static void draw(struct leat *stack, void *bytes, size_t len)
{
    for (uint8_t *at = bytes; len > 0;) {
        const uint64_t number = leat_random(stack);
        const size_t part = len < sizeof number ? len : sizeof number;

        memcpy(at, &number, part);
        at += part;
        len -= part;
    }
}

void keep_mix(struct keep *keep, uint8_t seed[LEAT_SEED_BYTES])
{
    struct leat *stack = keep->platform->stack;
    const uint8_t *before = keep_get(keep, KEEP_ENTROPY);
    uint8_t mixed[LEAT_SEED_BYTES], next[LEAT_SEED_BYTES];

    /* An exclusive or is as good as the better of the two, and the machine's is new. */
    for (unsigned i = 0; i < LEAT_SEED_BYTES; i++)
        mixed[i] = seed[i] ^ (before ? before[i] : 0);
    if (leat_reseed(stack, mixed))
        return;
    draw(stack, next, sizeof next);
    keep_put(keep, KEEP_ENTROPY, next);
    if (!wait(keep, open_ns) || keep->slots[KEEP_ENTROPY].is_failed) {
        (void)leat_reseed(stack, seed); /* it was a seed before */
        return;
    }
    /* The value on the disk says nothing about these numbers, and they nothing about it. */
    draw(stack, seed, LEAT_SEED_BYTES);
    (void)leat_reseed(stack, seed);
}

void keep_stir(struct keep *keep, uint8_t *bytes, size_t len)
{
    uint8_t number[sizeof(uint64_t)];

    for (size_t i = 0; i < len; i++) {
        if (i % sizeof number == 0)
            draw(keep->platform->stack, number, sizeof number);
        bytes[i] ^= number[i % sizeof number];
    }
}

/* ---- addresses */

const uint8_t *keep_kept(const struct keep *keep, const struct leat_mac *mac)
{
    const uint8_t *bytes = keep_get(keep, KEEP_LEASE);

    /* Servers give leases to MAC addresses. */
    return bytes && memcmp(bytes, mac->octet, sizeof mac->octet) == 0 ? bytes + sizeof mac->octet
                                                                      : NULL;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

void keep_lease(struct keep *keep, const struct leat_mac *mac, const struct leat_autoconf *autoconf)
{
    const uint8_t *before = keep_kept(keep, mac);
    uint8_t bytes[KEEP_LEASE_BYTES];
    uint8_t *v4 = bytes + sizeof mac->octet, *v6 = v4 + LEAT_DHCP_KEPT_BYTES;

    if (!keep || !leat_autoconf_keep(autoconf, v4))
        return;
    memcpy(bytes, mac->octet, sizeof mac->octet);
    if (before && is_zero(v4, LEAT_DHCP_KEPT_BYTES))
        memcpy(v4, before, LEAT_DHCP_KEPT_BYTES);
    if (before && is_zero(v6, LEAT_DHCP6_KEPT_BYTES))
        memcpy(v6, before + LEAT_DHCP_KEPT_BYTES, LEAT_DHCP6_KEPT_BYTES);
    keep_put(keep, KEEP_LEASE, bytes);
}

void keep_secret(struct keep *keep, uint8_t secret[LEAT_IPV6_SECRET_BYTES])
{
    const uint8_t *before = keep_get(keep, KEEP_SECRET);

    memset(secret, 0, LEAT_IPV6_SECRET_BYTES);
    if (before)
        memcpy(secret, before, LEAT_IPV6_SECRET_BYTES);
    if (!keep || before)
        return;
    draw(keep->platform->stack, secret, LEAT_IPV6_SECRET_BYTES);
    keep_put(keep, KEEP_SECRET, secret);
}

struct leat_mac keep_mac(struct keep *keep)
{
    const uint8_t *before = keep_get(keep, KEEP_MAC);
    struct leat_mac mac;

    if (before) {
        memcpy(mac.octet, before, sizeof mac.octet);
        return mac;
    }
    draw(keep->platform->stack, mac.octet, sizeof mac.octet);
    mac.octet[0] = (uint8_t)((mac.octet[0] & 0xfcu) | 0x02u); /* local, of one host */
    keep_put(keep, KEEP_MAC, mac.octet);
    return mac;
}
