#!/usr/bin/python3
"""Measures a server's processor time for HTTPS: examples/httpd beside nginx, in one run, by a P-256 certificate.

usage: bench/https.py BUILD

Rounds go over both servers and all three loads: a page of 612 bytes on 32 kept connections, the same with a
connection each (none is resumed), and 100 MB to curl. Here leat is reached over TAP, nginx over veth in a namespace of its
own. Prints microseconds of processor time of the server alone, in user space and in the kernel. On TAP the latter
includes Linux's receiving side. Needs root, or user namespaces; wrk, curl, nginx, openssl.
"""

import os
import pathlib
import re
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools/lib"))
import netbench  # noqa: E402
import noise  # noqa: E402

MEGABYTES = 100


def processor_us(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e3


def wrk(url, *more):
    """Requests that were answered."""
    said = netbench.run("wrk", "-t1", "-c32", f"-d{max(1, round(netbench.SECONDS))}", *more, url)
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return int(re.search(r"(\d+) requests in", said)[1])


def download(url):
    """Megabytes that came."""
    size = netbench.run("curl", "-sk", "-o", "/dev/null", "-w", "%{size_download}", f"{url}big")
    if int(size) != MEGABYTES * 1_000_000:
        raise RuntimeError(f"{url}big: {size} bytes")
    return MEGABYTES


LOADS = {"a request, kept alive": wrk, "a request with a connection": lambda url: wrk(url, "-H", "Connection: close"),
         "a megabyte": download}


def files(folder):
    """The site with its large file, a certificate and its key."""
    site = folder / "site"
    site.mkdir()
    (site / "big").write_bytes(os.urandom(MEGABYTES * 1_000_000))
    netbench.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                 "-subj", "/CN=leat.test", "-keyout", folder / "key", "-out", folder / "certificate")
    return site, folder / "certificate", folder / "key"


def https(bench):
    site, certificate, key = files(bench.folder)
    servers = {"leat": bench.leat("httpd", "--cert", certificate, "--key", key, site / "big"),
               "nginx": netbench.start_nginx(bench, "https", f"listen 443 ssl; ssl_protocols TLSv1.3; ssl_certificate {certificate};"
                                             f" ssl_certificate_key {key};")}

    def measure(ip, load):
        before = processor_us(bench.pids[ip])
        count = load(f"https://{ip}/")
        return (processor_us(bench.pids[ip]) - before) / count

    return netbench.rounds({f"{what}, {who}": lambda ip=ip, load=load: measure(ip, load)
                            for what, load in LOADS.items() for who, ip in servers.items()})


netbench.BENCHES["https"] = https


def cell(numbers):
    return f"{statistics.median(numbers):.1f} ({min(numbers):.1f} to {max(numbers):.1f})"


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    others = noise.Others()
    found = netbench.measure(sys.argv[1], ["https"], __file__)["https"]
    if not found:
        sys.exit("https.py: could not measure: see above")
    print("| Processor time of, us | httpd | nginx | httpd / nginx |\n|---|---:|---:|---:|")
    for what in LOADS:
        leat, nginx = found[f"{what}, leat"], found[f"{what}, nginx"]
        ratio = statistics.median(ours / theirs for ours, theirs in zip(leat, nginx))
        print(f"| {what} | {cell(leat)} | {cell(nginx)} | {ratio:.2f} |")
    print(f"\nmedians (and spread) of {netbench.ROUNDS} rounds; others had {others.load():.0%} of the machine")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        print(netbench.json.dumps(netbench.inside(pathlib.Path(sys.argv[2]).resolve(), https)))
    else:
        main()
