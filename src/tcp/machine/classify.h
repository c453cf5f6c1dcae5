/* classify.h -- translates a segment into events of tcp.rl (RFC 9293 3.10.7). */
#ifndef TCP_CLASSIFY_H
#define TCP_CLASSIFY_H

#include <stdbool.h>

struct tcb;
struct tcp;
struct tcp_segment;

/* Fills in the events of tcp.rl that @segment is for @tcb. True: it has passed the checks up to RFC
 * 9293 3.10.7.4 fifth, so its contents count; its data is trimmed to the window. False: it is a
 * single event, or a SYN with data. */
bool tcp_classify(struct tcp *tcp, const struct tcb *tcb, struct tcp_segment *segment);

/* Adds the event of the data in @segment, a SYN with a good cookie (RFC 7413 4.2) that
 * tcp_learn_SYN() has processed. */
void tcp_classify_SYN_data(const struct tcb *tcb, struct tcp_segment *segment);

/* True if rcv_FIN is due, after the data of @segment has been processed. RFC 9293 3.10.7.4 eighth:
 * a FIN counts when all data before it is here. That may be later than the FIN, so its number is
 * kept in the connection (CONN_FIN_KNOWN). */
bool tcp_classify_FIN(struct tcb *tcb, struct tcp_segment *segment);

#endif
