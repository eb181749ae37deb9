"""Everything that can go wrong, once.

    NaruError
      UsageError        2  a bad argument or setting; says what and where
      SignInNeeded      3  no token, or one that the centre no longer accepts
      Unreachable       4  no answer: refused, timed out, no such host, controller down
      Refused           5  the centre understood and said no
      NotProvided       6  this centre or recording does not have it
      NotFound          1  nothing by that name
      BadAnswer         1  an answer that is not what the contract says (truncated, not JSON, wrong shape)

Messages are one line, already cleaned of anything that came from outside; `hint` says what to do next.
"""

from typing import ClassVar


class NaruError(Exception):
    """Base of all errors that Naru shows to a person: one line, a hint, an exit code.

    `retry_after` is for how many seconds the centre asked to be left alone; None where it did not ask.
    """

    kind: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.retry_after = retry_after


class UsageError(NaruError):
    kind = "usage"
    exit_code = 2


class SignInNeeded(NaruError):
    kind = "sign_in"
    exit_code = 3


class Unreachable(NaruError):
    kind = "unreachable"
    exit_code = 4


class Refused(NaruError):
    kind = "refused"
    exit_code = 5


class NotProvided(NaruError):
    kind = "not_provided"
    exit_code = 6


class NotFound(NaruError):
    kind = "not_found"


class BadAnswer(NaruError):
    kind = "bad_answer"
