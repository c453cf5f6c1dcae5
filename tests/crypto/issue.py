"""Keys and certificates made by the openssl command."""

import pathlib
import subprocess

CONFIG = "[req]\ndistinguished_name = names\n[names]\n"
KINDS = {
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "rsa1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "rsa2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa2049": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2049"],
    "rsa4096": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "rsapss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsapss256": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_pss_keygen_md:sha256",
                  "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha256"],
    "ed25519": ["-algorithm", "ED25519"],
}
AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
DAYS = 3650


def openssl(*words):
    """Output of a command that must succeed."""
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False)
    assert done.returncode == 0, f"openssl {words}: {done.stderr.decode()}"
    return done.stdout


class Office:
    """A folder of keys and certificates: NAME.key in PEM, NAME.pem and NAME.der."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.config = self.folder / "config"
        self.config.write_text(CONFIG, encoding="utf-8")

    def file(self, name):
        return self.folder / name

    def key(self, name, kind="p256"):
        """A private key; one that exists is kept."""
        path = self.file(f"{name}.key")
        if not path.exists():
            openssl("genpkey", *KINDS[kind], "-out", path)
        return path

    def certificate(self, name, *extensions, issuer=None, kind="p256", common=None, days=DAYS, digest="sha256"):
        """A certificate by @issuer, or by itself; its file in DER."""
        by = ["-CA", self.file(f"{issuer}.pem"), "-CAkey", self.file(f"{issuer}.key")] if issuer else []
        added = [word for extension in extensions for word in ("-addext", extension)]
        openssl("req", "-x509", "-config", self.config, "-key", self.key(name, kind), "-subj",
                f"/O=leat/CN={common or name}", "-days", days, f"-{digest}", *by, *added,
                "-out", self.file(f"{name}.pem"))
        return self.der(name)

    def der(self, name):
        path = self.file(f"{name}.der")
        openssl("x509", "-in", self.file(f"{name}.pem"), "-outform", "DER", "-out", path)
        return path

    def authority(self, name, *extensions, **more):
        return self.certificate(name, *(extensions or AUTHORITY), **more)

    def host(self, name, *extensions, dns=None, **more):
        return self.certificate(name, f"subjectAltName=DNS:{dns or name}", *extensions, **more)
