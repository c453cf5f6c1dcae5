/* path.h -- paths of files in their normal form: segments with one slash between them. */
#ifndef FILES_PATH_H
#define FILES_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/files.h>

/* Characters without a NUL at their end. */
struct words {
    const char *bytes;
    size_t len;
};

enum path_result {
    PATH_OK,
    PATH_OUT, /* ".." leads out of the root, or isn't allowed */
    PATH_LONG /* longer than LEAT_FILE_PATH_BYTES, or one of its bytes is NUL */
};

struct path {
    size_t len;
    char bytes[LEAT_FILE_PATH_BYTES];
};

static inline struct words path_words(const struct path *path)
{
    return (struct words){path->bytes, path->len};
}

/* The characters of a string. */
struct words words_of(const char *string);

/* Appends @more, which may have any form, to @path. With @climbs, ".." removes the segment before
 * it. */
enum path_result path_append(struct path *path, struct words more, bool climbs);

/* Removes the last segment. False: there is none. */
bool path_climb(struct path *path);

/* True if @path lies below the path @folder. Then *@below is the rest of @path. */
bool path_is_below(struct words path, struct words folder, struct words *below);

/* The length of the first segment of @path. */
size_t path_segment(struct words path);

/* Orders paths so that all that lies below a folder follows it: by bytes, the slash before all
 * others. Negative: @a comes before @b; 0: they are equal. */
int path_compare(struct words a, struct words b);

#endif
