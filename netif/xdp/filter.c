/*
 * filter.c -- which frames are leat's.
 *
 * The kernel runs the program for each frame.  IP packets to one of our addresses, and ARP packets
 * and neighbour solicitations (by their group) about one, go to the socket of their receive queue.
 * All other frames, and those of a queue without a socket, go on to Linux.  A stack with a MAC
 * address of its own has another program (filter_mac.c).
 */
#include "filter.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum {
    QUEUES_MAX = 256,
    ADDRESSES_MAX = 64, /* IPv6: two entries each */
    TYPE_AT = 12,
    ARP_TARGET_AT = 38,
    IPV4_DESTINATION_AT = 30,
    IPV6_DESTINATION_AT = 38,
    /* bytes of a frame that are examined; shorter frames are Linux's */
    IPV4_BYTES = 34,
    ARP_BYTES = 42,
    IPV6_BYTES = 54,
    CONTEXT = BPF_REG_6
};

/* At place @at of the program: to PASS if the examined bytes end behind the frame's end. */
#define PASS_IF_SHORT(at)                                                                          \
    {                                                                                              \
        .code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = BPF_REG_4, .src_reg = BPF_REG_3,             \
        .off = PASS - (at)-1                                                                       \
    }

/* Places in the program. */
enum {
    HAS_ADDRESS = 17,
    HAS_IPV6 = 21,
    TAKE = 28,
    PASS = 34
};

static int load_program(const struct leat_xdp_config *config, const struct xdp_filter *filter)
{
    const int count = config->ip_count ? (int)config->ip_count : 1;
    /* The verifier accepts a load only behind a comparison with the frame's end, hence the checks
     * of lengths in front of each group of loads. The range of addresses is one unsigned
     * comparison: address - first < count. */
    const struct bpf_insn program[] = {
        [0] = MOVE(CONTEXT, BPF_REG_1),
        [1] = SET(BPF_REG_0, config->all),
        [2] = GO_IF(BPF_JMP, BPF_JNE, 2, BPF_REG_0, 0, TAKE),
        [3] = LOAD(BPF_W, BPF_REG_2, CONTEXT, offsetof(struct xdp_md, data)),
        [4] = LOAD(BPF_W, BPF_REG_3, CONTEXT, offsetof(struct xdp_md, data_end)),
        [5] = MOVE(BPF_REG_4, BPF_REG_2),
        [6] = ADD(BPF_REG_4, IPV4_BYTES),
        [7] = PASS_IF_SHORT(7),
        [8] = LOAD(BPF_H, BPF_REG_5, BPF_REG_2, TYPE_AT),
        [9] = SWAP(BPF_REG_5, 16),
        [10] = LOAD(BPF_W, BPF_REG_0, BPF_REG_2, IPV4_DESTINATION_AT),
        [11] = GO_IF(BPF_JMP, BPF_JEQ, 11, BPF_REG_5, ETH_P_IP, HAS_ADDRESS),
        [12] = GO_IF(BPF_JMP, BPF_JEQ, 12, BPF_REG_5, ETH_P_IPV6, HAS_IPV6),
        [13] = GO_IF(BPF_JMP, BPF_JNE, 13, BPF_REG_5, ETH_P_ARP, PASS),
        [14] = ADD(BPF_REG_4, ARP_BYTES - IPV4_BYTES),
        [15] = PASS_IF_SHORT(15),
        [16] = LOAD(BPF_W, BPF_REG_0, BPF_REG_2, ARP_TARGET_AT),
        [HAS_ADDRESS] = SWAP(BPF_REG_0, 32),
        [18] = {.code = BPF_ALU | BPF_SUB | BPF_K,
                .dst_reg = BPF_REG_0,
                .imm = (int32_t)leat_ip_v4_number(config->ip)},
        [19] = GO_IF(BPF_JMP32, BPF_JGE, 19, BPF_REG_0, count, PASS),
        [20] = {.code = BPF_JMP | BPF_JA, .off = TAKE - 20 - 1},
        [HAS_IPV6] = ADD(BPF_REG_4, IPV6_BYTES - IPV4_BYTES),
        [22] = PASS_IF_SHORT(22),
        [23] = ADD(BPF_REG_2, IPV6_DESTINATION_AT),
        [24] = LOAD_MAP(BPF_REG_1, filter->addresses),
        [25] = {0}, /* upper half of LOAD_MAP()'s constant */
        [26] = CALL(BPF_FUNC_map_lookup_elem),
        [27] = GO_IF(BPF_JMP, BPF_JEQ, 27, BPF_REG_0, 0, PASS),
        [TAKE] = LOAD(BPF_W, BPF_REG_2, CONTEXT, offsetof(struct xdp_md, rx_queue_index)),
        [29] = LOAD_MAP(BPF_REG_1, filter->sockets),
        [30] = {0},                      /* upper half of LOAD_MAP()'s constant */
        [31] = SET(BPF_REG_3, XDP_PASS), /* result if the queue has no socket */
        [32] = CALL(BPF_FUNC_redirect_map),
        [33] = RETURN,
        [PASS] = SET(BPF_REG_0, XDP_PASS),
        [PASS + 1] = RETURN,
    };

    return bpf_prog_load(BPF_PROG_TYPE_XDP, "leat", "ISC", program,
                         sizeof program / sizeof *program, NULL);
}

/* The group of the solicitations for an address (RFC 4291 2.7.1). */
static struct leat_ip group_of(struct leat_ip ip)
{
    struct leat_ip group = {{0xff, 2, [11] = 1, 0xff}};

    memcpy(group.bytes + 13, ip.bytes + 13, 3);
    return group;
}

bool leat_xdp_filter_take(struct xdp_filter *filter, struct leat_ip ip)
{
    const struct leat_ip group = group_of(ip);
    const int ours = 1;

    return bpf_map_update_elem(filter->addresses, &ip, &ours, BPF_ANY) == 0 &&
           bpf_map_update_elem(filter->addresses, &group, &ours, BPF_ANY) == 0;
}

/* Makes the maps and the program that reads them. */
static bool load(struct xdp_filter *filter, const struct leat_xdp_config *config)
{
    *filter = XDP_NO_FILTER;
    filter->sockets =
        bpf_map_create(BPF_MAP_TYPE_XSKMAP, "leat", sizeof(int), sizeof(int), QUEUES_MAX, NULL);
    filter->by_mac = config->own_mac;
    filter->addresses = bpf_map_create(
        BPF_MAP_TYPE_HASH, "leat", config->own_mac ? XDP_MAC_KEY_BYTES : sizeof(struct leat_ip),
        sizeof(int), config->own_mac ? QUEUES_MAX : 2 * ADDRESSES_MAX, NULL);
    if (filter->sockets < 0 || filter->addresses < 0)
        return false;
    if (config->own_mac) {
        filter->program = leat_xdp_load_mac_program(filter);
        return filter->program >= 0;
    }
    if (!leat_ip_is_any(config->ip6) && !leat_xdp_filter_take(filter, config->ip6))
        return false;
    filter->program = load_program(config, filter);
    return filter->program >= 0;
}

bool leat_xdp_filter_open(struct xdp_filter *filter, int ifindex,
                          const struct leat_xdp_config *config)
{
    /* the driver's own hook if it has one; never replacing another program */
    static const uint32_t modes[] = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE};
    int error = 0;

    if (!load(filter, config)) {
        error = errno;
        leat_xdp_filter_close(filter);
        errno = error;
        return false;
    }
    for (unsigned i = 0; i < sizeof modes / sizeof *modes && !filter->ifindex; i++) {
        filter->mode = modes[i];
        error =
            -bpf_xdp_attach(ifindex, filter->program, modes[i] | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
        if (error == 0)
            filter->ifindex = ifindex;
        /* Another program is on the device, or we lack the right: the other mode would fail, too,
         * perhaps with an error that says less. */
        if (error == EBUSY || error == EPERM)
            break;
    }
    if (filter->ifindex)
        return true;
    leat_xdp_filter_close(filter);
    errno = error;
    return false;
}

void leat_xdp_filter_close(struct xdp_filter *filter)
{
    if (filter->ifindex)
        bpf_xdp_detach(filter->ifindex, filter->mode, NULL);
    if (filter->program >= 0)
        close(filter->program);
    if (filter->sockets >= 0)
        close(filter->sockets);
    if (filter->addresses >= 0)
        close(filter->addresses);
    *filter = XDP_NO_FILTER;
}
