"""The text of tools/bench about the benches over TAP, captures and code size."""

import statistics

import noise
import picture

# {name: (title, unit, divisor of the numbers, leat's series, the peer's, goal)}
PAIRS = {
    "reflector 64 B": ("frames there and back, 64 B", "k/s", 1e3, ("reflector", "leat, 64 B"),
                       ("reflector", "bare, 64 B"), "bare reflector", 0.9),
    "reflector 1514 B": ("the same, 1,514 B", "k/s", 1e3, ("reflector", "leat, 1514 B"),
                         ("reflector", "bare, 1514 B"), "bare reflector", 0.9),
    "in": ("TCP, Linux to leat", "Gbit/s", 1, ("tcp", "in"), ("tcp", "Linux, TSO"),
           "Linux to Linux, veth, TSO", 1.0),
    "out": ("TCP, leat to Linux", "Gbit/s", 1, ("tcp", "out"), ("tcp", "Linux, TSO"),
            "Linux to Linux, veth, TSO", 1.0),
    "in, no offload": ("TCP, Linux to leat, without offloads", "Gbit/s", 1, ("tcp", "in, no offload"),
                       ("tcp", "Linux, no TSO"), "Linux to Linux, veth, no TSO", None),
    "out, no offload": ("TCP, leat to Linux, without offloads", "Gbit/s", 1, ("tcp", "out, no offload"),
                        ("tcp", "Linux, no TSO"), "Linux to Linux, veth, no TSO", None),
    "http": ("HTTP, 612 B, 32 connections", "k/s", 1e3, ("http", "leat"), ("http", "nginx"),
             "nginx, veth", 1.5),
    "dns": ("DNS by UDP", "k/s", 1e3, ("dns", "leat"), ("dns", "nsd"), "nsd, veth", 1.5),
    "pcap": ("capture into the stack, 60 B, each answered", "M/s", 1e6, ("pcap", "feed"),
             ("pcap", "loop"), "pcap_next_ex alone", None),
    "pcap, unanswered": ("capture into the stack, 60 B, none answered", "M/s", 1e6,
                         ("pcap", "feed, unanswered"), ("pcap", "loop, unanswered"),
                         "pcap_next_ex alone", None),
}
BASE = {"os": "all of TCP, UDP, ICMP, ARP, IPv4, -Os", "os_ipv6": "with IPv6 and SLAAC, -Os",
        "o2": "without, -O2", "udp_only": "without TCP, -Os"}
SIZE_GOALS = {"os": 48, "os_ipv6": 72, "o2": 64, "udp_only": 16}


def series(found, where):
    """The numbers of a series, one a round; empty if it could not be measured."""
    return found.get(where[0], {}).get(where[1], [])


def median(numbers):
    return statistics.median(numbers) if numbers else None


def ratio(found, pair):
    """The median ratio of leat to its peer over the rounds; None if the rounds differ too much."""
    ours, theirs = series(found, pair[3]), series(found, pair[4])
    return noise.steady([a / b for a, b in zip(ours, theirs)])


def stacks_ratio(found):
    """Ratios of two stacks to one: by the clock, and by processor time per request, of the stacks alone and with
    their clients. The latter ratios show the scaling on otherwise idle cores."""
    def both(what):
        return zip(*(series(found, ("stacks", f"{what}, {count}")) for count in (1, 2)))

    return (noise.steady([two / one for one, two in both("requests")]),
            noise.steady([2 * one / two for one, two in both("us")]),
            noise.steady([2 * one / two for one, two in both("all us")]))


def lesser(*numbers):
    known = [number for number in numbers if number is not None]
    return min(known) if known else None


def as_json(found, sizes):
    """The members of the object that tools/bench --json prints."""
    ratios = {name: ratio(found, pair) for name, pair in PAIRS.items()}
    feed = median(series(found, ("pcap", "feed")))
    unanswered = median(series(found, ("pcap", "feed, unanswered")))
    total = {name: sum(parts.values()) for name, parts in (sizes or {}).items()}
    return {
        "tap_reflector_ratio": lesser(ratios["reflector 64 B"], ratios["reflector 1514 B"]),
        "tap_in_gbps": noise.steady(series(found, ("tcp", "in"))),
        "tap_out_gbps": noise.steady(series(found, ("tcp", "out"))),
        "tap_in_plain_gbps": noise.steady(series(found, ("tcp", "in, no offload"))),
        "tap_out_plain_gbps": noise.steady(series(found, ("tcp", "out, no offload"))),
        "stacks_ratio": stacks_ratio(found)[0],
        "stacks_ratio_cpu": stacks_ratio(found)[1],
        "tap_vs_linux": lesser(ratios["in"], ratios["out"]),
        "http_vs_nginx": ratios["http"],
        "dns_vs_nsd": ratios["dns"],
        "pcap_feed_mpps": feed and feed / 1e6,
        "pcap_feed_unanswered_mpps": unanswered and unanswered / 1e6,
        "text_os_bytes": total.get("os"),
        "text_o2_bytes": total.get("o2"),
        "text_udp_only_bytes": total.get("udp_only"),
    }


def shown(number, digits=2):
    return "–" if number is None else f"{number:,.{digits}f}"


def table(found):
    lines = ["| | unit | leat | peer | | leat / peer | goal |", "|---|---|---:|---:|---|---:|---:|"]
    for pair in PAIRS.values():
        what, unit, divisor, ours, theirs, peer, goal = pair
        mine, other = median(series(found, ours)), median(series(found, theirs))
        if mine is None:
            continue
        lines.append(f"| {what} | {unit} | {shown(mine / divisor)} | "
                     f"{shown(other and other / divisor)} | {peer}"
                     f"{'' if other else ': not installed'} | {shown(ratio(found, pair))} | "
                     f"{shown(goal, 1)} |")
    return "\n".join(lines)


def cost_section(found):
    """Processor time of both ends for a gigabyte; empty if it was not measured."""
    rows = {"in": "Linux to leat", "out": "leat to Linux", "Linux, TSO": "Linux to Linux, veth, TSO",
            "in, no offload": "Linux to leat, without offloads",
            "out, no offload": "leat to Linux, without offloads",
            "Linux, no TSO": "Linux to Linux, veth, no TSO"}
    costs = {name: series(found, ("tcp", f"{name}, cost")) for name in rows}
    costs = {name: cost for name, cost in costs.items() if cost}
    if not costs:
        return ""
    lines = ["| a gigabyte of TCP, processor time of both ends, s | median | least |", "|---|---:|---:|"]
    lines += [f"| {rows[name]} | {shown(median(cost))} | {shown(min(cost))} |"
              for name, cost in costs.items()]
    table = "\n".join(lines)
    return f"""TCP's rate by the clock depends on the other programs of the machine; its processor time depends on
them less:

{table}

"""


def dns_section(found):
    """Processor time for a query; empty if it was not measured."""
    lines = ["| a DNS query, processor time, µs | the server, median | least | with dnsperf, median | least |",
             "|---|---:|---:|---:|---:|"]
    for name, text in (("leat", "leat, TAP"), ("nsd", "nsd, veth")):
        server, both = (series(found, ("dns", f"{name}, {what}")) for what in ("us", "all us"))
        if server:
            lines.append(f"| {text} | {shown(median(server))} | {shown(min(server))} | "
                         f"{shown(median(both))} | {shown(min(both))} |")
    return "\n".join(lines) + "\n\n" if len(lines) > 2 else ""


def stacks_section(found):
    """One stack on one core, and two on two cores; empty if neither was measured."""
    if not series(found, ("stacks", "us, 2")):
        return ""
    lines = ["| | requests, k/s | µs of processor a request, stacks | with clients | others had |",
             "|---|---:|---:|---:|---:|"]
    for count, text in (("1", "one stack and its client on one core"), ("2", "two and theirs on two")):
        rate, cost, all_cost, others = (median(series(found, ("stacks", f"{what}, {count}")))
                                        for what in ("requests", "us", "all us", "others"))
        lines.append(f"| {text} | {shown(rate / 1e3)} | {shown(cost)} | {shown(all_cost)} | "
                     f"{shown(100 * others, 0)} % |")
    quotients = " | ".join(f"**{shown(quotient)}**" for quotient in stacks_ratio(found))
    table = "\n".join([*lines, f"| two / one (goal 1.7) | {quotients} | |"])
    return f"""## Several stacks

[`stacks`](../../examples/stacks.c), a queue of one TAP device a stack: HTTP as above, `wrk -t1 -c32` for each
address, stack and client held on the same core. The last column is what other programs had of the
machine meanwhile. By the clock the quotient says as much of these as of leat. By the processor time of
a request (the kernel's part in system calls included) it is the quotient on an idle machine: 2 if two
stacks don't disturb each other.

{table}
"""


def size_table(sizes):
    modules = sorted({module for parts in sizes.values() for module, _ in parts},
                     key=lambda module: -sum(sizes["os"].get((module, kind), 0)
                                             for kind in (".text", ".rodata")))
    lines = ["| KB of code and constants | " + " | ".join(modules) + " | all | goal |",
             "|---|" + "---:|" * (len(modules) + 2)]
    for name, parts in sizes.items():
        cells = [sum(parts.get((module, kind), 0) for kind in (".text", ".rodata")) / 1024
                 for module in modules]
        lines.append(f"| {BASE[name]} | " + " | ".join(f"{cell:.1f}" for cell in cells)
                     + f" | {sum(parts.values()) / 1024:.1f} | {SIZE_GOALS[name]} |")
    return "\n".join(lines)


UNITS = {"bulk": "segment of 1,460 B, no timestamps", "rr": "request and response of 64 B"}


def lwip_table(lwip):
    lines = ["| Ir a unit | leat, client | server | both | lwIP, client | server | both |",
             "|---|" + "---:|" * 6]
    for case, (ours, theirs) in lwip.items():
        cells = [*ours, sum(ours), *theirs, sum(theirs)]
        lines.append(f"| {UNITS[case]} | " + " | ".join(f"{cell:,.0f}" for cell in cells) + " |")
    return "\n".join(lines)


def section(found, sizes, rounds):
    """The part of docs/lab/measurements.md about other programs, and about benches over the network."""
    parts = []
    if found:
        parts.append(f"""## Over TAP, beside others

Each of {rounds} rounds measures all of a group, one after another; the table has medians, and the
median of the quotients of the rounds. **The machine was shared**: other work ran on its 2 cores, so the
numbers themselves are low, and only what stands beside each other may be compared. The Linux side of a
connection, its load generator and the stack all compete for the same cores.

leat's programs are on TAP devices; Linux, nginx and nsd are in a second namespace behind a veth, which
hands over packets without a system call, a copy, or a switch to another process.

![leat beside its peers, as bars of the quotients in the table](performance-network.svg)

{table(found)}

{cost_section(found)}{dns_section(found)}- *frames there and back*: datagrams to the `echo` example, 64 on their way, beside `bench/peer reflect`,
  which does nothing but `read()`, swap addresses and `write()`.
- *TCP*: one connection to `discard`, from `chargen`; Linux to Linux by the same client. *Without
  offloads* (`--no-offload`) every segment is a frame, with its checksum, each way.
- *HTTP*: `wrk -t1 -c32`, the page of `httpd` from both servers, one nginx worker.
- *DNS*: `dnsperf -c1 -T1 -q100`, the same zone; nsd with one server process, without its rate limit.
- *capture*: `leat-replay feed` and a loop over `pcap_next_ex`, processor time. The goal, 5 M/s, is
  meant for strangers' captures: TCP segments to a closed port, *each answered* with a reset. Beside them
  datagrams to an open port (`--listen`), which a program takes.
""")
        parts.append(stacks_section(found))
    if sizes:
        parts.append(f"""## Size of the code

The parts of the archive that a linker with `--gc-sections` takes for a program that calls everything
(`bench/size_tcp.c`), and for one without TCP (`bench/size_udp.c`); gcc, without debugging.

{size_table(sizes)}
""")
    return "\n".join(part for part in parts if part)


def lwip_section(lwip):
    """The section about Debian's lwIP; empty if it isn't installed."""
    return "" if not lwip else f"""## Beside lwIP, in the same run

This is Debian's `liblwip` (2.1: a general build, with its locks, IPv6 and a window of 64 KB).
[lwip.c](../../bench/lwip.c) loads it twice into one process and uses its raw interface, without a copy of sent
data. The table has instructions by callgrind, without the wire's copies. Those of leat are of the cases
`bulk_no_timestamps` and `rr` above.

{lwip_table(lwip)}
"""


def svg(found):
    """Bars of leat / peer, with a line at 1 and a mark at the goal."""
    rows = [(name, ratio(found, pair), pair[6]) for name, pair in PAIRS.items()]
    rows = [row for row in rows if row[1] is not None]
    most = max([1.6] + [value for _, value, _ in rows])
    height = 48 + 26 * len(rows)
    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 {height}' "
             "font-family='sans-serif' font-size='13'>", "<title>leat beside its peers</title>",
             picture.style(picture.plot_rules), f"<rect width='760' height='{height}' class='paper'/>",
             "<text x='10' y='20'>leat / peer; the grey line is the peer, the other the goal</text>",
             f"<path d='M{160 + 500 / most:.1f} 30v{height - 40}' class='axis'/>"]
    for index, (name, value, goal) in enumerate(rows):
        top, end = 36 + 26 * index, 160 + value / most * 500
        marks = [160 + goal / most * 500] if goal else []
        begin = picture.number_x(end, [*marks, 160 + 500 / most], f"{value:.2f}", 6)
        parts.append(f"<text x='150' y='{top + 14}' text-anchor='end'>{name}</text>"
                     f"<rect x='160' y='{top}' width='{end - 160:.1f}' height='18' fill='#0072b2'/>"
                     f"<text x='{begin:.1f}' y='{top + 14}'>{value:.2f}</text>")
        for mark in marks:
            parts.append(f"<path d='M{mark:.1f} {top - 2}v22' class='mark' style='stroke:#d55e00' stroke-width='3'/>")
    return "\n".join(parts) + "\n</svg>\n"
