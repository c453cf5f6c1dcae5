/*
 * feed.c -- feeds every frame of a capture to a stack, at the capture's time.
 *
 * The file is read twice. The first pass finds our address, the one with the most frames, and its
 * link address; with a given address it ends at its first frame. The second pass feeds.
 */
#include <stdlib.h>
#include <string.h>

#include "flows.h"
#include "options.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv6.h"
#include "world.h"

enum {
    BUFFERS = 4096,
    CANDIDATES = 4096,      /* hash table of destinations; of two in one place the more frequent
                             * one stays */
    RECORD_BYTES_MIN = 50,  /* minimum size of a counted frame in the file: its record header
                             * and 34 bytes */
    SETTLED_FRAMES = 16384, /* number of frames between checks whether the result is settled */
    NOTES_BYTES = 512,      /* room for an address, a seed, the ports */
    IP_AT = ETHERNET_HEADER_BYTES,
    IP_SRC_AT = IP_AT + 12,
    IP_DST_AT = IP_AT + 16,
    IP6_SRC_AT = IP_AT + IPV6_SRC_AT,
    IP6_DST_AT = IP_AT + IPV6_DST_AT
};

struct candidate {
    struct leat_ip ip;
    uint64_t frames;
    struct leat_mac mac;
};

struct feed {
    const struct options *options;
    struct world world;
    struct candidate us;
    struct leat_stats before; /* before the last frame, for -v */
    uint64_t frames, cut, first_ns, batch_ns;
    struct candidate candidates[CANDIDATES];
};

/* Reads both addresses of an IP packet; false: it is no IP packet. */
static bool ends_of(const struct leat_capture_frame *frame, struct leat_ip *src,
                    struct leat_ip *dst)
{
    const uint8_t *bytes = frame->bytes;
    const uint32_t len = frame->captured_bytes;

    if (len >= IP_AT + IPV4_HEADER_BYTES && get16(bytes + 12) == ETHERNET_IPV4) {
        *src = leat_ip_v4(get32(bytes + IP_SRC_AT));
        *dst = leat_ip_v4(get32(bytes + IP_DST_AT));
        return true;
    }
    if (len < IP_AT + IPV6_HEADER_BYTES || get16(bytes + 12) != ETHERNET_IPV6)
        return false;
    memcpy(src->bytes, bytes + IP6_SRC_AT, sizeof src->bytes);
    memcpy(dst->bytes, bytes + IP6_DST_AT, sizeof dst->bytes);
    return true;
}

/* True for the address of a single host in a network. */
static bool is_host(struct leat_ip ip)
{
    if (leat_ip_is_v4(ip))
        return ip.bytes[12] != 0 && ip.bytes[12] != 127 && ip.bytes[12] < 0xe0;
    return !leat_ip_is_multicast(ip) && !leat_ip_is_any(ip) && !leat_ip_is_loopback(ip);
}

/* Counts a destination. */
static void count_destination(struct feed *feed, const struct leat_capture_frame *frame,
                              struct leat_ip ip)
{
    struct candidate *place = &feed->candidates[world_hash(ip) >> 20];

    if ((frame->bytes[0] & 1) || !is_host(ip))
        return;
    if (!leat_ip_equal(place->ip, ip)) {
        if (place->frames > 1) { /* the more frequent of two stays */
            place->frames--;
            return;
        }
        place->ip = ip;
        place->frames = 0;
        memcpy(place->mac.octet, frame->bytes, sizeof place->mac.octet);
    }
    place->frames++;
}

/* Checks whether the frame has the link address of --ip; true: found. */
static bool is_to_us(struct feed *feed, const struct leat_capture_frame *frame, struct leat_ip dst)
{
    if (!leat_ip_equal(dst, feed->us.ip))
        return false;
    memcpy(feed->us.mac.octet, frame->bytes, sizeof feed->us.mac.octet);
    return true;
}

/* True if no contents of the rest of the file can change the busiest destination. */
static bool is_settled(const struct feed *feed, const struct leat_capture *capture)
{
    const uint64_t size = leat_capture_size(capture); /* 0: unknown */
    uint64_t first = 0, second = 0;

    if (!leat_ip_is_any(feed->options->ip) || size == 0)
        return false;
    for (size_t i = 0; i < CANDIDATES; i++) {
        const uint64_t frames = feed->candidates[i].frames;

        if (frames > first) {
            second = first;
            first = frames;
        } else if (frames > second) {
            second = frames;
        }
    }
    return first - second > (size - leat_capture_position(capture)) / RECORD_BYTES_MIN;
}

/* The first pass: sets feed->us. */
static bool find_us(struct feed *feed)
{
    struct leat_capture *capture = open_capture(feed->options);
    const bool is_given = !leat_ip_is_any(feed->options->ip);
    struct leat_capture_frame frame;
    struct leat_ip src, dst;

    feed->us = (struct candidate){.ip = feed->options->ip, .mac = {{2, 0, 0, 0, 0, 1}}};
    if (!capture)
        return false;
    while (leat_capture_next(capture, &frame) == LEAT_OK) {
        if (frame.number % SETTLED_FRAMES == 0 && is_settled(feed, capture))
            break;
        if (!ends_of(&frame, &src, &dst))
            continue;
        if (!is_given)
            count_destination(feed, &frame, dst);
        else if (is_to_us(feed, &frame, dst))
            break;
    }
    leat_capture_close(capture); /* the second pass reports its errors */
    if (is_given)
        return true;
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (feed->candidates[i].frames > feed->us.frames)
            feed->us = feed->candidates[i];
    }
    if (leat_ip_is_any(feed->us.ip))
        feed->us.ip = LEAT_IP4(10, 0, 0, 1); /* no destination: still, each frame gets its
                                              * drop reason */
    return true;
}

static char *segment_end(struct leat_ip ip, uint16_t port, char text[LEAT_ENDPOINT_TEXT_BYTES])
{
    const struct leat_endpoint end = leat_endpoint_of(ip, port);

    return endpoint_text(&end, text);
}

/* "10.0.0.1:80 > 10.0.0.2:4000 SYN ACK, 0 bytes" */
static void print_sent(void *arg, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    static const char *const flags[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
    struct feed *feed = arg;
    struct packet packet;
    char from[LEAT_ENDPOINT_TEXT_BYTES], to[LEAT_ENDPOINT_TEXT_BYTES];

    printf("      at %.6f s sends ", (double)(now_ns - feed->first_ns) / 1e9);
    if (packet_parse(&packet, frame, len) != PACKET_TCP) {
        const uint16_t type = get16(frame + 12);

        printf("%u bytes of %s\n", len,
               type == ETHERNET_ARP                             ? "ARP"
               : type == ETHERNET_IPV4 && frame[IP_AT + 9] == 1 ? "ICMP"
               : type == ETHERNET_IPV4                          ? "IPv4"
               : frame[IP_AT + IPV6_NEXT_AT] == IPV6_ICMP       ? "ICMPv6"
                                                                : "IPv6");
        return;
    }
    printf("%s > %s", segment_end(packet.src, packet.tcp.src_port, from),
           segment_end(packet.dst, packet.tcp.dst_port, to));
    for (unsigned i = 0; i < 8; i++) {
        if (packet.tcp.flags & 1u << i)
            printf(" %s", flags[i]);
    }
    printf(", %u bytes\n", packet.data_bytes);
}

/* Prints the counters that the last frame changed, among those for the end of a packet. */
static void print_fate(struct feed *feed, const struct leat_capture_frame *frame)
{
    const struct leat_stats *now = leat_stats(feed->world.stack);

    printf("%5llu  %.6f s, %u bytes:", (unsigned long long)frame->number,
           (double)(feed->world.now_ns - feed->first_ns) / 1e9, frame->captured_bytes);
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;
        const enum leat_stat_group group = leat_stat_group(stat);

        if ((group == LEAT_STAT_TAKEN || group == LEAT_STAT_DROP) &&
            leat_stat_value(now, stat) != leat_stat_value(&feed->before, stat))
            printf(" %s", leat_stat_name(stat));
    }
    printf("\n");
    feed->before = *now;
}

/* Frames with the same time are fed together, and handled in one poll. */
static void give(struct feed *feed, const struct leat_capture_frame *frame)
{
    struct world *world = &feed->world;
    struct leat_ip src, dst;

    if (feed->first_ns == 0)
        feed->first_ns = frame->time_ns;
    if (frame->captured_bytes < frame->wire_bytes)
        feed->cut++;
    if (world->queue_count > 0 &&
        (frame->time_ns != feed->batch_ns || world->queue_count == WORLD_QUEUE))
        world_poll(world, feed->batch_ns);
    if (frame->time_ns != feed->batch_ns)
        world_run_until(world, frame->time_ns);
    feed->batch_ns = frame->time_ns;
    if (ends_of(frame, &src, &dst) && leat_ip_equal(dst, feed->us.ip)) {
        struct leat_mac mac;

        memcpy(mac.octet, frame->bytes + 6, sizeof mac.octet);
        world_learn(world, src, &mac);
    }
    world_queue(world, frame->bytes, frame->captured_bytes);
    if (!feed->options->verbose)
        return;
    world_poll(world, frame->time_ns);
    print_fate(feed, frame);
}

/* A program that receives all data and sends none. */
static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);

    (void)arg;
    leat_tcp_consumed(conn, leat_buf_total(data));
    leat_buf_free(data);
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static const struct leat_tcp_events sink_events = {.on_readable = on_readable};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    while (leat_tcp_accept(listener, &sink_events, arg)) {
    }
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)udp, (void)peer, (void)local, (void)arg;
    leat_buf_free(payload);
}

static const struct leat_udp_events sink_udp_events = {.on_datagram = on_datagram};

static bool listen_all(struct feed *feed)
{
    struct leat *stack = feed->world.stack;

    for (unsigned i = 0; i < feed->options->listen_count; i++) {
        const struct leat_tcp_listen_config listen = {.port = feed->options->listen[i],
                                                      .on_acceptable = on_acceptable};
        struct leat_tcp_listener *listener;
        struct leat_udp *udp;

        if (leat_tcp_listen(stack, &listener, &listen) ||
            leat_udp_open(stack, &udp, &sink_udp_events, NULL) ||
            leat_udp_bind(udp, LEAT_IP_ANY, listen.port)) {
            fprintf(stderr, "leat-replay: can't listen on port %u\n", listen.port);
            return false;
        }
    }
    return true;
}

static void print_counters(const struct feed *feed)
{
    const struct leat_stats *stats = leat_stats(feed->world.stack);
    const bool json = feed->options->json;
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(feed->us.ip, ip);
    printf(json ? "{\"ip\": \"%s\", \"frames\": %llu, \"cut\": %llu, \"too_long\": %llu, "
                  "\"sent\": %llu, \"counters\": {"
                : "%s: %llu frames (%llu cut by the capture, %llu too long), %llu sent\n",
           ip, (unsigned long long)feed->frames, (unsigned long long)feed->cut,
           (unsigned long long)feed->world.lost_frames,
           (unsigned long long)feed->world.sent_frames);
    for (unsigned i = 0, count = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;
        const unsigned long long value = leat_stat_value(stats, stat);

        if (json)
            printf("%s\"%s\": %llu", count++ ? ", " : "", leat_stat_name(stat), value);
        else if (value)
            printf("%-24s %12llu  %s\n", leat_stat_name(stat), value, leat_stat_text(stat));
    }
    if (json)
        printf("}, \"balance\": %s}\n", leat_stats_balance(stats) ? "true" : "false");
    else if (!leat_stats_balance(stats))
        printf("the counters do not balance\n");
}

/* The second pass. */
static int feed_all(struct feed *feed)
{
    struct leat_capture *capture = open_capture(feed->options);
    struct leat_capture_frame frame;
    int status;

    if (!capture)
        return STATUS_WRONG;
    while (leat_capture_next(capture, &frame) == LEAT_OK) {
        progress(feed->options, capture, ++feed->frames);
        give(feed, &frame);
    }
    if (feed->world.queue_count > 0)
        world_poll(&feed->world, feed->batch_ns);
    status = capture_end(feed->options, capture);
    leat_capture_close(capture);
    print_counters(feed);
    return status;
}

/* The notes in a recording about the stack, with which it can be built again. */
static void write_notes(const struct feed *feed, const struct world_config *config,
                        char notes[NOTES_BYTES])
{
    const uint8_t *mac = feed->us.mac.octet;
    char ip[LEAT_IP_TEXT_BYTES];
    int len = snprintf(notes, NOTES_BYTES, "leat %s\nprogram leat-replay\nseed ", LEAT_VERSION);

    for (unsigned i = 0; i < LEAT_SEED_BYTES; i++)
        len += snprintf(notes + len, NOTES_BYTES - (size_t)len, "%02x", config->seed[i]);
    leat_ip_format(feed->us.ip, ip);
    len += snprintf(notes + len, NOTES_BYTES - (size_t)len,
                    "\nip %s\nmac %02x:%02x:%02x:%02x:%02x:%02x\nbuffers %u\n", ip, mac[0], mac[1],
                    mac[2], mac[3], mac[4], mac[5], config->buffers);
    for (unsigned i = 0; i < feed->options->listen_count; i++)
        len += snprintf(notes + len, NOTES_BYTES - (size_t)len, "listen %u\n",
                        feed->options->listen[i]);
}

int feed(const struct options *options)
{
    struct feed *all = calloc(1, sizeof *all);
    char notes[NOTES_BYTES];
    struct world_config config = {
        .buffers = BUFFERS, .seed = {1}, .record = options->record, .notes = notes};
    int status = STATUS_WRONG;

    if (!all)
        return status;
    all->options = options;
    if (find_us(all)) {
        config.ip = all->us.ip;
        config.mac = all->us.mac;
        config.on_sent = options->verbose ? print_sent : NULL;
        config.arg = all;
        write_notes(all, &config, notes);
        if (world_open(&all->world, &config)) {
            if (listen_all(all))
                status = feed_all(all);
            if (!world_close(&all->world))
                status = STATUS_WRONG;
        }
    }
    free(all);
    return status;
}
