/*
 * layers.c -- see leat/files.h: sources over each other.
 *
 * An entry of a lower layer is hidden if an upper layer has anything at its path. A folder that
 * several layers have is therefore listed layer by layer, and each entry is looked up in the layers
 * above.
 */
#include <leat/files.h>

#include "core/container_of.h"

enum {
    LAYER_SHIFT = 56 /* a cursor has the number of the layer above the cursor of that layer */
};

static const uint64_t within_layer = (UINT64_C(1) << LAYER_SHIFT) - 1;

static struct leat_files_layers *layers_of(struct leat_files *files)
{
    return container_of(files, struct leat_files_layers, files);
}

/* Finds in the first @count layers. The error of a layer ends the search, because a lower layer may
 * have an older file. */
static enum leat_err find_above(const struct leat_files_layers *layers, unsigned count,
                                const char *path, size_t len, struct leat_file *file)
{
    for (unsigned layer = 0; layer < count; layer++) {
        struct leat_files *files = layers->layers[layer];
        const enum leat_err err = files->find(files, path, len, file);

        /* LEAT_OK ends the search, too. */
        if (err != LEAT_ERR_NOT_FOUND)
            return err;
    }
    return LEAT_ERR_NOT_FOUND;
}

static enum leat_err find(struct leat_files *files, const char *path, size_t len,
                          struct leat_file *file)
{
    const struct leat_files_layers *layers = layers_of(files);

    return find_above(layers, layers->count, path, len, file);
}

/* True if the first @count layers have a file or folder at the path. An error of a layer is not an
 * answer: the entry may be hidden, so the listing ends with that error. */
static enum leat_err is_hidden(const struct leat_files_layers *layers, unsigned count,
                               const struct leat_file *entry, bool *hidden)
{
    struct leat_file above;
    const enum leat_err err = find_above(layers, count, entry->path, entry->path_len, &above);

    *hidden = !err;
    if (!err)
        leat_files_release(&above);
    return err == LEAT_ERR_NOT_FOUND ? LEAT_OK : err;
}

/* The next entry of the folder in one layer that no layer above has. */
static enum leat_err next_of_layer(const struct leat_files_layers *layers, unsigned layer,
                                   struct leat_files *files, const char *folder, size_t len,
                                   uint64_t *cursor, struct leat_file *file)
{
    bool hidden;

    do {
        enum leat_err err = files->next(files, folder, len, cursor, file);

        if (err)
            return err;
        err = is_hidden(layers, layer, file, &hidden);
        if (err || hidden)
            leat_files_release(file);
        if (err)
            return err;
    } while (hidden);
    return LEAT_OK;
}

static enum leat_err next(struct leat_files *files, const char *folder, size_t len,
                          uint64_t *cursor, struct leat_file *file)
{
    const struct leat_files_layers *layers = layers_of(files);
    struct leat_file found;
    const enum leat_err err = find(files, folder, len, &found);

    if (err)
        return err;
    leat_files_release(&found);
    for (uint64_t layer = *cursor >> LAYER_SHIFT; layer < layers->count; layer++) {
        /* A layer's own cursor has 56 bits. Those of archives and lists are numbers of names, with
         * 32 bits or less. */
        uint64_t at = *cursor & within_layer;
        const enum leat_err end =
            next_of_layer(layers, (unsigned)layer, layers->layers[layer], folder, len, &at, file);

        *cursor = layer << LAYER_SHIFT | (at & within_layer);
        /* LEAT_ERR_NOT_FOUND: this layer doesn't have the folder, but find() has found it in
         * another one. */
        if (end != LEAT_ERR_END && end != LEAT_ERR_NOT_FOUND)
            return end;
        *cursor = (layer + 1) << LAYER_SHIFT;
    }
    return LEAT_ERR_END;
}

void leat_files_layers_open(struct leat_files_layers *layers)
{
    *layers = (struct leat_files_layers){.files = {.find = find, .next = next}};
}

enum leat_err leat_files_layers_add(struct leat_files_layers *layers, struct leat_files *below)
{
    if (below->find == find) /* its cursors would need the bits of ours */
        return LEAT_ERR_ARGUMENT;
    if (layers->count == LEAT_FILES_LAYERS_MAX)
        return LEAT_ERR_FULL;
    layers->layers[layers->count++] = below;
    return LEAT_OK;
}
