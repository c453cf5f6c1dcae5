/* arpa/inet.h -- addresses as text, for images: by leat's sockets. */
#ifndef PLAIN_ARPA_INET_H
#define PLAIN_ARPA_INET_H

#include <netinet/in.h>

#ifdef __cplusplus
extern "C" {
#endif

int inet_pton(int family, const char *text, void *address) __asm__("leat_plain_inet_pton");
const char *inet_ntop(int family, const void *address, char *text,
                      socklen_t size) __asm__("leat_plain_inet_ntop");
in_addr_t inet_addr(const char *text) __asm__("leat_plain_inet_addr");

#ifdef __cplusplus
}
#endif

#endif
