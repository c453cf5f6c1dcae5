/* inet.h -- leat's; picolibc's has half of it. */
#ifndef PORT_ARPA_INET_H
#define PORT_ARPA_INET_H

#include "../../../../../sockets/plain/include/arpa/inet.h"

#endif
