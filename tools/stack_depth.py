#!/usr/bin/env python3
"""Computes the maximum stack depth of leat: gcc's frames, added up along its call graph.

    tools/stack_depth.py [BUILD]

BUILD is a build folder (build), which has the generated tables of TCP, DHCP and TLS. Compiles the stack and its
libraries with gcc -O2 -fcallgraph-info=su. INDIRECT lists the targets of calls by pointer; a call that it doesn't list
is an error, and so is recursion. Calls out of leat (the program's callbacks, a backend, the memory functions) are
printed and not counted: their depth comes on top. Exit status 1: no bound, or one above 4.5 KiB, which docs/security.md
promises.
"""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = "src", "proto", "tls", "web", "task", "sockets/calls", "files", "block"  # and files of crypto/ itself, without the providers
TIMERS = ["tcp_halves_timer", "tcp_time_wait_timer", "tcp_conn_timer", "tcp_eviction_timer",
          "reassembly.c:timer_fired",
          "conflict.c:timer_fired", "neighbour.c:timer_fired", "address6.c:timer_fired", "reachability.c:timer_fired", "route6.c:on_time", "slaac.c:solicit_fired", "slaac.c:sweep_fired", "groups.c:fired", "query.c:on_timeout",
          "lookup.c:on_stale_timer", "upstream_conn.c:on_idle", "dns_clients.c:on_idle_timer", "http_server.c:on_time", "src/timer.c:fired",
          "life.c:on_time", "task_timer"]
READY = ["listener_deliver", "deliver_told", "deliver_accepted", "udp_run", "lookup.c:on_ready", "lookup.c:on_query_failed",
         "forward_wait.c:on_ready",
         "conflict.c:tell", "address6.c:tell", "slaac.c:tell", "src/timer.c:call", "life.c:on_look", "task.c:on_ready"]
LIMIT_BYTES = 4608
CONGESTION = ["cubic", "newreno", "bbr"]  # all functions of these files
RATE = ["rate_sent", "rate_delivered", "rate_lost"]
BBR = ["tcp_bbr_take", "tcp_bbr_give", "bbr_ack_begins", "bbr_acked", "bbr_restarts"]
FAMILY6 = ["ipv6_path", "ipv6_send", "ipv6_is_ours", "ipv6.c:host6_of", "ipv6_reached", "addresses6_are_probed"]
OUT = []  # leaves leat: a program's callback, a backend's function, the owner of lent memory


def actions_of(name, folder):
    """The functions of the table of @name.rl: its actions, and lists of them."""
    text = (ROOT / folder / f"{name}_fsm.rl").read_text(encoding="utf-8")
    return [*(f"{name}_{action}" for action in re.findall(r"action (\w+) +{ }", text)),
            f"{name}_table.inc:"]


ACTIONS = actions_of("tcp", "src/tcp/machine")
# {file: possible targets of its calls by pointer}. The key is a file, because inlining decides which function a call
# ends up in. It is a function if that function has callers elsewhere and makes the call itself.
INDIRECT = {
    "block/block.c": OUT, "block/mount.c": OUT, "block/log.c": OUT, "block/store.c": OUT,
    "files/view.c": OUT, "files/index.c": ["index.c:by_path", "index.c:by_inode"],
    "leat_files_release": OUT, "files/files.c": ["layers.c:find", "layers.c:next"], "files/layers.c": ["archive.c:find", "archive.c:next", "built_in.c:find", "built_in.c:next"],
    "proto/autoconf/autoconf.c": OUT, "proto/autoconf/tell.c": OUT, "proto/dhcp/events.c": actions_of("dhcp", "proto/dhcp"),
    "proto/dhcp/events6.c": actions_of("dhcp6", "proto/dhcp"),
    "service_link_local6": ["address6_link_local"], "service_address6_lease": ["address6_lease"], "service_is_ours6": ["ipv6_is_ours"],
    "service_slaac_start": ["slaac_start"], "service_slaac_stop": ["slaac_stop"], "service_slaac_refusal": ["slaac_refusal"],
    "core/buf.c": OUT, "core/timer.c": TIMERS, "holdings.c": ["tcp_holdings", "neighbours6_pieces"], "host.c": OUT, "timer.c": OUT,
    "services.c": ["addresses6_are_probed", "addresses6_are_global"],
    "stack.c": [*READY, "tcp_flush", "tcp_input", "udp_input", "tcp_burst", "tcp.c:", "socket.c:", "ipv6.c:attached", "ipv4_input", "ipv6_input",
                "neighbours6_close"],
    "link/conflict.c": ["client.c:on_usable", "client.c:on_taken", "link_local.c:on_usable",
                        "link_local.c:on_taken"], "link/transmit.c": ["gso_cut", "tcp_wake"], "src/link/transmit.c:note_left": ["tcp_wake"], "link/ethernet.c": ["ipv4_input", "ipv6_input", "ipv4.c:hears", "ipv6.c:hears"],
    "link/neighbour.c": ["icmp_unresolved"], "ip/ipv4.c": ["igmp.c:hears_mac"],
    "link/address.c": ["ipv6_is_ours"], "link/given.c": ["address6_add", "address6_remove"], "ip/route.c": ["route6_add", "route6_remove", "block6_cached_path"], "ip/flow_headers.c": ["ipv6_flow_headers"], "ip/flow_headers.h": ["neighbour6_renew"],
    "proto/autoconf/servers6.c": ["leat_dhcp6_open", "leat_dhcp6_start", "leat_dhcp6_inform", "leat_dhcp6_stop", "leat_dhcp6_release",
                             "leat_dhcp6_keep"],
    "ip/v6/slaac.c": OUT,
    "ip/groups.c": ["mld.c:report", "mld.c:report_older", "mld.c:is_told", "igmp.c:report", "igmp.c:report_older", "igmp.c:is_told"],
    "ip/reassembly.c": ["ipv4_input.c:deliver_whole", "ipv4_input.c:timed_out", "fragment6.c:deliver_whole", "fragment6.c:timed_out"],
    "ip/v6/reachability.c": [*actions_of("ndp", "src/ip/v6")], "ip/v6/address6.c": ["client6.c:on_usable", "client6.c:on_taken"],
    # calls of the family's functions, also from a header
    **{name: FAMILY6 for name in ("ip/host.h", "destination.c", "ip/ipv4_output.c", "udp/socket.c", "udp/udp_output.c",
                                  "tcp/send/emit.c", "tcp/api.c")},
    "tcp/burst.c": ["host6_known"], "tcp/receive/ack.c": [*FAMILY6, *BBR], "tcp/send/output.c": BBR, "tcp/conn/transfer.c": BBR,
    "tcp/congestion/scoreboard.c": RATE, "tcp/congestion/records.c": RATE, "tcp/congestion/scoreboard.h": RATE,
    "udp/udp_input.c": ["ipv6_is_ours", "transport6_port_unreachable"], "ip/v6/path6.c": ["ipv6_is_ours"],
    "ip/v6/ipv6_input.c": ["tcp_input", "udp_input", "igmp_input"],
    "ip/v6/transport6.c": ["tcp_input", "udp_input", "igmp_input"],
    "transport6_error": ["tcp_icmp_error", "udp_icmp_error", "igmp.c:no_error"],
    "ip/icmp_input.c": ["tcp_icmp_error", "udp_icmp_error", "igmp.c:no_error"],
    "ip/ipv4_input.c": ["tcp_input", "udp_input", "icmp_input", "igmp_input", "igmp.c:hears"], "udp/groups.c": ["mld_join", "mld_leave"],
    "proto/connect/connect.c": ["addresses6_are_probed"], "proto/dns/query.c": ["addresses6_are_probed"], "crypto/hkdf.c": OUT, "civil.c": OUT, "proto/time/sntp.c": OUT,
    "tcp/conn/conn.c": OUT, "tcp/machine/events.c": ACTIONS, "tcp/listener.c": OUT, "tcp/drain.c": OUT,
    "life.c": ["tcp_drain", "forwarder.c:is_busy"],
    "tcp/congestion/recovery.c": CONGESTION,
    "dns_client_serve": ["forward_tcp.c:serve", "dns_server.c:client_serve"],
    **{f"proto/dns/{name}.c": OUT for name in ("dns_clients", "dns_server", "dns_told", "forward_own", "forward_query", "forward_reply", "forward_tcp", "lookup", "query_receive", "upstream_conn")},
    "web/doh/doh_conn.c": OUT,
    **{f"web/http/{name}.c": OUT for name in ("client", "client_call", "client_conn", "client_reply", "client_request", "server_conn", "server_serve", "http_exchange",
                                          "http_receive", "http_send", "http_server", "http_passwords")},
    "web/http/metrics.c": ["leat_tcp_rtt_bound_ns", "leat_http_latency_bound_ns"], "web/http/dashboard.c": OUT,
    "web/http/server_reply.c": ["http_folder.c:find_all"], "web/http/http_folder.c": ["layers.c:find", "archive.c:find", "built_in.c:find"],
    "web/http/http_text.c": ["metrics.c:write_entry", "dashboard_page.c:write_entry"],
    "sockets/calls/table.c": ["stream.c:stream_close", "stream.c:stream_linger", "datagram.c:datagram_close"],
    "web/acme/events.c": actions_of("acme", "web/acme"), "web/acme/call.c": ["acme_event"], **{f"web/acme/{name}.c": OUT for name in ("account", "certify", "chain", "jose", "plan", "proof")},
    "web/zip/zip.c": ["leat_crc32"], "tls/events.c": actions_of("tls", "tls"),
    **{f"tls/{name}.c": OUT for name in ("agree", "client", "cookie", "early", "end", "flight", "handshake", "own_certificate", "keys", "places", "protect",
                                         "record", "resume", "secrets", "server", "session", "stream", "data", "ticket", "ticket_keys", "tls", "wait")},
    **{f"task/{name}.c": OUT for name in ("flow", "flow_read", "flow_write", "http", "pending", "serve", "tasks", "wait", "watch")},
    "task/task.c": ["task_serve_pending"],
}
# (caller, called): calls that lead back to their caller, at most once more
ONCE = {
    # without room for another TIME-WAIT the oldest one ends, and ending it creates no other
    ("src/tcp/machine/events.c:recycle_oldest", "tcp_event"),
}


def compile_all(build, folder):
    """Writes a .ci file for each source in @folder."""
    sources = sorted([*(path for top in LIBRARIES for path in (ROOT / top).rglob("*.c")), *(ROOT / "crypto").glob("*.c")])
    sources.remove(ROOT / "src/twins.c")  # copies of inline functions, which leat itself doesn't call
    environment = {**os.environ, "CCACHE_DISABLE": "1"}  # ccache doesn't store .ci files

    def compile_one(number, source):
        subprocess.run(["gcc", "-w", "-std=c11", "-O2", "-DNDEBUG", "-fcallgraph-info=su",
                        f"-I{ROOT}/include", f"-I{ROOT}/src", f"-I{ROOT}", f"-I{build}/src", "-c", "-o",
                        folder / f"{number}.o", source], check=True, env=environment)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, range(len(sources)), sources))


def read_graph(folder):
    """({function: bytes}, {function: set of functions}, {function: file below src})"""
    frames, calls, files = {}, {}, {}
    for path in folder.glob("*.ci"):
        text = path.read_text(encoding="utf-8").replace(f"{ROOT}/", "")
        for name, label in re.findall(r'node: { title: "([^"]+)" label: "([^"]*)"', text):
            size = re.search(r"(\d+) bytes \(([\w,]+)", label)
            if size:
                if size[2] == "dynamic":  # "bounded" frames with pushed arguments are counted, too
                    sys.exit(f"{name}: its frame has no limit")
                frames[name] = int(size[1])
                files[name] = re.search(r"\\n(?:src/)?([^:]+):", label)[1]
        for source, target in re.findall(r'sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            calls.setdefault(source, set()).add(target)
    return frames, calls, files


def behind(caller, files):
    """The functions that @caller may call by pointer."""
    name = re.sub(r"\.(isra|part|constprop|cold)\b.*", "", caller)  # the compiler may have split the function
    key = name if name in INDIRECT else files[caller]
    if key not in INDIRECT:
        sys.exit(f"{caller} in {files[caller]} calls by a pointer: to what? Say so in INDIRECT")
    return {known for known in files for target in INDIRECT[key] if matches(known, target)}


def matches(known, target):
    """True if the pattern is the function, its file (name.c:), or a prefix of its name (a family)."""
    short = re.sub(r".*/", "", known)
    return (known == target or short == target or short.endswith(":" + target) and "." not in target
            or target.endswith(":") and short.startswith(target)
            or target in CONGESTION and (short.startswith(target + "_") or short.startswith(target + ".c:")))


class Depths:
    """The deepest call path from each function."""

    def __init__(self, frames, calls, files):
        self.frames, self.calls, self.files, self.known, self.way = frames, calls, files, {}, []
        self.once = {}
        if any(called in calls.get(caller, ()) for caller, called in ONCE):
            rest = {caller: {called for called in targets if (caller, called) not in ONCE}
                    for caller, targets in calls.items()}
            inner = Depths(frames, rest, files)
            self.once = {edge: inner.of(edge[1]) for edge in ONCE}

    def of(self, name):
        """(bytes, [functions])"""
        if name in self.way:
            sys.exit("recursion: " + " ".join([*self.way[self.way.index(name):], name]))
        if name not in self.frames:
            return 0, []
        if name not in self.known:
            self.way.append(name)
            targets = self.calls.get(name, set())
            if "__indirect_call" in targets:
                targets = targets - {"__indirect_call"} | behind(name, self.files)
            deepest = max((self.once.get((name, target)) or self.of(target)
                           for target in sorted(targets)), default=(0, []))
            self.way.pop()
            # gcc's number includes saved registers; the call pushes the return address
            self.known[name] = self.frames[name] + 8 + deepest[0], [name, *deepest[1]]
        return self.known[name]


def main():
    """See above."""
    build = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compile_all(build, folder)
        frames, calls, files = read_graph(folder)
    depths = Depths(frames, calls, files)
    api = sorted((depths.of(name) for name in frames if re.fullmatch(r"leat_\w+", name)), reverse=True)
    rest = [depth for depth in api if depth[1][0] not in ("leat_poll", "leat_run", "leat_close")]
    print(f"leat_poll: {depths.of('leat_poll')[0]} bytes at most, by")
    for function in depths.of("leat_poll")[1]:
        print(f"    {frames[function]:5} {function}")
    print(f"any other call: {rest[0][0]} bytes at most, by {' '.join(rest[0][1])}")
    worst = max(depths.of("leat_poll")[0], rest[0][0])
    if worst > LIMIT_BYTES:
        sys.exit(f"tools/stack_depth.py: {worst} bytes of stack are more than {LIMIT_BYTES}")
    print("A program's callback is called by leat_poll() and may make any call: its own frame, and the")
    print("deepest call, come on top of leat_poll's. A backend's functions do, too.")


if __name__ == "__main__":
    main()
