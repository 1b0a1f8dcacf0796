from harness.traffic.known import KnownSecrets


def test_secrets_are_found_in_every_writing() -> None:
    known = KnownSecrets()
    known.learn(b'Pa"ss word/77', b'Zq"xy tuvw/31')
    text = b'Pa"ss word/77 Pa\\"ss word/77 Pa%22ss%20word%2F77 Pa%22ss+word%2F77'
    made = b'Zq"xy tuvw/31 Zq\\"xy tuvw/31 Zq%22xy%20tuvw%2F31 Zq%22xy+tuvw%2F31'
    assert known.replace(text) == made


def test_the_longest_secret_wins() -> None:
    known = KnownSecrets()
    known.learn(b"abcd1234", b"wxyz9876")
    known.learn(b"abcd1234.more-5", b"wxyz0000.less-9")
    assert known.replace(b"abcd1234.more-5 abcd1234") == b"wxyz0000.less-9 wxyz9876"


def test_secrets_without_letters_or_digits() -> None:
    known = KnownSecrets()
    known.learn(b"!!--??::", b"??--!!::")
    assert known.replace(b"<!!--??::>") == b"<??--!!::>"


def test_a_doubt_is_a_secret_that_may_have_been_passed_over() -> None:
    known = KnownSecrets()
    known.replace(b"/reset/Zk3mQ9xT7vB2nL5c")
    known.learn(b"aaaabbbbcccc1111", b"ddddeeeeffff2222")
    assert known.doubts == 0
    known.learn(b"Zk3mQ9xT7vB2nL5c", b"Ab1cD2eF3gH4iJ5k")
    assert known.doubts == 1
    known.learn(b"Blue-Door-7", b"Rmqz-Hwus-2")
    assert known.doubts == 2
