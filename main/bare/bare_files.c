/* bare_files.c -- see bare_files.h. */
#include "bare_files.h"

#include <string.h>

#include <leat/files.h>

static struct leat_files *archive; /* NULL: no files come from outside */

const char *bare_files_open(struct bare_machine *machine)
{
    static char why[LEAT_FILES_WHY_BYTES];
    size_t bytes;
    void *memory;

    if (!machine->archive || !machine->take)
        return NULL;
    bytes = leat_archive_memory_bytes(machine->archive, machine->archive_bytes, why);
    if (bytes == 0)
        return why;
    memory = machine->take(machine, bytes);
    if (!memory)
        return "the guest has too little memory for its index";
    return leat_archive_open(&archive, memory, bytes, machine->archive, machine->archive_bytes, why)
               ? why
               : NULL;
}

enum leat_err bare_files_read(struct leat_platform *platform, const char *path, const char **bytes,
                              size_t *len)
{
    struct leat_file found;

    (void)platform;
    if (archive && !leat_files_find(archive, path, &found) && !found.is_folder) {
        *bytes = found.bytes;
        *len = (size_t)found.len;
        return LEAT_OK;
    }
    for (uint32_t i = 0; i < leat_image_file_count; i++) {
        const struct leat_http_file *file = &leat_image_files[i];

        if (strcmp(path, file->path + (*path != '/')) ==
            0) { /* all of their paths begin with one */
            *bytes = file->bytes;
            *len = file->len;
            return LEAT_OK;
        }
    }
    return LEAT_ERR_NOT_FOUND;
}

uint64_t bare_files_changed_ns(struct leat_platform *platform, const char *path)
{
    struct leat_file found;

    (void)platform;
    if (!archive || leat_files_find(archive, path, &found) || found.modified_s <= 0)
        return 0;
    return (uint64_t)found.modified_s * 1000000000;
}

const char *bare_files_folder(struct leat_platform *platform, struct leat_files **files,
                              const char **root)
{
    struct leat_file found;

    if (!archive || leat_files_find(archive, platform->folder, &found) || !found.is_folder)
        return "the files beside this image have no such folder";
    *files = archive;
    *root = found.path_len > 0 ? platform->folder : "";
    return NULL;
}
