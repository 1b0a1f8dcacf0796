import pytest

from harness.traffic.writings import Writing, read_as, write_like


@pytest.mark.parametrize(
    ("writing", "written", "plain", "stand_in", "made"),
    [
        ("plain", b"a%20b", b"a%20b", b"x%31y", b"x%31y"),
        ("json", b'a\\"\\u00e4\\/1', b'a"\xc3\xa4/1', b'x"\xc3\xa4/2', b'x\\"\\u00e4\\/2'),
        ("url", b"a%26+1", b"a&+1", b"x&+2", b"x%26+2"),
        ("form", b"a+%C3%A41", b"a \xc3\xa41", b"x \xc3\xa42", b"x+%C3%A42"),
        ("form", b"%61bc", b"abc", b"xyz", b"xyz"),
        ("json", b"bad\\x", b"bad\\x", b"xyz\\w", b"xyz\\w"),
    ],
)
def test_a_stand_in_is_written_like_its_secret(
    writing: Writing, written: bytes, plain: bytes, stand_in: bytes, made: bytes
) -> None:
    assert read_as(writing, written) == plain
    assert write_like(writing, written, stand_in) == made
