/* bring_up.h -- from the command line to a stack that speaks, the same on every platform. */
#ifndef BRING_UP_H
#define BRING_UP_H

#include <leat/autoconf.h>
#include <leat/leat.h>

#include "example.h"
#include "options.h"

/* What a platform lends; it stays where it is. */
struct bring_up {
    struct example_platform *platform; /* its stack is attached here */
    struct leat_netif *netif;
    const struct options *options;
    struct leat_host *host;         /* whose clock the stack goes by */
    struct leat_autoconf *autoconf; /* NULL: the address is that of --ip */
    struct leat_ip ip6;             /* what routers gave us, as told last */
    struct leat_timer settle;       /* until the example starts: is there what it needs? */
    struct leat_ip first_ip;        /* the address that there was first, or LEAT_IP_ANY */
    uint8_t first_bits;
    bool started;        /* the example */
    uint64_t patient_ns; /* it starts then, whatever it lacks */
    char ipv6_line[OPTIONS_LINE_BYTES];
    char line[OPTIONS_LINE_BYTES];
};

/* Bytes of the stack's block that bring_up() takes, UDP and TCP included. */
size_t bring_up_bytes(const struct options *options, const struct leat_tcp_config *tcp);

/* Attaches up->netif, registers UDP and TCP, and gives it the addresses and the gateways of --ip and
 * --gateway, and those of --ip6; without --ip a server of the network is asked and, without --ip6
 * too, its routers.  What fails is named in @step, as the user knows it. */
enum leat_err bring_up(struct bring_up *up, const struct leat_tcp_config *tcp, const char **step);

/* Starts the example, now or when there is an address, and says so.  NULL, or why it didn't start
 * now; if it is later, a line says so and the program ends with status 2. */
const char *bring_up_start(struct bring_up *up);

#endif
