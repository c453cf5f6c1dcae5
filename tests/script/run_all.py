"""Runs leat-script on every script beside this file.

    run_all.py LEAT-SCRIPT
"""

import subprocess
import sys
from pathlib import Path

scripts = sorted(Path(__file__).resolve().parent.glob("*.pkt"))
sys.exit(not scripts or subprocess.run([sys.argv[1], *scripts], check=False).returncode)
