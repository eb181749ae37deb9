"""Copying to the clipboard of the terminal in front, through SSH, tmux and screen: OSC 52.

The text travels in the terminal's own channel, so it is cleaned once more, made one line, and kept below what terminals
take. tmux drops the sequence in its usual setting (`set-clipboard external`), but takes a text by its own command and
hands it on; screen passes on what stands in a device control string.
"""

import asyncio
import base64
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from naru.joining import addressed
from naru_client.i18n import _, n_
from naru_client.model import Job
from naru_client.text import clean, clean_block

if TYPE_CHECKING:
    from textual.app import App

    from naru_client.insight.fold import Row

LONGEST = 74_994  # bytes of text: 99,992 of base64, and terminals take a sequence of 100,000
SCREEN_PIECE = 240  # bytes of one device control string: old screens take no more than 256
TMUX_SECONDS = 2.0  # a tmux that does not answer by then is given up


class Copy(Struct, frozen=True):
    """Something that can be copied: a key to choose it by, what it is, and the text."""

    key: str
    title: str
    text: str


def sequence(text: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal, or to the screen around it, so that the text is in the clipboard."""
    coded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    whole = f"\x1b]52;c;{coded}\x07"
    if not _in_screen(environ):
        return whole
    parts = [whole[at : at + SCREEN_PIECE] for at in range(0, len(whole), SCREEN_PIECE)]
    return "".join(f"\x1bP{part}\x1b\\" for part in parts)


def harmless(text: str) -> str:
    """One line without a control character: pasted into a shell, it waits for Enter."""
    return clean(text, max(len(text), 1))


def copy(
    app: "App[Any]", text: str, told: str, environ: Mapping[str, str] | None = None, *, lines: bool = False
) -> bool:
    """Put a text into the clipboard and say so with `told`; one that is too long is refused, with its size.

    Whether it was handed to the terminal: none says whether it took it. With `lines` its line feeds stay.
    """
    text = clean_block(text) if lines else harmless(text)
    size = len(text.encode("utf-8", "replace"))
    if size > LONGEST:
        refused = _("too much for the clipboard: {n} bytes, terminals take {most}; e writes a file").format(
            n=f"{size:,}", most=f"{LONGEST:,}"
        )
        app.notify(refused, severity="warning", markup=False)
        return False
    around = os.environ if environ is None else environ
    app._clipboard = text  # what a paste within Naru gives
    if around.get("TMUX"):
        app.run_worker(
            _through_tmux(app, text, around), group="copy", exclusive=True, description="hands a text to tmux"
        )
    else:
        write(app, sequence(text, around))
    app.notify(told, markup=False)
    return True


def copy_ids(app: "App[Any]", rows: "Sequence[Row | Job]") -> bool:
    """Copy the ids of rows, parted by blanks as commands take them."""
    ids = ids_of(rows)
    if not ids:
        return False
    if len(ids) == 1:
        told = _("copied {id}").format(id=clean(ids[0], 60))
    else:
        told = n_("copied {n} id", "copied {n} ids", len(ids)).format(n=len(ids))
    return copy(app, " ".join(ids), told)


def ids_of(rows: "Iterable[Row | Job]") -> list[str]:
    """What commands take for a row: an array's or het job's number for a folded one, else the job's id."""
    return list(dict.fromkeys(_id(row) for row in rows))


def copies_of(rows: "Sequence[Row | Job]", row_texts: Sequence[str], several: bool) -> tuple[Copy, ...]:
    """All that can be copied of these rows, `row_texts` being how they read in the table."""
    jobs = [_job(row) for row in rows]
    names = list(dict.fromkeys(job.name for job in jobs if job.name))
    folders = list(dict.fromkeys(job.work_dir for job in jobs if job.work_dir))
    commands = [
        "naru job " + shlex.quote(addressed(job.site, one, several))
        for job, one in zip(jobs, map(_id, rows), strict=True)
    ]
    found = [
        Copy("i", n_("the id", "the ids", len(rows)), " ".join(ids_of(rows))),
        Copy("n", n_("the name", "the names", len(names)), " ".join(names)),
        Copy("r", n_("the row as text", "the rows as text", len(rows)), " | ".join(row_texts)),
        Copy("f", n_("the work folder", "the work folders", len(folders)), " ".join(folders)),
        Copy("c", n_("the command that shows it", "the commands that show them", len(rows)), "; ".join(commands)),
    ]
    return tuple(Copy(one.key, one.title, harmless(one.text)) for one in found if one.text)


def write(app: "App[Any]", text: str) -> None:
    """Write to the terminal beside what is drawn: the sequence moves no cursor."""
    driver = app._driver
    if driver is not None:
        driver.write(text)


async def _through_tmux(app: "App[Any]", text: str, environ: Mapping[str, str]) -> None:
    """Into tmux's own buffer, which hands it on to the terminal outside (`-w`, from 3.2 on).

    An older tmux keeps it for its own paste, and is also sent the sequence, which it takes where it was told to.
    """
    data = text.encode("utf-8", "replace")
    if await _tmux(("load-buffer", "-w", "-"), data):
        return
    await _tmux(("load-buffer", "-"), data)
    write(app, sequence(text, {name: value for name, value in environ.items() if name != "STY"}))


async def _tmux(arguments: Sequence[str], data: bytes) -> bool:
    """Whether tmux did that."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(data), TMUX_SECONDS)
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0


def _in_screen(environ: Mapping[str, str]) -> bool:
    """GNU screen: it says so by STY; through SSH only TERM is left of it (tmux may call itself screen, too)."""
    if environ.get("TMUX"):
        return False
    return bool(environ.get("STY")) or environ.get("TERM", "").startswith("screen.")


def _job(row: "Row | Job") -> "Job":
    return row if isinstance(row, Job) else row.job


def _id(row: "Row | Job") -> str:
    job = _job(row)
    if not isinstance(row, Job) and row.foldable:
        return str(job.array_id or job.het_id or job.id)
    return job.id
