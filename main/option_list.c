/* option_list.c -- the options of leat_main(). */
#include "option_list.h"

#include <stddef.h>

const struct option all_options[KEY_COUNT] = {
    [KEY_TAP] = {"tap", "NAME", "the TAP device (leat0)", true},
    [KEY_TUN] = {"tun", "NAME", "instead of it, a TUN device, which carries IP without Ethernet",
                 true},
    [KEY_CREATE] = {"create", NULL,
                    "make the device if there is none, with a queue of 4,096 frames", true},
    [KEY_SOCKET] = {"socket", "PATH",
                    "instead of a device, the UNIX socket of another leat, of QEMU\n"
                    "                     (-netdev stream) or of passt: no root is needed",
                    true},
    [KEY_SHM] = {"shm", "PATH",
                 "instead of a device, memory that another leat shares; PATH is the\n"
                 "                     UNIX socket where the two meet",
                 true},
    [KEY_LISTEN] = {"listen", NULL, "wait at that path for the other end", true},
    [KEY_DATAGRAM] = {"datagram", "PATH",
                      "the socket carries datagrams (-netdev dgram); our end is at PATH", true},
    [KEY_PASST] = {"passt", NULL,
                   "instead of a device, this machine's network by passt: no root is\n"
                   "                     needed; the gateway is this machine (the first address)",
                   true},
    [KEY_FORWARD] = {"forward", "tcp:PORT[:OURS]",
                     "with --passt: forward a port of this machine to us; or udp:...;\n"
                     "                     more than once",
                     true},
    [KEY_XDP] =
        {"xdp", "DEVICE",
         "a network device by AF_XDP, shared with Linux: with --ip, take frames\n"
         "                     for it; otherwise, or with --mac, those for a MAC of our own",
         true},
    [KEY_QUEUE] = {"queue", "N", "number of the receive queue of that device (0)", true},
    [KEY_BUSY_POLL] = {"busy-poll", "US",
                       "poll that device, or the memory, for so long before we sleep", true},
    [KEY_IP] = {"ip", "ADDRESS/BITS", "our address (default: by DHCP); up to four times", false},
    [KEY_GATEWAY] = {"gateway", "ADDRESS", "with --ip: the default gateway (none)", false},
    [KEY_IPV4] = {"ipv4", "ADDRESS/BITS", "as --ip", false},
    [KEY_IPV4_GATEWAY] = {"ipv4-gateway", "ADDRESS", "as --gateway", false},
    [KEY_IP6] = {"ip6", "ADDRESS/BITS",
                 "our IPv6 address, beside a link-local one (default: by routers and\n"
                 "                     DHCPv6 servers; with --ip: no IPv6); up to seven times",
                 false},
    [KEY_IP6_GATEWAY] = {"ip6-gateway", "ADDRESS", "with --ip6: the default gateway (none)", false},
    [KEY_TEMPORARY] = {"temporary", NULL,
                       "begin from IPv6 addresses that change each day (RFC 8981)", false},
    [KEY_SERVER] = {"server", "ADDRESS", "the name server (DHCP's, or the gateway)", false},
    [KEY_MAC] = {"mac", "ADDRESS", "our MAC address (the device's, or random)", false},
    [KEY_MTU] = {"mtu", "N", "largest IP datagram in bytes (the device's)", false},
    [KEY_PORT] = {"port", "N", "the port to use", false},
    [KEY_IDLE] = {"idle", "SECONDS", "how long a peer may be silent (300); 0: for ever", false},
    [KEY_DRAIN] =
        {"drain", "SECONDS",
         "at SIGTERM, SIGINT or Ctrl-D on a serial console: how long\n"
         "                     connections may finish their work (5); a second one: no more",
         false},
    [KEY_BUFFERS] = {"buffers", "N", "buffers of 2 KiB (4096, or what fits)", false},
    [KEY_CONNECTIONS] = {"connections", "N", "TCP connections at a time (1024)", false},
    [KEY_CONGESTION] = {"congestion", "NAME",
                        "how TCP yields to others: cubic (the default), newreno or bbr", false},
    [KEY_FAST_OPEN] = {"fast-open", NULL, "accept and send data in SYNs (RFC 7413)", false},
    [KEY_CERT] = {"cert", "FILE",
                  "certificates in PEM: a server's own, for TLS; trusted ones of clients", false},
    [KEY_KEY] = {"key", "FILE", "the private key of a server's certificate", false},
    [KEY_DOT] = {"dot", "WHO",
                 "ask name servers by TLS: WHO is their name, sha256/BASE64 of their\n"
                 "                     key, or any: unverified, and without TLS if need be",
                 false},
    [KEY_DOH] = {"doh", "URL",
                 "ask name servers by HTTPS (RFC 8484), at the port of that URL; its name\n"
                 "                     is theirs",
                 false},
    [KEY_EARLY] = {"early", "FILE",
                   "a client stores a TLS ticket there, for the next GET as early data", true},
    [KEY_EARLY_DATA] = {"early-data", NULL,
                        "with --cert: a server answers such GETs at once; attackers who see one\n"
                        "                     can replay it",
                        false},
    [KEY_FILES] = {"files", "FOLDER",
                   "serve that folder, instead of the files in the program; an image:\n"
                   "                     a folder of its own files, or of those beside it",
                   false},
    [KEY_REDIRECTS] = {"redirects", "FILE",
                       "with --files: lines \"/from /to [STATUS]\"; \"/from/*\" takes all below",
                       false},
    [KEY_PASSWORDS] = {"passwords", "FILE",
                       "with --files: lines \"name:password\"; only these users get files", false},
    [KEY_TICKET_KEYS] = {"ticket-keys", "FILE",
                         "with --cert or --acme: keep the keys of TLS tickets there, so that\n"
                         "                     tickets survive a restart; the file is secret",
                         true},
    [KEY_STORE] = {"store", "FILE",
                   "keep leases, secrets and keys there from one run to the next: a file,\n"
                   "                     which is made, or a disk; an image: disk, disk2 and so "
                   "on, or on Solo5\n"
                   "                     the name in its manifest",
                   false},
    [KEY_STORE_FORMAT] = {"store-format", NULL,
                          "with --store: erase what FILE has, and begin an empty store", false},
    [KEY_ARCHIVE] =
        {"archive", "DISK",
         "an image: files come from a tar or cpio archive there, below those of\n"
         "                     an initrd: disk, disk2 and so on; on Solo5 the name in its "
         "manifest;\n"
         "                     fw_cfg for QEMU's -fw_cfg name=opt/leat/files,file=FILE",
         false},
    [KEY_METADATA] =
        {"metadata", "WHERE[:WHAT]",
         "more options, from ec2, gcp or nocloud (none); WHAT: options (user\n"
         "                     data), name, address, with commas (options,name; all of "
         "nocloud)",
         false},
    [KEY_METADATA_DISK] = {"metadata-disk", "DISK",
                           "with --metadata nocloud: the volume cidata, vfat or ISO 9660; an\n"
                           "                     image looks for it on disk to disk9",
                           false},
    [KEY_HOST_NAME] = {"host-name", "NAME", "our name for DHCP and syslog servers (the program's)",
                       false},
    [KEY_ACME] = {"acme", "NAME[,NAME]",
                  "get a certificate for these names from an authority, and renew it\n"
                  "                     (ACME); it looks at port 80, or at the port of TLS",
                  false},
    [KEY_ACME_DIRECTORY] = {"acme-directory", "URL", "with --acme: the authority's directory",
                            false},
    [KEY_ACME_AGREE] = {"acme-agree", NULL, "agree to the authority's terms of service", false},
    [KEY_ACME_CONTACT] = {"acme-contact", "ADDRESS",
                          "where the authority sends warnings, such as mailto:me@example.org",
                          false},
    [KEY_ACME_BINDING] = {"acme-binding", "FILE",
                          "an account that exists outside of ACME: its key's name and the key,\n"
                          "                     in base64url, with a space between them",
                          false},
    [KEY_ACME_TRUST] = {"acme-trust", "FILE",
                        "certificates that the authority's own server is verified by (the\n"
                        "                     system's)",
                        false},
    [KEY_ACME_FOLDER] = {"acme-folder", "FOLDER",
                         "keep the keys and the certificate there, instead of the --store; they\n"
                         "                     are secret",
                         true},
    [KEY_RECORD] = {"record", "FILE", "write every frame to a pcapng (*.pcap: a pcap)", true},
    [KEY_REPLAY] = {"replay", "FILE",
                    "take frames from a recording, at its times, instead of a device;\n"
                    "                     needs --mac, whose frames are left out, and --seed",
                    true},
    [KEY_SEED] = {"seed", "HEX", "fix all random numbers: up to 64 digits; for tests only", false},
    [KEY_CLOCK] = {"clock", "NS", "civil time since 1970, instead of the machine's clock", true},
    [KEY_FLIGHT] = {"flight", "KIB", "memory for the last frames (64); 0: keep none", false},
    [KEY_FLIGHT_SNAP] = {"flight-snap", "N", "bytes kept of each (96: the headers); 0: all", false},
    [KEY_FLIGHT_PORT] = {"flight-port", "N", "send them to clients of this port, as a pcapng",
                         false},
    [KEY_FLIGHT_FILE] = {"flight-file", "FILE",
                         "write them there on SIGUSR1 and on a crash (otherwise a crash\n"
                         "                     prints them for leat-replay unhex)",
                         true},
    [KEY_FLIGHT_DUMP] = {"flight-dump", NULL, "dump them at the end as well", false},
    [KEY_OFFLOAD] = {"offload", NULL, "with --socket: leave checksums out, as the other leat does",
                     true},
    [KEY_NO_OFFLOAD] =
        {"no-offload", NULL,
         "frames as on a wire: no super-frames, all checksums\n"
         "                     (so it is with --record, --flight-file, --flight-port)",
         true},
    [KEY_DASHBOARD] = {"dashboard", "PORT",
                       "show the state of the stack there by HTTP; /metrics is for Prometheus,\n   "
                       "                  /healthz and /readyz for supervisors",
                       false},
    [KEY_SYSLOG] = {"syslog", "[tcp:]IP:PORT",
                    "send our messages to that syslog server, too (RFC 5424)", false},
    [KEY_ACCESS_LOG] =
        {"access-log", "WHERE",
         "a line for each HTTP request and DNS query: stdout,\n"
         "                     syslog:[tcp:]IP:PORT, or a file, which SIGHUP opens again",
         false},
    [KEY_ACCESS_FORMAT] = {"access-log-format", "NAME",
                           "common (the default; Apache's and nginx' combined one) or json", false},
    [KEY_ACCESS_CLIENTS] =
        {"access-log-clients", "HOW",
         "clients' addresses there: whole (the default), network (24 bits; 56 of\n"
         "                     IPv6) or none",
         false},
    [KEY_STATS] = {"stats", NULL, "print the counters at the end", false},
    [KEY_EXPLAIN_DROPS] = {"explain-drops", NULL,
                           "say why frames are dropped: for each reason the first frame, when it\n"
                           "                     comes and at the end; frames are taken one by one",
                           true},
    [KEY_VERBOSE] = {"verbose", NULL, "print more", false},
    [KEY_CONFIG] = {"config", "FILE",
                    "read options from that file, a line each: NAME = VALUE; "
                    "those of the\n"
                    "                     command line win",
                    false},
    [KEY_CHECK_CONFIG] = {"check-config", NULL,
                          "say whether the options and the files that they name are right", false},
    [KEY_HELP] = {"help", NULL, "print this", false},
    [KEY_VERSION] = {"version", NULL, "print the version", false},
};

unsigned option_kind(unsigned key)
{
    return key == KEY_IPV4 ? KEY_IP : key == KEY_IPV4_GATEWAY ? KEY_GATEWAY : key;
}

bool option_is_device(unsigned key)
{
    return key == KEY_TAP || key == KEY_TUN || key == KEY_SOCKET || key == KEY_SHM ||
           key == KEY_PASST || key == KEY_XDP || key == KEY_REPLAY;
}

bool option_is_of_device(unsigned key)
{
    return key == KEY_CREATE || key == KEY_LISTEN || key == KEY_DATAGRAM || key == KEY_FORWARD ||
           key == KEY_QUEUE || key == KEY_BUSY_POLL || key == KEY_OFFLOAD;
}

bool option_is_list(unsigned key)
{
    return option_kind(key) == KEY_IP || key == KEY_IP6 || key == KEY_FORWARD;
}

bool option_is_early(unsigned key)
{
    switch (key) {
    case KEY_TEMPORARY:
    case KEY_MAC:
    case KEY_MTU:
    case KEY_DRAIN:
    case KEY_BUFFERS:
    case KEY_CONNECTIONS:
    case KEY_CONGESTION:
    case KEY_FAST_OPEN:
    case KEY_STORE:
    case KEY_RECORD:
    case KEY_SEED:
    case KEY_CLOCK:
    case KEY_FLIGHT:
    case KEY_FLIGHT_SNAP:
    case KEY_FLIGHT_PORT:
    case KEY_FLIGHT_FILE:
    case KEY_NO_OFFLOAD:
    case KEY_EXPLAIN_DROPS:
        return true;
    default:
        return option_is_device(key) || option_is_of_device(key);
    }
}
