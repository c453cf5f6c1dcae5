/*
 * capture.c -- opens captures, finds out their format, and makes frames of their records.
 *
 * capture_start() finds out the format by the first bytes and sets capture->next, the reader of one
 * record. leat_capture_next() calls that until a record is of a link that is read, and gives frames
 * of other links an Ethernet header. A frame lies in the capture's buffer, and is valid until the
 * next call.
 */
#include <leat/assert.h>

#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 128 * 1024, /* stays in the cache; a longer frame makes it grow */
    MAGIC_BYTES = 4
};

/* Files that are no captures, or none that are read, for a message. */
struct other_format {
    uint8_t len;
    uint8_t magic[6];
    const char *name;
};

static const struct other_format other_formats[] = {
    {2, {0x1f, 0x8b}, "compressed by gzip"},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, "compressed by zstd"},
    {4, {0xfd, '7', 'z', 'X'}, "compressed by xz"},
    {3, {'B', 'Z', 'h'}, "compressed by bzip2"},
    {4, {4, 0x22, 0x4d, 0x18}, "compressed by lz4"},
    {4, {'P', 'K', 3, 4}, "a zip archive"},
    {4, {'G', 'M', 'B', 'U'}, "Microsoft's Network Monitor's"},
    {4, {0x52, 0x54, 0x53, 0x53}, "Network Monitor's of version 1"},
    {4, {'T', 'R', 'S', 'N'}, "NetXRay's"},
    {4, {'X', 'C', 'P', 0}, "NetXRay's"}};

/* Says what the file is, if it isn't a capture but known. */
static enum leat_err refuse_other(struct leat_capture *capture)
{
    const uint8_t *at = leat__capture_at(capture);

    for (size_t i = 0; i < sizeof other_formats / sizeof *other_formats; i++) {
        const struct other_format *other = &other_formats[i];

        if (leat__capture_have(capture) >= other->len && memcmp(at, other->magic, other->len) == 0)
            return leat__capture_fail(capture, "no capture that is read: it is %s", other->name);
    }
    return LEAT_OK;
}

/* Reads the first bytes of the file, which tell what the rest is. */
static enum leat_err capture_start(struct leat_capture *capture)
{
    static const uint8_t pcapng[MAGIC_BYTES] = {0x0a, 0x0d, 0x0d, 0x0a};
    static const uint8_t snoop[MAGIC_BYTES] = {'s', 'n', 'o', 'o'};
    const uint8_t *at;

    if (!leat__capture_want(capture, MAGIC_BYTES)) {
        if (capture->status)
            return capture->status;
        if (leat__capture_have(capture) == 0)
            return leat__capture_fail(capture, "no capture: it is empty");
        return leat__capture_fail(capture, "no capture: it has %zu bytes",
                                  leat__capture_have(capture));
    }
    at = leat__capture_at(capture);
    if (memcmp(at, pcapng, sizeof pcapng) == 0)
        return leat__pcapng_read_start(capture);
    if (memcmp(at, snoop, sizeof snoop) == 0)
        return leat__snoop_read_start(capture);
    return refuse_other(capture) ? capture->status : leat__pcap_read_start(capture);
}

static ptrdiff_t file_read(void *arg, uint8_t *to, size_t room, char why[LEAT_WHY_BYTES])
{
    const struct leat_capture *capture = arg;
    ssize_t got;

    do {
        got = read(capture->fd, to, room);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        snprintf(why, LEAT_WHY_BYTES, "%s", strerror(errno));
    return got;
}

static enum leat_err file_open(struct leat_capture *capture, const char *path)
{
    struct stat what = {0};

    if (strcmp(path, "-") == 0) {
        capture->fd = STDIN_FILENO;
        snprintf(capture->path, sizeof capture->path, "standard input");
    } else {
        capture->fd = open(path, O_RDONLY | O_CLOEXEC);
        snprintf(capture->path, sizeof capture->path, "%s", path);
    }
    if (capture->fd < 0 || fstat(capture->fd, &what) != 0 ||
        (S_ISDIR(what.st_mode) && (errno = EISDIR))) {
        leat__capture_fail(capture, "%s", strerror(errno));
        return LEAT_ERR_NOT_FOUND;
    }
    /* The size of a pipe isn't known, so a program can't show its progress there. */
    if (S_ISREG(what.st_mode))
        capture->size = (uint64_t)what.st_size;
    return LEAT_OK;
}

static struct leat_capture *capture_new(void)
{
    struct leat_capture *made = calloc(1, sizeof *made);
    /* The spare bytes lie in front of the buffer: a frame at its beginning may get an Ethernet
     * header there. */
    uint8_t *memory = malloc(BUFFER_SPARE_BYTES + BUFFER_BYTES);

    if (!made || !memory) {
        free(made);
        free(memory);
        return NULL;
    }
    made->fd = -1;
    made->room = BUFFER_BYTES;
    made->buffer = memory + BUFFER_SPARE_BYTES;
    made->left_out_offset = UINT64_MAX;
    return made;
}

/* Opens @source, or else the file @name. */
static enum leat_err capture_open(struct leat_capture **capture,
                                  const struct leat_capture_source *source, const char *name,
                                  char why[LEAT_WHY_BYTES])
{
    struct leat_capture *made = capture_new();
    enum leat_err err = LEAT_OK;

    if (!made) {
        snprintf(why, LEAT_WHY_BYTES, "no memory to read %.128s", name);
        /* The source is ours from the call on, so it is closed on errors, too. */
        if (source && source->close)
            source->close(source->arg);
        return LEAT_ERR_MEMORY;
    }
    made->source =
        source ? *source
               : (struct leat_capture_source){.read = file_read, .arg = made, .offset_note = ""};
    if (source)
        snprintf(made->path, sizeof made->path, "%s", name);
    else
        err = file_open(made, name);
    if (err == LEAT_OK)
        err = capture_start(made);
    if (err) {
        memcpy(why, made->why, LEAT_WHY_BYTES);
        leat_capture_close(made);
        return err;
    }
    *capture = made;
    return LEAT_OK;
}

enum leat_err leat_capture_open(struct leat_capture **capture, const char *path,
                                char why[LEAT_WHY_BYTES])
{
    return capture_open(capture, NULL, path, why);
}

enum leat_err leat_capture_open_source(struct leat_capture **capture,
                                       const struct leat_capture_source *source, const char *name,
                                       char why[LEAT_WHY_BYTES])
{
    return capture_open(capture, source, name, why);
}

void leat_capture_unwrap(struct leat_capture *capture)
{
    capture->unwraps = true;
}

/* The file ends.  If no frame could be read for its link, the file is refused for that. */
static enum leat_err capture_end(struct leat_capture *capture)
{
    /* A section may describe an interface that isn't read and never use it. That alone is no
     * error. */
    const bool none_is_read = capture->left_out.frames > 0 || !capture->any_is_read;

    if (capture->frames == 0 && capture->left_out_offset != UINT64_MAX && none_is_read)
        return leat__capture_refuse_link(capture, capture->left_out_offset,
                                         capture->left_out.link_type);
    return LEAT_ERR_NOT_FOUND;
}

/* Frames that need no other header: IPv4, ARP and IPv6 in Ethernet, and all of Ethernet unless the
 * program wants VLAN tags and the like removed. */
static bool is_plain(const struct leat_capture *capture, const struct capture_record *record)
{
    const uint8_t *bytes = record->frame.bytes;

    if (record->interface->link_type != LINK_TYPE_ETHERNET)
        return false;
    return !capture->unwraps || record->frame.captured_bytes < DECAPSULATED_HEADER_BYTES ||
           (bytes[12] == 8 && (bytes[13] == 0 || bytes[13] == 6)) ||
           (bytes[12] == 0x86 && bytes[13] == 0xdd);
}

static void make_ethernet(struct leat_capture *capture, struct capture_record *record)
{
    const bool was_ethernet = record->interface->link_type == LINK_TYPE_ETHERNET;
    struct leat_capture_frame *frame = &record->frame;
    struct decapsulated found;
    uint8_t *header;

    leat__decapsulate(record->interface->link, frame->bytes, frame->captured_bytes, &found);
    /* Nothing was found behind its own header, so the frame stays as it is. */
    if (was_ethernet && (found.type == DECAPSULATED_OTHER || found.at == DECAPSULATED_HEADER_BYTES))
        return;
    /* before the packet is what is used already: the record's head, or the spare bytes */
    header =
        capture->buffer + (frame->bytes - capture->buffer) + found.at - DECAPSULATED_HEADER_BYTES;
    leat_assert(found.at <= frame->captured_bytes && header >= capture->buffer);
    memcpy(header, found.dst.octet, sizeof found.dst.octet);
    memcpy(header + 6, found.src.octet, sizeof found.src.octet);
    header[12] = (uint8_t)(found.type >> 8);
    header[13] = (uint8_t)found.type;
    frame->bytes = header;
    frame->captured_bytes += DECAPSULATED_HEADER_BYTES - found.at;
    frame->wire_bytes = frame->wire_bytes - found.at > UINT32_MAX - DECAPSULATED_HEADER_BYTES
                            ? UINT32_MAX /* a file may say anything */
                            : frame->wire_bytes - found.at + DECAPSULATED_HEADER_BYTES;
    frame->is_made = true;
    if (frame->direction == LEAT_CAPTURE_UNKNOWN)
        frame->direction = found.direction;
}

enum leat_err leat_capture_next(struct leat_capture *capture, struct leat_capture_frame *frame)
{
    struct capture_record record = {0};
    enum leat_err err = capture->status;

    while (err == LEAT_OK) {
        err = capture->next(capture, &record);
        if (err || leat__link_is_read(record.interface->link))
            break;
        capture->left_out.frames++;
    }
    if (err)
        return err == LEAT_ERR_NOT_FOUND ? capture_end(capture) : err;
    leat_assert(record.interface != NULL);
    leat_assert(record.frame.captured_bytes <= LEAT_CAPTURE_FRAME_MAX);
    /* A broken writer; the contract says that the wire had at least as many. */
    if (record.frame.wire_bytes < record.frame.captured_bytes)
        record.frame.wire_bytes = record.frame.captured_bytes;
    record.frame.link_type = record.interface->link_type;
    if (!is_plain(capture, &record))
        make_ethernet(capture, &record);
    *frame = record.frame;
    frame->number = ++capture->frames;
    return LEAT_OK;
}

struct leat_capture_left_out leat_capture_left_out(const struct leat_capture *capture)
{
    return capture->left_out;
}

const char *leat_capture_why(const struct leat_capture *capture)
{
    return capture->why;
}

const char *leat_capture_notes(const struct leat_capture *capture)
{
    return capture->notes;
}

uint64_t leat_capture_position(const struct leat_capture *capture)
{
    return leat__capture_offset(capture);
}

uint64_t leat_capture_size(const struct leat_capture *capture)
{
    return capture->size;
}

void leat_capture_close(struct leat_capture *capture)
{
    if (!capture)
        return;
    /* -1 if there is no file, 0 if it is standard input, which isn't ours. */
    if (capture->fd > STDIN_FILENO)
        close(capture->fd);
    if (capture->source.close)
        capture->source.close(capture->source.arg);
    free(capture->buffer - BUFFER_SPARE_BYTES);
    free(capture);
}
