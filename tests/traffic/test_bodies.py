import gzip
import zlib

import brotli
import pytest
import zstandard

from harness.traffic.bodies import decoded, still_encoded, without_encoding

TEXT = b'{"id": 1, "text": "' + b"x" * 300 + b'"}'


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("zstd", zstandard.compress(TEXT)),
        ("gzip, br", brotli.compress(gzip.compress(TEXT, mtime=0))),
        ("identity", TEXT),
        ("unheard-of", TEXT),
        ("gzip", TEXT),
    ],
)
def test_encodings_are_undone(encoding: str, body: bytes) -> None:
    headers = (("Content-Encoding", encoding.upper()),)
    assert decoded(body, headers) == TEXT
    if body != TEXT:
        assert still_encoded(body, headers)
    assert not still_encoded(TEXT, headers)


def test_headers_about_an_encoding_that_is_undone_go() -> None:
    plain = (("Content-Length", "5"), ("X-A", "1"))
    assert without_encoding(plain) == plain
    assert without_encoding((("content-encoding", "br"), *plain)) == (("X-A", "1"),)
