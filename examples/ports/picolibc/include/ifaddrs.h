/* ifaddrs.h -- the addresses of interfaces, which an image doesn't list: ENOSYS. */
#ifndef PORT_IFADDRS_H
#define PORT_IFADDRS_H

#include <sys/socket.h>

struct ifaddrs {
    struct ifaddrs *ifa_next;
    char *ifa_name;
    unsigned ifa_flags;
    struct sockaddr *ifa_addr;
};

int getifaddrs(struct ifaddrs **list);
void freeifaddrs(struct ifaddrs *list);

#endif
