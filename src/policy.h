/* policy.h -- the policy table of RFC 6724 2.1: source and destination selection compare its labels
 * and precedences. */
#ifndef POLICY_H
#define POLICY_H

#include <leat/ipv6.h>

/* The entry with the longest prefix that matches @ip, from the program's table or else the RFC's.
 * @stack may be NULL: the RFC's table is used. */
const struct leat_ipv6_policy *policy_of(const struct leat *stack, const struct leat_ip *ip);

#endif
