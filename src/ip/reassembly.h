/* reassembly.h -- datagrams of both families that come in fragments (RFC 791 3.2, RFC 815, RFC
 * 1858, RFC 8200 4.5). */
#ifndef IP_REASSEMBLY_H
#define IP_REASSEMBLY_H

#include "stack.h"

/* What is another's in each family: who registers no IPv6 links nothing of it. */
struct reassembly_family {
    uint64_t timeout_ns;
    bool by_protocol; /* datagrams of several protocols may have one identification (RFC 791 3.2) */
    /* Takes the whole: packet->buf, with the first fragment's headers in front. */
    void (*deliver)(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                    const struct leat_ip *dst);
    /* The first fragment, packet->buf, was here in time, others were not.  Doesn't take it. */
    void (*timed_out)(struct leat *stack, struct packet *packet, const struct leat_ip *src,
                      const struct leat_ip *dst);
};

/* What a fragment says of its datagram. */
struct reassembly_part {
    const struct reassembly_family *family;
    struct leat_ip src;
    struct leat_ip dst;
    uint32_t id;
    uint32_t first;   /* offset of its first byte */
    uint32_t end_max; /* of a datagram that is not too long */
    bool more;        /* it isn't the last one */
};

COLD size_t reassembly_cost(const struct leat_config *config);
COLD bool reassembly_init(struct leat *stack);

/* Takes a fragment, packet->buf, whose headers are right; gives the datagram that it completes to
 * its family.  Of @packet the addresses mean nothing here. */
COLD void reassembly_input(struct leat *stack, struct packet *packet,
                           const struct reassembly_part *part);

/* Buffers that fragments hold. */
COLD uint32_t reassembly_pieces(const struct leat *stack);

/* Frees all fragments. */
COLD void reassembly_close(struct leat *stack);

#endif
