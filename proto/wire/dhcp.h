/*
 * dhcp.h -- DHCP messages (RFC 2131 2, RFC 2132), read and written.
 *
 * A field is read up to its end option, or to an option that goes beyond the field. The options
 * before that are used, as by other clients. An option may be split into several pieces in several
 * fields (RFC 3396), so it is read by copying its pieces together.
 */
#ifndef WIRE_DHCP_H
#define WIRE_DHCP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

#include "core/ip4.h"

enum {
    DHCP_SERVER_PORT = 67,
    DHCP_CLIENT_PORT = 68,
    DHCP_FIXED_BYTES = 240, /* including the magic cookie */
    DHCP_BOOTP_BYTES = 300, /* RFC 1542 2.1: relays may drop shorter messages */
    DHCP_BROADCAST = 0x8000 /* flag in `flags` */
};

enum dhcp_op {
    DHCP_BOOTREQUEST = 1,
    DHCP_BOOTREPLY = 2
};

/* RFC 2132 9.6 */
enum dhcp_message {
    DHCP_DISCOVER = 1,
    DHCP_OFFER = 2,
    DHCP_REQUEST = 3,
    DHCP_DECLINE = 4,
    DHCP_ACK = 5,
    DHCP_NAK = 6,
    DHCP_RELEASE = 7,
    DHCP_INFORM = 8,
    DHCP_FORCERENEW = 9 /* RFC 3203 */
};

enum dhcp_option {
    DHCP_PAD = 0,
    DHCP_MASK = 1,
    DHCP_ROUTERS = 3,
    DHCP_NAME_SERVERS = 6,
    DHCP_HOST_NAME = 12,
    DHCP_DOMAIN_NAME = 15,
    DHCP_MTU = 26,
    DHCP_NTP_SERVERS = 42,
    DHCP_VENDOR_SPECIFIC = 43,
    DHCP_REQUESTED_IP = 50,
    DHCP_LEASE_TIME = 51,
    DHCP_OVERLOAD = 52,
    DHCP_MESSAGE_TYPE = 53,
    DHCP_SERVER_ID = 54,
    DHCP_PARAMETER_LIST = 55,
    DHCP_MESSAGE_TEXT = 56,
    DHCP_MESSAGE_MAX = 57,
    DHCP_RENEWAL_TIME = 58,
    DHCP_REBINDING_TIME = 59,
    DHCP_VENDOR_CLASS = 60,
    DHCP_CLIENT_ID = 61,
    DHCP_RAPID_COMMIT = 80, /* RFC 4039 */
    DHCP_V6ONLY = 108,      /* RFC 8925: IPv6-only preferred */
    DHCP_SEARCH = 119,      /* RFC 3397 */
    DHCP_ROUTES = 121,      /* RFC 3442 */
    DHCP_END = 255
};

/* The fixed part. */
struct wire_dhcp {
    uint8_t op; /* enum dhcp_op */
    uint32_t xid;
    uint16_t secs;
    uint16_t flags;
    leat_ip4 ciaddr; /* the client's */
    leat_ip4 yiaddr; /* "your" */
    leat_ip4 siaddr; /* of the next server for booting */
    leat_ip4 giaddr; /* the relay's */
    struct leat_mac chaddr;
};

/* The fields that hold options, in the order in which pieces are concatenated (RFC 3396 5). */
enum {
    DHCP_FIELD_OPTIONS,
    DHCP_FIELD_FILE,
    DHCP_FIELD_SNAME,
    DHCP_FIELDS
};

struct wire_dhcp_options {
    const uint8_t *at[DHCP_FIELDS];
    uint32_t len[DHCP_FIELDS]; /* 0: no options in this field */
    uint32_t flaws;            /* faults: options that go beyond their field, fields without an end
                                * option (RFC 2132 3.2), overloads other than 1, 2 or 3 or inside an
                                * overloaded field (9.3) */
};

/* Parses the fixed part, and finds the options, which point into @bytes. False: cut short
 * before the options, not Ethernet, or no magic cookie. */
bool wire_dhcp_parse(struct wire_dhcp *message, struct wire_dhcp_options *options,
                     const uint8_t *bytes, uint32_t len);

/* Copies the pieces of option @code to @bytes, at most @room bytes. Returns the full length,
 * even if it is larger than @room, or -1 if the option is absent (an empty option returns 0). */
int32_t wire_dhcp_option(const struct wire_dhcp_options *options, uint8_t code, uint8_t *bytes,
                         uint32_t room);

/* Reads an option of exactly 1 or 4 bytes; false: absent, or of another length. */
bool wire_dhcp_option8(const struct wire_dhcp_options *options, uint8_t code, uint8_t *value);
bool wire_dhcp_option32(const struct wire_dhcp_options *options, uint8_t code, uint32_t *value);

/* A message being written. An option that does not fit sets `full`, and nothing is written
 * after it. */
struct wire_dhcp_writer {
    uint8_t *bytes;
    uint32_t room;
    uint32_t len;
    bool full;
};

/* Begins a message in @room bytes, at least DHCP_BOOTP_BYTES. */
void wire_dhcp_write(struct wire_dhcp_writer *writer, const struct wire_dhcp *message,
                     uint8_t *bytes, uint32_t room);

/* Adds an option of @len bytes, in pieces if it is longer than 255 (RFC 3396). */
void wire_dhcp_put(struct wire_dhcp_writer *writer, uint8_t code, const void *bytes, uint32_t len);
void wire_dhcp_put8(struct wire_dhcp_writer *writer, uint8_t code, uint8_t value);
void wire_dhcp_put16(struct wire_dhcp_writer *writer, uint8_t code, uint16_t value);
void wire_dhcp_put32(struct wire_dhcp_writer *writer, uint8_t code, uint32_t value);

/* Writes the end option, and pads to DHCP_BOOTP_BYTES. Returns the length of the message, or 0
 * if it didn't fit.
 */
uint32_t wire_dhcp_end(struct wire_dhcp_writer *writer);

#endif
