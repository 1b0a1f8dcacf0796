"""The little of /etc that programs need: made up where it would tell about the machine."""

import os
from pathlib import Path

UID = 1000
MADE_UP = {
    "passwd": f"builder:x:{UID}:{UID}::/home/builder:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    "group": f"builder:x:{UID}:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "hostname": "sandbox\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
}
_SHARED = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "localtime",
    "timezone",
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/tls/certs",
    "pki/ca-trust/extracted",
    "ca-certificates",
    "protocols",
    "services",
    "mime.types",
    "magic",
    "os-release",
    "debian_version",
)


def shared() -> list[Path]:
    """Return the files of /etc that are the same for everyone."""
    return [path for name in _SHARED if (path := Path("/etc") / name).exists()]


def as_descriptor(content: bytes) -> int:
    """Return a descriptor to read the content from; whoever gets it closes it."""
    descriptor = os.memfd_create("sandbox")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
