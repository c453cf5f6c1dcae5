/*
 * igmp.h -- IPv4's groups that programs join: IGMPv3 (RFC 3376), and IGMPv2 and IGMPv1 for routers
 * that speak them.  Linked by who calls leat_udp_join().
 */
#ifndef IP_IGMP_H
#define IP_IGMP_H

#include "ip/groups.h"

/* @link listens to @group, once more; a leave takes one join back.  The first join needs
 * stack->igmp, with `all` and `count` filled in.  LEAT_ERR_FULL. */
COLD enum leat_err igmp_join(struct link *link, struct leat_ip group);
COLD void igmp_leave(struct link *link, struct leat_ip group);

#endif
