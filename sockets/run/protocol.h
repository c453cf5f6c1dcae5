/*
 * protocol.h -- what leat-run's server and the preloaded library say to each other.
 *
 * A socket of the program is a UNIX socket of the kernel.  Its own name, in the abstract namespace,
 * tells the library in every process which socket it is, also behind dup(), fork() and exec().
 *
 *   RUN           the server's, for calls: SOCK_SEQPACKET, a connection for each call.
 *
 *   RUN s         the server's, for connections of TCP that the program begins.
 *
 *   RUN d         the server's, for sockets of UDP: SOCK_SEQPACKET.
 *
 *   RUN p F T ID  the program's: family F ('4', '6'), type T ('s', 'd').
 *
 *   RUN a ID ...  the server's end of a connection that was accepted, with both endpoints.
 *
 * RUN is "leat-run/" and 16 digits.  Names can be seen by other users of this machine, so each call
 * has a secret, the token, which only the environment has.
 */
#ifndef RUN_PROTOCOL_H
#define RUN_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fast.h"

enum {
    RUN_NAME_BYTES = 25, /* of RUN, without a NUL */
    RUN_TOKEN_BYTES = 16,
    RUN_ID_BYTES = 8,
    RUN_DATA_BYTES = 1280,
    RUN_ADDRESSES_MAX = 48 /* of a name */
};

/* The environment variable: "RUN:TOKEN:UID:PID" of the server, the token in hexadecimal. Fast mode
 * adds ":fast". */
#define RUN_ENVIRONMENT "LEAT_RUN"

/* An address of either family as in struct leat_ip, and a port in the order of the host. */
struct run_endpoint {
    uint8_t ip[16];
    uint32_t scope; /* of a link-local IPv6 address: the netif, from 1; 0: none */
    uint16_t port;
    uint16_t zero;
};

struct run_id {
    uint8_t bytes[RUN_ID_BYTES];
};

enum run_call {
    RUN_BIND = 1,   /* endpoint */
    RUN_LISTEN,     /* value: the backlog */
    RUN_CONNECT,    /* endpoint; value: bytes of filler */
    RUN_DISCONNECT, /* of UDP */
    RUN_SET,        /* level, name, data */
    RUN_GET,        /* level, name; value: room for data */
    RUN_NAMES,      /* both endpoints */
    RUN_WHY,        /* why it ended, an errno, once */
    RUN_CHECK,      /* its descriptor may be closed; value RUN_SHUT: it listens no more */
    RUN_LOOKUP,     /* data: a name, NUL included; value: bits RUN_WANTS_4, RUN_WANTS_6 */
    RUN_REVERSE,    /* endpoint: the name of an address */
    RUN_MAP         /* the reply comes with the descriptor of struct fast_region */
};

enum {
    RUN_WANTS_4 = 1,
    RUN_WANTS_6 = 2,
    RUN_SHUT = 1
};

struct run_request {
    uint8_t token[RUN_TOKEN_BYTES];
    struct run_id id;
    uint32_t call;
    char family; /* '4' or '6' */
    char type;   /* 's' or 'd' */
    uint16_t zero;
    int32_t level;
    int32_t name;
    uint32_t value;
    uint32_t len; /* of data */
    struct run_endpoint endpoint;
    uint8_t data[RUN_DATA_BYTES];
};

struct run_reply {
    int32_t error; /* an errno, or 0; of names: EAI_* */
    uint32_t len;  /* of data */
    struct run_endpoint local;
    struct run_endpoint remote; /* port 0: not connected */
    struct fast_place place;    /* of RUN_CONNECT and RUN_NAMES */
    uint8_t data[RUN_DATA_BYTES];
};

/* Control data that the program has asked for by options. */
enum {
    RUN_WANTS_PKTINFO = 1 << 0,
    RUN_WANTS_TTL = 1 << 1,
    RUN_WANTS_TOS = 1 << 2,
    RUN_WANTS_PKTINFO6 = 1 << 3,
    RUN_WANTS_TTL6 = 1 << 4,
    RUN_WANTS_TOS6 = 1 << 5
};

/* In front of each datagram, in both directions. */
struct run_datagram {
    struct run_endpoint peer;  /* port 0: the one that the socket is connected to */
    struct run_endpoint local; /* our address; of a sent one: "::" or 0.0.0.0: the socket's */
    int32_t error;             /* to the program: an errno instead of a datagram */
    int16_t ttl, tos;          /* of a sent one: -1: the socket's */
    uint32_t wants;            /* to the program: RUN_WANTS_... */
    uint32_t zero;
};

enum {
    RUN_DATAGRAM_BYTES = 65527 /* of its payload, at most (RFC 8200, RFC 768) */
};

/* The name of an accepted connection's end, behind RUN. */
struct run_accepted {
    char kind; /* 'a' */
    uint8_t zero[3];
    struct run_id id;
    struct run_endpoint local;
    struct run_endpoint remote;
    struct fast_place place;
};

/* The name of a socket of the program, behind RUN. */
struct run_socket_name {
    char kind; /* 'p' */
    char family;
    char type;
    char zero;
    struct run_id id;
};

_Static_assert(sizeof(struct run_endpoint) == 24 && sizeof(struct run_datagram) == 64 &&
                   sizeof(struct run_accepted) == 68 && sizeof(struct run_socket_name) == 12,
               "there is no padding");
_Static_assert(1 + RUN_NAME_BYTES + sizeof(struct run_accepted) <=
                   sizeof(((struct sockaddr_un *)0)->sun_path),
               "the longest name fits");

/* The abstract address RUN and @len bytes of @rest behind it; returns its length. */
static inline socklen_t run_address(struct sockaddr_un *address, const char *run, const void *rest,
                                    size_t len)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path + 1, run, RUN_NAME_BYTES);
    memcpy(address->sun_path + 1 + RUN_NAME_BYTES, rest, len);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + RUN_NAME_BYTES + len);
}

/* Copies what is behind RUN in an abstract address to @rest if it has exactly @len bytes. */
static inline _Bool run_name_read(const struct sockaddr_un *address, socklen_t address_len,
                                  const char *run, void *rest, size_t len)
{
    if (address_len != offsetof(struct sockaddr_un, sun_path) + 1 + RUN_NAME_BYTES + len ||
        address->sun_family != AF_UNIX || address->sun_path[0] != '\0' ||
        memcmp(address->sun_path + 1, run, RUN_NAME_BYTES) != 0)
        return 0;
    memcpy(rest, address->sun_path + 1 + RUN_NAME_BYTES, len);
    return 1;
}

#endif
