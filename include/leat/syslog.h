/*
 * syslog.h -- sends log lines to a syslog server (RFC 5424), by UDP (RFC 5426) or TCP (RFC 6587,
 * octet counting).
 *
 * By UDP each line is a datagram, without any acknowledgement.  By TCP lines wait in a queue until
 * there is a connection, which is tried again after 1 s, 2 s, ... 64 s.  Lines that don't fit into
 * the queue are counted, and the server is sent their number.
 */
#ifndef LEAT_SYSLOG_H
#define LEAT_SYSLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/err.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_SYSLOG_PORT = 514,           /**< of UDP (RFC 5426 3.3), and usually of TCP, too */
    LEAT_SYSLOG_MESSAGE_BYTES = 1180, /**< longest message (RFC 5426 3.2); the rest is cut off */
    LEAT_SYSLOG_NAME_BYTES = 48       /**< longest name (RFC 5424 6: APP-NAME) */
};

/** Severities (RFC 5424 6.2.1). */
enum leat_syslog_severity {
    LEAT_SYSLOG_EMERGENCY,
    LEAT_SYSLOG_ALERT,
    LEAT_SYSLOG_CRITICAL,
    LEAT_SYSLOG_ERROR,
    LEAT_SYSLOG_WARNING,
    LEAT_SYSLOG_NOTICE,
    LEAT_SYSLOG_INFORMATIONAL,
    LEAT_SYSLOG_DEBUG
};

struct leat_syslog;

/** The server, and the names in each line.  The names must live as long as the log. */
struct leat_syslog_config {
    struct leat_endpoint server; /**< port 0: LEAT_SYSLOG_PORT */
    bool tcp;                    /**< by TCP; else by UDP */
    uint8_t facility;            /**< 1 to 23 (RFC 5424 6.2.1); 0 means 3, a daemon's: no program
                                      is the kernel */
    const char *host_name;       /**< NULL: not sent; printable ASCII without spaces, at most
                                      LEAT_SYSLOG_NAME_BYTES, as the next one */
    const char *app_name;        /**< the program's */
    uint32_t queue_bytes;        /**< of lines that wait for TCP: 8 KiB; 2 KiB at least */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of lines. */
struct leat_syslog_counts {
    uint64_t sent; /**< given to UDP or to a connection */
    uint64_t lost; /**< lost for lack of a buffer, of room in the queue, or of a route */
};

/** Bytes that leat_syslog_open() needs. */
size_t leat_syslog_memory_bytes(const struct leat_syslog_config *config);

/**
 * Opens a log.  @p memory (any alignment) of @p bytes belongs to it until leat_syslog_close().
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (an illegal facility, name or queue size, no server),
 * and those of leat_udp_open().
 */
enum leat_err leat_syslog_open(struct leat_syslog **log, struct leat *stack, void *memory,
                               size_t bytes, const struct leat_syslog_config *config);

/** Sends one line of @p len bytes of UTF-8; control characters become spaces.  It gets a timestamp
 * if civil time is known (civil.h) and the stack has been polled.  The outcome is counted. */
void leat_syslog_send(struct leat_syslog *log, enum leat_syslog_severity severity, const char *line,
                      size_t len);

/** The counters; live, valid as long as the log. */
const struct leat_syslog_counts *leat_syslog_counts(const struct leat_syslog *log);

/** Closes it.  Data in the connection is still sent; lines that wait in the queue are lost. */
void leat_syslog_close(struct leat_syslog *log);

#ifdef __cplusplus
}
#endif
#endif
