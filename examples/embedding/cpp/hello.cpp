// hello.cpp -- a stack with one address and an echo server, in C++17.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include <leat/leat.h>
#include <leat/link.h>

namespace
{

using Data = std::unique_ptr<leat_buf, decltype(&leat_buf_free)>;

void on_readable(leat_tcp *conn, void *)
{
    for (Data data(leat_tcp_receive(conn, 65536), leat_buf_free); data;
         data.reset(leat_tcp_receive(conn, 65536))) {
        const auto bytes = leat_buf_total(data.get());

        leat_tcp_send(conn, data.release());
        leat_tcp_consumed(conn, bytes);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

constexpr leat_tcp_events events = {nullptr, on_readable, nullptr, nullptr, nullptr};

void on_acceptable(leat_tcp_listener *listener, void *)
{
    while (leat_tcp_accept(listener, &events, nullptr))
        ;
}

} // namespace

int main()
{
    leat_config config{};
    leat_tcp_config tcp{};
    leat_tcp_listen_config listen{};
    config.seed[0] = 1; // a real program takes entropy
    tcp.connections = 16;
    listen.port = 7;
    listen.on_acceptable = on_acceptable;

    std::vector<std::uint64_t> memory(
        (leat_memory_bytes(&config) + leat_tcp_memory_bytes(&tcp)) / 8 + 1);
    std::vector<std::uint64_t> wire_memory(leat_link_memory_bytes(64, 1514) / 8 + 1);
    leat_netif *netif = leat_link_end(leat_link_init(wire_memory.data(), 64, 1514, 1), 0);
    leat_tcp_listener *listener;
    leat *stack;
    if (leat_init(&stack, memory.data(), memory.size() * 8, &config) ||
        leat_tcp_register(stack, &tcp) || leat_attach(stack, netif) ||
        leat_address_add(stack, netif, leat_ip_v4(0x0a000001), 24) ||
        leat_tcp_listen(stack, &listener, &listen))
        return 1;
    leat_poll(stack, 0);
    char text[LEAT_IP_TEXT_BYTES];
    leat_ip_format(leat_address(stack, netif), text);
    std::printf("%s echoes at port 7, in %zu bytes\n", text, memory.size() * 8);
    leat_close(stack);
}
