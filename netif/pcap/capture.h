/* capture.h -- the inside of a capture that is being read. */
#ifndef PCAP_CAPTURE_H
#define PCAP_CAPTURE_H

#include <leat/capture.h>

#include <string.h>

#include "decapsulate.h"

enum {
    NS_PER_S = 1000000000,
    BUFFER_SPARE_BYTES = 16, /* before the buffer: a frame's made header may begin there */
    BLOCK_BYTES_MAX = 16 * 1024 * 1024, /* of pcapng: libpcap's own limit (CVE-2019-15165) */
    INTERFACES_MAX = 256
};

/* The link and the times of frames. */
struct capture_interface {
    uint32_t link_type;
    const struct capture_link *link; /* NULL: an unknown one */
    uint64_t units_per_s;
    int64_t offset_s;
    uint64_t offset; /* of its description in the file */
};

struct leat_capture;

/* A frame as the file has it. */
struct capture_record {
    const struct capture_interface *interface;
    struct leat_capture_frame frame;
};

/* A format of files: how the next frame is read. */
typedef enum leat_err capture_next_fn(struct leat_capture *capture, struct capture_record *record);

struct leat_capture {
    struct leat_capture_source source;
    int fd; /* of a file, or -1 */
    capture_next_fn *next;
    uint8_t *buffer;
    size_t room;
    size_t from, to;      /* bytes in the buffer that have not been used yet */
    uint64_t base_offset; /* of buffer[0] in the file */
    uint64_t size;        /* of the file; 0: unknown */
    uint64_t frames;
    uint64_t last_ns;
    enum leat_err status; /* LEAT_ERR_NOT_FOUND: at the end */
    bool swapped;         /* the file's numbers have the other byte order */
    bool unwraps;         /* leat_capture_unwrap() */
    bool has_notes;
    bool any_is_read;      /* of the interfaces */
    uint32_t ns_per_unit;  /* of a pcap: 1 or 1000 */
    uint32_t record_bytes; /* of a pcap: before each frame */
    struct leat_capture_left_out left_out;
    uint64_t left_out_offset; /* of the first interface that is not read; UINT64_MAX: none */
    uint32_t interface_count; /* pcap and snoop have one */
    struct capture_interface interfaces[INTERFACES_MAX];
    char path[96];
    char notes[LEAT_CAPTURE_NOTES_BYTES];
    char why[LEAT_WHY_BYTES];
};

/* The unused bytes, how many there are, and where they lie in the file. */
static inline const uint8_t *leat__capture_at(const struct leat_capture *capture)
{
    return capture->buffer + capture->from;
}

static inline size_t leat__capture_have(const struct leat_capture *capture)
{
    return capture->to - capture->from;
}

static inline uint64_t leat__capture_offset(const struct leat_capture *capture)
{
    return capture->base_offset + capture->from;
}

/* Consumes bytes that leat__capture_want() has made available. */
static inline void leat__capture_use(struct leat_capture *capture, size_t bytes)
{
    capture->from += bytes;
}

/* Reads until there are @bytes bytes in one piece; only for leat__capture_want(). */
bool leat__capture_fill(struct leat_capture *capture, size_t bytes);

/* Makes @bytes bytes lie in one piece at the front of the buffer; false: the file ends before, or
 * can't be read (why says so). */
static inline bool leat__capture_want(struct leat_capture *capture, size_t bytes)
{
    return bytes <= leat__capture_have(capture) || leat__capture_fill(capture, bytes);
}

/* Sets the reason "FILE: offset N: REASON"; all further calls fail. */
__attribute__((format(printf, 2, 3))) enum leat_err leat__capture_fail(struct leat_capture *capture,
                                                                       const char *reason, ...);

/* leat__capture_fail() with the offset given. */
__attribute__((format(printf, 3, 4))) enum leat_err
leat__capture_fail_at(struct leat_capture *capture, uint64_t offset, const char *reason, ...);

/* Refuses a link type by number and name, as that of all frames. */
enum leat_err leat__capture_refuse_link(struct leat_capture *capture, uint64_t offset,
                                        uint32_t link_type);

/* Adds the only interface of a file, with times in ns. An error: frames of its link type can't be
 * read. */
enum leat_err leat__capture_one_interface(struct leat_capture *capture, uint32_t link_type);

/* Numbers in the file's byte order. */
uint16_t leat__capture_get16(const struct leat_capture *capture, const uint8_t *at);

static inline uint32_t leat__capture_get32(const struct leat_capture *capture, const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return capture->swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t leat__capture_get64(const struct leat_capture *capture, const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return capture->swapped ? __builtin_bswap64(value) : value;
}

/* The formats: each reads what a file begins with, and sets capture->next. */
enum leat_err leat__pcap_read_start(struct leat_capture *capture);
enum leat_err leat__pcapng_read_start(struct leat_capture *capture);
enum leat_err leat__snoop_read_start(struct leat_capture *capture);

#endif
