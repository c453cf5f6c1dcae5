/*
 * bare_seed.c -- see bare_seed.h.
 *
 * A seed may have any place among the disks, so all are looked at, in their order. Those of --store
 * and --archive are left out, because a device is opened once.
 */
#include "bare_seed.h"

#include <stdio.h>
#include <string.h>

#include "bare_disk.h"
#include "metadata.h"
#include "seed.h"

enum {
    DISKS_MAX = 9,
    LINE_BYTES = 200
};

static bool is_taken(const struct options *options, const char *name)
{
    return (options->store && strcmp(options->store, name) == 0) ||
           (options->archive && strcmp(options->archive, name) == 0);
}

/* Opens the disk; NULL: there is none, and @why says why. */
static struct leat_block_device *open_disk(struct bare_machine *machine, struct bare_disk *disk,
                                           const char *name, const char **why)
{
    struct leat_block_device *device = machine->open_disk(machine, name, why);

    if (device)
        bare_disk_open(disk, device, machine->host);
    return device;
}

/* Looks for a seed on all disks; returns the disk, or NULL, and @why says why. */
static struct leat_block_device *find(struct bare_machine *machine, const struct options *options,
                                      struct bare_disk *disk, const char **why)
{
    static char name[8], line[80];
    static struct seed seed;
    static const char *end;

    *why = "no disk has a volume \"cidata\" of vfat or ISO 9660: attach one as virtio-blk";
    for (unsigned i = 1; i <= DISKS_MAX; i++) {
        struct leat_block_device *device;

        snprintf(name, sizeof name, i == 1 ? "disk" : "disk%u", i);
        if (is_taken(options, name))
            continue;
        device = open_disk(machine, disk, name, &end);
        if (!device)
            return NULL;
        if (seed_open(&seed, &disk->medium) != SEED_NOT_FOUND)
            return device;
        if (seed.failed) {
            snprintf(line, sizeof line, "%s %s", name, seed_failed);
            *why = line;
        }
        device->ops->close(device);
    }
    return NULL;
}

const char *bare_seed_read(struct bare_machine *machine, const struct options *options)
{
    static char line[LINE_BYTES];
    const char *name = options->metadata_disk, *why = "this machine has no disks", *wrong;
    struct leat_block_device *device = NULL;
    struct bare_disk *disk = machine->open_disk ? machine->take(machine, sizeof *disk) : NULL;

    if (disk && name) {
        device = open_disk(machine, disk, name, &why);
    } else if (disk) {
        device = find(machine, options, disk, &why);
        name = "the disk";
    } else if (machine->open_disk) {
        why = "the guest has too little memory";
    }
    if (!device) {
        snprintf(line, sizeof line, "--metadata nocloud: %.40s%s%.120s",
                 options->metadata_disk ? options->metadata_disk : "",
                 options->metadata_disk ? ": " : "", why);
        return line;
    }
    wrong = metadata_read_seed(&options->metadata, &disk->medium, name);
    device->ops->close(device);
    return wrong;
}
