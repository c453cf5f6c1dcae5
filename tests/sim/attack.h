/*
 * attack.h -- strangers on the same link, who know the ports of honest connections, and nearly
 * their numbers: what others' stacks fell for, thrown at connections that are busy.
 *
 * Nothing here knows both numbers of a connection: who does can end it, and nobody promises
 * otherwise.
 */
#ifndef SIM_ATTACK_H
#define SIM_ATTACK_H

#include <stdint.h>

struct sim_end;

enum {
    SIM_ATTACK_BYTES = 600 /* of a frame, at most */
};

/* Kinds of attacks, named after the threats of docs/security.md. */
unsigned sim_attack_kinds(void);
const char *sim_attack_name(unsigned kind);

/* Writes a frame against @end; returns its length. */
uint32_t sim_attack(struct sim_end *end, uint8_t bytes[SIM_ATTACK_BYTES]);

/* When the next one comes; LEAT_NEVER_NS: none will. */
uint64_t sim_attack_next_ns(struct sim_end *end);

#endif
