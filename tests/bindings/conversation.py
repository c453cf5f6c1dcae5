"""conversation.c in Python: prints the same frames."""

import sys

from leat._leat import ffi, lib

LINES = 10
handles = []


def kept(of, function):
    handles.append(ffi.callback(of, function))
    return handles[-1]


def main():
    """The whole conversation."""
    wire_memory = ffi.new("uint64_t[]", lib.leat_link_memory_bytes(64, 1514) // 8 + 1)
    wire = lib.leat_link_init(wire_memory, 64, 1514, 7)
    client = {"sent": 0}
    taken = ffi.new("size_t *")

    def on_frame(_arg, from_end, now_ns, frame, length):
        print(from_end, now_ns, bytes(ffi.buffer(frame, length)).hex())

    def send_line():
        client["sent"] += 1
        line = b"line %d of %d\n" % (client["sent"], LINES)
        if lib.leat_tcp_write(client["conn"][0], line, len(line), taken) or taken[0] != len(line):
            sys.exit(1)

    def client_readable(conn, _arg):
        while data := lib.leat_tcp_receive(conn, 4096):
            length = lib.leat_buf_total(data)
            lib.leat_buf_free(data)
            lib.leat_tcp_consumed(conn, length)
            if client["sent"] < LINES:
                send_line()
            else:
                lib.leat_tcp_shutdown(conn)

    def server_readable(conn, _arg):
        while data := lib.leat_tcp_receive(conn, 4096):
            length = lib.leat_buf_total(data)
            lib.leat_tcp_send(conn, data)
            lib.leat_tcp_consumed(conn, length)
        if lib.leat_tcp_at_end(conn):
            lib.leat_tcp_shutdown(conn)

    event = "void(struct leat_tcp *, void *)"
    client_events = ffi.new("struct leat_tcp_events *", {"on_open": kept(event, lambda _conn, _arg: send_line()),
                                                         "on_readable": kept(event, client_readable)})
    server_events = ffi.new("struct leat_tcp_events *", {"on_readable": kept(event, server_readable)})
    lib.leat_link_set_tap(wire, kept("leat_link_tap", on_frame), ffi.NULL)
    faults = ffi.new("struct leat_link_faults *", {"delay_ns": 1000000, "loss_per_m": 100000})
    stacks, memories = [], []
    for end in range(2):
        lib.leat_link_set_faults(wire, end, faults)
        config = ffi.new("struct leat_config *", {"seed": [end + 1], "buf_count": 256})
        memories.append(ffi.new("uint8_t[]", 32 << 20))
        stack = ffi.new("struct leat **")
        assert lib.leat_init(stack, memories[end], 32 << 20, config) == 0
        assert lib.leat_tcp_register(stack[0], ffi.NULL) == 0
        assert lib.leat_attach(stack[0], lib.leat_link_end(wire, end)) == 0
        assert lib.leat_address_add(stack[0], lib.leat_link_end(wire, end), lib.leat_ip_v4(0x0a000001 + end), 24) == 0
        stacks.append(stack[0])
    listening = ffi.new("struct leat_tcp_listen_config *", {"port": 7, "on_acceptable": kept(
        "void(struct leat_tcp_listener *, void *)", lambda listener, _arg: lib.leat_tcp_accept(listener, server_events, ffi.NULL) and None)})
    listener, client["conn"] = ffi.new("struct leat_tcp_listener **"), ffi.new("struct leat_tcp **")
    assert lib.leat_tcp_listen(stacks[0], listener, listening) == 0
    remote = ffi.new("struct leat_endpoint *", lib.leat_endpoint_of(lib.leat_ip_v4(0x0a000001), 7))
    assert lib.leat_tcp_connect(stacks[1], client["conn"], remote, ffi.NULL, client_events, ffi.NULL) == 0
    now_ns = 0
    while now_ns < 20000000000:
        following = min(lib.leat_poll(stack, now_ns) for stack in stacks)
        now_ns = following if following > now_ns else now_ns + 1000
    assert client["sent"] == LINES


main()
