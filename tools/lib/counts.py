"""Instructions of the in-memory benches, counted by callgrind."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# name: what bench/inmem is called with
CASES = {
    "bulk": ["bulk"],
    "bulk_no_timestamps": ["bulk", "--no-timestamps"],
    "bulk_offload": ["bulk", "--offload"],
    "bulk_window_64k": ["bulk", "--window", "65536"],
    "bulk_window_1m": ["bulk", "--window", "1048576"],
    "rr": ["rr"],
    # a round over all of them takes 20 ms, less than a delayed ACK waits
    "rr_tasks": ["rr_tasks"],
    "rr_100": ["rr", "--connections", "100", "--step", "100000"],
    "rr_10k": ["rr", "--connections", "10000", "--step", "1000"],
    "rr_100k": ["rr", "--connections", "100000", "--step", "100"],
    # two seconds: each response gets an ACK of its own
    "rr_100k_slow": ["rr", "--connections", "100000"],
    # 20 seconds; who has nothing on its way lends its transfer to others
    "rr_1m": ["rr", "--connections", "1000000", "--transfers", "16384"],
    "connect": ["connect"],
    "connect_10k": ["connect", "--connections", "10000"],
    "idle": ["idle", "--connections", "10000"],
    "idle_1m": ["idle", "--connections", "1000000"],
    "udp": ["udp"],
}


def have_callgrind():
    return shutil.which("valgrind") is not None


def fields(line):
    words = line.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def run(inmem, case):
    """What one run prints, at full speed."""
    done = subprocess.run([inmem, *CASES[case]], check=True, capture_output=True, text=True)
    return fields(done.stdout)


def count(inmem, case, side):
    """Instructions a unit of one side, "client" or "server"."""
    with tempfile.TemporaryDirectory() as work:
        profile = Path(work) / "profile"
        command = [
            "valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no",
            f"--toggle-collect={side}_poll", f"--toggle-collect={side}_copy",
            f"--callgrind-out-file={profile}", inmem, *CASES[case],
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        total = re.findall(r"^(?:summary|totals): (\d+)", profile.read_text(), re.MULTILINE)
    return int(total[-1]) / fields(done.stdout)["units"]
