import pytest

from experiments.tracking.remotes import without_users


@pytest.mark.parametrize(
    ("remote", "kept"),
    [
        ("https://me:SECRET@example.org/lab.git", "https://example.org/lab.git"),
        ("https://SECRET@example.org:8443/me/lab.git", "https://example.org:8443/me/lab.git"),
        ("https://me:SECRET@SECRET@example.org/lab.git", "https://example.org/lab.git"),
        ("HTTPS://me:SECRET%40@example.org/lab.git", "HTTPS://example.org/lab.git"),
        ("ssh://git:SECRET@[2001:db8::1]:22/lab.git", "ssh://[2001:db8::1]:22/lab.git"),
        ("git@example.org:me/lab.git", "example.org:me/lab.git"),
        ("https://example.org/lab.git", "https://example.org/lab.git"),
        ("example.org:lab.git", "example.org:lab.git"),
    ],
)
def test_users_are_stripped(remote: str, kept: str) -> None:
    assert without_users([remote]) == [kept]


@pytest.mark.parametrize(
    "remote",
    [
        "https://me:SE/CRET@example.org/lab.git",
        "https://me:12/CRET@example.org/lab.git",
        "https://me:SECRET/lab.git",
        "https://example.org/lab.git?access_token=SECRET",
        "https://example.org/lab.git#SECRET",
        "https://example.org/redirect/https://me:SECRET@example.org/lab.git",
        "me:SECRET@example.org:lab.git",
        "codecommit::eu-west-1://SECRET@lab",
        "codecommit://SECRET@lab",
        "ext::ssh -i SECRET example.org %S lab.git",
        "file:///home/SECRET/lab.git",
        "/home/SECRET/lab.git",
        "../SECRET.git",
        r"C:\SECRET\lab.git",
        "",
    ],
)
def test_remotes_that_may_hide_more_are_left_out(remote: str) -> None:
    assert without_users([remote, "https://example.org/lab.git"]) == ["https://example.org/lab.git"]
