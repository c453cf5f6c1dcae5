/* netinet/in.h -- addresses, for images: by leat's sockets. */
#ifndef PLAIN_NETINET_IN_H
#define PLAIN_NETINET_IN_H

#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t in_addr_t;
typedef uint16_t in_port_t;

#define IPPROTO_IP   0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
#define IPPROTO_IPV6 41

#define INADDR_ANY       ((in_addr_t)0)
#define INADDR_LOOPBACK  ((in_addr_t)0x7f000001)
#define INADDR_BROADCAST ((in_addr_t)0xffffffff)
#define INADDR_NONE      ((in_addr_t)0xffffffff)
#define INET_ADDRSTRLEN  16
#define INET6_ADDRSTRLEN 46

#define IP_TOS              LEAT_IP_TOS
#define IP_TTL              LEAT_IP_TTL
#define IP_MULTICAST_TTL    LEAT_IP_MULTICAST_TTL
#define IP_MULTICAST_LOOP   LEAT_IP_MULTICAST_LOOP
#define IP_ADD_MEMBERSHIP   LEAT_IP_ADD_MEMBERSHIP
#define IP_DROP_MEMBERSHIP  LEAT_IP_DROP_MEMBERSHIP
#define IPV6_UNICAST_HOPS   LEAT_IPV6_UNICAST_HOPS
#define IPV6_MULTICAST_HOPS LEAT_IPV6_MULTICAST_HOPS
#define IPV6_MULTICAST_LOOP LEAT_IPV6_MULTICAST_LOOP
#define IPV6_V6ONLY         LEAT_IPV6_V6ONLY
#define IPV6_TCLASS         LEAT_IPV6_TCLASS
#define IPV6_JOIN_GROUP     LEAT_IPV6_ADD_MEMBERSHIP
#define IPV6_LEAVE_GROUP    LEAT_IPV6_DROP_MEMBERSHIP

struct in_addr {
    in_addr_t s_addr;
};

struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    unsigned char sin_zero[8];
} __attribute__((may_alias));

struct in6_addr {
    union {
        uint8_t s6_addr[16];
        uint32_t s6_addr32[4];
    };
};

struct sockaddr_in6 {
    sa_family_t sin6_family;
    in_port_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
} __attribute__((may_alias));

struct ip_mreq {
    struct in_addr imr_multiaddr;
    struct in_addr imr_interface;
};

struct ipv6_mreq {
    struct in6_addr ipv6mr_multiaddr;
    unsigned ipv6mr_interface;
};

extern const struct in6_addr in6addr_any __asm__("leat_plain_in6addr_any");
extern const struct in6_addr in6addr_loopback __asm__("leat_plain_in6addr_loopback");
#define IN6ADDR_ANY_INIT                                                                           \
    {                                                                                              \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

static inline uint16_t htons(uint16_t value)
{
    return (uint16_t)(value << 8 | value >> 8);
}

static inline uint16_t ntohs(uint16_t value)
{
    return htons(value);
}

static inline uint32_t htonl(uint32_t value)
{
    return __builtin_bswap32(value);
}

static inline uint32_t ntohl(uint32_t value)
{
    return htonl(value);
}

#ifdef __cplusplus
}
#endif

#endif
