/*
 * faults.h -- scenarios with more faults than a bad wire, and counts of the results.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "attack.h"
#include "scenario.h"

struct sim;

/* Counts over all runs: X(name, meaning). */
/* clang-format off */
#define SIM_TALLIES(X)                                                                             \
    X(good, "connections closed in order")                                                         \
    X(bad, "connections ended with an error, for which there was a reason")                        \
    X(dry_polls, "polls in which memory was short")                                                \
    X(no_memory, "packets dropped, or not sent, for want of memory")                               \
    X(connects_refused, "connects refused for want of memory")                                     \
    X(refused, "times that a device had no room")                                                  \
    X(withheld, "times that a device kept frames back")                                            \
    X(link_lost, "frames lost while a link was down")                                              \
    X(leaps, "clocks that leapt")                                                                  \
    X(stalls, "clocks that stood still")                                                           \
    X(freezes, "machines that froze")                                                              \
    X(deaf, "programs that stopped reading")                                                       \
    X(violent, "programs that aborted, or closed too early")                                       \
    X(not_accepted, "times that a server did not accept")                                          \
    X(unlistened, "listeners closed")                                                              \
    X(backlog, "SYNs and cookies dropped because of the backlog")                                  \
    X(recycled, "TIME-WAIT entries given up early")                                                \
    X(attacks, "forged frames")                                                                    \
    X(challenges, "challenge ACKs sent")                                                           \
    X(cookies, "SYN cookies sent")                                                                 \
    X(cut, "segments cut by a device")                                                             \
    X(completed, "checksums completed by a device")                                                \
    X(verified, "checksums verified by a device")                                                  \
    X(merged, "segments merged by a device")                                                       \
    X(copied, "bytes copied for a device that can't gather")                                       \
    X(waits, "waits of tasks")                                                                     \
    X(waits_cancelled, "waits that were cancelled")                                                \
    X(waits_timed_out, "waits whose deadline came")                                                \
    X(no_task, "programs that found no place for a task")                                          \
    X(bbr, "connections whose congestion BBR controlled")                                          \
    X(tls_open, "encrypted sessions that opened")                                                  \
    X(tls_resumed, "sessions by a ticket")                                                         \
    X(tls_retried, "hellos that were asked for again")                                             \
    X(tls_key_updates, "keys updated")                                                             \
    X(tls_waited, "messages of handshakes that waited for room")                                   \
    X(tls_copied, "bytes of scattered records copied together")                                    \
    X(tls_alerts, "sessions ended with an alert")                                                  \
    X(tls_timeouts, "sessions whose peer was too slow")                                            \
    X(tls_cut, "sessions that were told of a stream cut short")                                    \
    X(tls_flipped, "sessions of which a byte was changed")                                         \
    X(tls_refused, "sessions for which there was no place")                                        \
    X(tls_tickets_refused, "tickets that a server didn't take")                                    \
    X(tls_early_taken, "sessions whose early data was taken")                                      \
    X(tls_early_refused, "sessions whose early data was not")                                      \
    X(tls_failures, "calls of a provider that failed")
/* clang-format on */

enum sim_tally {
#define SIM_TALLY_INDEX(name, text) SIM_TALLY_##name,
    SIM_TALLIES(SIM_TALLY_INDEX)
#undef SIM_TALLY_INDEX
    SIM_TALLY_COUNT
};

struct sim_tallies {
    uint64_t count[SIM_TALLY_COUNT];
    uint64_t attacks[64]; /* of each kind */
};

/* One fault profile; NULL: there is none of that name. */
struct sim_profile;
const struct sim_profile *sim_profile_find(const char *name);

/* Adds the faults to the scenario of a seed. */
void sim_profile_apply(const struct sim_profile *profile, struct sim_scenario *scenario);

const char *sim_profile_name(const struct sim_profile *profile);

/* Adds the counts of a run. */
void sim_tallies_add(struct sim_tallies *tallies, const struct sim *sim);
void sim_tallies_print(const struct sim_tallies *tallies, FILE *to);

/* Times that a stack lacked memory. */
uint64_t sim_shortages(const struct sim *sim);

/* An event that the profile promises and that never happened, so that it tested nothing; NULL: all
 * happened. */
const char *sim_profile_missing(const struct sim_profile *profile,
                                const struct sim_tallies *tallies);

#endif
