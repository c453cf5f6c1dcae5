/* err.h -- every way in which a call can fail. */
#ifndef LEAT_ERR_H
#define LEAT_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

/** What a call returns, and what a last callback says.  0 is success. */
enum leat_err {
    LEAT_OK = 0,
    LEAT_ERR_ARGUMENT, /**< a value outside of what the docstring allows */
    LEAT_ERR_MEMORY,   /**< the block, a pool or a table given at the start is used up */
    LEAT_ERR_ENTROPY,  /**< the seed is all zero: no start without entropy */
    LEAT_ERR_FULL,     /**< a bounded queue is full; a callback tells when there is room */
    LEAT_ERR_IN_USE,   /**< the port or the pair of endpoints is taken */
    LEAT_ERR_NO_ROUTE, /**< no route or no address of ours leads there */
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
    LEAT_ERR_PROTOCOL,    /**< the stack has no such protocol: leat_udp_register() and others */
    LEAT_ERR_FAMILY,      /**< an IPv6 address, where only IPv4 will do so far */
    LEAT_ERR_DEVICE,      /**< the device or the file failed; the backend keeps the reason */
    LEAT_ERR_END,         /**< the peer has said all, and all of it has been read */
    LEAT_ERR_CANCELLED,   /**< the task that waits was cancelled */
    LEAT_ERR_NO_TASK,     /**< a call that waits, outside of a task */
    LEAT_ERR_TLS,         /**< the encrypted session failed; leat_tls_get_info() says why */
    LEAT_ERR_CUT_SHORT,   /**< an encrypted stream ended before its peer said so */
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
