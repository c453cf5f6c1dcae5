/* within.c -- pairs of ends without a device: the wire, wrappers of it, sockets, shared memory. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <leat/flight.h>
#include <leat/link.h>
#include <leat/pcap.h>
#include <leat/shm.h>
#include <leat/socket.h>
#include <leat/vlan.h>

#include "ends.h"
#include "lan9118_model.h"

enum {
    WIRE_FRAMES = 256,
    WIRE_FRAME_BYTES = 1514,
    FLIGHT_BYTES = 64 * 1024
};

static const struct leat_mac macs[] = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}};

/* ---- the wire, bare and wrapped ----------------------------------------------------------- */

static bool open_link(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    struct leat_link *link;

    pair->inside = malloc(leat_link_memory_bytes(WIRE_FRAMES, WIRE_FRAME_BYTES));
    snprintf(why, LEAT_WHY_BYTES, "no memory for a wire");
    if (!pair->inside)
        return false;
    link = leat_link_init(pair->inside, WIRE_FRAMES, WIRE_FRAME_BYTES, 1);
    for (int i = 0; i < 2; i++)
        pair->ends[i].netif = leat_link_end(link, i);
    return true;
}

static void close_link(struct kit_pair *pair)
{
    free(pair->inside);
}

const struct kit_backend kit_link = {
    .name = "link", .open = open_link, .close = close_link, .is_wire = true};

static bool open_recorder(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    if (!open_link(pair, why))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        struct leat_pcap_recorder *recorder;
        char path[64];

        snprintf(path, sizeof path, "/tmp/leat-kit-%d-%u", (int)getpid(), i);
        unlink(path);
        if (leat_pcap_recorder_open(&recorder, pair->ends[i].netif, path, NULL, why))
            return false;
        unlink(path);
        pair->ends[i].inside = recorder;
        pair->ends[i].netif = leat_pcap_recorder_netif(recorder);
    }
    return true;
}

static void close_recorder(struct kit_pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        leat_pcap_recorder_close(pair->ends[i].inside);
    close_link(pair);
}

const struct kit_backend kit_recorder = {
    .name = "pcap recorder", .open = open_recorder, .close = close_recorder, .is_wire = true};

static bool open_flight(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    if (!open_link(pair, why))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        void *memory = malloc(FLIGHT_BYTES);

        pair->ends[i].inside = memory;
        if (!memory)
            return false;
        pair->ends[i].netif =
            leat_flight_netif(leat_flight_init(memory, FLIGHT_BYTES, pair->ends[i].netif, 0));
    }
    return true;
}

static void close_flight(struct kit_pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        free(pair->ends[i].inside);
    close_link(pair);
}

const struct kit_backend kit_flight = {
    .name = "flight recorder", .open = open_flight, .close = close_flight, .is_wire = true};

/* Each end is VLAN @id of three on the wire, whose frames are 4 bytes longer. */
static bool open_vlans(struct kit_pair *pair, uint16_t id, char why[LEAT_WHY_BYTES])
{
    static const struct leat_vlan_member members[] = {{7, 0}, {LEAT_VLAN_UNTAGGED, 0}, {4094, 7}};
    const struct leat_vlan_config config = {
        .members = members, .member_count = 3, .mtu = WIRE_FRAME_BYTES - 14 - 4};

    if (!open_link(pair, why))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        struct leat_vlan *vlan;

        pair->ends[i].inside = malloc(leat_vlan_memory_bytes());
        if (leat_vlan_init(&vlan, pair->ends[i].netif, pair->ends[i].inside,
                           leat_vlan_memory_bytes(), &config))
            return false;
        for (unsigned k = 0; k < 3; k++)
            if (members[k].id != id)
                leat_vlan_netif(vlan, members[k].id)
                    ->ops->close(leat_vlan_netif(vlan, members[k].id));
        pair->ends[i].netif = leat_vlan_netif(vlan, id);
    }
    return true;
}

static void close_vlans(struct kit_pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        free(pair->ends[i].inside);
    close_link(pair);
}

static bool open_vlan(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    return open_vlans(pair, 4094, why);
}

static bool open_untagged(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    return open_vlans(pair, LEAT_VLAN_UNTAGGED, why);
}

const struct kit_backend kit_vlan = {
    .name = "vlan", .open = open_vlan, .close = close_vlans, .is_wire = true};
const struct kit_backend kit_untagged = {
    .name = "vlan untagged", .open = open_untagged, .close = close_vlans, .is_wire = true};

/* ---- two processes in one ----------------------------------------------------------------- */

/* Closes the second end, as happens when its process ends. */
static void close_second(struct kit_pair *pair)
{
    pair->ends[1].netif->ops->close(pair->ends[1].netif);
}

static bool open_sockets(struct kit_pair *pair, enum leat_socket_framing framing, bool marks,
                         char why[LEAT_WHY_BYTES])
{
    int fds[2];

    snprintf(why, LEAT_WHY_BYTES, "no pair of sockets");
    if (socketpair(AF_UNIX, framing == LEAT_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM, 0, fds))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        const struct leat_socket_config config = {
            .fd = fds[i], .framing = framing, .marks = marks, .mac = &macs[i]};
        struct leat_socket *made;

        if (leat_socket_open(&made, &config, why))
            return false;
        pair->ends[i].inside = made;
        pair->ends[i].netif = leat_socket_netif(made);
    }
    return true;
}

static bool open_stream(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    return open_sockets(pair, LEAT_SOCKET_STREAM, false, why);
}

static bool open_marked(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    return open_sockets(pair, LEAT_SOCKET_STREAM, true, why);
}

static bool open_datagrams(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    return open_sockets(pair, LEAT_SOCKET_DATAGRAM, false, why);
}

static void close_sockets(struct kit_pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        leat_socket_close(pair->ends[i].inside);
}

static const char *socket_lost(const struct kit_pair *pair)
{
    return leat_socket_lost(pair->ends[0].inside);
}

const struct kit_backend kit_socket = {.name = "socket",
                                       .open = open_stream,
                                       .close = close_sockets,
                                       .vanish = close_second,
                                       .lost = socket_lost};
const struct kit_backend kit_marks = {.name = "socket with marks",
                                      .open = open_marked,
                                      .close = close_sockets,
                                      .vanish = close_second,
                                      .lost = socket_lost};
/* a datagram socket without a peer isn't lost: another peer may come */
const struct kit_backend kit_datagram = {
    .name = "datagrams", .open = open_datagrams, .close = close_sockets};

static bool open_memory(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    int fds[2];

    snprintf(why, LEAT_WHY_BYTES, "no pair of sockets");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        const struct leat_shm_config config = {.fd = fds[i], .listen = i == 1, .mac = &macs[i]};
        struct leat_shm *made;

        if (leat_shm_open(&made, &config, why))
            return false;
        pair->ends[i].inside = made;
        pair->ends[i].netif = leat_shm_netif(made);
    }
    return true;
}

static void close_memory(struct kit_pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        leat_shm_close(pair->ends[i].inside);
}

static const char *memory_lost(const struct kit_pair *pair)
{
    return leat_shm_lost(pair->ends[0].inside);
}

const struct kit_backend kit_shm = {.name = "shm",
                                    .open = open_memory,
                                    .close = close_memory,
                                    .vanish = close_second,
                                    .lost = memory_lost};

/* ---- two controllers in memory ------------------------------------------------------------ */

struct modelled {
    struct lan9118_model model;
    struct leat_lan9118 controller;
};

static bool open_controllers(struct kit_pair *pair, char why[LEAT_WHY_BYTES])
{
    struct modelled *both = calloc(2, sizeof *both);

    pair->inside = both;
    snprintf(why, LEAT_WHY_BYTES, "no memory for two controllers");
    if (!both)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        struct leat_lan9118_config config = model_config(&both[i].model);
        const char *wrong;

        model_power_up(&both[i].model, (uint8_t)(i + 1));
        both[i].model.peer = &both[1 - i].model;
        both[i].model.rx_word_limit = MODEL_RX_WORDS_MAX;
        if (leat_lan9118_open(&both[i].controller, &config, &wrong))
            return false;
        pair->ends[i].netif = leat_lan9118_netif(&both[i].controller);
    }
    /* the first look at the link lets frames in */
    for (unsigned i = 0; i < 2; i++)
        (void)pair->ends[i].netif->ops->receive(pair->ends[i].netif, 0, NULL, NULL, 0);
    return true;
}

static void close_controllers(struct kit_pair *pair)
{
    struct modelled *both = pair->inside;

    for (unsigned i = 0; both && i < 2; i++)
        both[i].controller.netif.ops->close(&both[i].controller.netif);
    free(both);
}

static void stop_first(struct kit_pair *pair)
{
    struct modelled *both = pair->inside;

    both[0].model.mac_is_stuck = true;
    model_set_link(&both[0].model, false, 0);
}

static const char *controller_lost(const struct kit_pair *pair)
{
    const struct modelled *both = pair->inside;

    return leat_lan9118_why(&both[0].controller);
}

const struct kit_backend kit_lan9118 = {.name = "lan9118",
                                        .open = open_controllers,
                                        .close = close_controllers,
                                        .vanish = stop_first,
                                        .lost = controller_lost,
                                        .is_wire = true};
