/*
 * filter.c -- which frames are leat's.
 *
 * The kernel runs the program for each frame: IPv4 for one of our addresses, or ARP that asks or
 * tells one of them, goes to the socket of the queue that it came by.  All else, and what comes to
 * a queue without a socket, goes on to Linux.
 */
#include "filter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <unistd.h>

enum {
    QUEUES_MAX = 256,
    TYPE_AT = 12,
    ARP_TARGET_AT = 38,
    IPV4_DESTINATION_AT = 30,
    /* so much of a frame is looked at; what is shorter is Linux's */
    IPV4_BYTES = 34,
    ARP_BYTES = 42,
    CONTEXT = BPF_REG_6
};

/* dst = *(@size *)(src + off) */
#define LOAD(size, to, from, at)                                                                   \
    {                                                                                              \
        .code = BPF_LDX | BPF_MEM | (size), .dst_reg = (to), .src_reg = (from), .off = (at)        \
    }
#define MOVE(to, from)                                                                             \
    {                                                                                              \
        .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from)                    \
    }
#define SET(to, value)                                                                             \
    {                                                                                              \
        .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value)                       \
    }
#define ADD(to, value)                                                                             \
    {                                                                                              \
        .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (to), .imm = (value)                       \
    }
/* At place @at of the program: goes on at place @to if @reg is @operator @value. */
#define GO_IF(class, operator, at, reg, value, to)                                                 \
    {                                                                                              \
        .code = (class) | (operator) | BPF_K, .dst_reg = (reg), .off = (to) - (at)-1,              \
        .imm = (value)                                                                             \
    }
/* From the order of the wire, @bits wide, to the machine's. */
#define SWAP(reg, bits)                                                                            \
    {                                                                                              \
        .code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = (reg), .imm = (bits)                     \
    }
#define RETURN                                                                                     \
    {                                                                                              \
        .code = BPF_JMP | BPF_EXIT                                                                 \
    }

/* At place @at of the program: to PASS if the end of what is looked at lies behind the frame's. */
#define PASS_IF_SHORT(at)                                                                          \
    {                                                                                              \
        .code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = BPF_REG_4, .src_reg = BPF_REG_3,             \
        .off = PASS - (at)-1                                                                       \
    }

/* Places in the program. */
enum {
    HAS_ADDRESS = 16,
    TAKE = 19,
    PASS = 25
};

static int load_program(const struct leat_xdp_config *config, int sockets)
{
    const int count = config->ip_count ? (int)config->ip_count : 1;
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
        [12] = GO_IF(BPF_JMP, BPF_JNE, 12, BPF_REG_5, ETH_P_ARP, PASS),
        [13] = ADD(BPF_REG_4, ARP_BYTES - IPV4_BYTES),
        [14] = PASS_IF_SHORT(14),
        [15] = LOAD(BPF_W, BPF_REG_0, BPF_REG_2, ARP_TARGET_AT),
        [HAS_ADDRESS] = SWAP(BPF_REG_0, 32),
        [17] = {.code = BPF_ALU | BPF_SUB | BPF_K,
                .dst_reg = BPF_REG_0,
                .imm = (int32_t)leat_ip_v4_number(config->ip)},
        [18] = GO_IF(BPF_JMP32, BPF_JGE, 18, BPF_REG_0, count, PASS),
        [TAKE] = LOAD(BPF_W, BPF_REG_2, CONTEXT, offsetof(struct xdp_md, rx_queue_index)),
        [20] = {.code = BPF_LD | BPF_DW | BPF_IMM,
                .dst_reg = BPF_REG_1,
                .src_reg = BPF_PSEUDO_MAP_FD,
                .imm = sockets},
        [21] = {0},                      /* the upper half of that */
        [22] = SET(BPF_REG_3, XDP_PASS), /* if the queue has no socket */
        [23] = {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
        [24] = RETURN,
        [PASS] = SET(BPF_REG_0, XDP_PASS),
        [PASS + 1] = RETURN,
    };

    return bpf_prog_load(BPF_PROG_TYPE_XDP, "leat", "ISC", program,
                         sizeof program / sizeof *program, NULL);
}

bool leat_xdp_filter_open(struct xdp_filter *filter, int ifindex,
                          const struct leat_xdp_config *config)
{
    /* the driver's own hook if it has one; never in the place of another program */
    static const uint32_t modes[] = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE};
    int error = 0;

    *filter = (struct xdp_filter){.program = -1};
    filter->sockets =
        bpf_map_create(BPF_MAP_TYPE_XSKMAP, "leat", sizeof(int), sizeof(int), QUEUES_MAX, NULL);
    if (filter->sockets >= 0)
        filter->program = load_program(config, filter->sockets);
    if (filter->program < 0) {
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
    *filter = (struct xdp_filter){.program = -1, .sockets = -1};
}
