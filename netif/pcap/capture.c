/* capture.c -- reads captures: the buffer, and the format pcap. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 128 * 1024, /* stays in the cache; a longer frame makes it grow */
    PCAP_HEADER_BYTES = 24,
    PCAP_RECORD_BYTES = 16,
    PCAP_VERSION = 2
};

static const uint32_t pcap_magic_us = 0xa1b2c3d4;
static const uint32_t pcap_magic_ns = 0xa1b23c4d;
static const uint32_t pcapng_magic = 0x0a0d0d0a; /* reads the same in both orders */

struct link_type {
    uint32_t number;
    const char *name;
};

/* The registry's more common ones, for a message. */
static const struct link_type link_types[] = {{0, "BSD loopback"},
                                              {6, "Token Ring"},
                                              {8, "SLIP"},
                                              {9, "PPP"},
                                              {10, "FDDI"},
                                              {50, "PPP (HDLC)"},
                                              {51, "PPPoE"},
                                              {100, "ATM"},
                                              {101, "raw IP"},
                                              {104, "Cisco HDLC"},
                                              {105, "802.11"},
                                              {107, "Frame Relay"},
                                              {108, "OpenBSD loopback"},
                                              {113, "Linux cooked"},
                                              {119, "802.11 Prism"},
                                              {122, "IP over Fibre Channel"},
                                              {127, "802.11 radiotap"},
                                              {129, "Linux ARCNET"},
                                              {138, "IEEE 1394"},
                                              {143, "DOCSIS"},
                                              {160, "TZSP"},
                                              {187, "Bluetooth H4"},
                                              {189, "USB"},
                                              {195, "802.15.4"},
                                              {197, "ERF"},
                                              {201, "Bluetooth H4"},
                                              {220, "USB"},
                                              {228, "raw IPv4"},
                                              {229, "raw IPv6"},
                                              {239, "nflog"},
                                              {240, "netANALYZER"},
                                              {247, "IP over InfiniBand"},
                                              {253, "Netlink"},
                                              {276, "Linux cooked v2"}};

enum leat_err leat__capture_fail(struct leat_capture *capture, const char *reason, ...)
{
    va_list arguments;
    int len = snprintf(capture->why, sizeof capture->why, "%s: offset %llu: ", capture->path,
                       (unsigned long long)leat__capture_offset(capture));

    va_start(arguments, reason);
    vsnprintf(capture->why + len, sizeof capture->why - (size_t)len, reason, arguments);
    va_end(arguments);
    capture->status = LEAT_ERR_FORMAT;
    return LEAT_ERR_FORMAT;
}

/* Moves what is left to the front, and makes room for @bytes. */
static bool capture_make_room(struct leat_capture *capture, size_t bytes)
{
    uint8_t *larger;

    memmove(capture->buffer, leat__capture_at(capture), leat__capture_have(capture));
    capture->base_offset += capture->from;
    capture->to -= capture->from;
    capture->from = 0;
    if (bytes <= capture->room)
        return true;
    larger = realloc(capture->buffer, bytes);
    if (!larger) {
        leat__capture_fail(capture, "no memory for %zu bytes", bytes);
        return false;
    }
    capture->buffer = larger;
    capture->room = bytes;
    return true;
}

bool leat__capture_fill(struct leat_capture *capture, size_t bytes)
{
    if (capture->status != LEAT_OK || !capture_make_room(capture, bytes))
        return false;
    while (leat__capture_have(capture) < bytes) {
        ssize_t got = read(capture->fd, capture->buffer + capture->to, capture->room - capture->to);

        if (got > 0) {
            capture->to += (size_t)got;
        } else if (got == 0) {
            return false;
        } else if (errno != EINTR) {
            leat__capture_fail(capture, "%s", strerror(errno));
            return false;
        }
    }
    return true;
}

uint16_t leat__capture_get16(const struct leat_capture *capture, const uint8_t *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof value);
    return capture->swapped ? __builtin_bswap16(value) : value;
}

enum leat_err leat__capture_check_link_type(struct leat_capture *capture, uint32_t link_type)
{
    const char *name = "unknown";

    if (link_type == LINK_TYPE_ETHERNET)
        return LEAT_OK;
    for (size_t i = 0; i < sizeof link_types / sizeof *link_types; i++) {
        if (link_types[i].number == link_type)
            name = link_types[i].name;
    }
    return leat__capture_fail(capture, "link type %u (%s): only Ethernet is read", link_type, name);
}

static enum leat_err pcap_read_start(struct leat_capture *capture)
{
    const uint8_t *at;

    if (!leat__capture_want(capture, PCAP_HEADER_BYTES))
        return capture->status
                   ? capture->status
                   : leat__capture_fail(capture, "cut off: %zu of the header's %d bytes",
                                        leat__capture_have(capture), PCAP_HEADER_BYTES);
    at = leat__capture_at(capture);
    if (leat__capture_get16(capture, at + 4) != PCAP_VERSION)
        return leat__capture_fail(capture, "pcap of version %u.%u: only 2 is read",
                                  leat__capture_get16(capture, at + 4),
                                  leat__capture_get16(capture, at + 6));
    /* the upper bits say whether an FCS follows each frame: IP's own length cuts it off */
    if (leat__capture_check_link_type(capture, leat__capture_get32(capture, at + 20) & 0x03ffffff))
        return LEAT_ERR_FORMAT;
    leat__capture_use(capture, PCAP_HEADER_BYTES);
    return LEAT_OK;
}

static enum leat_err pcap_read_next(struct leat_capture *capture, struct leat_capture_frame *frame)
{
    const uint8_t *at;
    uint32_t captured;

    if (!leat__capture_want(capture, PCAP_RECORD_BYTES)) {
        if (capture->status)
            return capture->status;
        if (leat__capture_have(capture) == 0)
            return capture->status = LEAT_ERR_NOT_FOUND;
        return leat__capture_fail(capture, "cut off: %zu of the %d bytes before frame %llu",
                                  leat__capture_have(capture), PCAP_RECORD_BYTES,
                                  (unsigned long long)capture->frames + 1);
    }
    captured = leat__capture_get32(capture, leat__capture_at(capture) + 8);
    if (captured > LEAT_CAPTURE_FRAME_MAX)
        return leat__capture_fail(capture, "frame %llu claims %u bytes, more than %u",
                                  (unsigned long long)capture->frames + 1, captured,
                                  LEAT_CAPTURE_FRAME_MAX);
    if (!leat__capture_want(capture, PCAP_RECORD_BYTES + captured))
        return capture->status
                   ? capture->status
                   : leat__capture_fail(capture, "cut off: %zu of frame %llu's %u bytes",
                                        leat__capture_have(capture) - PCAP_RECORD_BYTES,
                                        (unsigned long long)capture->frames + 1, captured);
    at = leat__capture_at(capture);
    *frame = (struct leat_capture_frame){
        .offset = leat__capture_offset(capture),
        .time_ns = (uint64_t)leat__capture_get32(capture, at) * NS_PER_S +
                   (uint64_t)leat__capture_get32(capture, at + 4) * capture->ns_per_unit,
        .bytes = at + PCAP_RECORD_BYTES,
        .captured_bytes = captured,
        .wire_bytes = leat__capture_get32(capture, at + 12)};
    leat__capture_use(capture, PCAP_RECORD_BYTES + captured);
    return LEAT_OK;
}

/* Reads the first number of the file, which tells what the rest is. */
static enum leat_err capture_start(struct leat_capture *capture)
{
    uint32_t magic;

    if (!leat__capture_want(capture, sizeof magic)) {
        if (capture->status)
            return capture->status;
        return leat__capture_fail(capture, "no capture: it has %zu bytes",
                                  leat__capture_have(capture));
    }
    memcpy(&magic, leat__capture_at(capture), sizeof magic);
    if (magic == pcapng_magic) {
        capture->is_pcapng = true;
        return leat__pcapng_read_start(capture);
    }
    capture->swapped =
        magic == __builtin_bswap32(pcap_magic_us) || magic == __builtin_bswap32(pcap_magic_ns);
    magic = leat__capture_get32(capture, leat__capture_at(capture));
    if (magic != pcap_magic_us && magic != pcap_magic_ns)
        return leat__capture_fail(capture, "no capture: it begins with 0x%08x", magic);
    capture->ns_per_unit = magic == pcap_magic_ns ? 1 : 1000;
    return pcap_read_start(capture);
}

static enum leat_err capture_open_file(struct leat_capture *capture, const char *path)
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
        snprintf(capture->why, sizeof capture->why, "%s: offset 0: %s", capture->path,
                 strerror(errno));
        return LEAT_ERR_NOT_FOUND;
    }
    if (S_ISREG(what.st_mode))
        capture->size = (uint64_t)what.st_size;
    return LEAT_OK;
}

enum leat_err leat_capture_open(struct leat_capture **capture, const char *path,
                                char why[LEAT_WHY_BYTES])
{
    struct leat_capture *made = calloc(1, sizeof *made);
    enum leat_err err;

    snprintf(why, LEAT_WHY_BYTES, "no memory to read %.128s", path);
    if (!made)
        return LEAT_ERR_MEMORY;
    made->fd = -1;
    made->room = BUFFER_BYTES;
    made->buffer = malloc(made->room);
    if (!made->buffer) {
        free(made);
        return LEAT_ERR_MEMORY;
    }
    err = capture_open_file(made, path);
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

enum leat_err leat_capture_next(struct leat_capture *capture, struct leat_capture_frame *frame)
{
    enum leat_err err = capture->status;

    if (err == LEAT_OK)
        err = capture->is_pcapng ? leat__pcapng_read_next(capture, frame)
                                 : pcap_read_next(capture, frame);
    if (err)
        return err;
    frame->number = ++capture->frames;
    if (frame->wire_bytes < frame->captured_bytes)
        frame->wire_bytes = frame->captured_bytes;
    return LEAT_OK;
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
    if (capture->fd > STDIN_FILENO)
        close(capture->fd);
    free(capture->buffer);
    free(capture);
}
