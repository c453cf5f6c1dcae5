"""Instruction counts of Debian's lwIP, measured beside leat's in the same run."""

import re
import subprocess
import tempfile
from pathlib import Path

import counts

# {case of bench/inmem: arguments of bench/lwip for the same work}
CASES = {"bulk": "bulk_no_timestamps", "rr": "rr"}


def count(program, case, side):
    """Instructions per unit of one side, without the wire's copies."""
    with tempfile.TemporaryDirectory() as work:
        profile = Path(work) / "profile"
        toggles = [f"--toggle-collect={side}_{what}" for what in ("poll", "copy", "take")]
        done = subprocess.run(["valgrind", "--tool=callgrind", "--instr-atstart=no",
                               "--collect-atstart=no", *toggles, f"--callgrind-out-file={profile}",
                               program, case], check=True, capture_output=True, text=True)
        total = re.findall(r"^(?:summary|totals): (\d+)", profile.read_text(), re.M)
    return int(total[-1]) / counts.fields(done.stdout)["units"]


def measure(directory, results):
    """{case: ((leat's client, server), (lwIP's client, server))}; empty if it can't be measured. @results has the
    cases of bench/inmem that are counted already."""
    program, inmem = directory / "bench/lwip", directory / "bench/inmem"
    if not (counts.have_callgrind() and program.exists()):
        return {}

    def ours(case):
        found = results.get(case, {})
        return found if "client" in found else counts.count(inmem, case)

    return {case: (tuple(ours(same)[side] for side in counts.SIDES),
                   tuple(count(program, case, side) for side in counts.SIDES))
            for case, same in CASES.items()}
