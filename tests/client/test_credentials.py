"""Tokens: where they come from, and that nothing shows one."""

import os
import pickle
import sys
import time
import traceback
from pathlib import Path

import pytest

from naru_client.config import Profile
from naru_client.credentials import LARGEST, Secret, find_token
from naru_client.errors import SignInNeeded, UsageError

TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"


def token_file(tmp_path: Path, text: str, mode: int = 0o600) -> Profile:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    return Profile(token_file=str(path))


def command(code: str) -> Profile:
    return Profile(token_command=(sys.executable, "-c", code))


def revealed(profile: Profile) -> str | None:
    token = find_token(profile)
    return None if token is None else token.reveal()


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(TOKEN)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", repr([secret]), repr({"a": secret})):
        assert TOKEN not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == TOKEN


def test_a_traceback_with_locals_holds_no_secret() -> None:
    def failing(secret: Secret) -> None:
        raise ValueError("no")

    try:
        failing(Secret(TOKEN))
    except ValueError as error:
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        assert "Secret(…)" in told
        assert TOKEN not in told


def test_from_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert revealed(Profile()) is None
    monkeypatch.setenv("SLURM_JWT", f" {TOKEN}\n")
    assert revealed(Profile()) == TOKEN
    assert revealed(Profile(token_env="OTHER")) is None
    assert revealed(Profile(token_env="")) is None


def test_from_a_file_of_ones_own(tmp_path: Path) -> None:
    assert revealed(token_file(tmp_path, f"{TOKEN}\n")) == TOKEN


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UsageError, match="others may read") as caught:
        find_token(token_file(tmp_path, TOKEN, mode))
    assert caught.value.hint.startswith("chmod 600 ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SignInNeeded, match=r"cannot read the token file .*No such file"):
        find_token(Profile(token_file=str(tmp_path / "none")))


@pytest.mark.parametrize("printed", [TOKEN, f"SLURM_JWT={TOKEN}"])
def test_from_a_command(printed: str) -> None:
    assert revealed(command(f"print({printed!r})")) == TOKEN


def test_a_command_comes_before_a_file_and_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JWT", "third")
    file = token_file(tmp_path, "second")
    assert revealed(file) == "second"
    assert (
        revealed(Profile(token_file=file.token_file, token_command=command("print('first')").token_command)) == "first"
    )


def test_a_command_that_fails_tells_its_code_and_not_its_words() -> None:
    with pytest.raises(SignInNeeded) as caught:
        find_token(command(f"import sys; print({TOKEN!r}); print({TOKEN!r}, file=sys.stderr); sys.exit(3)"))
    assert caught.value.message.endswith("ended with exit code 3")
    assert TOKEN not in caught.value.message


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(SignInNeeded, match="did not run: No such file"):
        find_token(Profile(token_command=("/no/such/command",)))


@pytest.mark.parametrize("text", ["", "two words", "a\nb", "héhé", "a\x00b", "a\r\nX-Other: 1"])
def test_what_could_forge_a_header_is_no_token(tmp_path: Path, text: str) -> None:
    with pytest.raises(SignInNeeded, match="does not hold a token") as caught:
        find_token(token_file(tmp_path, text))
    assert "two words" not in caught.value.message


def is_alive(pid: int) -> bool:
    """Whether it still runs; one that was killed and not yet waited for by anybody does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def left_behind(tmp_path: Path) -> int:
    """The process that a command left behind, by the file it wrote its number into."""
    return int((tmp_path / "pid").read_text())


def leaving(tmp_path: Path, then: str) -> Profile:
    """A command that leaves a child behind, which holds its output open, and goes on with `then`."""
    child = "import time; time.sleep(600)"
    return command(
        f"import subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', {child!r}]);"
        f" open({str(tmp_path / 'pid')!r}, 'w').write(str(c.pid)); {then}"
    )


def test_a_child_that_holds_the_output_neither_delays_the_token_nor_lives_on(tmp_path: Path) -> None:
    began = time.monotonic()
    assert revealed(leaving(tmp_path, f"print({TOKEN!r})")) == TOKEN
    assert time.monotonic() - began < 20
    until_gone(left_behind(tmp_path))


def until_gone(pid: int) -> None:
    ends = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < ends
        os.sched_yield()


def test_a_command_that_takes_longer_than_the_profile_waits_is_ended_whole(tmp_path: Path) -> None:
    profile = Profile(token_command=leaving(tmp_path, "time.sleep(600)").token_command, timeout=1.0)
    with pytest.raises(SignInNeeded, match="did not end within 1 s"):
        find_token(profile)
    until_gone(left_behind(tmp_path))


def test_a_command_that_prints_for_ever_is_stopped() -> None:
    with pytest.raises(SignInNeeded, match=f"printed more than {LARGEST} bytes"):
        find_token(command("while True: print('x' * 60000)"))


def test_a_command_that_closes_its_output_is_still_waited_for() -> None:
    with pytest.raises(SignInNeeded, match="exit code 3"):
        find_token(command(f"import os, time; print({TOKEN!r}, flush=True); os.close(1); time.sleep(0.2); os._exit(3)"))


@pytest.mark.parametrize("argv", [("",), ("  ", "x")])
def test_a_command_without_a_name_is_told_plainly(argv: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="the token command has no name"):
        find_token(Profile(token_command=argv))


def test_a_nul_character_is_no_crash(tmp_path: Path) -> None:
    for profile in (Profile(token_command=("a\0b",)), Profile(token_file="a\0b")):
        with pytest.raises(SignInNeeded):
            find_token(profile)


def test_a_pipe_for_a_token_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token", 0o600)
    with pytest.raises(SignInNeeded, match="it is not a regular file"):
        find_token(Profile(token_file=str(tmp_path / "token")))


def test_a_huge_token_file_is_not_read_whole(tmp_path: Path) -> None:
    with pytest.raises(SignInNeeded, match="it is larger than"):
        find_token(token_file(tmp_path, "x" * (LARGEST + 1)))
