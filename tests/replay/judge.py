#!/usr/bin/env python3
"""Compares the streams that leat-replay reads with those of tshark, over folders of captures, a few at a time.

    LEAT_BUILD=build tests/replay/judge.py captures --results results.jsonl

One line of JSON for each capture is added to the results as soon as it is judged. A run that was ended goes on
where it was; the sums at the end are those of the whole file. The exit status is 1 if a clean stream differs.
"""

import argparse
import base64
import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

from captures import replay

LIMIT_S = 300  # of leat-replay on one capture
MORE_STREAMS = 4  # of tshark's, beyond the flows that leat-replay counts
REFUSED = 2  # leat-replay's status


class Shark:
    """tshark's engine without its start for each capture: sharkd, by JSON-RPC over pipes."""

    def __init__(self):
        self.child = subprocess.Popen(["sharkd", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, method, **params):
        """The result; an error is told as an EOFError."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.child.stdin.write(json.dumps(request).encode() + b"\n")
        self.child.stdin.flush()
        for line in self.child.stdout:
            if line.startswith(b"{"):
                told = json.loads(line)
                if "result" in told:
                    return told["result"]
                break
        raise EOFError(f"sharkd {method}: {line!r}"[:200] if line else "sharkd has ended")

    def stream(self, number):
        """((client, server), the client's bytes, the server's bytes) of a stream, or None."""
        told = self.ask("follow", follow="TCP", filter=f"tcp.stream=={number}")
        if told["shost"] == "NONE":
            return None
        ends = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
                for host, port in ((told["chost"], told["cport"]), (told["shost"], told["sport"]))]
        texts = [b"".join(base64.b64decode(piece["d"]) for piece in told.get("payloads", ()) if piece.get("s", 0) == side)
                 for side in (0, 1)]
        return tuple(ends), texts[0], texts[1]

    def follow(self, path, flows):
        """Its streams: {(from, to): [bytes, ...]}, in their order. The capture has some @flows."""
        found = collections.defaultdict(list)
        self.ask("load", file=str(path))
        for number in itertools.count():
            told = self.stream(number)
            if told:
                ends, up, down = told
                found[ends].append(up)
                found[ends[::-1]].append(down)
            elif number >= flows + MORE_STREAMS:
                return found

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait()


def is_clean(stream):
    """The capture has all of the stream, as far as the receiver can say."""
    return stream["complete"] or stream["remark"] == "no end in the capture"


def compare(shark, path, folder, *words):
    """Reads one capture by leat-replay, and counts the clean streams that are exactly tshark's."""
    done = replay("streams", "--json", "--quiet", "--out", folder, *words, path, timeout=LIMIT_S)
    if done.returncode == REFUSED:
        return {"refused": done.stderr.decode(errors="replace").strip()}
    told = json.loads(done.stdout)
    if told["wrong_checksums"] and not words:  # tshark doesn't check them
        return compare(shark, path, folder, "--repair-checksums") | {"wrong_checksums": told["wrong_checksums"]}
    streams = told["streams"]
    result = {"frames": told["frames"], "flows": told["flow_count"], "streams": len(streams), "clean": 0, "exact": 0,
              "differ": [], "unclean": dict(collections.Counter(
                  re.sub(r"\d+", "N", stream["remark"]) for stream in streams if not is_clean(stream)))}
    if not any(map(is_clean, streams)):
        return result
    theirs, ours = shark.follow(path, told["flow_count"]), collections.defaultdict(list)
    for stream in streams:
        ours[stream["from"], stream["to"]].append(stream)
    for ends, flows in ours.items():
        texts = theirs.get(ends, [])
        for at, stream in enumerate(flows):
            text = pathlib.Path(stream["file"]).read_bytes()
            # where a port was used again the two may number streams otherwise
            same = text in texts if len(flows) != len(texts) else text == texts[at]
            result["clean"] += is_clean(stream)
            result["exact"] += is_clean(stream) and same
            if is_clean(stream) and not same:
                result["differ"].append([*ends, len(text), [len(one) for one in texts]])
    return result


def judge(path):
    """compare() by a sharkd of this thread, with files that are removed again."""
    if not hasattr(own, "shark"):
        own.shark = Shark()
    with tempfile.TemporaryDirectory() as folder:
        try:
            return compare(own.shark, path, folder)
        except subprocess.TimeoutExpired:
            return {"limit": f"leat-replay took more than {LIMIT_S} s"}
        except (EOFError, OSError) as why:
            del own.shark
            return {"limit": str(why)}


own = threading.local()


def judge_all(paths, jobs=None):
    """(path, judge(path)) of each, as soon as it is known; @jobs at a time."""
    with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        waiting = {pool.submit(judge, path): path for path in paths}
        for one in concurrent.futures.as_completed(waiting):
            yield waiting[one], one.result()


def summary(results):
    """One line for each figure."""
    total = collections.Counter()
    unclean = collections.Counter()
    for result in results.values():
        total["captures"] += 1
        total["refused"] += "refused" in result
        total["limit"] += "limit" in result
        total["with flows"] += result.get("flows", 0) > 0
        total["with wrong checksums"] += "wrong_checksums" in result
        for figure in ("frames", "flows", "streams", "clean", "exact"):
            total[figure] += result.get(figure, 0)
        unclean.update(result.get("unclean", {}))
    yield ", ".join(f"{name} {number}" for name, number in total.items())
    yield from (f"  {number:7} streams: {why}" for why, number in unclean.most_common(12))
    for name, result in sorted(results.items()):
        for what in ("refused", "limit", "differ"):
            if result.get(what):
                yield f"{what}: {name}: {result[what]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, nargs="+", help="a capture, or a folder that has captures in it")
    parser.add_argument("--results", type=pathlib.Path, required=True, help="the file of JSON lines")
    parser.add_argument("--jobs", type=int, help="captures at a time (the number of processors)")
    options = parser.parse_args()
    found = [path for folder in options.folder for path in ([folder] if folder.is_file() else folder.rglob("*"))]
    known = {}
    if options.results.exists():
        known = dict(json.loads(line) for line in options.results.read_text().splitlines())
    paths = sorted(path for path in found if path.is_file() and str(path) not in known)
    with options.results.open("a") as file:
        for path, result in judge_all(paths, options.jobs):
            known[str(path)] = result
            file.write(json.dumps([str(path), result]) + "\n")
            file.flush()
    print("\n".join(summary(known)))
    return any(result.get("differ") for result in known.values())


if __name__ == "__main__":
    sys.exit(main())
