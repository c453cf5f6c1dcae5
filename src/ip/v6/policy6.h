/* policy6.h -- the policy table of RFC 6724 2.1, as far as sources need it. */
#ifndef IP_V6_POLICY6_H
#define IP_V6_POLICY6_H

#include <leat/addr.h>

/* The label of @ip: a source of the same one suits it (rule 6). */
uint8_t policy6_label(struct leat_ip ip);

#endif
