/*
 * packet.h -- a packet in a script: numbers of the script, and unspecified parts.
 *
 * The same struct holds transmitted packets; flow.c translates the numbers.
 */
#ifndef SCRIPT_PACKET_H
#define SCRIPT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PACKET_OPTIONS_MAX = 20, /* of at least two bytes in 40 */
    SACK_BLOCKS_MAX = 4,
    COOKIE_BYTES_MAX = 38,  /* the room after kind and length; RFC 7413 4.1.1 allows 16 */
    PACKET_TEXT_BYTES = 512 /* limit of packet_format() */
};

enum packet_protocol {
    PACKET_ICMP = 1,
    PACKET_TCP = 6,
    PACKET_UDP = 17
};

enum packet_flag {
    FLAG_FIN = 1 << 0,
    FLAG_SYN = 1 << 1,
    FLAG_RST = 1 << 2,
    FLAG_PSH = 1 << 3,
    FLAG_ACK = 1 << 4,
    FLAG_URG = 1 << 5,
    FLAG_ECE = 1 << 6,
    FLAG_CWR = 1 << 7,
    FLAG_AE = 1 << 8
};

enum option_kind {
    OPTION_EOL = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_WSCALE = 3,
    OPTION_SACKOK = 4,
    OPTION_SACK = 5,
    OPTION_TS = 8,
    OPTION_FO = 34,
    OPTION_FOEXP = 254 /* the experimental option: RFC 6994, magic 0xf989 */
};

struct packet_option {
    uint8_t kind;
    uint8_t count;   /* SACK: blocks; FO, FOEXP: bytes of the cookie */
    uint32_t value;  /* MSS, WSCALE; TS val */
    uint32_t value2; /* TS ecr */
    struct {
        uint32_t start, end;
    } sack[SACK_BLOCKS_MAX];
    uint8_t cookie[COOKIE_BYTES_MAX];
};

/* Kinds of constraints on the TOS octet. */
/* "Don't fragment". */
enum df_check {
    DF_ANY,
    DF_SET,
    DF_CLEAR
};

enum tos_check {
    TOS_ANY,   /* unspecified; 0 in packets of the peer */
    TOS_EXACT, /* all eight bits */
    TOS_ECN,   /* the two ECN bits */
    TOS_ECT01  /* ECT(0) or ECT(1) */
};

struct packet {
    enum packet_protocol protocol;
    bool inbound;
    /* IP */
    uint32_t src, dst; /* addresses on the wire; scripts can't set them */
    enum df_check df_check;
    enum tos_check tos_check;
    uint8_t tos;
    bool has_ttl;
    uint8_t ttl;
    uint16_t peer_port;          /* in a script: another peer than the default one; 0: the
                                  * default one */
    uint16_t src_port, dst_port; /* ports on the wire */
    /* TCP options, in the script's order; of UDP only `len` is used */
    uint16_t flags; /* enum packet_flag */
    uint32_t seq;
    uint32_t len; /* length of the data */
    uint32_t ack;
    bool any_ack; /* a RST whose sequence number is not compared */
    bool has_ack; /* the script gives a number, with the flag or without */
    bool has_window;
    uint16_t window;
    bool has_urgent;
    uint16_t urgent;
    bool any_options;
    uint8_t option_count;
    struct packet_option options[PACKET_OPTIONS_MAX];
    /* ICMP */
    uint8_t icmp_type, icmp_code;
    bool has_mtu;
    uint16_t mtu;
    uint16_t quoted_checksum;    /* checksum of the UDP datagram that an ICMP error quotes */
    enum packet_protocol quoted; /* 0: unspecified; otherwise seq and len are the quoted packet's */
    /* the data on the wire; not terminated */
    const uint8_t *data;
};

/* The option of this kind, or NULL. */
const struct packet_option *packet_find_option(const struct packet *packet, uint8_t kind);

/* Formats the packet in packetdrill's notation, at most PACKET_TEXT_BYTES with the NUL. */
void packet_format(const struct packet *packet, char text[PACKET_TEXT_BYTES]);

/* Names of ICMP types and codes, for the parser and for packet_format(); NULL: no name. */
const char *icmp_type_name(unsigned type);
const char *icmp_code_name(unsigned type, unsigned code);

#endif
