#!/usr/bin/python3
"""Measures what a binding costs: an echo server in C, Python, Rust, Go and OCaml on the other end of a UNIX socket, in one run.

usage: bench/bindings.py [--rounds N] [--requests N] [--mib N] [--prefix DIR]

Builds leat and the servers for a release, in a folder of its own; or only the servers, with leat and its Python module in DIR/lib,
DIR/include and DIR/python. In each round the same client in C (requests.c) asks each server
for 64 bytes, one request after the other, and then sends 16 MiB and takes them back. Prints the median of a request and the time of
the bulk, each as the median of the rounds with the least and the greatest. Needs what the tests of the bindings need.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools/lib"))
import noise  # noqa: E402

PYTHON = "/usr/bin/python3"
START_S = 20


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **options)
    if done.returncode:
        sys.exit(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def install(folder):
    """Builds leat; returns the prefix at which it is installed."""
    made, prefix = folder / "build", folder / "prefix"
    run("meson", "setup", made, ROOT, "--buildtype", "release", "--prefix", prefix, "--libdir", "lib", "-Dtests=disabled", "-Dimages=false",
        "-Dsolo5=disabled", "-Dshared=enabled", "-Dpython=enabled", "-Dpython_library=shared", f"-Dpython.platlibdir={prefix}/python")
    targets = json.loads(run("meson", "introspect", "--targets", made))
    run("ninja", "-C", made, "-j2", *(os.path.relpath(name, made) for target in targets if target["installed"] for name in target["filename"]))
    run("meson", "install", "-C", made, "--no-rebuild")
    return prefix


def build(folder, prefix):
    """Builds the client and the servers; returns the client's command, {server: its command}, and their environment."""
    env = {**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"], "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "LD_LIBRARY_PATH": f"{prefix}/lib",
           "PYTHONPATH": f"{prefix}/python", "CARGO_TARGET_DIR": f"{folder}/rust", "CARGO_HOME": f"{folder}/cargo", "GOCACHE": f"{folder}/go",
           "GOPROXY": "off", "GOFLAGS": "-mod=mod"}
    flags = run("pkg-config", "--cflags", "--libs", "leat-main", env=env).split()
    for source in "bench/requests.c", "examples/echo.c":
        run("cc", "-O2", "-D_GNU_SOURCE", f"-I{ROOT}/examples", ROOT / source, ROOT / "examples/main.c", "-o", folder / pathlib.Path(source).stem, *flags)
    run("/usr/bin/cargo", "build", "--offline", "--locked", "--release", "--manifest-path", ROOT / "bindings/rust/Cargo.toml", "-p", "leat",
        "--example", "echo", env=env)
    run("/usr/bin/go", "build", "-o", folder / "echo-go", "./echo", cwd=ROOT / "bindings/go", env=env)
    run("make", "-C", ROOT / "bindings/ocaml", f"BUILD={folder}/ocaml", f"{folder}/ocaml/echo", env=env)
    servers = {
        "C": [folder / "echo", "--listen", "--ip", "10.0.0.1/24", "--socket"],
        "Python": [PYTHON, ROOT / "bindings/python/examples/echo.py"],
        "Rust": [folder / "rust/release/examples/echo"],
        "Go": [folder / "echo-go"],
        "OCaml": [folder / "ocaml/echo"],
    }
    return folder / "requests", servers, env


def ask(command, end):
    """The client's output. Its first connection may come before the server listens."""
    while True:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300)
        if done.returncode == 0:
            return done.stdout
        if "refused" not in done.stdout or time.monotonic() > end:
            sys.exit(f"$ {' '.join(command)}\n{done.stdout}")


def measure(client, server, env, options):
    """(microseconds of a request, seconds of the bulk) with one server."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "wire")
        child = subprocess.Popen([*map(str, server), path], env=env, stdout=subprocess.DEVNULL)
        try:
            end = time.monotonic() + START_S
            while not os.path.exists(path):
                if child.poll() is not None or time.monotonic() > end:
                    sys.exit(f"{server[0]} has not started")
                time.sleep(0.01)
            said = ask([str(client), "--socket", path, "--ip", "10.0.0.2/24", "--gateway", "10.0.0.1", str(options.requests), str(options.mib)], end)
        finally:
            child.terminate()
            child.wait()
    request_ns, bulk_ns = next(line.split() for line in said.splitlines() if line.replace(" ", "").isdigit())
    return int(request_ns) / 1e3, int(bulk_ns) / 1e9


def cell(numbers, digits):
    return f"{statistics.median(numbers):.{digits}f} ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})"


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--mib", type=int, default=16)
    parser.add_argument("--prefix", type=pathlib.Path, metavar="DIR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leat-bindings-") as folder:
        folder = pathlib.Path(folder)
        client, servers, env = build(folder, options.prefix or install(folder))
        others = noise.Others()
        found = {name: [] for name in servers}
        for _ in range(options.rounds):
            for name, server in servers.items():
                found[name].append(measure(client, server, env, options))
        print(f"| Server | a request of 64 bytes, us | {options.mib} MiB there and back, s |\n|---|---:|---:|")
        for name, rounds in found.items():
            requests, bulks = zip(*rounds)
            print(f"| {name} | {cell(requests, 1)} | {cell(bulks, 3)} |")
        print(f"\n{options.rounds} rounds; other programs had {others.load():.0%} of the machine")


if __name__ == "__main__":
    main()
