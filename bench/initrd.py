#!/usr/bin/env python3
"""How much later an image gives its first answer by HTTPS if its certificate and pages are in an initrd, instead of in the
image itself.

    bench/initrd.py BUILD [--boots N] [--mib N] [--folder DIR]

It makes a certificate and pages of so many MiB, and builds httpd.elf with them in a build of its own (-Dimage_files). It
boots that image and, in turn, the one of BUILD with an initrd: QEMU, microvm, TCG. The time runs from QEMU's start to
the end of the answer.

Exit status 1: the initrd costs more than 30 ms (medians).
"""

import argparse
import os
import pathlib
import socket
import ssl
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT_MS = 30
BOOT_S = 60
MICROVM = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-m", "128", "-M",
           "microvm,x-option-roms=off,pit=off,pic=off,rtc=on,isa-serial=on,acpi=off",
           "-global", "virtio-mmio.force-legacy=false", "-accel", "tcg", "-cpu", "max", "-serial", "stdio"]
PAGES = 100


def run(*words, folder=None):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
                          check=False)
    if done.returncode:
        sys.exit(f"$ {' '.join(map(str, words))}\n{done.stdout}")


def make_files(folder, mib):
    """A key, its certificate, and pages."""
    folder.mkdir(parents=True)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
        "/CN=image.test", "-addext", "subjectAltName=DNS:image.test", "-keyout", folder / "web.key", "-out", folder / "web.pem")
    for page in range(PAGES):
        (folder / f"page-{page}.html").write_bytes(os.urandom((mib << 20) // PAGES))


def build_in(files, folder):
    """Builds the image with the files inside."""
    run("meson", "setup", "-Dtests=disabled", "-Dsolo5=disabled", "-Dbuildtype=release", f"-Dimage_files={files}", folder, ROOT)
    run("ninja", "-C", folder, "examples/httpd.elf")


def answered_ms(image, initrd, trust):
    """From QEMU's start to the first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = "--ip=10.0.2.15/24 --gateway=10.0.2.2 --cert /web.pem --key /web.key /page-7.html"
    began = time.monotonic()
    guest = subprocess.Popen(
        [*MICROVM, "-kernel", str(image), "-append", words, *(["-initrd", str(initrd)] if initrd else []),
         "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:443", "-device", "virtio-net-device,netdev=n"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    limit = threading.Timer(BOOT_S, guest.kill)
    limit.start()
    try:
        for line in guest.stdout:
            if b"10.0.2.15/24 on" in line:
                break
        else:
            sys.exit(f"{image} has ended, or does not start")
        with socket.create_connection(("127.0.0.1", port), BOOT_S) as tcp, \
                trust.wrap_socket(tcp, server_hostname="image.test") as tls:
            tls.sendall(b"GET /page-7.html HTTP/1.1\r\nHost: image.test\r\nConnection: close\r\n\r\n")
            got = b""
            while data := tls.recv(65536):
                got += data
        took_ms = 1000 * (time.monotonic() - began)
        if not got.startswith(b"HTTP/1.1 200 "):
            sys.exit(f"another answer: {got[:200]}")
        return took_ms
    finally:
        limit.cancel()
        guest.kill()
        guest.wait()


def main():
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--boots", type=int, default=21, help="of each image (21)")
    parser.add_argument("--mib", type=int, default=1, help="of pages (1)")
    parser.add_argument("--folder", metavar="DIR", help="for what is made, to be used again")
    options = parser.parse_args()
    plain = pathlib.Path(options.build) / "examples/httpd.elf"
    if not plain.is_file():
        print(f"there is no {plain}", file=sys.stderr)
        return 2
    times = {"built in": [], "initrd": []}
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(options.folder or made).resolve()
        files, archive, own = folder / "files", folder / "files.tar", folder / "build/examples/httpd.elf"
        if not own.is_file():
            make_files(files, options.mib)
            with tarfile.open(archive, "w") as tar:
                tar.add(files, ".")
            build_in(files, folder / "build")
        trust = ssl.create_default_context(cafile=str(files / "web.pem"))
        for _ in range(options.boots):
            times["built in"].append(answered_ms(own, None, trust))
            times["initrd"].append(answered_ms(plain, archive, trust))
    medians = {}
    for what, found in times.items():
        medians[what] = statistics.median(found)
        print(f"{what:9} {options.boots} boots, {options.mib} MiB of pages: min {min(found):.1f} ms, median {medians[what]:.1f} ms")
    more = medians["initrd"] - medians["built in"]
    print(f"the initrd costs {more:.1f} ms")
    return 0 if more <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
