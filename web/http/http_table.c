/* http_table.c -- the server's files by their paths. */
#include <string.h>

#include "web/http/http_reply.h"

static const char index_name[] = "index.html";

enum {
    INDEX_LEN = sizeof index_name - 1
};

/* FNV-1a. All keys are the program's, so an attacker can't cause collisions. */
static uint32_t path_hash(const char *path, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)path[i]) * 16777619u;
    return hash;
}

/* The entry of @path, or the free entry for it. */
static struct http_entry *place(const struct http_table *table, const char *path, size_t len)
{
    uint32_t at = path_hash(path, len) & table->mask;

    /* this ends, because http_table_entries() leaves half of the table free */
    while (table->entries[at].file && (table->entries[at].path_len != len ||
                                       memcmp(table->entries[at].file->path, path, len) != 0))
        at = (at + 1) & table->mask;
    return &table->entries[at];
}

uint32_t http_table_entries(uint32_t file_count)
{
    uint32_t entries = 4;

    while (entries < 4 * (uint64_t)file_count && entries < UINT32_C(1) << 30)
        entries *= 2; /* each file may be an index.html with two entries, and half of the table must
                         be free */
    return entries;
}

bool http_table_add(const struct http_table *table, const struct leat_http_file *file)
{
    const size_t len = http_length(file->path, HTTP_PATH_BYTES);
    const struct http_entry entry = {.file = file, .path_len = (uint8_t)len};

    if (file->path[0] != '/' || len > HTTP_PATH_BYTES ||
        http_length(file->type, HTTP_FILE_TYPE_BYTES) > HTTP_FILE_TYPE_BYTES)
        return false;
    /* of two files with one path, the later one counts */
    *place(table, file->path, len) = entry;
    if (len > INDEX_LEN && file->path[len - INDEX_LEN - 1] == '/' &&
        memcmp(file->path + len - INDEX_LEN, index_name, INDEX_LEN) == 0) {
        /* "/docs/" is the same file as "/docs/index.html" */
        struct http_entry *folder = place(table, file->path, len - INDEX_LEN);

        *folder = entry;
        folder->path_len = (uint8_t)(len - INDEX_LEN);
    }
    return true;
}

const struct leat_http_file *http_table_find(const struct http_table *table, const char *path,
                                             size_t len)
{
    return place(table, path, len)->file;
}
