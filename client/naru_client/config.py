"""Settings and profiles: `config.toml`, checked strictly, with the place of every mistake."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

from naru_client.errors import UsageError
from naru_client.files import read_regular, why_unreadable
from naru_client.i18n import _, mark
from naru_client.model import Grant
from naru_client.text import clean

Seconds = Annotated[float, Meta(ge=1, le=3600)]
DAY = 86400
Speed = Annotated[float, Meta(gt=0, le=DAY)]

_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_BOUND = re.compile(r"Expected `\w+` (>=|<=|>) (\S+)")
_KIND = re.compile(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`")
_KINDS = {
    "str": mark("text"), "int": mark("a whole number"), "float": mark("a number"), "bool": mark("true or false"),
    "array": mark("a list"), "object": mark("a table"), "datetime": mark("a moment"), "date": mark("a date"),
    "time": mark("a time of day"),
}  # fmt: skip
_BARE = re.compile(r"[A-Za-z0-9_-]+")

FIRST_YEAR, LAST_YEAR = 1970, 2999  # of a contract
MOST_HOURS = 10**12  # more than there are accelerators and hours; what is drawn is reckoned in floats


class PollSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How often a centre is asked. Lower figures than the defaults are for centres whose staff agree."""

    jobs: Annotated[float, Meta(ge=5, le=DAY)] = 15.0
    """Seconds between two readings of the queue."""
    others: Annotated[float, Meta(ge=15, le=DAY)] = 60.0
    """Seconds between two readings of anything else."""
    everybody_factor: Annotated[float, Meta(ge=1, le=1000)] = 5.0
    """So many times slower while the jobs of all users are shown."""
    calls_per_minute: Annotated[int, Meta(ge=4, le=600)] = 20
    """At most so many calls a minute to one site, whatever is shown and pressed: more of them wait their turn."""
    idle_after: Annotated[float, Meta(ge=60, le=DAY)] = 600.0
    """Seconds without a key or the mouse after which everything is asked four times slower."""
    stop_after: Annotated[float, Meta(ge=300, le=30 * DAY)] = 14400.0
    """Seconds without a key or the mouse after which nothing is asked until the next one."""
    share: bool = True
    """Whether several Naru of yours on one machine share their answers instead of each asking for itself."""


class Profile(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """One way to one centre."""

    name: str = ""
    """The key it stands under in `[profiles]`; not itself a setting."""
    dialect: str = "slurm"
    """The contract the centre speaks: `slurm`, `mock`, or one that an installed package provides."""
    reach: Literal["auto", "commands", "socket", "http"] = "auto"
    """How a Slurm centre is reached: its commands, slurmrestd on a unix socket, or slurmrestd over HTTP(S).
    `auto` is `http` where `url` is set, `socket` where `socket` is set, else `commands`."""
    url: str = ""
    """Where slurmrestd answers, without a path: `https://slurm.example.org`."""
    socket: str = ""
    """Path of slurmrestd's unix socket."""
    user: str = ""
    """Your user name at the centre, where it is not the local one."""
    token_env: str = "SLURM_JWT"
    """The environment variable that holds the token."""
    token_file: str = ""
    """A file that holds the token; only you may read it (mode 600)."""
    token_command: tuple[str, ...] = ()
    """A command (a list, no shell) that prints the token."""
    token_header: Literal["slurm", "bearer"] = "slurm"
    """`X-SLURM-USER-TOKEN`, or `Authorization: Bearer` for proxies that want it."""
    contract: str = ""
    """Pin the contract's version (`v0.0.42`) instead of negotiating it."""
    bin: str = ""
    """The folder of the Slurm commands, where they are not on PATH."""
    slurm_conf: str = ""
    """The SLURM_CONF to use for the commands."""
    ca_bundle: str = ""
    """A file of certificates to trust instead of the system's."""
    firecrest_url: str = ""
    """Where FirecREST v2 answers, which reads logs where the centre's file system is not at hand. It gets the same
    token, as a bearer."""
    firecrest_system: str = ""
    """The centre's name at FirecREST, where it is not the cluster's."""
    tariff: str = ""
    """What jobs cost here: a preset's name, or the path of a `.toml` file (see `docs/tariffs.md`)."""
    customer: str = ""
    """Your class of customer in the tariff, where it has classes."""
    service: str = ""
    """The service you use in the tariff, where it has several."""
    price: str = ""
    """The currency to tell costs in, where the tariff has prices; its own unit when empty."""
    site_rules: str = ""
    """The site's own rules for what is submitted: a preset's name, or the path of a `.toml` file."""
    exhausted: Literal["", "fails", "waits", "low-priority", "free-queue"] = ""
    """What becomes of jobs here once a grant is used up; empty: not known."""
    usage_decays: bool | None = None
    """Whether use counts for less as it ages (PriorityDecayHalfLife), which slurmrestd cannot tell. Where it does not,
    a grant runs out for good, and when is foretold."""
    least_pace: Annotated[float, Meta(gt=0, le=1)] = 0.8
    """Below this part of an even use over the contract a grant counts as under-used."""
    grants: dict[str, Grant] = field(default_factory=dict)
    """What was agreed with each account: account = { start = DATE, end = DATE, hours = { gpu = N } }."""
    timeout: Seconds = 30.0
    """Seconds to wait for one answer."""
    scenario: str = "small"
    """The scenario of a simulated centre: a name, or the path of a `.toml` file."""
    seed: Annotated[int, Meta(ge=0)] = 1
    """The seed of a simulated centre."""
    speed: Speed | None = None
    """Simulated seconds a second in a simulated centre; the scenario's own when not given."""
    site: str = ""
    """The one site of a simulated centre to open, where it has several; all of them when empty."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """Everything `config.toml` may hold."""

    default_profile: str = ""
    """The profile used when `--profile` names none."""
    theme: str = "naru-dark"
    """The theme: one of `naru themes`."""
    language: str = ""
    """`en` or `ko`; empty follows the locale."""
    glyphs: Literal["auto", "unicode", "ascii"] = "auto"
    """Which characters draw bars and maps; `auto` is ASCII where the locale is not UTF-8."""
    mouse: bool = True
    """Whether the mouse works in the terminal."""
    poll: PollSettings = PollSettings()
    keys: dict[str, str] = field(default_factory=dict)
    """Other keys for the actions: binding id = keys, comma separated (`jobs.sort = "s,o"`)."""
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns of a table, in order: table name = list of column ids."""
    tab: Literal["overview", "jobs", "gpus", "quota", "plan"] = "overview"
    """The tab that is open at the start."""
    everybody: bool = False
    """Whether everybody's jobs are asked for at the start, and not one's own."""
    filters: dict[str, str] = field(default_factory=dict)
    """Saved filters: name = filter. `@name` stands for it wherever a filter is typed."""
    profiles: dict[str, Profile] = field(default_factory=dict)


def config_folder() -> Path:
    """Where a user's settings and themes lie: `$XDG_CONFIG_HOME/naru`, or `~/.config/naru`."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(base) / "naru"


def load_settings(path: Path | None = None) -> Settings:
    """Read `config.toml`; the defaults when there is none. Raises UsageError with the file and the place."""
    path = path or config_folder() / "config.toml"
    try:
        text = read_regular(path).decode("utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise UsageError(
            _("cannot read {path}: {why}").format(path=clean(str(path)), why=clean(why_unreadable(error))),
            _("see `naru doctor`"),
        ) from None
    import tomllib  # most people have no settings, and start-up is counted in milliseconds

    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:  # TOMLDecodeError is a ValueError
        why = clean(str(error)) if isinstance(error, ValueError) else _("it is nested too deeply")
        raise UsageError(
            _("{path} is not valid TOML: {why}").format(path=clean(str(path)), why=why), _("see `naru doctor`")
        ) from None
    return parse_settings(data, clean(str(path)))


def parse_settings(data: dict[str, Any], where: str) -> Settings:
    """Check already parsed TOML. Raises UsageError naming `where` and the key at fault."""
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise _misfit(data, where, error) from None
    for name, told in data.get("profiles", {}).items():
        if "name" in told:
            raise UsageError(
                _("{where}: at {place}: unknown key {key!r}").format(
                    where=where, place=_key("profiles", name), key="name"
                ),
                _("a profile's name is what stands in its heading: [{place}]").format(place=_key("profiles", name)),
            )
    profiles = {name: msgspec.structs.replace(p, name=name) for name, p in settings.profiles.items()}
    for profile in profiles.values():
        _check_words(profile, where)
        _check_grants(profile, where)
    if settings.default_profile and settings.default_profile not in profiles:
        raise UsageError(
            _("{where}: default-profile names {name}, which is not in [profiles]").format(
                where=where, name=repr(clean(settings.default_profile))
            ),
            _("profiles there: {names}").format(names=_listed(profiles)),
        )
    return msgspec.structs.replace(settings, profiles=profiles)


def find_profile(settings: Settings, name: str) -> Profile:
    """The profile of that name; an address (`https://…`, `unix:/path`) is a profile of its own."""
    if name in settings.profiles:
        return settings.profiles[name]
    if name.startswith(("http://", "https://")):
        address = name.split("://", 1)[1].rstrip("/")
        if not address:
            raise UsageError(_("{address} names no host").format(address=clean(name)), _("write it as https://host"))
        return Profile(name=address, url=name.rstrip("/"))
    if name.startswith("unix:"):
        if not name.removeprefix("unix:").strip():
            raise UsageError(_("unix: names no socket"), _("write it as unix:/path"))
        return Profile(name="socket", socket=name.removeprefix("unix:"))
    if "://" in name:
        raise UsageError(
            _("{address} is not an address that Naru can reach").format(address=clean(name)),
            _("it must begin with https://, http:// (only on this machine) or unix:"),
        )
    raise UsageError(
        _("no profile named {name}").format(name=repr(clean(name))),
        _("profiles: {names}").format(names=_listed(settings.profiles)),
    )


def _check_words(profile: Profile, where: str) -> None:
    """Refuse what no file, command or variable can be named by."""
    for setting, key in zip(Profile.__struct_fields__, Profile.__struct_encode_fields__, strict=True):
        value = getattr(profile, setting)
        words = value if isinstance(value, tuple) else (value,)
        for number, word in enumerate(words):
            if not isinstance(word, str):
                continue
            place = _key("profiles", profile.name) + (f".{key}" if words is not value else f".{key}[{number}]")
            if "\0" in word:
                raise UsageError(
                    _("{where}: {place} must not hold a NUL character").format(where=where, place=place),
                    _("the settings are described in the README"),
                )
            if setting == "token_command" and number == 0 and not word.strip():
                raise UsageError(
                    _("{where}: {place} is empty: it must name the command").format(where=where, place=place),
                    _("the settings are described in the README"),
                )


def _check_grants(profile: Profile, where: str) -> None:
    """Refuse contracts that end before they begin, and what nobody can be granted."""
    for account, grant in profile.grants.items():
        place = f"{_key('profiles', profile.name)}.{_key('grants', account)}"
        for day in (grant.start, grant.end):  # nearer the ends of the calendar a day has no neighbour to reckon with
            if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise UsageError(
                    _("{where}: {place}: {day} is not in the years {first} to {last}").format(
                        where=where, place=place, day=day, first=FIRST_YEAR, last=LAST_YEAR
                    ),
                    _("leave out the end of a contract that has none"),
                )
        if grant.start is not None and grant.end is not None and grant.end < grant.start:
            raise UsageError(
                _("{where}: {place} ends on {end}, before it starts on {start}").format(
                    where=where, place=place, end=grant.end, start=grant.start
                ),
                _("the settings are described in the README"),
            )
        if (wrong := next((name for name, hours in grant.hours.items() if hours < 0), None)) is not None:
            raise UsageError(
                f"{where}: {place}.{_key('hours', wrong)} " + _("must be at least {n:g}").format(n=0),
                _("the settings are described in the README"),
            )
        if (wrong := next((name for name, hours in grant.hours.items() if hours > MOST_HOURS), None)) is not None:
            raise UsageError(
                f"{where}: {place}.{_key('hours', wrong)} " + _("must be at most {n:g}").format(n=MOST_HOURS),
                _("the settings are described in the README"),
            )


def _misfit(data: dict[str, Any], where: str, error: msgspec.ValidationError) -> UsageError:
    """What msgspec refused, with its place in front, as a person looks for it.

    msgspec writes `$.profiles[...].url` for whichever profile it was: which one is found by trying each by itself.
    """
    text, _sep, path = str(error).rpartition(" - at `$")
    if not text:
        text, path = str(error), ""
    place = path.rstrip("`").lstrip(".")
    struct: type[Struct] = PollSettings if place.startswith("poll") else Settings
    if place.startswith(table := "profiles[...]"):
        struct = Profile
        name = _first_misfit(data["profiles"], Profile)
        rest = place.removeprefix(table)
        if rest.startswith(inner := ".grants[...]"):
            struct = Grant
            rest = "." + _key("grants", _first_misfit(data["profiles"][name]["grants"], Grant)) + rest[len(inner) :]
        place = _key("profiles", name) + rest
    elif place.startswith(table := "keys[...]"):
        place = _key("keys", _first_misfit(data["keys"], str)) + place.removeprefix(table)
    elif place.startswith(table := "filters[...]"):
        place = _key("filters", _first_misfit(data["filters"], str)) + place.removeprefix(table)
    elif place.startswith(table := "columns[...]"):
        place = _key("columns", _first_misfit(data["columns"], tuple[str, ...])) + place.removeprefix(table)
    hint = _("the settings are described in the README")
    if unknown := _UNKNOWN.fullmatch(text):
        text = _("unknown key {key}").format(key=repr(clean(unknown[1], 60)))
        hint = _nearest(unknown[1], struct) or hint
    shown = clean(place) or _("the top")
    if told := _told_plainly(text, place, struct):
        return UsageError(f"{where}: {shown} {told}", hint)
    return UsageError(_("{where}: at {place}: {what}").format(where=where, place=shown, what=clean(text)), hint)


def _told_plainly(text: str, place: str, struct: type[Struct]) -> str:
    """What msgspec says of a value, in plain words that follow the value's name; "" for anything it seldom says."""
    if found := _KIND.fullmatch(text):
        wanted, got = (_(_KINDS.get(kind, kind)) for kind in found.groups())
        return _("must be {wanted}, not {got}").format(wanted=wanted, got=got)
    if found := _BOUND.fullmatch(text):
        words = {">=": _("must be at least {n:g}"), "<=": _("must be at most {n:g}"), ">": _("must be above {n:g}")}
        return words[found[1]].format(n=float(found[2]))
    if text == "Number out of range":
        return _("is too large a number")
    if text.startswith("Invalid enum value"):
        kind = get_type_hints(struct).get(place.rpartition(".")[2].replace("-", "_"))
        if get_args(kind):
            return _("must be one of {names}").format(names=", ".join(filter(None, map(str, get_args(kind)))))
    return ""


def _first_misfit(table: dict[str, Any], kind: Any) -> str:
    """The first key whose value is not of that kind."""
    for name, value in table.items():
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            return name
    return "?"


def _key(table: str, name: str) -> str:
    """A key as TOML writes it: quoted where it is not a bare one."""
    shown = clean(name, 60)
    return f"{table}.{shown}" if _BARE.fullmatch(shown) else f'{table}."{shown}"'


def _nearest(key: str, struct: type[Struct]) -> str:
    """A hint with the key that was probably meant; "" when none is near."""
    from difflib import get_close_matches

    known = [name for name in struct.__struct_encode_fields__ if (struct, name) != (Profile, "name")]
    near = get_close_matches(key.lower().replace("_", "-"), known, n=1)
    return _("did you mean {name}?").format(name=near[0]) if near else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(clean, names)) or _("none configured")
