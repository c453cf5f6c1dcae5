/* netdb.h -- names, for images: by leat's sockets. */
#ifndef PLAIN_NETDB_H
#define PLAIN_NETDB_H

#include <netinet/in.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AI_PASSIVE     LEAT_AI_PASSIVE
#define AI_CANONNAME   LEAT_AI_CANONNAME
#define AI_NUMERICHOST LEAT_AI_NUMERICHOST
#define AI_V4MAPPED    LEAT_AI_V4MAPPED
#define AI_ALL         LEAT_AI_ALL
#define AI_ADDRCONFIG  LEAT_AI_ADDRCONFIG
#define AI_NUMERICSERV LEAT_AI_NUMERICSERV
#define NI_NUMERICHOST LEAT_NI_NUMERICHOST
#define NI_NUMERICSERV LEAT_NI_NUMERICSERV
#define NI_NOFQDN      LEAT_NI_NOFQDN
#define NI_NAMEREQD    LEAT_NI_NAMEREQD
#define NI_DGRAM       LEAT_NI_DGRAM
#define EAI_BADFLAGS   LEAT_EAI_BADFLAGS
#define EAI_NONAME     LEAT_EAI_NONAME
#define EAI_AGAIN      LEAT_EAI_AGAIN
#define EAI_FAIL       LEAT_EAI_FAIL
#define EAI_NODATA     LEAT_EAI_NODATA
#define EAI_FAMILY     LEAT_EAI_FAMILY
#define EAI_SOCKTYPE   LEAT_EAI_SOCKTYPE
#define EAI_SERVICE    LEAT_EAI_SERVICE
#define EAI_ADDRFAMILY LEAT_EAI_ADDRFAMILY
#define EAI_MEMORY     LEAT_EAI_MEMORY
#define EAI_SYSTEM     LEAT_EAI_SYSTEM
#define EAI_OVERFLOW   LEAT_EAI_OVERFLOW
#define NI_MAXHOST     1025
#define NI_MAXSERV     32

struct addrinfo {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
};

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **results) __asm__("leat_plain_getaddrinfo");
void freeaddrinfo(struct addrinfo *results) __asm__("leat_plain_freeaddrinfo");
int getnameinfo(const struct sockaddr *address, socklen_t len, char *node, socklen_t node_bytes,
                char *service, socklen_t service_bytes,
                int flags) __asm__("leat_plain_getnameinfo");
const char *gai_strerror(int error) __asm__("leat_plain_gai_strerror");

#ifdef __cplusplus
}
#endif

#endif
