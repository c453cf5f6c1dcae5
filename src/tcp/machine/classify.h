/* classify.h -- which events of tcp.rl a segment is (RFC 9293 3.10.7). */
#ifndef TCP_CLASSIFY_H
#define TCP_CLASSIFY_H

#include <stdbool.h>

struct tcb;
struct tcp;
struct tcp_segment;

/* Which events of tcp.rl is @segment to @tcb?  True: it has passed the checks up to RFC 9293
 * 3.10.7.4 fifth, so what it carries counts; its data is trimmed to the window.  False: it is one
 * event, and nothing else. */
bool tcp_classify(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment);

/* @segment, a SYN with a good cookie (RFC 7413 4.2), has been learned: the event of its data. */
void tcp_classify_SYN_data(const struct tcb *tcb, struct tcp_segment *segment);

/* When the data of @segment has been taken: is rcv_FIN due?  RFC 9293 3.10.7.4 eighth: a FIN counts
 * when all data before it is here.  That may be later than the FIN, so its number is kept in the
 * connection (CONN_FIN_KNOWN). */
bool tcp_classify_FIN(struct tcb *tcb, struct tcp_segment *segment);

#endif
