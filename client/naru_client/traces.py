"""Traces of what a centre did: the Standard Workload Format, and what `sacct --parsable2` printed.

Read strictly: what is not in the form is told with its file and line. What is in the form but cannot be (a negative run
time) is taken for unknown, and said.
"""

import zlib
from pathlib import Path

from naru_client.errors import UsageError
from naru_client.files import MEBIBYTE, read_regular, why_unreadable
from naru_client.i18n import _
from naru_client.text import clean
from naru_client.traces_sacct import looks_like_sacct, read_sacct
from naru_client.traces_swf import read_swf
from naru_client.traces_words import Trace

_LARGEST = 1024 * MEBIBYTE
_GZIP = b"\x1f\x8b"


def read_trace(path: Path) -> Trace:
    """The trace in a file, plain or gzip. Raises UsageError with file and line for what is not one."""
    shown = clean(str(path))
    try:
        text = _unpacked(read_regular(path, _LARGEST)).decode("utf-8", "replace")
    except (OSError, ValueError, zlib.error) as error:
        raise UsageError(_("cannot read {path}: {why}").format(path=shown, why=clean(why_unreadable(error)))) from None
    trace = (read_sacct if looks_like_sacct(text) else read_swf)(text, shown)
    if not any(one.started is not None for one in trace.jobs):
        raise UsageError(
            _("no job in {path} ever started").format(path=shown),
            _("a trace is in the Standard Workload Format, or what `sacct --parsable2` prints, with its first line"),
        )
    return trace


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    unpacking = zlib.decompressobj(wbits=31)
    text = unpacking.decompress(body, _LARGEST)
    if unpacking.unconsumed_tail:
        raise ValueError(_("it is larger than {n} bytes").format(n=_LARGEST))
    if not unpacking.eof:
        raise ValueError(_("it is cut off"))
    return text
