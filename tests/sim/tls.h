/* tls.h -- encrypted connections: sessions, their provider, tickets, and permitted results. */
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

/* The sessions of an end. */
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
    const struct sim_side *owners[SIM_TICKETS]; /* the sides whose sessions may write there now */
    uint64_t refused;                           /* sessions for which there was no place */
};

/* True if @side's connection is encrypted. */
bool sim_tls_is_on(const struct sim_side *side);

/* Makes room for sessions, if the scenario has any. */
void sim_tls_open(struct sim_end *end);
void sim_tls_close(struct sim_end *end);

/* Makes @side->stream a session on @side->conn, or that connection itself. False: there is no place
 * for a session, and the connection was aborted. */
bool sim_tls_begin(struct sim_side *side);

/* Notes that @side's connection is over. */
void sim_tls_ended(const struct sim_side *side);

/* True if nothing is left of any session. */
bool sim_tls_is_idle(const struct sim_end *end);

/* True if a fault of @side's session, or its peer's, ends it. */
bool sim_tls_has_trouble(const struct sim_side *side);

/* Checks a connection that has ended. */
void sim_tls_check_end(const struct sim_side *side);

/* True if the @len bytes of data at @offset are those that @side gave TCP. */
bool sim_sent_is(struct sim_side *side, uint64_t offset, const uint8_t *bytes, uint32_t len);
/* True if a FIN may come at @offset. */
bool sim_sent_ends(const struct sim_side *side, uint64_t offset);

#endif
