"""Public keys as Chromium is told to trust them."""

import base64
import hashlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def spki_hash(certificate: bytes) -> str:
    """Return what Chromium knows a public key by: the hash of its SubjectPublicKeyInfo."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(info).digest()).decode()


def key_of_server(host: str, port: int, timeout_s: float = 10) -> str:
    """Return the hash of the key that a server shows, whoever vouches for it."""
    certificate = ssl.get_server_certificate((host, port), timeout=timeout_s)
    return spki_hash(certificate.encode())
