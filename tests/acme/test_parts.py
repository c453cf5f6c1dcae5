"""Keys, requests and certificates that the client of ACME makes, as the openssl command and python3-cryptography read them."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PARTS = sys.argv.pop()
ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
LONG = [f"{letter * 60}.{letter * 60}.{letter * 60}.{letter * 60}.test" for letter in "abcdefghijklmnop"]


class Parts(unittest.TestCase):
    def make(self, provider, names):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([PARTS, provider, folder, *names], check=True, timeout=60)
            return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}

    def made(self):
        for provider in ("openssl", "bearssl"):
            for names in (["a.test"], ["a.test", "www.a.test"], LONG):
                with self.subTest(provider=provider, names=len(names)):
                    yield names, self.make(provider, names)

    def test_the_key_is_one_of_P_256(self):
        for _, files in self.made():
            key = serialization.load_der_private_key(files["key.der"], None)
            self.assertIsInstance(key.curve, ec.SECP256R1)
            # the public half is the private one's, and the text in PEM has lines of 64
            point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
            self.assertEqual(files["key.der"][-65:], point)
            text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                     serialization.NoEncryption())
            self.assertEqual(files["key.pem"], text)

    def test_the_request_has_the_names_and_a_right_signature(self):
        for names, files in self.made():
            request = x509.load_pem_x509_csr(files["csr.pem"])
            self.assertTrue(request.is_signature_valid)
            self.assertEqual(len(request.subject), 0)
            found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            self.assertEqual(found.get_values_for_type(x509.DNSName), names)
            # DER has one form only: written again it is the same
            self.assertEqual(request.public_bytes(serialization.Encoding.PEM), files["csr.pem"])

    def test_the_certificate_of_a_challenge_is_that_of_RFC_8737(self):
        for names, files in self.made():
            made = x509.load_pem_x509_certificate(files["challenge.pem"])
            self.assertEqual(made.issuer, made.subject)
            self.assertEqual(made.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value, "acme")
            key = serialization.load_der_private_key(files["key.der"], None).public_key()
            key.verify(made.signature, made.tbs_certificate_bytes, ec.ECDSA(made.signature_hash_algorithm))
            found = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            self.assertEqual(found.get_values_for_type(x509.DNSName), names[:1])
            identifier = made.extensions.get_extension_for_oid(ACME_IDENTIFIER)
            self.assertTrue(identifier.critical)
            self.assertEqual(identifier.value.value, bytes([4, 32, *range(32)]))
            self.assertEqual(len(made.extensions), 2)


if __name__ == "__main__":
    unittest.main()
