/* policy.h -- the policy table of RFC 6724 2.1: what sources suit a destination, and which of
 * several destinations goes first. */
#ifndef POLICY_H
#define POLICY_H

#include <leat/ipv6.h>

/* The line for @ip: that of the longest prefix which holds it, in the program's table or in that of
 * the RFC.  @stack may be NULL: there is no program's. */
const struct leat_ipv6_policy *policy_of(const struct leat *stack, const struct leat_ip *ip);

#endif
