/*
 * steer.c -- makes the kernel choose the queue of a frame by its destination address.
 *
 * By default Linux spreads flows over the queues of a device by a hash, which is right for queues
 * of one host.  Stacks with addresses of their own need more: ARP replies, ICMP errors and
 * fragments have no ports, but must reach the right stack, too.  So the program here, which the
 * kernel runs for each frame, looks only at the destination.
 */
#include <leat/tap.h>

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "steer.h"

enum {
    TYPE_AT = 12,
    ARP_TARGET_AT = 38,
    IPV4_DESTINATION_AT = 30,
    FRAME = BPF_REG_6, /* where LD_ABS finds the frame */
    RESULT = BPF_REG_0 /* what it loads, and what the program returns: the number of the queue */
};

/* Loads @size bytes, as a number, from @at of the frame; from behind its end: queue 0. */
#define LOAD(size, at)                                                                             \
    {                                                                                              \
        .code = BPF_LD | BPF_ABS | (size), .imm = (at)                                             \
    }
/* Skips @count instructions if the loaded value is @operator @value. */
#define SKIP_IF(operator, value, count)                                                            \
    {                                                                                              \
        .code = BPF_JMP | (operator) | BPF_K, .dst_reg = RESULT, .off = (count), .imm = (value)    \
    }
#define SKIP(count)                                                                                \
    {                                                                                              \
        .code = BPF_JMP | BPF_JA, .off = (count)                                                   \
    }
#define RETURN                                                                                     \
    {                                                                                              \
        .code = BPF_JMP | BPF_EXIT                                                                 \
    }

/* Loads the program; returns its descriptor, or -1 with errno set. */
static int load_program(struct leat_ip first, uint16_t count)
{
    const struct bpf_insn program[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = FRAME, .src_reg = BPF_REG_1},
        LOAD(BPF_H, TYPE_AT),
        SKIP_IF(BPF_JEQ, ETH_P_IP, 2),
        SKIP_IF(BPF_JEQ, ETH_P_ARP, 3),
        SKIP(5), /* neither */
        LOAD(BPF_W, IPV4_DESTINATION_AT),
        SKIP(1),
        LOAD(BPF_W, ARP_TARGET_AT),
        {.code = BPF_ALU | BPF_SUB | BPF_K,
         .dst_reg = RESULT,
         .imm = (int32_t)leat_ip_v4_number(first)},
        SKIP_IF(BPF_JLT, count, 1),
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = RESULT, .imm = 0},
        RETURN,
    };
    union bpf_attr load;

    memset(&load, 0, sizeof load);
    load.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    load.insns = (uintptr_t)program;
    load.insn_cnt = sizeof program / sizeof *program;
    load.license = (uintptr_t) "ISC";
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
}

void leat_tap_unsteer(int fd)
{
    const int none = -1;

    if (ioctl(fd, TUNSETSTEERINGEBPF, &none) < 0)
        return; /* a kernel without this feature has no program to remove */
}

enum leat_err leat_tap_steer_device(int fd, const char *device, struct leat_ip first,
                                    uint16_t count, char why[LEAT_WHY_BYTES])
{
    enum leat_err err = LEAT_OK;
    int program;

    if (!leat_ip_is_v4(first)) {
        snprintf(why, LEAT_WHY_BYTES, "queues are told apart by IPv4 addresses only");
        return LEAT_ERR_FAMILY;
    }
    program = load_program(first, count);
    if (program < 0 || ioctl(fd, TUNSETSTEERINGEBPF, &program) < 0) {
        snprintf(why, LEAT_WHY_BYTES, "can't tell the kernel which queue of %.32s is whose: %s%s",
                 device, strerror(errno),
                 errno == EPERM ? ": it takes root, or CAP_BPF and CAP_NET_ADMIN" : "");
        err = LEAT_ERR_DEVICE;
    }
    if (program >= 0)
        close(program); /* the device holds it now */
    return err;
}
