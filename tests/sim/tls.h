/* tls.h -- connections that are encrypted: sessions, their provider, tickets, and what may come of
 * them. */
#ifndef SIM_TLS_H
#define SIM_TLS_H

#include <leat/tls.h>

#include "below.h"
#include "toy.h"

struct sim_end;
struct sim_side;
struct sim;

enum {
    SIM_TICKETS = 4
};

/* Of an end. */
struct sim_tls {
    struct leat_tls *tls;
    void *memory;
    struct toy toy;
    struct leat_crypto crypto;
    struct leat_tls_identity identity;
    const struct leat_tls_identity *list[1];
    uint8_t certificate[TOY_CERTIFICATE_BYTES];
    struct leat_crypto_anchors anchors;
    struct leat_tls_ticket tickets[SIM_TICKETS];
    const struct sim_side *owners[SIM_TICKETS]; /* whose session may write there now */
    uint64_t refused;                           /* sessions for which there was no place */
};

/* True if @side's connection is encrypted. */
bool sim_tls_is_on(const struct sim_side *side);

/* Room for sessions, if the scenario has any. */
void sim_tls_open(struct sim_end *end);
void sim_tls_close(struct sim_end *end);

/* Makes @side->stream a session on @side->conn, or that connection itself.  False: there is no
 * place for it, and the connection was aborted. */
bool sim_tls_begin(struct sim_side *side);

/* @side's connection is over. */
void sim_tls_ended(const struct sim_side *side);

/* Nothing is left of any session. */
bool sim_tls_is_idle(const struct sim_end *end);

/* Something was done to @side's session, or its peer's, that ends it: it says how. */
bool sim_tls_has_trouble(const struct sim_side *side);

/* What must hold of a connection that has ended. */
void sim_tls_check_end(const struct sim_side *side);

/* True if @len bytes of data that begin at @offset are what @side gave TCP there. */
bool sim_sent_is(struct sim_side *side, uint64_t offset, const uint8_t *bytes, uint32_t len);
/* True if a FIN may come at @offset. */
bool sim_sent_ends(const struct sim_side *side, uint64_t offset);

#endif
