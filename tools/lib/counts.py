"""Instructions of the in-memory benches, counted by callgrind."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# {name: arguments of bench/inmem}
CASES = {
    "bulk": ["bulk"],
    "bulk_no_timestamps": ["bulk", "--no-timestamps"],
    "bulk_offload": ["bulk", "--offload"],
    "bulk_window_64k": ["bulk", "--window", "65536"],
    "bulk_window_1m": ["bulk", "--window", "1048576"],
    # interleaved frames of several senders
    "bulk_2_flows": ["bulk", "--connections", "2", "--interleave"],
    "bulk_4_flows": ["bulk", "--connections", "4", "--interleave"],
    "bulk_8_flows": ["bulk", "--connections", "8", "--interleave"],
    "bulk_16_flows": ["bulk", "--connections", "16", "--interleave"],
    "bulk_32_flows": ["bulk", "--connections", "32", "--interleave"],
    "bulk_loss": ["bulk", "--loss", "5000"],
    "rr": ["rr"],
    "rr_tasks": ["rr_tasks"],
    # in random order, each from a peer of its own behind a gateway, up to 100 in flight
    "rr_64_peers": ["mix", "--connections", "64", "--peers", "64", "--outstanding", "64", "--step", "2000"],
    "rr_1000_peers": ["mix", "--connections", "1000", "--peers", "1000", "--outstanding", "100", "--step", "2000"],
    "rr_10k_peers": ["mix", "--connections", "10000", "--peers", "10000", "--outstanding", "100", "--step", "2000"],
    "rr_100k_peers": ["mix", "--connections", "100000", "--peers", "100000", "--outstanding", "100", "--step", "2000"],
    "rr_loss": ["mix", "--connections", "100", "--outstanding", "16", "--step", "2000", "--loss", "5000"],
    # a round over all connections takes 20 ms, less than the delay of an ACK
    "rr_100": ["rr", "--connections", "100", "--step", "100000"],
    "rr_10k": ["rr", "--connections", "10000", "--step", "1000"],
    "rr_100k_20ms": ["rr", "--connections", "100000", "--step", "100"],
    # turns of variable length and random order: a delayed ACK for each response
    "rr_100k": ["mix", "--connections", "100000", "--step", "2000"],
    # two seconds a round: each response gets an ACK of its own
    "rr_100k_slow": ["rr", "--connections", "100000"],
    # 20 seconds a round: an idle connection returns its transfer to the pool
    "rr_1m": ["rr", "--connections", "1000000", "--transfers", "16384"],
    "mix_100": ["mix", "--connections", "100", "--outstanding", "16", "--sizes", "1-3000", "--step", "2000"],
    "mix_1000_peers": ["mix", "--connections", "1000", "--peers", "1000", "--outstanding", "16",
                       "--sizes", "1-3000", "--step", "2000"],
    "imix_1000_peers": ["mix", "--connections", "1000", "--peers", "1000", "--outstanding", "16", "--imix",
                        "--step", "2000"],
    "bulk_ipv6": ["bulk", "--ipv6"],
    "bulk_8_flows_ipv6": ["bulk", "--connections", "8", "--interleave", "--ipv6"],
    "bulk_16_flows_ipv6": ["bulk", "--connections", "16", "--interleave", "--ipv6"],
    "bulk_32_flows_ipv6": ["bulk", "--connections", "32", "--interleave", "--ipv6"],
    "rr_ipv6": ["rr", "--ipv6"],
    "udp_ipv6": ["udp", "--ipv6"],
    "connect_ipv6": ["connect", "--ipv6"],
    "request_ipv6": ["request", "--ipv6"],
    "mix_100_ipv6": ["mix", "--connections", "100", "--outstanding", "16", "--sizes", "1-3000", "--step", "2000",
                     "--ipv6"],
    "rr_1000_peers_ipv6": ["mix", "--connections", "1000", "--peers", "1000", "--outstanding", "100", "--step", "2000",
                           "--ipv6"],
    "request_1000_peers_ipv6": ["request", "--peers", "1000", "--outstanding", "16", "--step", "2000", "--ipv6"],
    "udp_1000_peers_ipv6": ["udp_mix", "--peers", "1000", "--outstanding", "16", "--ipv6"],
    "connect": ["connect"],
    "connect_10k": ["connect", "--connections", "10000"],
    "request": ["request"],
    "request_1000_peers": ["request", "--peers", "1000", "--outstanding", "16", "--step", "2000"],
    "idle": ["idle", "--connections", "10000"],
    "idle_1m": ["idle", "--connections", "1000000"],
    "udp": ["udp"],
    "udp_1000_peers": ["udp_mix", "--peers", "1000", "--outstanding", "16"],
    "udp_10k_peers": ["udp_mix", "--peers", "10000", "--outstanding", "16"],
}

SIDES = ("client", "server")

# cases whose tables don't fit into a cache, and the cases they are compared with
CACHED = ["rr", "rr_1000_peers", "rr_100k", "rr_100k_peers"]
LAST_LEVEL = "2097152,16,64"  # bytes, associativity, line size: 2 MB, one program's share of the cache of such a
                              # machine


def have_callgrind():
    return shutil.which("valgrind") is not None


def fields(line):
    words = line.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def run(inmem, case):
    """The output of one run at full speed."""
    done = subprocess.run([inmem, *CASES[case]], check=True, capture_output=True, text=True)
    return fields(done.stdout)


def profiled(inmem, case, *more):
    """The text of callgrind's profile, of both sides without the wire's copies, and the number of units."""
    with tempfile.TemporaryDirectory() as work:
        profile = Path(work) / "profile"
        toggles = [f"--toggle-collect={side}_{what}" for side in SIDES for what in ("poll", "copy")]
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", *toggles,
                   *more, f"--callgrind-out-file={profile}", inmem, *CASES[case]]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return profile.read_text(), fields(done.stdout)["units"]


def inclusive(profile, function):
    """Instructions of @function and of all that it calls. The profile has a number for each name. A line of costs is
    "LINE INSTRUCTIONS", and the one behind "calls=" has the costs of these calls."""
    number = re.search(rf"fn=\((\d+)\) {function}$", profile, re.M)[1]
    blocks = re.split(r"^(?=fn=)", profile, flags=re.M)
    return sum(int(line.split()[1]) for block in blocks if block.startswith(f"fn=({number})")
               for line in block.splitlines() if re.match(r"[\d+*-]+ \d+$", line))


def count(inmem, case):
    """Instructions per unit: {"client": number, "server": number}."""
    profile, units = profiled(inmem, case)
    return {side: inclusive(profile, f"{side}_poll") / units for side in SIDES}


def misses(inmem, case):
    """Cache misses per unit, of both sides, in the first-level data cache and in a last level of 2 MB. They come
    from cachegrind's model, which has no prefetching and no other programs."""
    profile, units = profiled(inmem, case, "--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64",
                              f"--LL={LAST_LEVEL}")
    numbers = [int(number) for number in re.findall(r"^(?:summary|totals): ([\d ]+)", profile, re.M)[-1].split()]
    numbers += [0] * (9 - len(numbers))  # Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw
    return {"d1_misses": (numbers[4] + numbers[5]) / units, "ll_misses": sum(numbers[6:9]) / units}
