/*
 * leat.h -- everything a program needs: a TCP/IP stack that a unikernel links in.
 * Start with stack.h; netif.h and host.h are for ports of leat to a new machine.
 */
#ifndef LEAT_LEAT_H
#define LEAT_LEAT_H

#include <leat/addr.h>
#include <leat/buf.h>
#include <leat/err.h>
#include <leat/host.h>
#include <leat/ipv6.h>
#include <leat/life.h>
#include <leat/netif.h>
#include <leat/stack.h>
#include <leat/stats.h>
#include <leat/tcp.h>
#include <leat/timer.h>
#include <leat/udp.h>

#endif
