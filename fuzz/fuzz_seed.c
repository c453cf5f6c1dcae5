/*
 * fuzz_seed.c -- metadata of any bytes: seed disks, their files, and replies of metadata servers.
 *
 * The first byte chooses which. A disk may get the marks without which it is no seed, and its bytes
 * may change after some reads. Whatever is read lies in the disk, ends, and gives lines that a
 * configuration file could have.
 */
#include <stdlib.h>
#include <string.h>

#include "demand.h"

#include "facts.h"
#include "metadata_reply.h"
#include "seed.h"
#include "yaml.h"

enum {
    KINDS = 4,
    MARKS = 4, /* bits of the first byte, as the next one */
    LIES = 3,
    SECTOR = 2048,
    SYSTEM_SECTORS = 16, /* of an ISO 9660 disk, which the input lacks */
    FILE_MAX = 65536,
    READS_MAX = 200000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct leat_files_medium medium; /* first */
    uint64_t from;                   /* where the bytes begin; zeros are before them */
    const uint8_t *bytes;
    unsigned reads, lies_from; /* 0: it doesn't */
} disk;

static bool read_disk(struct leat_files_medium *medium, uint64_t from, void *to, size_t len)
{
    uint8_t *at = to;

    demand(medium == &disk.medium && from <= medium->len && len <= medium->len - from);
    demand(++disk.reads < READS_MAX);
    for (size_t i = 0; i < len; i++)
        at[i] = from + i < disk.from ? 0 : disk.bytes[from + i - disk.from];
    if (disk.lies_from > 0 && disk.reads >= disk.lies_from && len > 0)
        at[disk.reads % len] ^= 1;
    return true;
}

static void put_text(uint8_t *bytes, size_t size, size_t at, const char *text)
{
    if (at + strlen(text) <= size)
        memcpy(bytes + at, text, strlen(text));
}

/* The marks of a boot sector, or of the first descriptor. */
static void mark(uint8_t *bytes, size_t size, bool is_iso)
{
    put_text(bytes, size, is_iso ? 1 : 510, is_iso ? "CD001" : "\x55\xaa");
    put_text(bytes, size, is_iso ? 40 : 43,
             is_iso ? "cidata                          " : "CIDATA     ");
    if (is_iso && size > 0)
        bytes[0] = 1;
    else
        put_text(bytes, size, 38, "\x29");
}

static void read_file(struct seed *seed, const char *name)
{
    struct seed_file file;
    uint8_t *bytes;

    if (seed_find(seed, name, &file) != SEED_GOOD || file.len > FILE_MAX)
        return;
    bytes = malloc(file.len + 1u);
    demand(bytes != NULL);
    bytes[file.len] = 0x5a;
    (void)seed_read(seed, &file, bytes);
    demand(bytes[file.len] == 0x5a);
    free(bytes);
}

static void try_disk(const uint8_t *data, size_t size, bool is_iso, unsigned options)
{
    static const char *const names[] = {"meta-data", "user-data", "network-config", "x"};
    uint8_t *bytes = malloc(size + 1);
    struct seed seed;

    demand(bytes != NULL);
    memcpy(bytes, data, size);
    if (options & MARKS)
        mark(bytes, size, is_iso);
    disk.bytes = bytes;
    disk.from = is_iso ? (uint64_t)SYSTEM_SECTORS * SECTOR : 0;
    disk.medium = (struct leat_files_medium){.len = disk.from + size, .read = read_disk};
    disk.reads = 0;
    disk.lies_from = options >> LIES;
    if (seed_open(&seed, &disk.medium) == SEED_GOOD) {
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
            read_file(&seed, names[i]);
    }
    free(bytes);
}

static void check_facts(const struct facts *facts, bool is_good)
{
    demand(facts->len < sizeof facts->text && strlen(facts->text) == facts->len);
    demand(facts->len == 0 || facts->text[facts->len - 1] == '\n');
    demand(memchr(facts->why, '\0', sizeof facts->why) != NULL);
    demand(is_good == (facts->why[0] == '\0'));
    for (size_t i = 0; i < facts->len; i++)
        demand(facts->text[i] == '\n' || (facts->text[i] >= ' ' && facts->text[i] <= 'z' &&
                                          !strchr("\"#;\\", facts->text[i])));
}

static void try_text(const char *text, size_t len)
{
    static struct facts facts;
    struct yaml yaml = {.at = text, .end = text + len};
    size_t words = 0;

    while (yaml_next(&yaml)) {
        demand(++words <= len && yaml.depth <= YAML_LEVELS_MAX);
        demand(yaml.word >= text && yaml.word + yaml.word_len <= text + len);
    }
    memset(&facts, 0, sizeof facts);
    check_facts(&facts, facts_read_names(&facts, text, len));
    memset(&facts, 0, sizeof facts);
    check_facts(&facts, facts_read_network(&facts, text, len));
}

static void try_reply(const char *bytes, size_t len)
{
    struct metadata_reply reply;

    if (!metadata_reply_read(&reply, bytes, len))
        return;
    demand(reply.status >= 200 && reply.status <= 599);
    demand(reply.body >= bytes && reply.body + reply.len <= bytes + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1 || size > FILE_MAX)
        return 0;
    if (data[0] % KINDS < 2) {
        try_disk(data + 1, size - 1, data[0] % KINDS == 1, data[0]);
        return 0;
    }
    text = malloc(size); /* exactly as long, so that a sanitizer sees each byte behind it */
    demand(text != NULL);
    memcpy(text, data + 1, size - 1);
    if (data[0] % KINDS == 2)
        try_text(text, size - 1);
    else
        try_reply(text, size - 1);
    free(text);
    return 0;
}
