/*
 * example.h -- the interface between an example and a platform.
 *
 * An example is one source file for every platform and defines `const struct example example`; the
 * platform (POSIX with TAP, Solo5, virtio) contains the main, the devices and the command line.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/dhcp.h>
#include <leat/leat.h>

/** Data of the platform; valid until the program ends. */
struct example_platform {
    struct leat *stack; /**< attached; UDP and TCP are registered; it has an address when an
                             example is started */
    struct leat_host *host;
    struct leat_ip gateway; /**< --gateway, or the network's, or LEAT_IP_ANY */
    struct leat_ip server;  /**< --server; or the network's name server; or the gateway; or
                                 LEAT_IP_ANY */
    struct leat_ip time_servers[LEAT_DHCP_SERVERS_MAX]; /**< the network's */
    unsigned time_server_count;                         /**< in time_servers */
    bool has_ipv4, has_ipv6; /**< a routable address of the family exists, for example.lacks */
    const char *time_names;  /**< time servers given by name, spaces between them; NULL: none */
    const char *search; /**< the network's domains for names without a dot, spaces between them */
    uint16_t port;      /**< --port, or the example's default_port */
    const char *certificate; /**< --cert: a file; NULL: no TLS */
    const char *dot;    /**< --dot: trust.h reads it; NULL: name servers are asked without TLS */
    const char *key;    /**< --key */
    const char *early;  /**< --early: the file of a ticket; NULL: no early data is sent */
    bool early_data;    /**< --early-data: a server accepts it */
    uint64_t idle_ns;   /**< --idle: how long the peer of a connection may be silent; 0: for ever */
    int argument_count; /**< words that are not options */
    const char *const *arguments;
    /** Reads a whole file; the bytes stay valid.  LEAT_ERR_NOT_FOUND: none such, or no files. */
    enum leat_err (*read_file)(struct example_platform *platform, const char *path,
                               const char **bytes, size_t *len);
    /** Frees bytes that read_file() gave and nothing needs any more.  NULL: not necessary. */
    void (*free_file)(struct example_platform *platform, const char *bytes);
    /** Writes a file that only its owner may read; `early` is NULL on platforms without files. */
    enum leat_err (*write_file)(struct example_platform *platform, const char *path,
                                const void *bytes, size_t len);
    /** For leat_tasks_config.guard: pages that trap; NULL: this platform has none. */
    bool (*guard)(void *page, size_t bytes, bool guarded);
    /** Writes one line for a human, as printf("%s\n") would. */
    void (*say)(struct example_platform *platform, const char *line);
    /** Ends the program with this exit status when the current poll is over. */
    void (*finish)(struct example_platform *platform, int status);
};

/** Bytes for @p count tasks with stacks of 16 KiB, and a guard page for each. */
#define EXAMPLE_TASK_BYTES(count) (((count) + 1) * (16384 + 4096))

/** The result of example.start() when the port is taken already. */
#define EXAMPLE_PORT_TAKEN "can't open the TCP port: --dashboard or --flight-port may have taken it"

/** An example. */
struct example {
    const char *name;
    const char *summary;   /**< one line for --help */
    const char *arguments; /**< "[ZONE-FILE]": for the usage line; "" for none */
    uint16_t default_port;
    const struct leat_tcp_config *tcp; /**< limits of TCP; NULL: defaults */
    /** It uses --cert, --key, --dot and --early. */
    bool has_tls;
    /** Reads files that the arguments name, before an address is asked for; returns as start()
     * does. NULL: there is nothing to read. */
    const char *(*check)(struct example_platform *platform);
    /** True as long as start() needs something that the network may still provide, as its DHCPv6
     * servers often do later than a router.  start() then waits for it, up to three seconds.  NULL:
     * it needs nothing. */
    bool (*lacks)(const struct example_platform *platform);
    /** Starts to serve or ask; returns NULL, or one line with the reason of a failure (exit status
     * 2). */
    const char *(*start)(struct example_platform *platform);
    /** Reads its files again, for SIGHUP, without ending a connection.  Returns NULL, or one line
     * with the reason of a failure, after which all stays as it was.  NULL: there are no files. */
    const char *(*reload)(struct example_platform *platform);
};

/** Frees bytes of platform->read_file(). */
static inline void example_free_file(struct example_platform *platform, const char *bytes)
{
    if (bytes && platform->free_file)
        platform->free_file(platform, bytes);
}

extern const struct example example;

/** For example.lacks: an address from which @p ip can be reached is lacking. */
static inline bool example_lacks_address(const struct example_platform *platform, struct leat_ip ip)
{
    return !(leat_ip_is_v4(ip) ? platform->has_ipv4
                               : platform->has_ipv6 || leat_ip_is_link_local(ip));
}

/** For example.lacks: a name server is lacking. */
static inline bool example_lacks_server(const struct example_platform *platform)
{
    return leat_ip_is_any(platform->server) || example_lacks_address(platform, platform->server);
}

#endif
