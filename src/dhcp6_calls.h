/* dhcp6_calls.h -- DHCPv6 as proto/autoconf calls it, without linking it. */
#ifndef DHCP6_CALLS_H
#define DHCP6_CALLS_H

#include <leat/dhcp6.h>

/* DHCPv6 entry points for autoconf/, set when DHCPv6 is registered; as in leat/dhcp6.h. */
struct dhcp6_calls {
    enum leat_err (*open)(struct leat *stack, struct leat_netif *netif, struct leat_dhcp6 **dhcp6,
                          const struct leat_dhcp6_config *config);
    enum leat_err (*start)(struct leat_dhcp6 *dhcp6, const uint8_t *kept);
    enum leat_err (*inform)(struct leat_dhcp6 *dhcp6);
    void (*stop)(struct leat_dhcp6 *dhcp6);
    void (*release)(struct leat_dhcp6 *dhcp6);
    void (*keep)(const struct leat_dhcp6_lease *lease, uint8_t *kept);
    const struct leat_refusal *(*refusal)(const struct leat_dhcp6 *dhcp6);
};

#endif
