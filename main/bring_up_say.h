/* bring_up_say.h -- the lines about the network's answers, while a program is brought up and later.
 */
#ifndef BRING_UP_SAY_H
#define BRING_UP_SAY_H

#include "bring_up.h"

/* "echo: 2001:db8::2/64 by fe80::1, name server 2001:db8::53": the facts from routers, if they have
 * changed. */
void bring_up_say_ipv6(struct bring_up *up, const struct leat_slaac_facts *facts);

/* "echo: DHCPv6: 2001:db8::50 for 120 s, name server 2001:db8::53, time server none": the lease of
 * a DHCPv6 server. */
void bring_up_say_dhcp6(struct bring_up *up, const struct leat_dhcp6_lease *lease);

/* "DHCP: 10.0.0.1 answered, but ...; still trying": the answers that were refused; false: none. */
bool bring_up_say_why(struct bring_up *up);

/* "still trying" and its like. */
void bring_up_say_dhcp6_trouble(struct bring_up *up, enum leat_autoconf_change change);

void bring_up_say_address(struct bring_up *up, const struct leat_autoconf_facts *facts);

/* Names the parts of the lease that were left out. */
void bring_up_say_ignored(struct bring_up *up);

/* "no DHCP server answered", or the answers of servers and routers that were refused. */
void bring_up_say_dhcp_silence(struct bring_up *up);

#endif
