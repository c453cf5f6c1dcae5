/*
 * sockets_test.h -- shared by the tests of sockets: two stacks on a wire, each with tasks and
 * sockets. A test gives a program to each end, and waits for both.
 */
#ifndef SOCKETS_TEST_H
#define SOCKETS_TEST_H

#include "dns_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <leat/sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
    PORT = 7000,
    PROGRAMS = 4
};

struct net;

typedef void program_fn(struct net *net);

struct running {
    struct net *net;
    program_fn *run;
    bool done;
};

struct net {
    struct dns_world *world;
    struct leat_tasks *tasks[2];
    struct leat_sockets *sockets[2]; /* SERVER, CLIENT */
    void *memory[4];
    struct running running[PROGRAMS];
    unsigned running_count;
    int shared; /* a descriptor that two programs of an end use */
    bool all_done;
};

int set_up(void **state);
int set_up6(void **state);
int tear_down(void **state);

/* Starts a program on an end; run_all() waits for all that were started, at most @limit_ns. */
void start(struct net *net, int end, program_fn *run);
void run_all(struct net *net, uint64_t limit_ns);

/* Runs one program on the client, or one on each end. */
void run_one(struct net *net, program_fn *client);
void run_both(struct net *net, program_fn *server, program_fn *client);

/* Waits in a program. */
void sleep_for(struct net *net, int end, uint64_t ns);

/* 10.0.0.1 or 2001:db8::1: the server. 127.0.0.1. @port in host byte order. */
struct sockaddr_in server4(uint16_t port);
struct sockaddr_in6 server6(uint16_t port);
struct sockaddr_in local4(uint16_t port);
struct sockaddr_in any4(uint16_t port);
struct sockaddr_in6 any6(uint16_t port);

/* A listening socket of the server at PORT; a connected one of the client. */
int listening(struct net *net);
int connected(struct net *net);

/* A pair over the loopback of the client's stack: [0] has connected, [1] was accepted. */
void make_pair(struct net *net, int pair[2]);

void set_time(struct leat_sockets *sockets, int fd, int name, unsigned ms_count);

/* The events of one descriptor now. */
unsigned events_of(struct leat_sockets *sockets, int fd);

#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST6(name) cmocka_unit_test_setup_teardown(name, set_up6, tear_down)

#endif
