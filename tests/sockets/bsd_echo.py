"""A program that is written for POSIX's sockets, unchanged on leat and on the C library: the same answers.

usage: bsd_echo.py BSD_ECHO BSD_ECHO_LIBC"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_S = 60
ON_LEAT, ON_LIBC = sys.argv[1:3]


def begin(*command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def answer(*command):
    """The lines and the status of a client; it tries again as long as the server isn't there yet."""
    end = time.monotonic() + LIMIT_S
    while True:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=LIMIT_S)
        if done.returncode == 0 or time.monotonic() > end:
            return done.stdout, done.returncode
        time.sleep(0.05)


def on_leat(text):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "wire"))
        server = begin(ON_LEAT, "--socket", path, "--listen", "--ip", "10.0.0.1/24", "7")
        try:
            while not os.path.exists(path):
                if server.poll() is not None:
                    sys.exit(f"the server has ended: {server.stdout.read()}")
                time.sleep(0.02)
            return answer(ON_LEAT, "--socket", path, "--ip", "10.0.0.2/24", "10.0.0.1", "7", text)
        finally:
            server.terminate()
            server.wait(LIMIT_S)


def on_libc(text):
    server = begin(ON_LIBC, "7007")
    try:
        return answer(ON_LIBC, "127.0.0.1", "7007", text)
    finally:
        server.terminate()
        server.wait(LIMIT_S)


def main():
    text = "hello " * 500
    told, status = on_leat(text)
    assert status == 0 and told.splitlines()[-1] == text, (told, status)
    if os.environ.get("BSD_ECHO_INSIDE"):
        told, status = on_libc(text)
        assert status == 0 and told.splitlines()[-1] == text, (told, status)
    else:  # the C library's in a namespace
        inside = "ip link set lo up && exec env BSD_ECHO_INSIDE=1 \"$@\""
        done = subprocess.run(["unshare", "-rn", "sh", "-c", inside, "sh", sys.executable, *sys.argv], check=False)
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
