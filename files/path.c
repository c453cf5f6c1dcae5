/*
 * path.c -- see path.h.
 *
 * Every path of this library is stored in the normal form that path_append() makes: no slash at
 * either end, no empty segment, no "." and no "..". The root is the empty path. The functions that
 * compare paths rely on that form, and don't check it.
 */
#include "files/path.h"

#include <string.h>

struct words words_of(const char *string)
{
    struct words words = {string, 0};

    while (string[words.len])
        words.len++;
    return words;
}

bool path_climb(struct path *path)
{
    if (path->len == 0)
        return false;
    do
        path->len--;
    while (path->len > 0 && path->bytes[path->len] != '/');
    return true;
}

/* Appends one segment and the slash before it, which the root doesn't have. The first comparison
 * keeps the sum behind it from wrapping, whatever length an archive gives. */
static enum path_result append_segment(struct path *path, struct words segment)
{
    const size_t slash = path->len > 0;

    if (segment.len > sizeof path->bytes || path->len + slash + segment.len > sizeof path->bytes)
        return PATH_LONG;
    if (slash)
        path->bytes[path->len++] = '/';
    for (size_t i = 0; i < segment.len; i++) {
        /* A NUL would end the path early in any program that treats it as a string, so "a\0b" would
         * become "a" there. */
        if (!segment.bytes[i])
            return PATH_LONG;
        path->bytes[path->len++] = segment.bytes[i];
    }
    return PATH_OK;
}

static bool is_dot(struct words segment)
{
    return segment.len == 1 && segment.bytes[0] == '.';
}

static bool is_dots(struct words segment)
{
    return segment.len == 2 && segment.bytes[0] == '.' && segment.bytes[1] == '.';
}

enum path_result path_append(struct path *path, struct words more, bool climbs)
{
    while (more.len > 0) {
        const struct words segment = {more.bytes, path_segment(more)};
        const size_t taken = segment.len + (segment.len < more.len);
        enum path_result result = PATH_OK;

        if (is_dots(segment))
            /* A symbolic link may climb, but not above the root of the source. */
            result = climbs && path_climb(path) ? PATH_OK : PATH_OUT;
        else if (segment.len > 0 && !is_dot(segment))
            result = append_segment(path, segment);
        if (result != PATH_OK)
            return result;
        more = (struct words){more.bytes + taken, more.len - taken};
    }
    return PATH_OK;
}

bool path_is_below(struct words path, struct words folder, struct words *below)
{
    /* length of the folder and of the slash behind it; the root has neither */
    const size_t from = folder.len + (folder.len > 0);

    /* The byte behind the folder's name must be a slash: "certs2/a" isn't below "certs". */
    if (path.len <= from || memcmp(path.bytes, folder.bytes, folder.len) != 0 ||
        (from > 0 && path.bytes[from - 1] != '/'))
        return false;
    *below = (struct words){path.bytes + from, path.len - from};
    return true;
}

size_t path_segment(struct words path)
{
    size_t len = 0;

    while (len < path.len && path.bytes[len] != '/')
        len++;
    return len;
}

/* The place in the order of the byte at @at: the end of a path comes first, the slash second, and
 * then all other bytes. With memcmp's order "a-b" would come between "a" and "a/c", because '-' is
 * less than '/'. */
static int rank(struct words path, size_t at)
{
    if (at == path.len)
        return 0;
    return path.bytes[at] == '/' ? 1 : 2 + (unsigned char)path.bytes[at];
}

int path_compare(struct words a, struct words b)
{
    size_t at = 0;

    while (at < a.len && at < b.len && a.bytes[at] == b.bytes[at])
        at++;
    return rank(a, at) - rank(b, at);
}
