"""The tests of tasks under valgrind, to which their stacks are announced: no errors and no warnings.

valgrind.py PROGRAM
"""

import subprocess
import sys

done = subprocess.run(["valgrind", "--error-exitcode=9", sys.argv[1]], check=False, capture_output=True,
                      text=True, timeout=250)  # fmt: skip
said = done.stdout + done.stderr
good = done.returncode == 0 and "switching stacks" not in said and "ERROR SUMMARY: 0 errors" in said
if not good:
    print(said)
sys.exit(not good)
