/* icmp.h -- echo and errors (RFC 792, RFC 1122 3.2.2). */
#ifndef IP_ICMP_H
#define IP_ICMP_H

#include "family.h"

enum icmp_type {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_QUENCH = 4,
    ICMP_REDIRECT = 5,
    ICMP_ECHO = 8,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER = 12
};

enum icmp_unreachable_code {
    ICMP_NET_UNREACHABLE = 0,
    ICMP_HOST_UNREACHABLE = 1,
    ICMP_PROTOCOL_UNREACHABLE = 2,
    ICMP_PORT_UNREACHABLE = 3,
    ICMP_FRAGMENTATION_NEEDED = 4
};

enum icmp_time_exceeded_code {
    ICMP_TTL_EXCEEDED = 0,
    ICMP_REASSEMBLY_TIME_EXCEEDED = 1
};

/* An ICMP error about a packet that we sent, as passed to its protocol. */
struct icmp_error {
    uint8_t type;
    uint8_t code;
    uint16_t next_hop_mtu;    /* of ICMP_FRAGMENTATION_NEEDED (RFC 1191), else 0 */
    uint8_t protocol;         /* of the quoted packet */
    leat_ip4 reporter;        /* source of the ICMP message */
    host_id local_ip;         /* source of the quoted packet: our address */
    host_id remote_ip;        /* its destination */
    const uint8_t *transport; /* the quoted transport header */
    uint32_t transport_bytes; /* quoted bytes of it, at least 8 */
};

/* The error code for transports: LEAT_ERR_REFUSED, _UNREACHABLE or _TOO_BIG. */
COLD enum leat_err icmp_error_meaning(const struct icmp_error *error);

COLD void icmp_input(struct leat *stack, struct packet *packet);

/* `unresolved` in struct ip_family, for IPv4. */
COLD void icmp_unresolved(struct leat *stack, const struct leat_buf *packet);

/* Sends an error about @packet, if RFC 1122 3.2.2 and the limiter allow it.  @detail is the second
 * word of the message.  Doesn't take packet->buf. */
COLD void icmp_send_error(struct leat *stack, const struct packet *packet, uint8_t type,
                          uint8_t code, uint32_t detail);

#endif
