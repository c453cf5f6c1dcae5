/* err.h -- all errors that calls and callbacks report. */
#ifndef LEAT_ERR_H
#define LEAT_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

/** The result of a call, or of a connection in its last callback.  0 is success. */
enum leat_err {
    LEAT_OK = 0,
    LEAT_ERR_ARGUMENT, /**< an argument that the docstring doesn't allow */
    LEAT_ERR_MEMORY,   /**< the block, a pool or a table given at the start is used up */
    LEAT_ERR_ENTROPY,  /**< the seed is all zero: no start without entropy */
    LEAT_ERR_FULL,     /**< a bounded queue is full; a callback follows when it has room */
    LEAT_ERR_IN_USE,   /**< the port or the pair of endpoints is taken */
    LEAT_ERR_NO_ROUTE, /**< there is no route to the destination, or no source address for it */
    LEAT_ERR_TOO_BIG,  /**< larger than the protocol or the path can carry */
    LEAT_ERR_CLOSED,   /**< there is no connection (RFC 9293 "connection does not exist") */
    LEAT_ERR_CLOSING,  /**< our side is closed already (RFC 9293 "connection closing") */
    LEAT_ERR_REFUSED,  /**< the peer answered our SYN with a RST, or ICMP said port unreachable */
    LEAT_ERR_RESET,    /**< the peer sent a RST */
    LEAT_ERR_ABORTED,  /**< we aborted */
    LEAT_ERR_TIMEOUT,  /**< the peer did not answer in time */
    LEAT_ERR_UNREACHABLE, /**< ICMP or ARP says that the host or network can't be reached */
    LEAT_ERR_CONFLICT,    /**< another host claims our address (RFC 5227) */
    LEAT_ERR_FORMAT,      /**< the message breaks its format */
    LEAT_ERR_NOT_FOUND,   /**< no such name, file or record */
    LEAT_ERR_PROTOCOL,    /**< the protocol isn't registered: leat_udp_register() and others */
    LEAT_ERR_FAMILY,      /**< an IPv6 address, where only IPv4 is supported so far */
    LEAT_ERR_DEVICE,      /**< the device or the file failed; the backend keeps the reason */
    LEAT_ERR_END,         /**< end of stream: the peer has closed, and all its data has been read */
    LEAT_ERR_CANCELLED,   /**< the waiting task was cancelled */
    LEAT_ERR_NO_TASK,     /**< a call that waits, made outside of a task */
    LEAT_ERR_TLS,         /**< the TLS session failed; leat_tls_get_info() has the reason */
    LEAT_ERR_CUT_SHORT,   /**< a TLS stream ended without close_notify */
    LEAT_ERR_SERVERS,     /**< the name servers can't, or won't, answer */
    LEAT_ERR_UNSUPPORTED, /**< a kind of key, certificate or format that this build can't use */
    LEAT_ERR_COUNT
};

/** One short English phrase for @p err, never NULL; static memory. */
const char *leat_err_text(enum leat_err err);

#ifdef __cplusplus
}
#endif
#endif
