/* predict.c -- who watches the table hears also of what was done without asking it. */
#include "tcp/predict.h"
#include "tcp/arrow.h"

void tcp_arrow_watched(const struct tcp *tcp, uint32_t arrow)
{
    tcp->config.on_transition(tcp->config.on_transition_arg, (uint8_t)(arrow >> ARROW_FROM_SHIFT),
                              (uint8_t)(arrow >> ARROW_EVENT_SHIFT), (uint8_t)arrow);
}

void tcp_tell_watcher(const struct tcp *tcp, enum tcp_event event)
{
    tcp_arrow_watched(tcp, arrow_number(TCP_ESTABLISHED, event, TCP_ESTABLISHED));
}

void tcp_tell_of_predicted(const struct tcp *tcp, const struct tcp_segment *segment)
{
    tcp_tell_watcher(tcp, TCP_rcv_ACK);
    if (segment->text_bytes > 0)
        tcp_tell_watcher(tcp, TCP_rcv_text);
}
