"""Debian's pebble, an authority of ACME for tests, with the name server that it asks: pebble-challtestsrv."""

import ctypes
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import pytest

from patience import LIMIT_S, PATIENCE

BINDING = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
NONCES_PERCENT = 20  # that it refuses at random

_libc = ctypes.CDLL(None)


def _die_with_parent():
    """Ends a child process together with the test (PR_SET_PDEATHSIG is 1)."""
    _libc.prctl(1, signal.SIGKILL)


class Pebble:
    """An authority at @address, one of this machine. All names lead to @server. @ports: of its challenges; @sleep: seconds
    at most before it looks; @validity: seconds of a certificate."""

    def __init__(self, folder, address, server, nonces=NONCES_PERCENT, binding=False, sleep=0, ports=(80, 443), validity=0):
        self.folder, self.address = folder, address
        self.processes = []
        self.trust = folder / "authority.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        folder / "authority.key", "-out", self.trust, "-days", "2", "-subj", "/CN=authority", "-addext",
                        f"subjectAltName=IP:{address}"], check=True, capture_output=True, timeout=60 * PATIENCE)
        config = {"listenAddress": f"{address}:14000", "managementListenAddress": f"{address}:15000",
                  "certificate": str(self.trust), "privateKey": str(folder / "authority.key"), "httpPort": ports[0],
                  "tlsPort": ports[1], "externalAccountBindingRequired": binding,
                  "externalAccountMACKeys": {"kid-1": BINDING}}
        if validity:
            config["certificateValidityPeriod"] = validity
        (folder / "pebble.json").write_text(json.dumps({"pebble": config}), encoding="utf-8")
        environment = {"PEBBLE_WFE_NONCEREJECT": str(nonces), "PEBBLE_AUTHZREUSE": "0"}
        environment |= {"PEBBLE_VA_SLEEPTIME": str(sleep)} if sleep else {"PEBBLE_VA_NOSLEEP": "1"}
        try:
            self.start("pebble-challtestsrv", "-defaultIPv4", server, "-defaultIPv6", "", "-dns01", f"{address}:8053", "-http01", "",
                       "-https01", "", "-tlsalpn01", "", "-management", f"{address}:8055")
            self.start("pebble", "-config", folder / "pebble.json", "-dnsserver", f"{address}:8053", environment=environment)
            self.wait()
        except BaseException:
            self.close()  # or the next one could not have its ports
            raise

    def wait(self):
        """Until it answers: it makes keys of RSA first, which takes long on a busy machine."""
        end = time.monotonic() + 60 * PATIENCE
        while not self.answers():
            assert time.monotonic() < end and all(process.poll() is None for process in self.processes), self.text
            time.sleep(0.05)

    def start(self, name, *words, environment=None):
        path = shutil.which(name) or pytest.skip(f"no {name}")
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(
                [path, *map(str, words)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | (environment or {}), preexec_fn=_die_with_parent))

    def answers(self):
        context = ssl.create_default_context(cafile=self.trust)
        try:
            with socket.create_connection((self.address, 14000), 5) as near, \
                    context.wrap_socket(near, server_hostname=self.address):
                return True
        except OSError:
            return False

    @property
    def text(self):
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("pebble*.log")))

    def roots(self):
        """The file of its root certificate, which it makes at each start."""
        path = self.folder / "root.pem"
        context = ssl.create_default_context(cafile=self.trust)
        with urllib.request.urlopen(f"https://{self.address}:15000/roots/0", timeout=LIMIT_S, context=context) as reply:
            path.write_bytes(reply.read())
        return path

    def lead_names_to(self, server):
        body = json.dumps({"ip": server}).encode()
        urllib.request.urlopen(f"http://{self.address}:8055/set-default-ipv4", body, timeout=LIMIT_S).close()

    def options(self, names, *more, trust=None):
        return ["--acme", ",".join(names), "--acme-directory", f"https://{self.address}:14000/dir", "--acme-trust",
                trust or self.trust, "--acme-agree", *more]

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        print(self.text)


def shown(address, name, root):
    """The names in the certificate that a client of TLS gets, which it has verified; and its number."""
    context = ssl.create_default_context(cafile=root)
    with socket.create_connection(address, LIMIT_S) as near, context.wrap_socket(near, server_hostname=name) as conn:
        seen = conn.getpeercert()
        return {value for _, value in seen["subjectAltName"]}, seen["serialNumber"]
