"""The figures that short exchanges are judged by: instructions of both ends, over IPv4 and over IPv6, with their goals."""

import counts

# (name, case, ends that are counted, goal over IPv4, goal over IPv6). The case over IPv6 has the suffix "_ipv6". None:
# there is no goal.
BOTH, RECEIVER = ("client", "server"), ("server",)
FIGURES = [
    ("request and response", "rr", BOTH, 4000, 4200),
    ("request and response, 1,000 peers", "rr_1000_peers", BOTH, 4300, 4700),
    ("connection", "connect", BOTH, 10500, 11500),
    ("connection with a request", "request", BOTH, 16000, 17500),
    ("connection with a request, 1,000 peers", "request_1000_peers", BOTH, None, None),
    ("datagram and its echo", "udp", BOTH, 2200, 2350),
    ("datagram and its echo, 1,000 peers", "udp_1000_peers", BOTH, 2100, 2300),
    ("1 to 3,000 bytes, both ways", "mix_100", BOTH, 9000, None),
    ("segment of bulk", "bulk", BOTH, 1360, None),
    ("segment of 8 flows, receiver", "bulk_8_flows", RECEIVER, 800, None),
    ("segment of 16 flows, receiver", "bulk_16_flows", RECEIVER, 1000, None),
    ("segment of 32 flows, receiver", "bulk_32_flows", RECEIVER, None, None),
]


def measure(inmem):
    """{case: instructions a unit}, for each figure and family."""
    found = {}
    for _, name, sides, *_ in FIGURES:
        for case in (name, f"{name}_ipv6"):
            numbers = counts.count(inmem, case)
            found[case] = sum(numbers[side] for side in sides)
    return found


def cell(number):
    return "" if number is None else f"{number:,.0f}"


def table(found, beside):
    """The table of @found; @beside is what lwip.measure() returns, which has lwIP's own columns for bulk and rr."""
    lines = ["| Instructions of both ends | IPv4 | goal | IPv6 | goal | IPv6 / IPv4 |", "|---|---:|---:|---:|---:|---:|"]
    for what, case, _, goal, goal6 in FIGURES:
        over4, over6 = found[case], found[f"{case}_ipv6"]
        lines.append(f"| {what} | {cell(over4)} | {cell(goal)} | {cell(over6)} | {cell(goal6)} | {over6 / over4:.2f} |")
    for case, (ours, peers) in beside.items():
        lines.append(f"\nlwIP beside it, {case}: {cell(sum(peers))}; leat: {cell(sum(ours))}.")
    return "\n".join(lines)
