/* capture.h -- the inside of a capture that is being read. */
#ifndef PCAP_CAPTURE_H
#define PCAP_CAPTURE_H

#include <leat/capture.h>

#include <string.h>

enum {
    NS_PER_S = 1000000000,
    LINK_TYPE_ETHERNET = 1,
    BLOCK_BYTES_MAX = 16 * 1024 * 1024, /* of pcapng: libpcap's own limit (CVE-2019-15165) */
    INTERFACES_MAX = 256
};

/* The times of an interface's frames, from its description. */
struct capture_interface {
    uint64_t units_per_s;
    int64_t offset_s;
};

struct leat_capture {
    int fd;
    uint8_t *buffer;
    size_t room;
    size_t from, to;      /* bytes in the buffer that have not been used yet */
    uint64_t base_offset; /* of buffer[0] in the file */
    uint64_t size;        /* of the file; 0: unknown */
    uint64_t frames;
    uint64_t last_ns;
    enum leat_err status; /* LEAT_ERR_NOT_FOUND: at the end */
    bool swapped;         /* the file's numbers have the other byte order */
    bool is_pcapng;
    bool has_notes;
    uint32_t ns_per_unit; /* of a pcap: 1 or 1000 */
    uint32_t interface_count;
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

/* Refuses a link type other than Ethernet, by its name. */
enum leat_err leat__capture_check_link_type(struct leat_capture *capture, uint32_t link_type);

/* Numbers in the file's byte order. */
uint16_t leat__capture_get16(const struct leat_capture *capture, const uint8_t *at);

static inline uint32_t leat__capture_get32(const struct leat_capture *capture, const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return capture->swapped ? __builtin_bswap32(value) : value;
}

/* pcapng: the section header that a file begins with, and the next frame. */
enum leat_err leat__pcapng_read_start(struct leat_capture *capture);
enum leat_err leat__pcapng_read_next(struct leat_capture *capture,
                                     struct leat_capture_frame *frame);

#endif
