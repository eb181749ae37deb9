"""`naru`: the entry point. Turns whatever goes wrong into one line, a hint and an exit code."""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from naru_client.errors import NaruError

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
NOBODY_READS = 141  # 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run `naru` with these arguments, or with the process's own; the exit code."""
    collecting = gc.isenabled()
    gc.disable()  # a verb is over before there is anything to collect: a sixth of its time is saved
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    finally:
        if collecting:
            gc.enable()


def _run(argv: list[str]) -> int:
    from naru import cli
    from naru.terminal import standard_streams

    stdout, stderr = standard_streams()
    try:
        cli.choose_language("", os.environ)
        code = cli.execute(argv, stdout, stderr, os.environ)
        stdout.flush()
    except SystemExit as leaving:  # --help, --version
        return _flushed(stdout, leaving.code if isinstance(leaving.code, int) else 0)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except NaruError as error:
        return _failed(error, argv, stdout, stderr)
    except Exception as error:
        if os.environ.get("NARU_DEBUG") == "1":
            raise
        if isinstance(error, OSError):
            _throw_output_away()
        return _failed(_internal(error), argv, stdout, stderr)
    return code


def _failed(error: NaruError, argv: Sequence[str], stdout: IO[str], stderr: IO[str]) -> int:
    from naru import cli, output
    from naru.terminal import look

    try:
        if cli.wants_json(argv):
            output.write_bytes(stdout, output.error_envelope(cli.schema_of(argv), error))
        output.complain(stderr, error, look(stderr, os.environ))
        stderr.flush()
    except BrokenPipeError:
        return _nobody_reads()
    except OSError:  # a full disk: there is nowhere left to say so
        return error.exit_code or 1
    return error.exit_code


def _internal(error: Exception) -> NaruError:
    """What is said of a mistake of ours. Never the error's own words: they may quote a token or a name from outside."""
    from naru_client.i18n import _

    if isinstance(error, OSError) and error.strerror and not isinstance(error, ConnectionError):
        return NaruError(_("cannot write or read: {words}").format(words=error.strerror))
    place = ""
    trace = error.__traceback__
    while trace is not None:
        name = os.path.basename(trace.tb_frame.f_code.co_filename)
        place, trace = f"{name}:{trace.tb_lineno}", trace.tb_next
    return NaruError(
        _("internal error: {kind} at {place}").format(kind=type(error).__name__, place=place),
        _("NARU_DEBUG=1 shows the whole traceback; please report it"),
    )


def _flushed(stdout: IO[str], code: int) -> int:
    try:
        stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code


def _nobody_reads() -> int:
    """`naru jobs | head`: leave quietly."""
    _throw_output_away()
    return NOBODY_READS


def _throw_output_away() -> None:
    """Keep Python from complaining when, at its end, it flushes what could not be written."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
