/* bring_up.h -- from the command line to a working stack, the same on every platform. */
#ifndef BRING_UP_H
#define BRING_UP_H

#include <leat/autoconf.h>
#include <leat/leat.h>

#include <leat/main.h>
#include "options.h"

struct keep;

/* Data of the platform; it must stay where it is. */
struct bring_up {
    struct leat_platform *platform; /* its stack is attached here */
    const struct leat_app *app;
    struct leat_netif *netif;
    const struct options *options;
    struct leat_host *host;         /* its clock is the stack's */
    struct keep *keep;              /* NULL: nothing is kept from one run to the next */
    struct leat_autoconf *autoconf; /* NULL: the address is that of --ip */
    struct leat_ip ip6;             /* the address from routers that was reported last */
    struct leat_timer settle;       /* until the program starts: looks whether it can */
    struct leat_ip first_ip;        /* the first address, or LEAT_IP_ANY */
    uint8_t first_bits;
    bool is_checking;    /* the program's check() runs */
    bool started;        /* the program */
    bool is_late;        /* metadata set the services */
    uint64_t patient_ns; /* it starts then, whatever it lacks */
    char ipv6_line[OPTIONS_LINE_BYTES];
    char line[OPTIONS_LINE_BYTES];
};

/* Bytes of the stack's block that bring_up() takes, UDP and TCP included. */
size_t bring_up_bytes(const struct options *options, const struct leat_tcp_config *tcp);

/* Why leat_init() has failed: the text of @err, and for want of memory how much the stack needs and
 * the machine has. Static memory. */
const char *bring_up_why(enum leat_err err, size_t needed_bytes, size_t had_bytes);

/* Why a later step has failed: the text of @err, with a cure for want of memory. */
const char *bring_up_step_why(enum leat_err err);

/* Attaches up->netif, registers UDP and TCP, and sets the addresses and gateways of --ip, --gateway
 * and --ip6.  Without --ip a DHCP server is asked and, without --ip6 too, routers.  On failure
 * @step names the step, in words for the user. */
enum leat_err bring_up(struct bring_up *up, const struct leat_tcp_config *tcp, const char **step);

/* With --metadata of a server: asks it, and parses the command line again.  True: goes on, also if
 * the program shall end.  False: a line with the reason was printed, and it doesn't start. */
bool bring_up_metadata(struct bring_up *up, struct options *options, struct options_world *world);

/* After that: sets addresses that the metadata gave, and services.  Without metadata bring_up() has
 * done it.  On failure as bring_up(). */
enum leat_err bring_up_late(struct bring_up *up, const char **step);

/* Starts the program, now or when there is an address, and prints that.  Returns NULL, or why it
 * didn't start now.  If it fails later, a line is printed and the program ends with status 2. */
const char *bring_up_start(struct bring_up *up);

/* Prints that a drain begins; call it before leat_end(). */
void bring_up_ending(struct bring_up *up);

/* Ends the program, and prints what became of the connections; call it after the loop. */
void bring_up_ended(struct bring_up *up);

#endif
