/*
 * filter_mac.c -- which frames are leat's when it has a MAC address of its own.
 *
 * Unicast frames for the MAC of a queue's stack go to that queue's socket.  A frame that came by
 * another queue can't.  It goes on to Linux, which doesn't know that MAC, and from there through
 * the packet socket (packet.c).  All frames for groups do the same.
 */
#include "filter.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>

enum {
    CONTEXT = BPF_REG_6,
    ETHERNET_BYTES = 14,
    KEY_AT = -8, /* on the stack of the program */
    META_BYTES = 4
};

/* @to: at place @at of the program, if register @left is @operator register @right. */
#define GO_IF_REG(operator, at, left, right, to)                                                   \
    {                                                                                              \
        .code = BPF_JMP | (operator) | BPF_X, .dst_reg = (left), .src_reg = (right),               \
        .off = (to) - (at)-1                                                                       \
    }

/* Places in the program. */
enum {
    ASIDE = 25,
    PASS = 36
};

/* At ASIDE: Linux would merge segments of one connection (GRO) before the packet socket sees them.
 * It never merges frames whose metadata differ, so each gets a random number.  Drivers without room
 * for metadata do merge. */
int leat_xdp_load_mac_program(const struct xdp_filter *filter)
{
    const struct bpf_insn program[] = {
        [0] = MOVE(CONTEXT, BPF_REG_1),
        [1] = LOAD(BPF_W, BPF_REG_2, CONTEXT, offsetof(struct xdp_md, data)),
        [2] = LOAD(BPF_W, BPF_REG_3, CONTEXT, offsetof(struct xdp_md, data_end)),
        [3] = MOVE(BPF_REG_4, BPF_REG_2),
        [4] = ADD(BPF_REG_4, ETHERNET_BYTES),
        [5] = GO_IF_REG(BPF_JGT, 5, BPF_REG_4, BPF_REG_3, PASS),
        [6] = LOAD(BPF_W, BPF_REG_5, BPF_REG_2, 0),
        [7] = STORE(BPF_W, BPF_REG_10, KEY_AT, BPF_REG_5),
        [8] = LOAD(BPF_H, BPF_REG_5, BPF_REG_2, 4),
        [9] = STORE(BPF_H, BPF_REG_10, KEY_AT + 4, BPF_REG_5),
        [10] = SET(BPF_REG_5, 0),
        [11] = STORE(BPF_H, BPF_REG_10, KEY_AT + 6, BPF_REG_5),
        [12] = LOAD_MAP(BPF_REG_1, filter->addresses),
        [13] = {0}, /* the upper half of that */
        [14] = MOVE(BPF_REG_2, BPF_REG_10),
        [15] = ADD(BPF_REG_2, KEY_AT),
        [16] = CALL(BPF_FUNC_map_lookup_elem),
        [17] = GO_IF(BPF_JMP, BPF_JEQ, 17, BPF_REG_0, 0, PASS),
        [18] = LOAD(BPF_W, BPF_REG_2, BPF_REG_0, 0),
        [19] = LOAD(BPF_W, BPF_REG_3, CONTEXT, offsetof(struct xdp_md, rx_queue_index)),
        [20] = GO_IF_REG(BPF_JNE, 20, BPF_REG_2, BPF_REG_3, ASIDE),
        [21] = LOAD_MAP(BPF_REG_1, filter->sockets),
        [22] = {0},                      /* upper half of LOAD_MAP()'s constant */
        [23] = SET(BPF_REG_3, XDP_PASS), /* while the queue has no socket */
        [24] = {.code = BPF_JMP | BPF_JA, .off = PASS + 2 - 24 - 1},
        [ASIDE] = MOVE(BPF_REG_1, CONTEXT),
        [26] = SET(BPF_REG_2, -META_BYTES),
        [27] = CALL(BPF_FUNC_xdp_adjust_meta),
        [28] = GO_IF(BPF_JMP, BPF_JNE, 28, BPF_REG_0, 0, PASS),
        [29] = CALL(BPF_FUNC_get_prandom_u32),
        [30] = LOAD(BPF_W, BPF_REG_2, CONTEXT, offsetof(struct xdp_md, data_meta)),
        [31] = LOAD(BPF_W, BPF_REG_3, CONTEXT, offsetof(struct xdp_md, data)),
        [32] = MOVE(BPF_REG_4, BPF_REG_2),
        [33] = ADD(BPF_REG_4, META_BYTES),
        [34] = GO_IF_REG(BPF_JGT, 34, BPF_REG_4, BPF_REG_3, PASS),
        [35] = STORE(BPF_W, BPF_REG_2, 0, BPF_REG_0),
        [PASS] = SET(BPF_REG_0, XDP_PASS),
        [PASS + 1] = RETURN,
        [PASS + 2] = CALL(BPF_FUNC_redirect_map),
        [PASS + 3] = RETURN,
    };

    return bpf_prog_load(BPF_PROG_TYPE_XDP, "leat", "ISC", program,
                         sizeof program / sizeof *program, NULL);
}

bool leat_xdp_filter_take_mac(struct xdp_filter *filter, struct leat_mac mac, uint32_t queue)
{
    uint8_t key[XDP_MAC_KEY_BYTES] = {0};

    memcpy(key, mac.octet, sizeof mac.octet);
    return bpf_map_update_elem(filter->addresses, key, &queue, BPF_NOEXIST) == 0;
}
