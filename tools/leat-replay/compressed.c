/*
 * compressed.c -- captures compressed by gzip or zstd.
 *
 * The file is decompressed as it is read, so it is never complete in memory or on a disk. Both
 * libraries are optional: without one, its files are refused with an error line.
 */
#include "compressed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if REPLAY_HAS_ZLIB
#include <zlib.h>
#endif
#if REPLAY_HAS_ZSTD
#include <zstd.h>
#endif

enum {
    INPUT_BYTES = 64 * 1024,
    MAGIC_BYTES = 4,
    RATIO_MAX = 1000,   /* limit of output to input; captures that repeat one frame have 300 */
    WINDOW_LOG_MAX = 27 /* of zstd: 128 MiB, the limit of its command without --long */
};

static const uint64_t free_bytes = 256 * 1024 * 1024; /* output that is accepted with any ratio */

struct compressed;

/* Decompresses some of the input; returns the number of bytes of output, or -1 with @why. */
typedef ptrdiff_t expand_fn(struct compressed *file, uint8_t *to, size_t room,
                            char why[LEAT_WHY_BYTES]);

struct compressed {
    int fd;
    expand_fn *expand;
    const char *name; /* of the format */
    uint8_t input[INPUT_BYTES];
    size_t from, to; /* range of unused bytes of the input */
    uint64_t taken, given;
    bool is_regular;
    bool is_whole; /* between two members or frames: the file may end here */
#if REPLAY_HAS_ZLIB
    z_stream zlib;
#endif
#if REPLAY_HAS_ZSTD
    ZSTD_DStream *zstd;
#endif
};

static ptrdiff_t fail(char why[LEAT_WHY_BYTES], const char *reason)
{
    snprintf(why, LEAT_WHY_BYTES, "%s", reason);
    return -1;
}

/* Reads more input, after the unused bytes; 0: the end of the file. */
static ptrdiff_t read_input(struct compressed *file, char why[LEAT_WHY_BYTES])
{
    ssize_t got;

    if (file->from == file->to)
        file->from = file->to = 0;
    do {
        got = read(file->fd, file->input + file->to, sizeof file->input - file->to);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(why, strerror(errno));
    file->to += (size_t)got;
    file->taken += (uint64_t)got;
    return got;
}

/* Uncompressed data: from a pipe, whose first bytes had to be read to find that out. */
static ptrdiff_t expand_plain(struct compressed *file, uint8_t *to, size_t room,
                              char why[LEAT_WHY_BYTES])
{
    const size_t have = file->to - file->from;
    const size_t bytes = have < room ? have : room;

    (void)why;
    memcpy(to, file->input + file->from, bytes);
    file->from += bytes;
    file->is_whole = true;
    return (ptrdiff_t)bytes;
}

#if REPLAY_HAS_ZLIB
/* Several members may follow each other (RFC 1952 2.2). */
static ptrdiff_t expand_gzip(struct compressed *file, uint8_t *to, size_t room,
                             char why[LEAT_WHY_BYTES])
{
    enum {
        GZIP_WINDOW = 16 + 15 /* the header of RFC 1952, a window of 32 KiB */
    };
    int done;

    if (file->is_whole && inflateInit2(&file->zlib, GZIP_WINDOW) != Z_OK)
        return fail(why, "no memory to expand it");
    file->is_whole = false;
    file->zlib.next_in = file->input + file->from;
    file->zlib.avail_in = (uInt)(file->to - file->from);
    file->zlib.next_out = to;
    file->zlib.avail_out = room < UINT32_MAX ? (uInt)room : UINT32_MAX;
    done = inflate(&file->zlib, Z_NO_FLUSH);
    file->from = file->to - file->zlib.avail_in;
    room = (size_t)(file->zlib.next_out - to);
    if (done == Z_STREAM_END) {
        inflateEnd(&file->zlib);
        file->is_whole = true;
    } else if (done != Z_OK && done != Z_BUF_ERROR) {
        snprintf(why, LEAT_WHY_BYTES, "gzip: %s",
                 file->zlib.msg ? file->zlib.msg : "the data is broken");
        return -1;
    }
    return (ptrdiff_t)room;
}
#else
#define expand_gzip NULL
#endif

#if REPLAY_HAS_ZSTD
static ptrdiff_t expand_zstd(struct compressed *file, uint8_t *to, size_t room,
                             char why[LEAT_WHY_BYTES])
{
    ZSTD_inBuffer in = {file->input, file->to, file->from};
    ZSTD_outBuffer out = {to, room, 0};
    size_t left;

    if (!file->zstd) {
        file->zstd = ZSTD_createDStream();
        if (!file->zstd ||
            ZSTD_isError(ZSTD_DCtx_setParameter(file->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
            return fail(why, "no memory to expand it");
    }
    left = ZSTD_decompressStream(file->zstd, &out, &in);
    file->from = in.pos;
    if (ZSTD_isError(left)) {
        snprintf(why, LEAT_WHY_BYTES, "zstd: %s", ZSTD_getErrorName(left));
        return -1;
    }
    file->is_whole = left == 0;
    return (ptrdiff_t)out.pos;
}
#else
#define expand_zstd NULL
#endif

static ptrdiff_t read_expanded(void *arg, uint8_t *to, size_t room, char why[LEAT_WHY_BYTES])
{
    struct compressed *file = arg;

    for (;;) {
        /* without new input there may still be output for which there was no room */
        ptrdiff_t got =
            file->is_whole && file->from == file->to ? 0 : file->expand(file, to, room, why);

        if (got > 0) {
            file->given += (uint64_t)got;
            if (file->given > free_bytes && file->given / RATIO_MAX > file->taken) {
                snprintf(why, LEAT_WHY_BYTES, "it expands to more than %d times its size",
                         RATIO_MAX);
                return -1;
            }
        }
        if (got != 0)
            return got;
        if (file->from < file->to)
            continue;
        got = read_input(file, why);
        if (got < 0)
            return got;
        if (got == 0)
            return file->is_whole ? 0 : fail(why, "the compressed data is cut off");
    }
}

static void close_expanded(void *arg)
{
    struct compressed *file = arg;

    if (file->fd > STDIN_FILENO)
        close(file->fd);
#if REPLAY_HAS_ZLIB
    if (file->expand == expand_gzip && !file->is_whole)
        inflateEnd(&file->zlib);
#endif
#if REPLAY_HAS_ZSTD
    ZSTD_freeDStream(file->zstd);
#endif
    free(file);
}

/* The formats, by the first bytes of a file. */
struct format {
    uint8_t len;
    uint8_t magic[MAGIC_BYTES];
    const char *name;
    const char *command; /* the command that decompresses it */
    expand_fn *expand;   /* NULL: not in this build */
};

static const struct format formats[] = {
    {2, {0x1f, 0x8b}, "gzip", "gunzip -c", expand_gzip},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, "zstd", "zstd -dc", expand_zstd}};

static const struct format *format_of(const struct compressed *file)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (file->to >= formats[i].len &&
            memcmp(file->input, formats[i].magic, formats[i].len) == 0)
            return &formats[i];
    }
    return NULL;
}

/* Opens the file and reads its first bytes; false: it can't be read. */
static bool open_file(struct compressed *file, const char *path, char why[LEAT_WHY_BYTES])
{
    struct stat what;

    file->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &what) != 0 || S_ISDIR(what.st_mode))
        return false;
    file->is_regular = S_ISREG(what.st_mode);
    while (file->to < MAGIC_BYTES) {
        if (read_input(file, why) <= 0)
            break;
    }
    return true;
}

enum leat_err compressed_open(struct leat_capture **capture, const char *path,
                              char why[LEAT_WHY_BYTES])
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct compressed *file = calloc(1, sizeof *file);
    struct leat_capture_source source = {
        .read = read_expanded, .close = close_expanded, .arg = file, .offset_note = ""};
    const struct format *format;
    bool is_open;

    if (!file) {
        snprintf(why, LEAT_WHY_BYTES, "no memory to read %.128s", path);
        return LEAT_ERR_MEMORY;
    }
    file->is_whole = true;
    file->expand = expand_plain;
    is_open = open_file(file, path, why);
    format = is_open ? format_of(file) : NULL;
    if (format && !format->expand) {
        snprintf(
            why, LEAT_WHY_BYTES,
            "%.96s: offset 0: compressed by %s, which this build doesn't read: expand it with %s",
            name, format->name, format->command);
        close_expanded(file);
        return LEAT_ERR_FORMAT;
    }
    if (!format && (!is_open || (file->is_regular && file->fd != STDIN_FILENO))) {
        close_expanded(file);
        return leat_capture_open(capture, path, why);
    }
    if (format) {
        file->expand = format->expand;
        source.offset_note = " (expanded)";
    }
    return leat_capture_open_source(capture, &source, name, why);
}
