"""Why a connection failed, in plain words: errors of the system and of TLS, however deep libraries wrap them. Pure."""

import errno
import socket
import ssl
from collections.abc import Iterator

from naru_client.i18n import _
from naru_client.text import clean


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and what groups of errors hold; the outermost first."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        if inner := one.__cause__ or one.__context__:
            waiting.append(inner)


def has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(one, kind) for one in causes(error))


def untrusted_certificate(error: BaseException) -> bool:
    return has_cause(error, ssl.SSLCertVerificationError)


def plain_words(error: BaseException) -> str:
    """One line, of the words of the innermost error that says something; never those of a library."""
    said = ""
    for one in causes(error):
        said = _words(one) or said
    return said or _("the connection failed")


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return clean(error.verify_message, 160)
    if isinstance(error, ssl.SSLError):
        return _("it does not speak TLS as it should")
    if isinstance(error, socket.gaierror):
        return _("there is no host of that name")
    if isinstance(error, TimeoutError):
        return _("it did not answer in time")
    if isinstance(error, ConnectionRefusedError):
        return _("connection refused")
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return _("it closed the connection")
    if isinstance(error, OSError):
        return _of_system(error.errno)
    return ""


def _of_system(number: int | None) -> str:
    if number in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN):
        return _("there is no way to that network")
    if number in (errno.EACCES, errno.EPERM):
        return _("you may not use it")
    if number == errno.ENOTSOCK:
        return _("it is not a socket")
    if number == errno.ENOENT:
        return _("there is nothing at that path")
    return ""
