/*
 * igmp.h -- IPv4 groups that programs join: IGMPv3 (RFC 3376), and IGMPv2 and IGMPv1 for routers
 * that use them.  Linked only into programs that call leat_udp_join().
 */
#ifndef IP_IGMP_H
#define IP_IGMP_H

#include "ip/groups.h"

/* Joins @group on @link; each leave undoes one join.  The first join needs stack->igmp, with `all`
 * and `count` set.  LEAT_ERR_FULL. */
COLD enum leat_err igmp_join(struct link *link, struct leat_ip group);
COLD void igmp_leave(struct link *link, struct leat_ip group);

#endif
