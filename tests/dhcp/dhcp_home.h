/*
 * dhcp_home.h -- a netif that is configured by autoconf, and the DHCP server of its conversation.
 */
#ifndef DHCP_HOME_H
#define DHCP_HOME_H

#include "dhcp_talk.h"

#include <leat/autoconf.h>

enum {
    OFFER = 2,
    ACK = 5,
    NAK = 6
};

#define IP_GATEWAY IP4(10, 0, 0, 9)

struct home {
    struct talk talk;
    struct leat_autoconf_config config;
    struct leat_autoconf *autoconf;
    unsigned configured;
    unsigned changes[LEAT_AUTOCONF_DHCP6_CONFLICT + 1];
};

/* A home whose world isn't initialized yet: for other configurations of the stack. */
struct home *home_create(void);
int home_setup(void **state);
int home_teardown(void **state);

struct leat_netif *home_netif(struct home *home);

/* Starts autoconf with home->config; the first DISCOVER has been heard. */
void home_start(struct home *home);

/* An ACK with a router, a name server and an MTU. */
void home_acknowledge(struct home *home, leat_ip4 name_server);

/* home_start(), an OFFER and home_acknowledge(). */
void home_configure(struct home *home);

/* Waits for the next probe of ARP, and returns the address. */
leat_ip4 home_next_probe(struct home *home);

#define home_test(function) cmocka_unit_test_setup_teardown(function, home_setup, home_teardown)

#endif
