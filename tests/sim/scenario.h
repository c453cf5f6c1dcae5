/*
 * scenario.h -- the parameters of one run of the simulator, chosen by the seed or by hand.
 *
 * Every field is a number or a pair of numbers, one for each end. It has a name, so that it can be
 * printed and set ("loss=0", "loss=0/20000", "c1.bytes=0"). It has a neutral value, so that a
 * failure can be shrunk by leaving out faults that it doesn't need.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    SIM_PAIRS_MAX = 48
};

/* X(name, numbers, neutral value): of the run. The second number of a pair is that of end 1. */
/* clang-format off */
#define SIM_RUN_FIELDS(X)                                                                          \
    X(mtu, 1, 1500)                                                                                \
    X(ipv6, 1, 0)               /* the ends use IPv6; the MTU is at least 1,280 then */            \
    /* the path of frames that the end sends */                                                    \
    X(delay_us, 2, 1000)                                                                           \
    X(jitter_us, 2, 0)                                                                             \
    X(kbit_per_s, 2, 0)         /* 0: no limit */                                                  \
    X(queue_frames, 2, 600)                                                                        \
    X(loss_per_m, 2, 0)                                                                            \
    X(duplicate_per_m, 2, 0)                                                                       \
    X(corrupt_per_m, 2, 0)                                                                         \
    X(reorder_per_m, 2, 0)                                                                         \
    X(reorder_us, 2, 0)                                                                            \
    /* the stack of the end */                                                                     \
    X(bufs, 2, 512)                                                                                \
    X(buf_bytes, 2, 2048)                                                                          \
    X(burst_frames, 2, 64)                                                                         \
    X(window_bytes, 2, 65535)                                                                      \
    X(send_queue_bytes, 2, 65535)                                                                  \
    X(reorder_runs, 2, 256)                                                                        \
    X(rto_min_us, 2, 200000)                                                                       \
    X(rto_max_ms, 2, 10000)                                                                        \
    X(delayed_ack_us, 2, 40000)                                                                    \
    X(msl_ms, 2, 30000)                                                                            \
    X(backlog, 2, 8)                                                                               \
    X(sent_segments, 2, 0)                                                                         \
    X(congestion, 2, 0)         /* enum sim_congestion */                                          \
    X(bbr_connections, 2, 0)    /* models of BBR; 0: one for each that wants it */                 \
    X(ecn, 2, 0)                                                                                   \
    X(no_timestamps, 2, 0)                                                                         \
    X(no_sack, 2, 0)                                                                               \
    X(no_rack, 2, 0)                                                                               \
    X(no_cookies, 2, 0)                                                                            \
    X(fast_open, 2, 0)          /* data is sent with the SYN, if the peer accepts it */            \
    /* the machine of the end */                                                                   \
    X(late_us, 2, 0)            /* polls are late by up to this */                                 \
    X(freeze_at_ms, 2, 0)       /* no polls from here ... */                                       \
    X(freeze_ms, 2, 0)          /* ... for this time */                                            \
    X(jump_at_ms, 2, 0)         /* its clock leaps ... */                                          \
    X(jump_ms, 2, 0)            /* ... ahead by this */                                            \
    X(stall_at_ms, 2, 0)        /* its clock stands still ... */                                   \
    X(stall_ms, 2, 0)           /* ... for this time, then continues from there */                 \
    /* its device */                                                                               \
    X(offload, 2, 1)            /* enum leat_netif_capability; 1: gathers pieces */                \
    X(stop_at_ms, 2, 0)         /* neither takes nor gives frames ... */                           \
    X(stop_ms, 2, 0)            /* ... for this time ... */                                        \
    X(stop_every_ms, 2, 0)      /* ... once (0), or periodically */                                \
    X(down_at_ms, 2, 0)         /* the same for its link: frames are lost */                       \
    X(down_ms, 2, 0)                                                                               \
    X(down_every_ms, 2, 0)                                                                         \
    X(ring_frames, 2, 0)        /* that it takes at a time; 0: any number */                       \
    X(ring_us, 2, 0)            /* each is sent after this */                                      \
    X(tick_us, 2, 0)            /* it gives frames at multiples of this; 0: at once */             \
    /* its memory: at times each list has only dry_left entries */                                 \
    X(dry_at_ms, 2, 0)                                                                             \
    X(dry_ms, 2, 0)                                                                                \
    X(dry_every_ms, 2, 0)                                                                          \
    X(dry_poll, 2, 0)           /* only in this poll; the first is 1 */                            \
    X(dry_left, 2, 0)                                                                              \
    X(dry_list, 2, 0)           /* 0: all lists; n: the nth */                                     \
    X(connections, 2, 0)        /* of TCP at a time; 0: enough */                                  \
    X(transfers, 2, 0)                                                                             \
    X(half_open, 2, 0)                                                                             \
    X(time_wait, 2, 0)                                                                             \
    /* its server */                                                                               \
    X(accept_at_ms, 2, 0)       /* accepts none before */                                          \
    X(unlisten_at_ms, 2, 0)     /* stops listening; 0: never */                                    \
    /* its programs as tasks */                                                                    \
    X(tasks, 2, 0)              /* at a time; 0: programs are callbacks */                         \
    X(serve, 2, 0)              /* connections come by leat_task_serve() */                        \
    X(cancel_per_m, 2, 0)       /* waits that are cancelled */                                     \
    X(cancel_wait, 2, 0)        /* only this wait is cancelled; the first is 1 */                  \
    X(deadline_per_m, 2, 0)     /* waits that have a deadline of milliseconds */                   \
    /* its encrypted connections */                                                                \
    X(tls_handshakes, 2, 0)     /* at a time; 0: enough */                                         \
    X(tls_cookies, 2, 0)        /* with so many, a second hello is demanded */                     \
    X(tls_signatures, 2, 0)     /* in one poll; 0: enough */                                       \
    X(tls_one_group, 2, 0)      /* P-256 only: other clients are asked again */                    \
    X(tls_key_records, 2, 0)    /* records per key; 0: no effective limit */                       \
    X(tls_tickets, 2, 0)        /* clients keep them */                                            \
    X(tls_ticket_s, 2, 0)       /* their lifetime; 0: two hours */                                 \
    X(tls_early, 2, 0)          /* bytes of early data that it accepts, and its clients send */    \
    X(tls_early_how, 2, 0)      /* enum sim_early_how */                                           \
    X(tls_early_hellos, 2, 0)   /* hellos that are remembered; 0: enough */                        \
    X(tls_patience_ms, 2, 0)    /* with a peer; 0: an hour */                                      \
    X(tls_fail_call, 2, 0)      /* this call of the provider fails; the first is 1 */              \
    X(tls_fail_per_m, 2, 0)     /* failing calls */                                                \
    X(attack_per_s, 2, 0)       /* forged frames against it */                                     \
    X(attack_kind, 2, 0)        /* 0: all kinds; n: the nth */                                     \
    X(pairs, 1, 1)              /* connections */

/* X(name, numbers, neutral value): of one connection. */
#define SIM_PLAN_FIELDS(X)                                                                         \
    X(role, 1, 0)               /* the connecting end: 0, 1, or both (2) */                        \
    X(start_us, 1, 0)                                                                              \
    X(bytes, 2, 20000)          /* sent by the end */                                              \
    X(chunk, 2, 4096)           /* in one call */                                                  \
    X(how, 2, 0)                /* enum sim_how */                                                 \
    X(gap_us, 2, 0)             /* between two calls */                                            \
    X(nodelay, 2, 0)                                                                               \
    X(bbr, 2, 0)                /* uses BBR, whatever the stack uses */                            \
    X(read_max, 2, 1000000)     /* read in one call */                                             \
    X(read_gap_us, 2, 0)        /* between two calls */                                            \
    X(hold_us, 2, 0)            /* until the buffers are given back */                             \
    X(pause_at, 2, 0)           /* after so many bytes the end stops reading ... */                \
    X(pause_ms, 2, 0)           /* ... for this time */                                            \
    X(end, 2, 0)                /* enum sim_end_how */                                             \
    X(end_at, 2, 0)             /* bytes sent and read before a violent end */                     \
    X(deaf, 2, 0)               /* after the pause it never reads again */                         \
    X(end_at_ms, 2, 0)          /* a violent end at this time; 0: none */                          \
    X(end_at_poll, 2, 0)        /* the same, in this poll of its machine */                        \
    X(tls, 1, 0)                /* the connection is encrypted */                                  \
    X(cut_at, 2, 0)             /* the session's output is cut before this byte; 0: never */       \
    X(flip_at, 2, 0)            /* this byte of it is changed; the first is 1 */
/* clang-format on */

enum sim_congestion {
    SIM_CUBIC,
    SIM_NEWRENO,
    SIM_BBR
};

enum sim_how {
    SIM_WRITE, /* leat_tcp_write() */
    SIM_SEND,  /* leat_tcp_send() of a buffer of the pool */
    SIM_LEND,  /* leat_tcp_send() of the program's own memory */
    SIM_HOWS
};

enum sim_end_how {
    SIM_SHUTDOWN,      /* when all data is sent */
    SIM_SHUTDOWN_LAST, /* when all data is sent and the peer has closed */
    SIM_CLOSE,         /* the same with leat_tcp_close() */
    SIM_ABORT,         /* at end_at */
    SIM_CLOSE_EARLY,   /* at end_at, whether or not there is more to read */
    SIM_END_HOWS
};

struct sim_plan {
#define SIM_FIELD(name, numbers, neutral) uint64_t name[numbers];
    SIM_PLAN_FIELDS(SIM_FIELD)
};

struct sim_scenario {
    uint64_t seed;
    SIM_RUN_FIELDS(SIM_FIELD)
#undef SIM_FIELD
    struct sim_plan plans[SIM_PAIRS_MAX];
};

/* Fills in everything, from one number. */
void sim_scenario_from_seed(struct sim_scenario *scenario, uint64_t seed);

/* One quiet connection over a good wire. */
void sim_scenario_neutral(struct sim_scenario *scenario, uint64_t seed);

/* Prints the fields that differ from the neutral scenario in one line, without a newline: @before,
 * "loss_per_m=0/2000", @before, "c0.bytes=5" and so on, as sim_scenario_set() takes it. */
void sim_scenario_print(const struct sim_scenario *scenario, const char *before, FILE *to);

/* Takes "name=value", "name=value0/value1" or "c<n>.name=...". False: there is no such field. */
bool sim_scenario_set(struct sim_scenario *scenario, const char *text);

/* Makes one change towards the neutral scenario, numbered from 0. False: there are no more. */
bool sim_scenario_simplify(struct sim_scenario *scenario, unsigned number);

#endif
