/* conversation.h -- what main.go gives to functions of C: pointers to functions of C, which call
 * those of Go. */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <leat/leat.h>
#include <leat/link.h>

extern const struct leat_tcp_events conversation_client_events;
extern const struct leat_tcp_listen_config conversation_listen_config;

void conversation_on_frame(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame,
                           uint32_t len);

#endif
