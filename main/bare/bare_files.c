/*
 * bare_files.c -- see bare_files.h.
 *
 * Sources lie over each other: the archive in memory, then that of --archive, then the files that
 * were built in. Files of a disk that a program wants as a whole are copied, once each, into memory
 * that is set aside for them: the stack takes the rest. A server that sends files reads them in
 * parts, and needs no copy.
 */
#include "bare_files.h"

#include <stdio.h>
#include <string.h>

#include <leat/block.h>
#include <leat/files.h>

#include "bare_disk.h"

enum {
    LINE_BYTES = LEAT_FILES_WHY_BYTES + 100,
    COPIES_OF_MEMORY = 4 /* a quarter of it may be copies */
};

/* A file of the disk, in memory. */
struct copy {
    struct copy *next;
    uint64_t place; /* of struct leat_file */
    size_t len;
    char bytes[];
};

static struct {
    struct leat_files_layers layers;
    struct leat_files *found; /* the layers; NULL: there are no files */
    struct leat_files_built_in built_in;
    struct copy *copies;
    uint8_t *room; /* for more of them */
    size_t room_bytes;
    char root[LEAT_FILE_PATH_BYTES + 1]; /* of the folder that is served */
    char why[LEAT_FILES_WHY_BYTES];
    char line[LINE_BYTES];
} files;

static const char *complain(const char *what, const char *name, const char *why)
{
    snprintf(files.line, sizeof files.line, "%s%.60s: %.255s", what, name, why);
    return files.line;
}

static const char no_memory[] = "the guest has too little memory for its index";

/* Puts a source below the others. */
static void add(struct leat_files *source)
{
    if (!files.found)
        leat_files_layers_open(&files.layers);
    (void)leat_files_layers_add(&files.layers, source); /* there are fewer than fit */
    files.found = &files.layers.files;
}

/* Opens an archive in memory. NULL, or why not. */
static const char *open_memory(struct bare_machine *machine, const void *archive, size_t len)
{
    struct leat_files *source;
    const size_t bytes = leat_archive_memory_bytes(archive, len, files.why);
    void *memory = bytes > 0 ? machine->take(machine, bytes) : NULL;

    if (bytes == 0)
        return files.why;
    if (!memory)
        return no_memory;
    if (leat_archive_open(&source, memory, bytes, archive, len, files.why))
        return files.why;
    add(source);
    return NULL;
}

/* Opens the archive that QEMU was given. NULL, or why not. */
static const char *open_fw_cfg(struct bare_machine *machine)
{
    static const char name[] = "opt/leat/files";
    const size_t len = machine->fw_cfg ? machine->fw_cfg(name, NULL, 0) : 0;
    void *archive = len > 0 ? machine->take(machine, len) : NULL;

    if (len == 0)
        return "there is no file opt/leat/files: give QEMU -fw_cfg name=opt/leat/files,file=FILE";
    if (!archive)
        return "the guest has too little memory for it";
    (void)machine->fw_cfg(name, archive, len);
    return open_memory(machine, archive, len);
}

/* Takes memory for the copies of files, as much as the disk can have. */
static void take_room(struct bare_machine *machine, uint64_t disk_bytes)
{
    const size_t most = machine->left(machine) / COPIES_OF_MEMORY;

    files.room_bytes = disk_bytes < most ? (size_t)disk_bytes : most;
    files.room = machine->take(machine, files.room_bytes);
    if (!files.room)
        files.room_bytes = 0;
}

/* Why the archive on @disk can't be opened, which files.why says, and what helps if the disk fails.
 */
static const char *end_of(const struct bare_disk *disk)
{
    const size_t len = strlen(files.why);

    if (disk->has_failed)
        snprintf(files.why + len, sizeof files.why - len,
                 ": look at the host's disk, or give another");
    return files.why;
}

/* NULL, or why not. */
static const char *open_disk(struct bare_machine *machine, const char *name)
{
    const char *why = "this machine has no disks";
    struct leat_block_device *device =
        machine->open_disk ? machine->open_disk(machine, name, &why) : NULL;
    struct leat_files *source;
    struct bare_disk *disk;
    uint8_t *part;
    void *memory;
    size_t bytes;

    if (!device)
        return why;
    disk = machine->take(machine, sizeof *disk);
    part = machine->take(machine, LEAT_FILES_PART_BYTES);
    if (!disk || !part)
        return no_memory;
    bare_disk_open(disk, device, machine->host);
    bytes = leat_archive_medium_memory_bytes(&disk->medium, part, files.why);
    if (bytes == 0)
        return end_of(disk);
    memory = machine->take(machine, bytes);
    if (!memory)
        return no_memory;
    if (leat_archive_open_medium(&source, memory, bytes, &disk->medium, part, files.why))
        return end_of(disk);
    add(source);
    take_room(machine, disk->medium.len);
    return NULL;
}

/* Makes a source of the files that were built in. NULL, or why not. */
static const char *add_built_in(struct bare_machine *machine)
{
    const uint32_t count = leat_image_file_count;
    struct leat_file *list;

    if (count == 0)
        return NULL;
    list = machine->take(machine, count * sizeof *list);
    if (!list)
        return no_memory;
    for (uint32_t i = 0; i < count; i++) {
        const struct leat_http_file *file = &leat_image_files[i];
        const char *path = file->path + (*file->path == '/');

        list[i] = (struct leat_file){.path = path,
                                     .path_len = strlen(path),
                                     .len = file->len,
                                     .modified_s = (int64_t)(file->modified_ns / 1000000000),
                                     .bytes = file->bytes,
                                     .tag = file->tag};
    }
    leat_files_built_in_open(&files.built_in, list, count);
    add(&files.built_in.files);
    return NULL;
}

/* The value of --archive; NULL: it isn't given. */
static const char *find_word(int count, char **words)
{
    static const char option[] = "--archive";
    const size_t len = sizeof option - 1;

    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strncmp(words[i], option, len) != 0)
            continue;
        if (words[i][len] == '=')
            return words[i] + len + 1;
        if (words[i][len] == '\0' && i + 1 < count)
            return words[i + 1];
    }
    return NULL;
}

const char *bare_files_open(struct bare_machine *machine, int count, char **words)
{
    const char *name = find_word(count, words);
    const char *why = NULL;

    if (machine->archive)
        why = open_memory(machine, machine->archive, machine->archive_bytes);
    if (why)
        return complain("initrd", "", why);
    if (name)
        why = strcmp(name, "fw_cfg") == 0 ? open_fw_cfg(machine) : open_disk(machine, name);
    if (why)
        return complain("--archive ", name, why);
    why = add_built_in(machine);
    return why ? complain("files that were built in", "", why) : NULL;
}

/* Copies a file of a disk, unless there is a copy. */
static enum leat_err copy(const struct leat_file *file, const char **bytes, size_t *len)
{
    const size_t align = _Alignof(struct copy);
    const size_t padding = -(uintptr_t)files.room % align;
    struct copy *made;
    size_t got;

    for (made = files.copies; made; made = made->next) {
        if (made->place == file->place && made->len == file->len)
            break;
    }
    if (!made) {
        if (files.room_bytes < padding + sizeof *made ||
            file->len > files.room_bytes - padding - sizeof *made)
            return LEAT_ERR_MEMORY;
        made = (struct copy *)(void *)(files.room + padding);
        if (leat_files_read(file, 0, made->bytes, (size_t)file->len, &got) || got != file->len)
            return LEAT_ERR_DEVICE;
        made->place = file->place;
        made->len = (size_t)file->len;
        made->next = files.copies;
        files.copies = made;
        files.room += padding + sizeof *made + made->len;
        files.room_bytes -= padding + sizeof *made + made->len;
    }
    *bytes = made->bytes;
    *len = made->len;
    return LEAT_OK;
}

enum leat_err bare_files_read(struct leat_platform *platform, const char *path, const char **bytes,
                              size_t *len)
{
    struct leat_file found;

    (void)platform;
    if (!files.found || leat_files_find(files.found, path, &found) || found.is_folder)
        return LEAT_ERR_NOT_FOUND;
    if (!found.bytes && found.len > 0)
        return copy(&found, bytes, len);
    *bytes = found.bytes ? found.bytes : "";
    *len = (size_t)found.len;
    return LEAT_OK;
}

uint64_t bare_files_changed_ns(struct leat_platform *platform, const char *path)
{
    struct leat_file found;

    (void)platform;
    if (!files.found || leat_files_find(files.found, path, &found) || found.modified_s <= 0)
        return 0;
    return (uint64_t)found.modified_s * 1000000000;
}

/* Keeps the path of the folder in its normal form, which "/site" and "./site/" haven't. Links stay
 * in it. False: it is too long. */
static bool keep_root(const char *path)
{
    size_t len = 0;

    while (*path) {
        const char *slash = strchr(path, '/');
        const size_t segment = slash ? (size_t)(slash - path) : strlen(path);

        if (len + 1 + segment > LEAT_FILE_PATH_BYTES)
            return false;
        if (segment > 1 || (segment == 1 && *path != '.')) {
            if (len > 0)
                files.root[len++] = '/';
            memcpy(files.root + len, path, segment);
            len += segment;
        }
        path += segment + (slash != NULL);
    }
    files.root[len] = '\0';
    return true;
}

const char *bare_files_folder(struct leat_platform *platform, struct leat_files **source,
                              const char **root)
{
    struct leat_file found;

    if (!files.found || leat_files_find(files.found, platform->folder, &found) ||
        !found.is_folder || !keep_root(platform->folder))
        return "neither in this image nor beside it is such a folder";
    *source = files.found;
    *root = files.root;
    return NULL;
}
