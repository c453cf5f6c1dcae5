"""A bill of materials of an image, as CycloneDX 1.5: the same bytes for the same image."""

import hashlib
import json
import pathlib
import re
import subprocess
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
# libraries that an image may have inside: a symbol, the name, Debian's package, the licence
INSIDE = [("br_sha256_update", "BearSSL", "libbearssl-dev", "MIT")]
GRUB = [("grub-pc-bin", "GRUB for BIOS"), ("grub-efi-amd64-bin", "GRUB for UEFI")]


def leat_version():
    return re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text(encoding="utf-8")).group(1)


def installed(package):
    """The version of a Debian package; None: it is not known."""
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout or None


def symbols(program):
    """The names in a program's table of symbols; it has none if it was stripped."""
    done = subprocess.run(["nm", program], capture_output=True, text=True, check=False)
    return {line.split()[-1] for line in done.stdout.splitlines() if line}


def component(kind, name, version, licence=None, package=None, content=None):
    """A component, with its licence, Debian package and SHA-256 as far as there are any."""
    made = {"type": kind, "bom-ref": name, "name": name}
    if version:
        made["version"] = version
    if licence:
        made["licenses"] = [{"license": {"id": licence}}]
    if package and version:
        made["purl"] = f"pkg:deb/debian/{package}@{urllib.parse.quote(version, safe=':~')}"
    if content is not None:
        made["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]
    return made


def bill(program, image, suffix, has_grub=True):
    """The text of the bill for the bytes @image, an image of @program. That is an ELF file, or lies beside the ELF file of
    its name. "raw" or "iso" is the image's kind."""
    names = symbols(program.with_suffix(".elf") if program.suffix == ".image" else program)
    content, version = program.read_bytes(), leat_version()
    parts = [component("library", "leat", version, "ISC")]
    parts += [component("library", name, installed(package), licence, package)
              for symbol, name, package, licence in INSIDE if symbol in names]
    own = component("application", program.stem, version, content=content)
    boot = [component("firmware", name, installed(package), "GPL-3.0-or-later", package) for package, name in GRUB if has_grub]
    digest = hashlib.sha256(image).hexdigest()
    subject = component("firmware", f"{program.stem}.{suffix}", version, content=image)
    return json.dumps({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1, "metadata": {"component": subject}, "components": [own, *parts, *boot],
        "dependencies": [{"ref": subject["bom-ref"], "dependsOn": [own["bom-ref"], *(c["bom-ref"] for c in boot)]},
                         {"ref": own["bom-ref"], "dependsOn": [c["bom-ref"] for c in parts]}]}, indent=1) + "\n"
