/* insn.h -- instructions of BPF, as the kernel's filters are written here. */
#ifndef XDP_INSN_H
#define XDP_INSN_H

#include <linux/bpf.h>

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
/* *(@size *)(dst + off) = src */
#define STORE(size, to, at, from)                                                                  \
    {                                                                                              \
        .code = BPF_STX | BPF_MEM | (size), .dst_reg = (to), .src_reg = (from), .off = (at)        \
    }
/* At place @at of the program: goes on at place @to if @reg is @operator @value. */
#define GO_IF(class, operator, at, reg, value, to)                                                 \
    {                                                                                              \
        .code = (class) | (operator) | BPF_K, .dst_reg = (reg), .off = (to) - (at)-1,              \
        .imm = (value)                                                                             \
    }
/* From network byte order, @bits wide, to the machine's. */
#define SWAP(reg, bits)                                                                            \
    {                                                                                              \
        .code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = (reg), .imm = (bits)                     \
    }
#define RETURN                                                                                     \
    {                                                                                              \
        .code = BPF_JMP | BPF_EXIT                                                                 \
    }

/* A descriptor of a map's; it takes two places. */
#define LOAD_MAP(to, map)                                                                          \
    {                                                                                              \
        .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (to), .src_reg = BPF_PSEUDO_MAP_FD,          \
        .imm = (map)                                                                               \
    }
#define CALL(function)                                                                             \
    {                                                                                              \
        .code = BPF_JMP | BPF_CALL, .imm = (function)                                              \
    }

#endif
