/* reassembly.h -- reassembles fragmented datagrams of both families (RFC 791 3.2, RFC 815, RFC
 * 1858, RFC 8200 4.5). */
#ifndef IP_REASSEMBLY_H
#define IP_REASSEMBLY_H

#include "family.h"

/* The family's part, as a table so that programs without IPv6 don't link it. */
struct reassembly_family {
    uint64_t timeout_ns;
    bool by_protocol; /* identifications are per protocol (RFC 791 3.2) */
    /* Takes the datagram: packet->buf, with the headers of the first fragment in front. */
    void (*deliver)(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                    const struct leat_ip *dst);
    /* Called at the timeout if the first fragment, packet->buf, was received.  Doesn't take it. */
    void (*timed_out)(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                      const struct leat_ip *dst);
};

/* The facts that a fragment states about its datagram. */
struct reassembly_part {
    const struct reassembly_family *family;
    struct leat_ip src;
    struct leat_ip dst;
    uint32_t id;
    uint32_t first;   /* offset of its first byte */
    uint32_t end_max; /* largest legal length of the datagram */
    bool more;        /* more fragments follow */
};

COLD size_t reassembly_cost(const struct leat_config *config);
COLD bool reassembly_init(struct leat *stack);

/* Takes a fragment, packet->buf, with valid headers; passes the datagram to its family when
 * complete. The addresses of @packet aren't used. */
COLD void reassembly_input(struct leat *stack, struct packet *packet,
                           const struct reassembly_part *part);

/* The number of buffers that fragments hold. */
COLD uint32_t reassembly_pieces(const struct leat *stack);

/* Frees all fragments. */
COLD void reassembly_close(struct leat *stack);

#endif
