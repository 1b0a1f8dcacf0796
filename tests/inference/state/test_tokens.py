from harness.inference.state.tokens import is_logout, leaves, token_values


def test_logouts_by_their_path() -> None:
    assert is_logout("POST", "/api/logout")
    assert is_logout("DELETE", "/auth/sign-out/")
    assert not is_logout("GET", "/api/logout")
    assert not is_logout("POST", "/api/logout/reasons")


def test_leaves_and_tokens_of_a_body() -> None:
    answer = {"member": {"name": "ada", "accessToken": "x" * 20}, "ids": [1, 2], "token": "short"}
    assert list(leaves(answer)) == [
        ("name", "ada"),
        ("accessToken", "x" * 20),
        ("ids", 1),
        ("ids", 2),
        ("token", "short"),
    ]
    assert token_values(answer) == ["x" * 20]
