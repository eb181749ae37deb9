"""The options that sbatch knows, and how it reads a row of words as options. Pure.

The table is the union of Slurm 22.05 to 26.05, from the manual page (https://slurm.schedmd.com/sbatch.html) and the
help of each version. Words are read as getopt_long reads them: `--nodes=2`, `--nodes 2`, `--no-k`, `-N2`, `-HN 2`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.insight.request import Given, Origin
from naru_client.text import clean

Takes = Literal["nothing", "value", "maybe"]


class Option(Struct, frozen=True):
    """`name` is the long one that counts; an alias has that of the option it stands for."""

    name: str
    takes: Takes


class Word(Struct, frozen=True):
    """A word as the shell or sbatch hands it over, and where it stands in its line, as written, if it has one."""

    value: str
    line: int | None = None
    text: str = ""
    start: int = 0
    end: int = 0


# "name:x" has the short name x, "alias>name" stands for another.
_TABLE: dict[Takes, str] = {
    "value": """account:A acctg-freq array:a batch bb bbf begin:b chdir:D cluster-constraint cluster>clusters clusters:M
        comment constraint:C container container-id context core-spec:S cores-per-socket cpu-freq cpus-per-gpu
        cpus-per-task:c deadline delay-boot dependency:d distribution:m error:e exclude:x export export-file extra
        extra-node-info:B gid gpu-bind gpu-freq gpus:G gpus-per-node gpus-per-socket gpus-per-task gres gres-flags hint
        input:i job-name:J kill-on-invalid-dep licenses:L mail-type mail-user mcs-label mem mem-bind mem-per-cpu
        mem-per-gpu mem-update mincpus network nodefile:F nodelist:w nodes:N ntasks:n ntasks-per-core ntasks-per-gpu
        ntasks-per-node ntasks-per-socket ntasks-per-tres>ntasks-per-gpu open-mode output:o partition:p power prefer
        priority profile qos:q reservation resources runtime segment signal sockets-per-node switches
        tasks-per-node>ntasks-per-node thread-spec threads-per-core time:t time-min tmp tres-bind tres-per-task uid
        wait-all-nodes wckey wrap""",
    "maybe": "exclusive get-user-env nice no-kill:k oom-kill-step propagate requeue resv-ports",
    "nothing": """consolidate-segments contiguous external help:h hold:H ignore-pbs no-requeue overcommit:O
        oversubscribe:s parsable quiet:Q reboot spread-job spread-segments stepmgr test-only usage use-min-nodes
        verbose:v version:V wait:W""",
}

# What each part of a heterogeneous job must ask for anew; every other option goes on from part to part.
OF_ONE_PART = frozenset(
    """bb consolidate-segments constraint contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task
    distribution exclusive external extra-node-info gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task
    gres gres-flags hint licenses mail-type mail-user mem-bind mem-per-cpu mem-per-gpu mincpus network nodefile nodelist
    nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket overcommit oversubscribe partition
    power resv-ports segment sockets-per-node spread-job spread-segments switches thread-spec threads-per-core tmp
    tres-bind tres-per-task use-min-nodes""".split()
)

_VARIABLES = """ACCOUNT ACCTG_FREQ ARRAY_INX=array BATCH BURST_BUFFER=bb CLUSTER_CONSTRAINT CLUSTERS
    CONSOLIDATE_SEGMENTS CONSTRAINT CONTAINER CONTAINER_ID CORE_SPEC CPU_FREQ_REQ=cpu-freq CPUS_PER_GPU DELAY_BOOT
    DISTRIBUTION ERROR EXCLUSIVE EXPORT GET_USER_ENV GPUS GPUS_PER_NODE GPUS_PER_SOCKET GPUS_PER_TASK GPU_BIND GPU_FREQ
    GRES GRES_FLAGS HINT IGNORE_PBS INPUT JOB_NAME MEM_BIND MEM_PER_CPU MEM_PER_GPU MEM_PER_NODE=mem NETWORK NO_KILL
    NO_REQUEUE OPEN_MODE OUTPUT OVERCOMMIT PARTITION POWER PROFILE QOS REQUEUE RESERVATION RUNTIME SEGMENT_SIZE=segment
    SIGNAL SPREAD_JOB SPREAD_SEGMENTS THREADS_PER_CORE THREAD_SPEC TIMELIMIT=time TRES_BIND TRES_PER_TASK USE_MIN_NODES
    WAIT WAIT_ALL_NODES WCKEY"""

LONG: dict[str, Option] = {}
SHORT: dict[str, Option] = {}
for _takes, _names in _TABLE.items():
    for _spec in _names.split():
        _full, _sep, _short = _spec.partition(":")
        _alias, _sep, _name = _full.partition(">")
        LONG[_alias] = Option(_name or _alias, _takes)
        if _short:
            SHORT[_short] = LONG[_alias]

ENVIRONMENT: dict[str, Option] = {
    f"SBATCH_{variable}": LONG[name or variable.lower().replace("_", "-")]
    for variable, _sep, name in (spec.partition("=") for spec in _VARIABLES.split())
}


def read_words(words: Sequence[Word], file: str = "") -> tuple[list[Given], list[Given]]:
    """The options in a row of words: those that sbatch knows, and those that it does not, each in their order.

    Words without a line are options of a command. An unknown option may be one that a site has added; the word after it
    is taken for its value where it is no option itself. Raises UsageError, with file, line and word, for a value that
    is missing, one too many, and for a word that belongs to no option.
    """
    known: list[Given] = []
    unknown: list[Given] = []
    at = 0
    while at < len(words):
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else None
        if word.value.startswith("--") and len(word.value) > 2:
            used = _long(word, following, file, known, unknown)
        elif word.value.startswith("-") and word.value not in ("-", "--"):
            used = _short_ones(word, following, file, known, unknown)
        elif word.value == "--" and following is None:
            used = 1
        else:
            stray = following if word.value == "--" and following is not None else word
            raise wrong(
                _origin((stray,), file),
                _("this belongs to no option"),
                _("sbatch stops here. A value with a space in it must stand in quotes"),
            )
        at += used
    return known, unknown


def read_environment(environment: Mapping[str, str]) -> tuple[list[Given], list[str]]:
    """The options that `SBATCH_…` variables set, and the names of those that they switch off.

    A variable for an option without a value sets it when empty, "yes" or a number other than 0.
    """
    found: list[Given] = []
    off: list[str] = []
    for variable, option in ENVIRONMENT.items():
        value = environment.get(variable)
        if value is None:
            continue
        origin = Origin("environment", clean(f"{variable}={value}"))
        if option.takes == "nothing":
            if _is_set(value):
                found.append(Given(option.name, None, origin))
            else:
                off.append(option.name)
        else:
            found.append(Given(option.name, None if option.takes == "maybe" and not value else value, origin))
    return found, off


def wrong(origin: Origin, what: str, hint: str = "") -> UsageError:
    """The error for something that was written wrongly: file, line and word, and what is wrong with it."""
    return UsageError(_("{place}: {word}: {what}").format(place=place(origin), word=origin.word, what=what), hint)


def place(origin: Origin) -> str:
    """Where that is, in words."""
    if origin.source == "script":
        return _("{file}, line {line}").format(file=origin.file or _("the script"), line=origin.line)
    return _("the environment") if origin.source == "environment" else _("the options")


def _long(word: Word, following: Word | None, file: str, known: list[Given], unknown: list[Given]) -> int:
    name, equals, value = word.value[2:].partition("=")
    option = _find(name, word, file)
    if option is None:
        takes_next = not equals and following is not None and not following.value.startswith("-")
        return _keep(unknown, name, value if equals else None, word, following if takes_next else None, file)
    if option.takes == "nothing" and equals:
        raise wrong(_origin((word,), file), _("this option takes no value"))
    return _take(option, value if equals else None, word, following, file, known)


def _short_ones(word: Word, following: Word | None, file: str, known: list[Given], unknown: list[Given]) -> int:
    for at, letter in enumerate(word.value[1:], 1):
        option = SHORT.get(letter)
        rest = word.value[at + 1 :]
        if option is None:
            takes_next = not rest and following is not None and not following.value.startswith("-")
            return _keep(unknown, letter, rest or None, word, following if takes_next else None, file)
        if option.takes != "nothing":
            return _take(option, rest or None, word, following, file, known)
        known.append(Given(option.name, None, _origin((word,), file)))
    return 1


def _take(option: Option, value: str | None, word: Word, following: Word | None, file: str, known: list[Given]) -> int:
    if option.takes != "value" or value is not None:
        known.append(Given(option.name, value, _origin((word,), file)))
        return 1
    if following is None:
        raise wrong(_origin((word,), file), _("this option needs a value"))
    known.append(Given(option.name, following.value, _origin((word, following), file)))
    return 2


def _keep(unknown: list[Given], name: str, value: str | None, word: Word, following: Word | None, file: str) -> int:
    if following is None:
        unknown.append(Given(clean(name), value, _origin((word,), file)))
        return 1
    unknown.append(Given(clean(name), following.value, _origin((word, following), file)))
    return 2


def _find(name: str, word: Word, file: str) -> Option | None:
    """The option of that name, or the only one whose name begins so."""
    if name in LONG or not name:
        return LONG.get(name)
    near = {long: option for long, option in LONG.items() if long.startswith(name)}
    if len(set(near.values())) > 1 and len({option.name for option in near.values()}) > 1:
        meant = ", ".join(f"--{long}" for long in sorted(near))
        raise wrong(_origin((word,), file), _("this may mean any of {options}").format(options=meant))
    return next(iter(near.values()), None)


def _origin(words: Sequence[Word], file: str) -> Origin:
    first, last = words[0], words[-1]
    if first.line is None:
        return Origin("option", clean(" ".join(word.value for word in words)))
    if last.line != first.line:  # a value on the next line: sbatch sees one row of words
        last = first
    return Origin(
        "script",
        clean(first.text[first.start : last.end]),
        clean(file),
        first.line,
        clean(first.text[: first.start]),
        clean(first.text[last.end :]),
    )


def _is_set(value: str) -> bool:
    if value == "" or value.lower() == "yes":
        return True
    try:
        return int(value) != 0
    except ValueError:
        return False
