/* fuzz_header.c -- a TCP header: parsed values are legal, and the same after they are written
 * and parsed again. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_header: %s\n", what);
    abort();
}

static void check_values(const struct wire_tcp *header, size_t size)
{
    demand(header->header_bytes >= 20 && header->header_bytes <= 60, "the header's length");
    demand(header->header_bytes <= size, "a header longer than the segment");
    demand(header->wind_shift <= 14 || header->wind_shift == WIRE_TCP_NO_SHIFT, "the shift");
    demand(header->sack_count <= WIRE_SACKS_MAX, "too many SACK blocks");
    demand(!header->has_fast_open || header->fast_open_bytes <= WIRE_FAST_OPEN_MAX, "the cookie");
}

/* False for options that exclude each other or don't fit, which are not written again. */
static bool can_be_written(const struct wire_tcp *header)
{
    const bool syn = header->flags & TCP_SYN;
    const uint32_t of_syn = syn && header->has_fast_open ? 4u + header->fast_open_bytes : 0;

    return (syn || (header->mss == 0 && header->wind_shift == WIRE_TCP_NO_SHIFT &&
                    !header->sack_permitted && !header->has_fast_open)) &&
           (!syn || header->sack_count == 0) &&
           4 + 4 + 4 + of_syn + (header->has_ts ? 12u : 0) + 4u + 8u * header->sack_count <=
               WIRE_TCP_OPTIONS_BYTES;
}

static void write_and_read_again(const struct wire_tcp *header)
{
    uint8_t bytes[WIRE_TCP_BYTES + WIRE_TCP_OPTIONS_BYTES];
    const uint32_t len = wire_tcp_bytes(header);
    struct wire_tcp again;

    demand(len >= WIRE_TCP_BYTES && len <= sizeof bytes && len % 4 == 0, "the length to write");
    wire_tcp_emit(bytes, header, len);
    demand(wire_tcp_parse(bytes, len, &again), "the written header can't be parsed");
    demand(wire_tcp_parse_options(bytes, &again), "options that were written can't be read");
    demand(again.src_port == header->src_port && again.dst_port == header->dst_port, "ports");
    demand(again.seq == header->seq && again.ack == header->ack, "numbers");
    demand(again.flags == header->flags && again.window == header->window, "flags or window");
    demand(again.mss == header->mss && again.wind_shift == header->wind_shift, "MSS or shift");
    demand(again.sack_permitted == header->sack_permitted, "SACK permitted");
    demand(again.has_ts == header->has_ts, "timestamps");
    demand(!again.has_ts || (again.tsval == header->tsval && again.tsecr == header->tsecr),
           "timestamps' values");
    demand(again.sack_count == header->sack_count, "the number of SACK blocks");
    demand(memcmp(again.sacks, header->sacks, header->sack_count * sizeof *again.sacks) == 0,
           "SACK blocks");
    demand(again.has_fast_open == header->has_fast_open, "Fast Open");
    if (!header->has_fast_open)
        return;
    demand(again.fast_open_bytes == header->fast_open_bytes, "the cookie's length");
    demand(memcmp(again.fast_open, header->fast_open, header->fast_open_bytes) == 0, "the cookie");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_tcp header = {0};

    if (size > UINT16_MAX || !wire_tcp_parse(data, (uint32_t)size, &header) ||
        !wire_tcp_parse_options(data, &header))
        return 0;
    check_values(&header, size);
    if (can_be_written(&header))
        write_and_read_again(&header);
    return 0;
}
