/*
 * fuzz_archive.c -- archives of any bytes: they are refused with a reason, or each entry that a
 * folder lists is found again, with contents that lie in the archive.
 *
 * The first byte tells whether headers of tar get a right checksum, which random bytes never have.
 * Then the same archive is read in parts, as from a disk, whose bytes change after some reads.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/files.h>

#include "demand.h"

enum {
    BLOCK = 512,
    CHECKSUM_AT = 148,
    CHECKSUM_BYTES = 8,
    DEPTH_MAX = 4
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives each block the checksum of a header. */
static void seal(uint8_t *bytes, size_t len)
{
    for (size_t at = 0; len - at >= BLOCK; at += BLOCK) {
        unsigned sum = 0;

        memset(bytes + at + CHECKSUM_AT, ' ', CHECKSUM_BYTES);
        for (unsigned i = 0; i < BLOCK; i++)
            sum += bytes[at + i];
        for (unsigned i = 0; i < 6; i++)
            bytes[at + CHECKSUM_AT + i] = (uint8_t)('0' + (sum >> (15 - 3 * i) & 7));
    }
}

static void check_file(const struct leat_file *file, const uint8_t *archive, size_t len)
{
    const uint8_t *bytes = file->bytes;
    uint8_t copy[64];
    size_t count;

    if (file->is_folder) {
        demand(!bytes && leat_files_read(file, 0, copy, sizeof copy, &count) == LEAT_ERR_ARGUMENT);
        return;
    }
    demand(bytes >= archive && bytes <= archive + len);
    demand(file->len <= (size_t)(archive + len - bytes));
    demand(!leat_files_read(file, 0, copy, sizeof copy, &count) && count <= file->len);
    demand(!memcmp(copy, bytes, count));
}

/* Lists the folder; returns how many entries it has. Folders are entered @depth deep. */
static unsigned list(struct leat_files *files, const struct leat_file *folder,
                     const uint8_t *archive, size_t len, unsigned names)
{
    char path[LEAT_FILE_PATH_BYTES + 1];
    uint64_t cursor = 0;
    unsigned count = 0;
    struct leat_file file, again;

    memcpy(path, folder->path, folder->path_len);
    path[folder->path_len] = '\0';
    while (!leat_files_next(files, path, &cursor, &file)) {
        char name[LEAT_FILE_PATH_BYTES + 1];

        demand(++count <= names && file.path_len > 0);
        check_file(&file, archive, len);
        demand(file.path_len < sizeof name);
        memcpy(name, file.path, file.path_len);
        name[file.path_len] = '\0';
        demand(!leat_files_find(files, name, &again));
        demand(again.bytes == file.bytes && again.len == file.len);
        demand(again.is_folder == file.is_folder);
    }
    return count;
}

/* Lists the root, and folders below it along their first folder. */
static void walk(struct leat_files *files, const uint8_t *archive, size_t len, unsigned names)
{
    struct leat_file folder;

    demand(!leat_files_find(files, "", &folder) && folder.is_folder);
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        char path[LEAT_FILE_PATH_BYTES + 1];
        struct leat_file file;
        uint64_t cursor = 0;
        bool found = false;

        list(files, &folder, archive, len, names);
        memcpy(path, folder.path, folder.path_len);
        path[folder.path_len] = '\0';
        while (!found && !leat_files_next(files, path, &cursor, &file))
            found = file.is_folder;
        if (!found)
            return;
        folder = file;
    }
}

/* The archive as a medium. */
static struct {
    struct leat_files_medium medium; /* first */
    const uint8_t *bytes;
    unsigned reads, lies_from; /* 0: it doesn't */
} disk;

static bool read_disk(struct leat_files_medium *medium, uint64_t from, void *to, size_t len)
{
    demand(medium == &disk.medium && from <= medium->len && len <= medium->len - from);
    memcpy(to, disk.bytes + from, len);
    disk.reads++;
    if (disk.lies_from > 0 && disk.reads >= disk.lies_from) {
        for (size_t i = 0; i < len; i += 97)
            ((uint8_t *)to)[i] ^= 1;
    }
    return true;
}

/* Each file of the root has the contents that the archive has in memory. */
static void compare_root(struct leat_files *files, struct leat_files *memory)
{
    uint64_t cursor = 0;
    struct leat_file file, same;

    while (!leat_files_next(files, "", &cursor, &file)) {
        char name[LEAT_FILE_PATH_BYTES + 1];
        uint8_t copy[64];
        size_t count;

        memcpy(name, file.path, file.path_len);
        name[file.path_len] = '\0';
        demand(!leat_files_find(memory, name, &same));
        demand(file.is_folder == same.is_folder && file.len == same.len && !file.bytes);
        if (file.is_folder)
            continue;
        demand(!leat_files_read(&file, 0, copy, sizeof copy, &count) && count <= file.len);
        demand(!memcmp(copy, same.bytes, count));
    }
}

/* Opens the archive as a medium. @memory: the same one in memory; NULL: it is damaged. */
static void try_medium(const uint8_t *archive, size_t size, struct leat_files *memory,
                       unsigned lies_from)
{
    static uint8_t part[LEAT_FILES_PART_BYTES];
    char why[LEAT_FILES_WHY_BYTES] = "";
    struct leat_files *files;
    uint8_t *index;
    size_t bytes;
    enum leat_err err;

    disk.medium = (struct leat_files_medium){.len = size, .read = read_disk};
    disk.bytes = archive;
    disk.reads = 0;
    disk.lies_from = lies_from;
    bytes = leat_archive_medium_memory_bytes(&disk.medium, part, why);
    demand((bytes == 0) == (why[0] != '\0') && strlen(why) < sizeof why);
    demand(bytes == 0 || memory || lies_from > 0 || memcmp(archive, "0707", 4) == 0);
    index = malloc(bytes + 1);
    demand(index != NULL);
    err = leat_archive_open_medium(&files, index, bytes, &disk.medium, part, why);
    demand(!err || err == LEAT_ERR_FORMAT || (err == LEAT_ERR_MEMORY && lies_from > 0) ||
           bytes == 0);
    if (!err && lies_from == 0 && memory && memcmp(archive, "0707", 4) != 0 &&
        leat_archive_counts(files)->left_out == leat_archive_counts(memory)->left_out)
        compare_root(files, memory);
    free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[LEAT_FILES_WHY_BYTES] = "";
    struct leat_files *files = NULL;
    uint8_t *archive, *memory;
    size_t bytes;

    if (size < 1 || size > 65536)
        return 0;
    archive = malloc(size);
    demand(archive != NULL);
    memcpy(archive, data + 1, --size);
    if (data[0] & 1)
        seal(archive, size);
    bytes = leat_archive_memory_bytes(archive, size, why);
    memory = malloc(bytes + 1);
    demand(memory != NULL);
    if (bytes == 0) {
        demand(why[0] != '\0' && strlen(why) < sizeof why);
        demand(leat_archive_open(&files, memory, 0, archive, size, why) == LEAT_ERR_FORMAT);
    } else {
        demand(!leat_archive_open(&files, memory, bytes, archive, size, why));
        walk(files, archive, size, (unsigned)(size / 100 + 1) * (LEAT_FILE_PATH_BYTES / 2));
    }
    try_medium(archive, size, files, 0);
    try_medium(archive, size, files, 1 + (data[0] >> 1));
    free(memory);
    free(archive);
    return 0;
}
