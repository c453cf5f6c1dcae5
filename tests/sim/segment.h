/* segment.h -- frames as the watcher parses them, and as a capture stores them. */
#ifndef SIM_SEGMENT_H
#define SIM_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    SIM_FIN = 1,
    SIM_SYN = 2,
    SIM_RST = 4,
    SIM_PSH = 8,
    SIM_ACK = 16,
    SIM_SACK_MAX = 4
};

struct sim_segment {
    bool is_tcp;      /* else the fields below are not set */
    uint8_t ecn;      /* from the IP header */
    bool to_stranger; /* to neither end */
    uint16_t src_port;
    uint16_t dst_port;
    uint32_t seq;
    uint32_t ack;
    uint16_t flags; /* with ECE 64, CWR 128 */
    uint16_t window;
    uint32_t options_len;
    const uint8_t *data;
    uint32_t data_len;
    uint16_t mss; /* 0: no option */
    bool has_wind_shift;
    uint8_t wind_shift;
    bool sack_ok;
    bool has_timestamp;
    uint32_t ts_value;
    uint32_t ts_echo;
    unsigned sack_count;
    uint32_t sack[SIM_SACK_MAX][2];
};

/* Parses a frame that end @from has sent, in IPv4 or IPv6. Returns NULL, or the rule that it
 * breaks. */
const char *sim_segment_parse(struct sim_segment *segment, const uint8_t *frame, uint32_t len,
                              unsigned from, bool ipv6);

/* A capture (pcap, nanoseconds, Ethernet): its header, and one frame. */
void sim_record_begin(FILE *file);
void sim_record_frame(FILE *file, uint64_t now_ns, const uint8_t *frame, uint32_t len);

#endif
