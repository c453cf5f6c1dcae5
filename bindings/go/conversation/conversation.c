/* conversation.c -- callbacks of leat that call the functions of main.go. */
#include "_cgo_export.h"

const struct leat_tcp_events conversation_client_events = {
    .on_open = conversationClientOpen, .on_readable = conversationClientReadable};
static const struct leat_tcp_events server_events = {.on_readable = conversationServerReadable};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    (void)arg;
    leat_tcp_accept(listener, &server_events, NULL);
}

const struct leat_tcp_listen_config conversation_listen_config = {.port = 7,
                                                                  .on_acceptable = on_acceptable};

void conversation_on_frame(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame,
                           uint32_t len)
{
    (void)arg;
    conversationFrame(from_end, now_ns, (void *)(uintptr_t)frame, len);
}
