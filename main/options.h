/* options.h -- the command line of leat_main(). */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/ipv6.h>
#include <leat/leat.h>

#include <leat/main.h>

#include "option_list.h"
#include "sink.h"

enum {
    CONFIG_ARGUMENTS_MAX = 64, /* in a file */
    FORWARD_MAX = 8,           /* ports of each protocol */
    IPS_MAX = LEAT_ADDRESSES_MAX,
    IP6S_MAX = LEAT_IPV6_ADDRESSES_MAX - 1 /* one is link-local */
};

/* The value of --ip or --ip6. */
struct options_address {
    struct leat_ip ip;
    uint8_t prefix_bits;
};

/* How much of a client's address --access-log has. */
enum access_clients {
    ACCESS_CLIENTS_WHOLE,
    ACCESS_CLIENTS_NETWORK,
    ACCESS_CLIENTS_NONE,
    ACCESS_CLIENTS_KINDS
};

extern const char *const access_clients_names[ACCESS_CLIENTS_KINDS];

/* Where the value of an option comes from. */
enum option_source {
    OPTION_DEFAULT,
    OPTION_WORD, /* the command line */
    OPTION_FILE,
    OPTION_METADATA
};

/* Where metadata come from. */
enum metadata_where {
    METADATA_NONE,
    METADATA_EC2,
    METADATA_GCP,
    METADATA_NOCLOUD,
    METADATA_PLACES
};

extern const char *const options_metadata_names[METADATA_PLACES];

/* The value of --metadata: from where, and what is taken. */
struct options_metadata {
    enum metadata_where where;
    bool address, name, options;
};

/* The command line, with the defaults filled in. */
struct options {
    enum option_source source[KEY_COUNT];
    uint32_t digest[KEY_COUNT]; /* of the values, to see whether they change */
    const char *config;         /* NULL: no configuration file */
    bool check_config;
    bool posix; /* there are files */
    const char *tap;
    const char *tun;
    const char *socket;   /* NULL: no UNIX socket */
    const char *shm;      /* the socket where a peer shares memory, or NULL */
    const char *datagram; /* the path of our end; NULL: a stream */
    bool listen;          /* at socket, instead of connecting to it */
    bool passt;           /* use passt */
    const char *xdp;      /* NULL: no AF_XDP */
    uint32_t queue;       /* of that device */
    uint16_t busy_poll_us;
    const char *forward_tcp[FORWARD_MAX + 1]; /* as passt wants them; NULL ends them */
    const char *forward_udp[FORWARD_MAX + 1];
    const char *certificate; /* NULL: no TLS */
    const char *key;
    const char *dot;         /* identity of the name servers; NULL: they are asked without TLS */
    const char *doh;         /* their URL; NULL: they are asked without HTTPS */
    const char *early;       /* the file of a client's ticket; NULL: no early data is sent */
    bool early_data;         /* a server accepts early data */
    const char *ticket_keys; /* the file of a server's keys of tickets; NULL: none */
    const char *store;       /* the file or disk of the values that are kept; NULL: none */
    bool store_format;       /* erase it first */
    const char *archive;     /* an image: the disk of further files; NULL: none */
    struct options_metadata metadata;
    const char *metadata_disk; /* of the seed; NULL: an image looks for it */
    const char *host_name;     /* NULL: the program's name */
    const char *acme;          /* names for a certificate; NULL: none is asked for */
    const char *acme_directory;
    const char *acme_contact;
    const char *acme_binding;
    const char *acme_trust;
    const char *acme_folder;
    bool acme_agree;
    const char *folder; /* to be served; NULL: none */
    const char *redirects;
    const char *passwords;
    const char *record;                  /* NULL: don't */
    const char *replay;                  /* NULL: a device */
    struct options_address ips[IPS_MAX]; /* the first is passt's, given or not */
    unsigned ip_count;                   /* 0: the network is asked */
    struct options_address ip6s[IP6S_MAX];
    unsigned ip6_count;
    struct leat_ip gateway;  /* LEAT_IP_ANY: none */
    struct leat_ip gateway6; /* the same */
    struct leat_ip server;   /* the same */
    struct leat_mac mac;
    bool mac_given;
    uint16_t mtu; /* 0: the device's */
    uint16_t port;
    uint64_t idle_ns; /* 0: for ever */
    uint64_t drain_ns;
    uint8_t seed[LEAT_SEED_BYTES];
    bool seed_given;
    uint64_t clock_ns;           /* civil time, fixed; 0: use the machine's clock */
    uint32_t buffers;            /* 0: the platform's default */
    uint32_t connections;        /* 0: leat's default */
    uint32_t flight_kib;         /* for the last frames; 0: they are not kept */
    uint32_t flight_snap;        /* bytes of each; 0: all */
    uint16_t flight_port;        /* sends them to clients; 0: none */
    struct leat_endpoint syslog; /* LEAT_IP_ANY: nowhere */
    bool syslog_tcp;             /* else by UDP */
    struct sink_target access_log;
    bool access_json; /* else the Combined Log Format */
    enum access_clients access_clients;
    uint16_t dashboard_port; /* 0: none */
    bool flight_dump;        /* at the end */
    const char *flight_file;
    bool create;
    const struct leat_tcp_congestion *congestion; /* NULL: leat's default */
    bool fast_open;
    bool temporary; /* temporary IPv6 addresses for connections that we begin */
    bool offload;   /* of a socket: the peer is another leat with this option */
    bool no_offload;
    bool stats;
    bool explain_drops;
    bool verbose;
    int argument_count;
    const char *const *arguments;
    const char *config_arguments[CONFIG_ARGUMENTS_MAX];
};

enum options_outcome {
    OPTIONS_RUN,
    OPTIONS_DONE, /* --help or --version: it has been printed */
    OPTIONS_WRONG /* one line with the error has been printed */
};

enum {
    OPTIONS_LINE_BYTES = 300,
    OPTIONS_TEXTS = 2,
    OPTIONS_NAME_MAX = 48 /* characters of --host-name, as syslog has it (RFC 5424 6) */
};

/* Options as a configuration file has them, from elsewhere. */
struct options_text {
    const char *name;  /* for messages */
    const char *bytes; /* they stay as they are, */
    size_t len;        /* 0: there are none */
    char *room;        /* for a copy of them with a new line, where the options' values then lie */
};

/* The platform of the command line. */
struct options_world {
    bool posix;                       /* there are files and TAP devices */
    char *line;                       /* room for OPTIONS_LINE_BYTES */
    void *arg;                        /* the platform's */
    const struct options_text *texts; /* OPTIONS_TEXTS of them, which win over --config, and the
                                         first over the next; NULL: none */
    /* The words of the command line, as they were given, and room for them, for
     * options_parse_again(); NULL: it isn't called. */
    char **words, **room;
    int count;
    bool late; /* the network is up, so the texts can't set what it has */
    /* As leat_platform.read_file(); the bytes may go with the next call. */
    enum leat_err (*read)(const struct options_world *world, const char *path, const char **bytes,
                          size_t *len);
    void (*print)(const struct options_world *world, const char *line);
    void (*complain)(const struct options_world *world, const char *line);
};

/* Sets the members of @platform that the options say. */
void options_platform(const struct options *options, struct leat_platform *platform);

/* True if durations of requests are wanted that go on in a poll: for a log or for the metrics, and
 * in no run that is recorded or repeated. */
bool options_want_clock(const struct options *options);

/* The limits of TCP: the program's, and over them those of the options. */
struct leat_tcp_config options_tcp(const struct options *options, const struct leat_app *app);

/* Reads the files that the options name, and lets the program check its own; the platform has no
 * stack yet.  Returns NULL, or what is wrong, in static memory. */
const char *options_check_files(const struct options *options, struct leat_platform *platform,
                                const struct leat_app *app);

/* A message about options that exclude or need each other, or NULL. */
const char *options_contradiction(const struct options *options, const struct leat_app *app);

/* Reads @count words, the program's name not among them, and moves the arguments to their front;
 * then the world's texts, and the configuration file. */
enum options_outcome options_parse(struct options *options, const struct options_world *world,
                                   const struct leat_app *what, int count, char **words);

/* The same with the world's words: they are copied to its room. */
enum options_outcome options_parse_again(struct options *options, const struct options_world *world,
                                         const struct leat_app *what);

#endif
