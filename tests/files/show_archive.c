/*
 * show_archive.c -- prints what an archive holds, for test_archives.py.
 *
 *   show_archive [-m] ARCHIVE
 *
 * With -m it is read in parts, as from a disk. Each entry of each folder is a line: its path, then
 * "/" for a folder, or the time and a sum of the contents. The exit status is 1 if the archive is
 * damaged; the reason is on the standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/files.h>

enum {
    FOLDERS_MAX = 10000
};

/* Folders whose entries aren't printed yet. */
static struct {
    char *paths[FOLDERS_MAX];
    unsigned count;
} waiting;

static char *copy_of(const char *bytes, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

static uint32_t sum_of(const struct leat_file *file)
{
    uint8_t bytes[100];
    uint32_t sum = 2166136261; /* FNV-1a */
    uint64_t at = 0;
    size_t len;

    while (!leat_files_read(file, at, bytes, sizeof bytes, &len) && len > 0) {
        for (size_t i = 0; i < len; i++)
            sum = (sum ^ bytes[i]) * 16777619;
        at += len;
    }
    return at == file->len ? sum : 0;
}

static void show_folder(struct leat_files *files, const char *folder)
{
    uint64_t cursor = 0;
    struct leat_file file;

    while (!leat_files_next(files, folder, &cursor, &file)) {
        printf("%.*s", (int)file.path_len, file.path);
        if (!file.is_folder) {
            printf(" %lld %llu %u\n", (long long)file.modified_s, (unsigned long long)file.len,
                   sum_of(&file));
            continue;
        }
        printf("/\n");
        if (waiting.count < FOLDERS_MAX)
            waiting.paths[waiting.count++] = copy_of(file.path, file.path_len);
    }
}

static char *read_file(const char *path, size_t *len)
{
    FILE *stream = fopen(path, "rb");
    char *bytes = NULL;

    if (!stream)
        return NULL;
    if (!fseek(stream, 0, SEEK_END)) {
        *len = (size_t)ftell(stream);
        rewind(stream);
        bytes = malloc(*len + 1);
        if (bytes && fread(bytes, 1, *len, stream) != *len)
            bytes = NULL;
    }
    fclose(stream);
    return bytes;
}

/* The archive as a medium. */
static struct {
    struct leat_files_medium medium; /* first */
    const char *bytes;
} disk;

static bool read_disk(struct leat_files_medium *medium, uint64_t from, void *to, size_t len)
{
    (void)medium;
    memcpy(to, disk.bytes + from, len);
    return true;
}

/* Opens the archive of @len bytes; NULL: a line with the reason was printed. */
static struct leat_files *open_archive(const char *archive, size_t len, bool is_medium,
                                       void **memory)
{
    static uint8_t part[LEAT_FILES_PART_BYTES];
    char why[LEAT_FILES_WHY_BYTES];
    struct leat_files *files = NULL;
    enum leat_err err = LEAT_ERR_FORMAT;
    size_t bytes;

    disk.bytes = archive;
    disk.medium.len = len;
    disk.medium.read = read_disk;
    bytes = is_medium ? leat_archive_medium_memory_bytes(&disk.medium, part, why)
                      : leat_archive_memory_bytes(archive, len, why);
    *memory = malloc(bytes + 1);
    if (bytes > 0 && *memory)
        err = is_medium ? leat_archive_open_medium(&files, *memory, bytes, &disk.medium, part, why)
                        : leat_archive_open(&files, *memory, bytes, archive, len, why);
    if (err)
        fprintf(stderr, "%s\n", why);
    return err ? NULL : files;
}

int main(int argc, char **argv)
{
    const bool is_medium = argc == 3 && strcmp(argv[1], "-m") == 0;
    struct leat_files *files;
    char *archive;
    size_t len;
    void *memory;

    if (argc != 2 + is_medium || !(archive = read_file(argv[1 + is_medium], &len)))
        return 2;
    files = open_archive(archive, len, is_medium, &memory);
    if (files) {
        show_folder(files, "");
        while (waiting.count > 0) {
            char *folder = waiting.paths[--waiting.count];

            show_folder(files, folder);
            free(folder);
        }
        printf("left out %u\n", leat_archive_counts(files)->left_out);
    }
    free(memory);
    free(archive);
    return files ? 0 : 1;
}
