/*
 * main.h -- a program in one call: leat_main() does what lies between a command line and a stack
 * that works.
 *
 * It opens the network device, sets the addresses or asks the network for them, starts the program,
 * runs the loop, and ends it in order.  The libraries are leat-main on POSIX, and leat-main-metal
 * on a machine without an operating system.  The program is the same source on both:
 *
 *      static const char *start(struct leat_platform *platform) { ...serve on platform->stack... }
 *
 *      int main(int argc, char **argv)
 *      {
 *          static const struct leat_app app = {
 *              .name = "mine", .summary = "Serves.", .default_port = 80, .start = start};
 *
 *          return leat_main(argc, argv, &app);
 *      }
 *
 * `mine --help` lists the options: devices (TAP, TUN, passt, UNIX sockets, shared memory, AF_XDP, a
 * recording), addresses, limits, TLS files, the dashboard, the flight recorder.
 */
#ifndef LEAT_MAIN_H
#define LEAT_MAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/dhcp.h>
#include <leat/dns_server.h>
#include <leat/files.h>
#include <leat/forwarder.h>
#include <leat/http_server.h>
#include <leat/leat.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_block; /**< block.h */
struct leat_store; /**< store.h */

struct leat_log; /**< a log that has a line for each event, such as a request */

/** The things that a program gets from the platform; valid until leat_main() returns. */
struct leat_platform {
    struct leat *stack;     /**< attached; UDP and TCP are registered; it has an address when the
                                 program is started */
    struct leat_host *host; /**< of the stack */
    struct leat_ip gateway; /**< --gateway, or the network's, or LEAT_IP_ANY */
    struct leat_ip server;  /**< --server; or the network's name server; or the gateway; or
                                 LEAT_IP_ANY */
    struct leat_ip time_servers[LEAT_DHCP_SERVERS_MAX]; /**< the network's */
    unsigned time_server_count;                         /**< in time_servers */
    bool has_ipv4;          /**< a routable address of the family exists, for leat_app.lacks */
    bool has_ipv6;          /**< the same of IPv6 */
    const char *time_names; /**< time servers given by name, spaces between them; NULL: none */
    const char *search; /**< the network's domains for names without a dot, spaces between them */
    uint16_t port;      /**< --port, or the program's default_port */
    const char *certificate; /**< --cert: a file; NULL: no TLS */
    const char *dot;    /**< --dot: the name servers' identity; NULL: they are asked without TLS */
    const char *doh;    /**< --doh: their URL; NULL: they are asked without HTTPS */
    const char *key;    /**< --key */
    const char *early;  /**< --early: the file of a ticket; NULL: no early data is sent */
    bool early_data;    /**< --early-data: a server accepts it */
    const char *folder; /**< --files: a folder to serve; NULL: none */
    const char *redirects;   /**< --redirects: a file; NULL: none */
    const char *passwords;   /**< --passwords: a file; NULL: none */
    const char *ticket_keys; /**< --ticket-keys: a file for them; NULL: they end with the program */
    const char *acme; /**< --acme: names, with commas; NULL: no certificate is asked for (acme.h) */
    const char *acme_directory; /**< --acme-directory */
    const char *acme_contact;   /**< --acme-contact; NULL: none */
    const char *acme_binding;   /**< --acme-binding: a file; NULL: none */
    const char *acme_trust;     /**< --acme-trust: a file; NULL: the system's */
    const char *acme_folder;    /**< --acme-folder; NULL: none */
    bool acme_agree;            /**< --acme-agree */
    uint64_t idle_ns;   /**< --idle: how long the peer of a connection may be silent; 0: for ever */
    int argument_count; /**< words that are not options */
    const char *const *arguments; /**< these words */
    /** Reads a whole file; the bytes stay valid until free_file().  LEAT_ERR_NOT_FOUND: none such,
     * or no files.  LEAT_ERR_DEVICE: it can't be read. */
    enum leat_err (*read_file)(struct leat_platform *platform, const char *path, const char **bytes,
                               size_t *len);
    /** When that file was changed, in nanoseconds since 1970; 0: unknown. */
    uint64_t (*changed_ns)(struct leat_platform *platform, const char *path);
    /** Opens the folder `folder` as a source of files (files.h), valid until leat_main() returns;
     * @p root is the path of it in there.  Returns NULL, or one line with the reason of a failure.
     */
    const char *(*open_folder)(struct leat_platform *platform, struct leat_files **files,
                               const char **root);
    /** Frees bytes that read_file() gave and nothing needs any more.  NULL: not necessary. */
    void (*free_file)(struct leat_platform *platform, const char *bytes);
    /** Writes a file that only its owner may read; `early` is NULL on platforms without files.
     * LEAT_ERR_DEVICE: it can't be written. */
    enum leat_err (*write_file)(struct leat_platform *platform, const char *path, const void *bytes,
                                size_t len);
    /** Writes data: to the file of open_output(), else to the standard output, or to the console of
     * a machine without one.  LEAT_ERR_DEVICE: it can't be written. */
    enum leat_err (*write)(struct leat_platform *platform, const void *bytes, size_t len);
    /** Makes write() write to the file @p path.  With @p append behind what it has, and @p have
     * tells how many bytes that is; otherwise they are replaced.  LEAT_ERR_DEVICE: it can't be
     * opened; also on platforms without files. */
    enum leat_err (*open_output)(struct leat_platform *platform, const char *path, bool append,
                                 uint64_t *have);
    /** Writes a line to a log of this struct, without the line's end, which is added.  It never
     * waits: a line that a full disk or a slow reader leaves no room for is dropped and counted.
     * The caller escapes control characters.  A line of more than 4,096 bytes is cut off. */
    void (*log_line)(struct leat_log *log, const char *line, size_t len);
    /** For leat_http_server_config: writes the lines of --access-log; NULL: there is none.
     * leat_platform_serve_http() sets it. */
    void (*on_access)(void *arg, const struct leat_http_access *access);
    /** For leat_http_server_config: a clock that goes on in a poll, for durations in a log and in
     * the metrics.  NULL if there is neither, and in a run that is recorded or repeated, because
     * such durations can't be repeated.  leat_platform_serve_http() sets it. */
    struct leat_host *clock;
    /** Makes the counters of @p server, which must stay open, part of /metrics and of the
     * dashboard; of up to four servers. */
    void (*show_http)(struct leat_platform *platform, const struct leat_http_server *server);
    /** The program sets it, for /metrics: when its certificate ends to be valid, in seconds since
     * 1970; 0: it has none. */
    uint64_t certificate_ends_s;
    /** The program sets it, for /metrics with --acme: certificates that it has obtained. */
    uint64_t certificates_obtained;
    /** ... and attempts that failed. */
    uint64_t certificates_failed;
    /** For leat_tasks_config.guard: pages that trap; NULL: this platform has none. */
    bool (*guard)(void *page, size_t bytes, bool guarded);
    /** Writes one line for a human: to the standard output, or with leat_app.prints to the standard
     * error. */
    void (*say)(struct leat_platform *platform, const char *line);
    /** Ends the program with this exit status when the current poll is over. */
    void (*finish)(struct leat_platform *platform, int status);
    /** --store: values that survive a restart, mounted before check() and start().  A value that
     * end() puts there is still written.  Names that begin with "leat/" are leat_main()'s;
     * docs/storage.md has those of other users, and how many values there can be.  NULL: there is
     * none. */
    struct leat_store *store;
    /** The machine has another generation id than when the values were put there, or than at the
     * start (leat_metal_generation()).  So another machine may have the same values. */
    bool may_be_copy;
    /** The machine has no clock, so the time of `host` goes on from the end of the last run: it is
     * too early by as long as the machine was off. */
    bool time_is_old;
    uint64_t starts;       /**< with this store, the present one included; 0: there is no store */
    uint64_t ran_before_s; /**< seconds that the runs before it lasted together */
    /** For leat_dns_server_config and leat_forwarder_config: writes the lines of --access-log;
     * NULL: there is none.  leat_platform_serve_dns() and leat_platform_forward_dns() set it. */
    void (*on_query)(void *arg, const struct leat_dns_access *access);
    /** The writers of such lines in both formats, which the same two functions set.  So a program
     * without DNS doesn't link them. */
    size_t (*query_common)(const struct leat_dns_access *access, uint64_t civil_ns, char *line,
                           size_t size);
    size_t (*query_json)(const struct leat_dns_access *access, uint64_t civil_ns, char *line,
                         size_t size); /**< in JSON */
    struct leat_block *area; /**< leat_app.area_bytes: the device of --store, of which the program
                                  has the next two; NULL: there is none */
    uint64_t area_sector;    /**< the first sector of the program's */
    uint64_t area_sectors;   /**< how many it has */
    bool has_fetches;        /**< the program sets it and the next three, for /metrics: it fetches
                                  texts from time to time */
    uint64_t fetches_new;    /**< ... and got a new one */
    uint64_t fetches_unchanged; /**< ... or heard that it has the newest */
    uint64_t fetches_failed;    /**< ... or got none that it could use */
};

/** A program.  Members that are 0 mean what is written there. */
struct leat_app {
    const char *name;                  /**< for messages; also the host name for DHCP */
    const char *summary;               /**< one line for --help */
    const char *arguments;             /**< "[ZONE-FILE]", for the usage line; NULL or "": none */
    uint16_t default_port;             /**< 0: the program has no port, and --port is refused */
    const struct leat_tcp_config *tcp; /**< limits of TCP; NULL: defaults */
    /** It uses --cert, --key, --dot, --doh and --early; otherwise these are refused. */
    bool has_tls;
    /** It uses --files, --redirects and --passwords; otherwise these are refused. */
    bool has_folder;
    /** A server that uses --acme and its options (acme.h); otherwise these are refused. */
    bool has_acme;
    /** Its output is data for other programs, by leat_platform.write(): lines for humans go to the
     * standard error. */
    bool prints;
    /** It serves HTTP by leat_platform_serve_http(), and so takes --access-log; otherwise that is
     * refused. */
    bool has_http;
    /** The same with leat_platform_serve_dns() or leat_platform_forward_dns(). */
    bool has_dns;
    /** Lines of --help about options of its own, which begin with "-x" or "--name".  Words that
     * begin so, and that leat_main() doesn't know, are then arguments.  NULL: there are none. */
    const char *own_options;
    /** Reads files that the arguments name, before an address is asked for; returns as start()
     * does.  NULL: there is nothing to read. */
    const char *(*check)(struct leat_platform *platform);
    /** True as long as start() needs something that the network may still provide, as its DHCPv6
     * servers often do later than a router.  start() then waits for it, up to three seconds.  NULL:
     * it needs nothing. */
    bool (*lacks)(const struct leat_platform *platform);
    /** Starts to serve or ask; returns NULL, or one line with the reason of a failure (exit status
     * 2).  --check-config calls it, too: then frames lead nowhere, write_file(), open_output() and
     * write() change nothing, and the stack is never polled. */
    const char *(*start)(struct leat_platform *platform);
    /** Reads its files again, for SIGHUP, without ending a connection.  Returns NULL, or one line
     * with the reason of a failure, after which all stays as it was.  NULL: there are no files. */
    const char *(*reload)(struct leat_platform *platform);
    /** Called after the last poll: writes what the next run needs.  NULL: nothing. */
    void (*end)(struct leat_platform *platform);
    /** It keeps more than values in --store: the first 256 KiB of the file or disk are the store,
     * and the sectors behind them are the program's (leat_platform.area).  A new file, or one of
     * 256 KiB, gets so many bytes more.  Nothing else is asked of a disk, so the area may be
     * smaller, or missing.  0: all of the device is the store. */
    uint64_t area_bytes;
    uint64_t reserved[LEAT_RESERVED - 1]; /**< 0 (abi.h) */
};

/**
 * Runs @p app as the words of @p argv say; the first is not looked at.  Returns the exit status.
 * It is 0, or what the program gave to leat_platform.finish().  1: the device was lost, or a
 * recording could not be written.  2: it did not start, and a line with the reason was printed.
 * It may be called once in a process.  It takes its memory from the C library, or from
 * the machine.
 *
 * On a machine without an operating system the library leat-main-metal is the entry: it cuts the
 * kernel's command line at its spaces, and calls main().
 */
int leat_main(int argc, char **argv, const struct leat_app *app);

/** For leat_app.lacks: an address from which @p ip can be reached is lacking. */
static inline bool leat_platform_lacks_address(const struct leat_platform *platform,
                                               struct leat_ip ip)
{
    return !(leat_ip_is_v4(ip) ? platform->has_ipv4
                               : platform->has_ipv6 || leat_ip_is_link_local(ip));
}

/** For leat_app.lacks: a name server is lacking. */
static inline bool leat_platform_lacks_server(const struct leat_platform *platform)
{
    return leat_ip_is_any(platform->server) ||
           leat_platform_lacks_address(platform, platform->server);
}

/**
 * Opens a server as leat_http_server_open(), with --access-log (it sets config->on_access and
 * config->clock), and shows its counters.  Its memory needs LEAT_HTTP_ACCESS_CLIENT_BYTES for each
 * client more than without a log.
 */
static inline enum leat_err leat_platform_serve_http(struct leat_platform *platform,
                                                     struct leat_http_server **server, void *memory,
                                                     size_t bytes,
                                                     struct leat_http_server_config *config)
{
    enum leat_err err;

    config->on_access = platform->on_access;
    config->clock = platform->clock;
    err = leat_http_server_open(server, platform->stack, memory, bytes, config);
    if (!err)
        platform->show_http(platform, *server);
    return err;
}

/** Has @p platform write the lines of DNS queries for --access-log, by leat_platform.on_query. */
static inline void leat_platform_write_queries(struct leat_platform *platform)
{
    platform->query_common = leat_dns_access_common;
    platform->query_json = leat_dns_access_json;
}

/** Opens a name server as leat_dns_server_open(), with --access-log (it sets config->on_access). */
static inline enum leat_err leat_platform_serve_dns(struct leat_platform *platform,
                                                    struct leat_dns_server **server, void *memory,
                                                    size_t bytes,
                                                    struct leat_dns_server_config *config)
{
    leat_platform_write_queries(platform);
    config->on_access = platform->on_query;
    return leat_dns_server_open(server, platform->stack, memory, bytes, config);
}

/** Opens a forwarder as leat_forwarder_open(), with --access-log (it sets config->on_access). */
static inline enum leat_err leat_platform_forward_dns(struct leat_platform *platform,
                                                      struct leat_forwarder **forwarder,
                                                      void *memory, size_t bytes,
                                                      struct leat_forwarder_config *config)
{
    leat_platform_write_queries(platform);
    config->on_access = platform->on_query;
    return leat_forwarder_open(forwarder, platform->stack, memory, bytes, config);
}

/** Frees bytes of platform->read_file(), which may be NULL. */
static inline void leat_platform_free_file(struct leat_platform *platform, const char *bytes)
{
    if (bytes && platform->free_file)
        platform->free_file(platform, bytes);
}

#if defined(__STDC_HOSTED__) && __STDC_HOSTED__ == 0
/** The files of an image, which leat_platform.read_file() finds: an array that tools/embed.py makes
 * when the image is built (`--count leat_image_file_count ... leat_image_files FOLDER`).  Without
 * it there are none but those of an initrd. */
extern const struct leat_http_file leat_image_files[];
extern const uint32_t leat_image_file_count; /**< in leat_image_files */
#endif

#ifdef __cplusplus
}
#endif
#endif
