/* netinet/tcp.h -- options of TCP, for images: by leat's sockets. */
#ifndef PLAIN_NETINET_TCP_H
#define PLAIN_NETINET_TCP_H

#include <netinet/in.h>

#define SOL_TCP          IPPROTO_TCP
#define TCP_NODELAY      LEAT_TCP_NODELAY
#define TCP_MAXSEG       LEAT_TCP_MAXSEG
#define TCP_CORK         LEAT_TCP_CORK
#define TCP_KEEPIDLE     LEAT_TCP_KEEPIDLE
#define TCP_KEEPINTVL    LEAT_TCP_KEEPINTVL
#define TCP_KEEPCNT      LEAT_TCP_KEEPCNT
#define TCP_DEFER_ACCEPT LEAT_TCP_DEFER_ACCEPT
#define TCP_INFO         LEAT_TCP_INFO
#define TCP_QUICKACK     LEAT_TCP_QUICKACK
#define TCP_CONGESTION   LEAT_TCP_CONGESTION
#define TCP_USER_TIMEOUT LEAT_TCP_USER_TIMEOUT
#define TCP_FASTOPEN     LEAT_TCP_FASTOPEN
#define tcp_info         leat_bsd_tcp_info

#endif
