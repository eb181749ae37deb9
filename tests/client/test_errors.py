"""The exit codes and kinds that scripts rely on."""

import pytest

from naru_client import errors


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (errors.NaruError, 1, "failed"),
        (errors.UsageError, 2, "usage"),
        (errors.SignInNeeded, 3, "sign_in"),
        (errors.Unreachable, 4, "unreachable"),
        (errors.Refused, 5, "refused"),
        (errors.NotProvided, 6, "not_provided"),
        (errors.NotFound, 1, "not_found"),
        (errors.BadAnswer, 1, "bad_answer"),
    ],
)
def test_codes_and_kinds(error: type[errors.NaruError], code: int, kind: str) -> None:
    made = error("words", "a hint")
    assert (made.exit_code, made.kind) == (code, kind)
    assert (made.message, made.hint, str(made)) == ("words", "a hint", "words")
    assert isinstance(made, errors.NaruError)


def test_no_kind_is_forgotten_here() -> None:
    kinds = [error.kind for error in errors.NaruError.__subclasses__() if error.__module__ == errors.__name__]
    assert sorted(kinds) == sorted(
        {"usage", "sign_in", "unreachable", "refused", "not_provided", "not_found", "bad_answer"}
    )


def test_the_hint_may_be_left_out() -> None:
    assert errors.NotFound("none").hint == ""
