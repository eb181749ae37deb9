"""What `naru doctor` finds out about centres: Slurm's commands, each profile's way in, its token, and who answers."""

import asyncio
import os
import re
import shutil
import stat
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from naru import format as form
from naru.commands.check import Check
from naru.session import Context, Opened, by_commands, choose_profile
from naru_client.centre import Centre
from naru_client.config import Profile
from naru_client.credentials import Secret, find_token
from naru_client.errors import NaruError, NotProvided
from naru_client.i18n import _
from naru_client.slurm.address import base_address, shown_url
from naru_client.text import clean

COMMANDS = ("squeue", "sinfo", "scontrol", "sacct")
PATIENCE = 5.0  # seconds for a command or a connection
EXPIRES_SOON = timedelta(minutes=15)
_PARSER = re.compile(r"v0\.0\.\d+")


async def checks(context: Context) -> list[Check]:
    found: list[Check] = []
    chosen: Profile | None = None
    unchosen: NaruError | None = None
    if not context.args.replay:
        try:
            chosen = choose_profile(context.args, context.settings)
        except NaruError as error:
            unchosen = error
    found += await _commands(*_paths(chosen, context.environ), needed=chosen is not None and by_commands(chosen))
    for profile in context.settings.profiles.values():
        found += await _profile(profile)
    if chosen is not None and chosen.name not in context.settings.profiles and chosen.name != "local":
        found += await _profile(chosen)
    if unchosen is not None:
        found.append(
            Check(id="centre", state="problem", subject=_("centre"), found=unchosen.message, remedy=unchosen.hint)
        )
        return found
    return found + await _centre(context)


def _paths(profile: Profile | None, environ: Mapping[str, str]) -> tuple[dict[str, str | None], str]:
    """Where each command is, and the folder that was looked in, "" for PATH."""
    folder = os.path.expanduser(profile.bin) if profile and profile.bin else ""
    return {name: shutil.which(name, path=folder or environ.get("PATH")) for name in COMMANDS}, folder


async def _commands(paths: Mapping[str, str | None], folder: str, *, needed: bool) -> list[Check]:
    """Which of Slurm's commands there are, of which version, and which JSON they speak."""
    subject = _("Slurm's commands")
    missing = [name for name, path in paths.items() if path is None]
    if len(missing) == len(COMMANDS):
        return [
            Check(
                id="commands",
                state="problem" if needed else "ok",
                subject=subject,
                found=_("none in {folder}").format(folder=clean(folder)) if folder else _("none on PATH"),
                remedy=_("load the site's Slurm module, or set `bin` in the profile") if needed else "",
            )
        ]
    if missing:
        return [
            Check(
                id="commands",
                state="warn",
                subject=subject,
                found=_("not found: {names}").format(names=", ".join(missing)),
                remedy=_("load the site's Slurm module, or set `bin` in the profile"),
            )
        ]
    squeue = paths["squeue"] or "squeue"
    (status, version), (_status, said) = await asyncio.gather(_said(squeue, "--version"), _said(squeue, "--json=list"))
    if status != 0:
        ended = _("it did not run, or not end") if status is None else _("exit code {code}").format(code=status)
        words = clean(version.strip().partition("\n")[0], 200)
        return [
            Check(
                id="commands",
                state="problem" if needed else "warn",
                subject=subject,
                found=_("`{command}` fails: {why}").format(
                    command=clean(f"{squeue} --version"), why=f"{ended}: {words}" if words else ended
                ),
                remedy=_("load the site's Slurm module anew, or ask the site's support"),
            )
        ]
    parsers = sorted(set(_PARSER.findall(said)), key=lambda name: int(name.rpartition(".")[2]))
    told = clean(version.strip() or _("version unknown"), 60)
    if parsers:
        told += _(", JSON {parsers}").format(parsers=" ".join(parsers))
    return [Check(id="commands", state="ok", subject=subject, found=f"{told}, {clean(os.path.dirname(squeue))}")]


async def _said(*argv: str) -> tuple[int | None, str]:
    """How a command ends, and what it prints on both outputs; None when it cannot be run or does not end in time."""
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return None, error.strerror or ""
    try:
        out, _none = await asyncio.wait_for(child.communicate(), PATIENCE)
    except TimeoutError:
        child.kill()
        await child.wait()
        return None, ""
    return child.returncode, out[:10_000].decode("utf-8", "replace")


async def _profile(profile: Profile) -> list[Check]:
    if profile.dialect != "slurm":
        return []
    found: list[Check] = []
    # an address given as --profile is its own name, and may hold a password
    name = "…@" + profile.name.rpartition("@")[2] if "@" in profile.name and "@" in profile.url else profile.name
    subject = _("profile {name}").format(name=clean(name))
    if profile.socket and profile.reach in ("auto", "socket") and not profile.url:
        found.append(_socket(profile, subject))
    if profile.url and profile.reach in ("auto", "http"):
        found.append(await _url(profile, subject))
        found.append(await asyncio.to_thread(_token, profile, subject))
    return found


def _socket(profile: Profile, subject: str) -> Check:
    path = os.path.expanduser(profile.socket)
    try:
        is_socket = stat.S_ISSOCK(os.stat(path).st_mode)
        why = "" if is_socket else _("it is not a socket")
    except OSError as error:
        why = clean(error.strerror or type(error).__name__)
    if not why and not os.access(path, os.R_OK | os.W_OK):
        why = _("you may not use it")
    if why:
        return Check(
            id="socket",
            state="problem",
            subject=subject,
            found=f"{clean(path)}: {why}",
            remedy=_("ask the site where slurmrestd listens, or whether it runs"),
        )
    return Check(id="socket", state="ok", subject=subject, found=_("{path} is there").format(path=clean(path)))


async def _url(profile: Profile, subject: str) -> Check:
    """Whether anybody listens there; whether it is slurmrestd shows when it is asked."""
    shown = shown_url(profile)
    try:
        parts = urlsplit(base_address(profile)[0])
    except NaruError as error:
        return Check(id="url", state="problem", subject=subject, found=error.message, remedy=error.hint)
    host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    try:
        _reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), min(PATIENCE, profile.timeout))
    except (OSError, TimeoutError, ValueError) as error:
        words = clean(getattr(error, "strerror", None) or type(error).__name__, 200)
        return Check(
            id="url",
            state="problem",
            subject=subject,
            found=_("nobody answers at {url}: {why}").format(url=shown, why=words),
            remedy=_("check the address, the VPN and whether slurmrestd runs"),
        )
    writer.close()
    return Check(id="url", state="ok", subject=subject, found=_("{url} answers").format(url=shown))


def _token(profile: Profile, subject: str) -> Check:
    where = _("the command") if profile.token_command else clean(profile.token_file or profile.token_env)
    try:
        token = find_token(profile)
    except NaruError as error:
        return Check(id="token", state="problem", subject=subject, found=error.message, remedy=error.hint)
    if token is None:
        return Check(
            id="token",
            state="problem",
            subject=subject,
            found=_("no token in {where}").format(where=where),
            remedy=_("`scontrol token` makes one on a login node; set `token-env`, `token-file` or `token-command`"),
        )
    return _expiry(expires(token), subject, where, datetime.now(UTC))


def _expiry(ends: datetime | None, subject: str, where: str, now: datetime) -> Check:
    found = _("a token in {where}").format(where=where)
    if ends is None:
        return Check(id="token", state="ok", subject=subject, found=found)
    left = (ends - now).total_seconds()
    if left <= 0:
        return Check(
            id="token",
            state="problem",
            subject=subject,
            found=_("{token}, expired {span} ago").format(token=found, span=form.duration(-left)),
            remedy=_("get a new one: scontrol token lifespan=86400"),
        )
    told = _("{token}, good for {span}").format(token=found, span=form.duration(left))
    soon = left < EXPIRES_SOON.total_seconds()
    remedy = _("get a new one: scontrol token lifespan=86400") if soon else ""
    return Check(id="token", state="warn" if soon else "ok", subject=subject, found=told, remedy=remedy)


def expires(token: Secret) -> datetime | None:
    """When a JWT ends, by its own claim; None for any other token. The claim is shown, never trusted for anything."""
    from base64 import urlsafe_b64decode

    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        claims: Any = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, msgspec.DecodeError):
        return None


async def _centre(context: Context) -> list[Check]:
    """Ask the centre that is meant, each of its sites: does it answer, does its accounting."""
    try:
        opened = await context.open()
    except NaruError as error:
        return [Check(id="centre", state="problem", subject=_("centre"), found=error.message, remedy=error.hint)]
    found = await asyncio.gather(*(_site(centre, opened) for centre in opened.centres))
    return [check for checks in found for check in checks]


async def _site(centre: Centre, opened: Opened) -> list[Check]:
    """One open site: itself, and its accounting."""
    subject = _("centre")
    if opened.several:
        subject = _("site {name}").format(name=clean(centre.id))
    try:
        reading = await centre.site()
    except NaruError as error:
        return [Check(id="centre", state="problem", subject=subject, found=error.message, remedy=error.hint)]
    site = reading.value
    told = ", ".join(filter(None, (site.name, site.scheduler, site.contract, site.reached_by, site.user)))
    found = [Check(id="centre", state="ok", subject=subject, found=told)]
    if site.healthy is False:
        detail = site.health_detail or _("it says that it is not well")
        remedy = _("ask the site's support; what is shown may be old")
        found[0] = Check(id="centre", state="problem", subject=subject, found=f"{told}: {detail}", remedy=remedy)
    return [*found, await _accounting(centre, opened)]


async def _accounting(centre: Centre, opened: Opened) -> Check:
    subject = _("accounting")
    if opened.several:
        subject = _("accounting of {name}").format(name=clean(centre.id))
    try:
        await centre.history(since=opened.clock() - timedelta(minutes=1), user=centre.user)
    except NotProvided as error:
        remedy = _("finished jobs are shown only as long as the scheduler remembers them")
        return Check(id="accounting", state="warn", subject=subject, found=error.message, remedy=remedy)
    except NaruError as error:
        return Check(id="accounting", state="problem", subject=subject, found=error.message, remedy=error.hint)
    return Check(id="accounting", state="ok", subject=subject, found=_("answers"))
