/*
 * attack.h -- attacks by hosts on the same link. They know the ports of honest connections, and
 * their numbers approximately. The attacks are those that broke other stacks, sent to busy
 * connections.
 *
 * No attacker here knows both numbers of a connection: with those he could end it, and no stack
 * could prevent that.
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

/* The time of the next attack; LEAT_NEVER_NS: none. */
uint64_t sim_attack_next_ns(struct sim_end *end);

#endif
