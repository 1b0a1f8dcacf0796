"""Clients that trust the authority, and yet look at whose certificate they are shown."""

import hashlib
import http.client
import json
import socket
import ssl
from pathlib import Path

import pytest

from harness.project import Project
from tests.capture.certificates import self_signed
from tests.capture.driving import command, interrupt
from tests.capture.notes_server import application
from tests.capture.serving import serving
from tests.capture.test_command import proxy_address, so_far


def authority_of(project: Project) -> ssl.SSLContext:
    """What a client trusts that did what the greeting says."""
    folder = project.state_dir / "authority"
    return ssl.create_default_context(cafile=folder / "mitmproxy-ca-cert.pem")


class Pinned(http.client.HTTPSConnection):
    """A client that goes on only with one certificate, as CertificatePinner of mobile apps does."""

    pin = ""

    def connect(self) -> None:
        super().connect()
        shown = self.sock.getpeercert(binary_form=True)
        if hashlib.sha256(shown).hexdigest() != self.pin:
            self.sock.close()
            raise ssl.SSLError("the certificate is not the pinned one")


def reach(kind: type[http.client.HTTPSConnection], project: Project, proxy: str, port: int) -> int:
    host, _, number = proxy.removeprefix("http://").partition(":")
    connection = kind(host, int(number), context=authority_of(project), timeout=20)
    connection.set_tunnel("127.0.0.1", port)
    try:
        connection.request("GET", "/api/status")
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_pinned_certificate_is_named_with_the_way_around(
    project: Project, port: int, tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path)
    encoded = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    Pinned.pin = hashlib.sha256(encoded).hexdigest()
    options = ["--proxy-only", "--insecure", "--no-infer", "--json"]
    with (
        serving(application(), port, (certificate, key)),
        command("capture", project.directory, *options) as process,
    ):
        proxy = proxy_address(process)
        with pytest.raises(ssl.SSLError, match="not the pinned one"):
            reach(Pinned, project, proxy, port)
        out, err = interrupt(process)
    assert process.returncode == 0, err
    (told,) = [note for note in json.loads(out)["notes"] if f"127.0.0.1:{port}" in note]
    assert "pins" in told
    assert "--via browser" in told


def test_a_connection_that_is_opened_for_later_is_none(
    project: Project, port: int, tmp_path: Path
) -> None:
    options = ["--proxy-only", "--insecure", "--no-infer", "--json"]
    with (
        serving(application(), port, self_signed(tmp_path)),
        command("capture", project.directory, *options) as process,
    ):
        proxy = proxy_address(process)
        opened_early(project, proxy, port)
        assert reach(http.client.HTTPSConnection, project, proxy, port) == 200
        out, err = interrupt(process)
    assert process.returncode == 0, err
    assert json.loads(out)["notes"] == []
    assert so_far(project) == ["GET /api/status 200"]


def opened_early(project: Project, proxy: str, port: int) -> None:
    """Connect as browsers do before they have anything to ask for."""
    host, _, number = proxy.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(number))) as plain:
        plain.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in plain.recv(4096)
        with authority_of(project).wrap_socket(plain, server_hostname="127.0.0.1"):
            pass
