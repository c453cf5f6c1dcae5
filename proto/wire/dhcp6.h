/*
 * dhcp6.h -- DHCPv6 messages (RFC 8415 8, 21), read and written.
 *
 * Options lie in a message and in each other, all in one format: code, length, bytes. Iteration
 * ends before an option that goes beyond the end of those around it. wire_dhcp6_is_whole() tells
 * whether there is such an option.
 */
#ifndef WIRE_DHCP6_H
#define WIRE_DHCP6_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum {
    DHCP6_CLIENT_PORT = 546,
    DHCP6_SERVER_PORT = 547,
    DHCP6_HEADER_BYTES = 4,
    DHCP6_DUID_MIN = 3,   /* RFC 8415 11.1: a type, and at least one byte */
    DHCP6_DUID_MAX = 130, /* at most 128 bytes after the type */
    DHCP6_XID_MASK = 0xffffff
};

/* An infinite lifetime or time (RFC 8415 7.7). */
#define DHCP6_FOR_EVER UINT32_MAX

/* RFC 8415 7.3 */
enum dhcp6_message {
    DHCP6_SOLICIT = 1,
    DHCP6_ADVERTISE = 2,
    DHCP6_REQUEST = 3,
    DHCP6_CONFIRM = 4,
    DHCP6_RENEW = 5,
    DHCP6_REBIND = 6,
    DHCP6_REPLY = 7,
    DHCP6_RELEASE = 8,
    DHCP6_DECLINE = 9,
    DHCP6_RECONFIGURE = 10,
    DHCP6_INFORMATION_REQUEST = 11
};

/* RFC 8415 21, and those of RFC 3646 and RFC 5908 */
enum dhcp6_option {
    DHCP6_CLIENT_ID = 1,
    DHCP6_SERVER_ID = 2,
    DHCP6_IA_NA = 3,
    DHCP6_IA_ADDRESS = 5,
    DHCP6_OPTION_REQUEST = 6,
    DHCP6_PREFERENCE = 7,
    DHCP6_ELAPSED_TIME = 8,
    DHCP6_STATUS = 13,
    DHCP6_RAPID_COMMIT = 14,
    DHCP6_NAME_SERVERS = 23, /* RFC 3646 3 */
    DHCP6_SEARCH = 24,       /* ... 4 */
    DHCP6_REFRESH_TIME = 32,
    DHCP6_NTP_SERVER = 56, /* RFC 5908 4 */
    DHCP6_SOL_MAX_RT = 82,
    DHCP6_INF_MAX_RT = 83
};

/* RFC 8415 21.13 */
enum dhcp6_status {
    DHCP6_SUCCESS = 0,
    DHCP6_UNSPEC_FAIL = 1,
    DHCP6_NO_ADDRS_AVAIL = 2,
    DHCP6_NO_BINDING = 3,
    DHCP6_NOT_ON_LINK = 4,
    DHCP6_USE_MULTICAST = 5
};

/* A sequence of options. */
struct wire_dhcp6_options {
    const uint8_t *bytes;
    uint32_t len;
};

struct wire_dhcp6 {
    uint8_t type; /* enum dhcp6_message, or an unknown type */
    uint32_t xid; /* 24 bits */
    bool is_cut;  /* the last option goes beyond the end of the message */
    struct wire_dhcp6_options options;
};

struct wire_dhcp6_option {
    uint16_t code;
    uint16_t len;
    const uint8_t *bytes;
};

/* RFC 8415 21.4. Times are in seconds; 0: the client chooses. */
struct wire_dhcp6_ia {
    uint32_t iaid;
    uint32_t t1_s;
    uint32_t t2_s;
    bool is_cut; /* the last option inside goes beyond the end of the association */
    struct wire_dhcp6_options options;
};

/* RFC 8415 21.6. Lifetimes are in seconds. */
struct wire_dhcp6_address {
    struct leat_ip ip;
    uint32_t preferred_s;
    uint32_t valid_s;
    struct wire_dhcp6_options options;
};

/* True if every option ends within @options. */
bool wire_dhcp6_is_whole(const struct wire_dhcp6_options *options);

/* Parses a message between client and server; its options point into @bytes. False: it has no
 * whole header. */
bool wire_dhcp6_parse(struct wire_dhcp6 *message, const uint8_t *bytes, uint32_t len);

/* Finds the option at *@at, which is 0 at first, and moves *@at behind it; false: no option
 * is left. */
bool wire_dhcp6_next(const struct wire_dhcp6_options *options, uint32_t *at,
                     struct wire_dhcp6_option *option);

/* Finds the first option @code; false: there is none. */
bool wire_dhcp6_find(const struct wire_dhcp6_options *options, uint16_t code,
                     struct wire_dhcp6_option *option);

/* Reads an option of exactly one byte; false: absent, or of another length. */
bool wire_dhcp6_find8(const struct wire_dhcp6_options *options, uint16_t code, uint8_t *value);

/* Parses an association; false: too short. */
bool wire_dhcp6_ia(const struct wire_dhcp6_option *option, struct wire_dhcp6_ia *ia);

/* Parses an address; false: too short, or an option inside goes beyond the end. */
bool wire_dhcp6_address(const struct wire_dhcp6_option *option, struct wire_dhcp6_address *address);

/* Reads the status code in @options, DHCP6_SUCCESS if there is none (RFC 8415 21.13). False:
 * malformed. */
bool wire_dhcp6_status(const struct wire_dhcp6_options *options, uint16_t *status);

/* A message being written. An option that does not fit sets `full`, and nothing is written
 * after it. */
struct wire_dhcp6_writer {
    uint8_t *bytes;
    uint32_t room;
    uint32_t len;
    bool full;
};

/* Begins a message in @room bytes, at least DHCP6_HEADER_BYTES. */
void wire_dhcp6_write(struct wire_dhcp6_writer *writer, uint8_t type, uint32_t xid, uint8_t *bytes,
                      uint32_t room);

/* Adds an option of @len bytes. */
void wire_dhcp6_put(struct wire_dhcp6_writer *writer, uint16_t code, const void *bytes,
                    uint32_t len);
void wire_dhcp6_put16(struct wire_dhcp6_writer *writer, uint16_t code, uint16_t value);

/* Adds an identity association, with one address unless @ip is NULL. All times are 0, because
 * the server decides on them (RFC 8415 21.4, 21.6). */
void wire_dhcp6_put_ia(struct wire_dhcp6_writer *writer, uint32_t iaid, const struct leat_ip *ip);

#endif
