"""Runs leat-script on every script beside this file; together they must take every transition that can be seen on the
wire.

    run_all.py LEAT-SCRIPT IP-VERSION
"""

import subprocess
import sys
from pathlib import Path

# calls of the program without an effect, or that leat-script's sockets handle themselves
NOT_ON_THE_WIRE = """
CLOSED SEND
CLOSED RECEIVE
CLOSED CLOSE
CLOSED ABORT
SYN_SENT RECEIVE
FIN_WAIT_1 SEND
FIN_WAIT_2 SEND
CLOSING SEND
LAST_ACK SEND
TIME_WAIT SEND
TIME_WAIT CLOSE
TIME_WAIT ABORT
"""

scripts = sorted(Path(__file__).resolve().parent.glob("*.pkt"))
if not scripts:
    sys.exit("no scripts")
run = subprocess.run([sys.argv[1], "--quiet", "--untaken", f"--ip_version={sys.argv[2]}", *scripts], check=False, text=True,
                     stdout=subprocess.PIPE)
untaken = set(run.stdout.splitlines())
missed = untaken - set(NOT_ON_THE_WIRE.split("\n"))
taken = set(NOT_ON_THE_WIRE.split("\n")) - untaken - {""}
for line in sorted(missed):
    print(f"no script takes {line}", file=sys.stderr)
for line in sorted(taken):
    print(f"{line} is taken, but said not to be seen on the wire", file=sys.stderr)
print(f"{len(scripts)} scripts, {len(untaken)} lines of the table not on the wire")
sys.exit(run.returncode or bool(missed or taken))
