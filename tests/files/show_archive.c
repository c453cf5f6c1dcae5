/*
 * show_archive.c -- prints what an archive holds, for test_archives.py.
 *
 *   show_archive ARCHIVE
 *
 * Each entry of each folder is a line: its path, then "/" for a folder, or the time and a sum of
 * the contents. The exit status is 1 if the archive is damaged; the reason is on the standard
 * error.
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
    const uint8_t *bytes = file->bytes;
    uint32_t sum = 2166136261; /* FNV-1a */

    for (uint64_t i = 0; i < file->len; i++)
        sum = (sum ^ bytes[i]) * 16777619;
    return sum;
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

int main(int argc, char **argv)
{
    char why[LEAT_FILES_WHY_BYTES];
    struct leat_files *files;
    char *archive;
    size_t len, bytes;
    void *memory;

    if (argc != 2 || !(archive = read_file(argv[1], &len)))
        return 2;
    bytes = leat_archive_memory_bytes(archive, len, why);
    memory = malloc(bytes + 1);
    if (!bytes || !memory || leat_archive_open(&files, memory, bytes, archive, len, why)) {
        fprintf(stderr, "%s\n", why);
        free(memory);
        free(archive);
        return 1;
    }
    show_folder(files, "");
    while (waiting.count > 0) {
        char *folder = waiting.paths[--waiting.count];

        show_folder(files, folder);
        free(folder);
    }
    printf("left out %u\n", leat_archive_counts(files)->left_out);
    free(memory);
    free(archive);
    return 0;
}
