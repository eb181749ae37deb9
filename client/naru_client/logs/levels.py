"""How grave a line is by its own word for it, in the shapes that loggers give it. Pure.

Only what stands where a level stands counts: the word "error" in a sentence says nothing.
"""

import re
from typing import Literal

Level = Literal["debug", "info", "warning", "error", "fatal"]

_LETTERS: dict[str, Level] = {"D": "debug", "I": "info", "W": "warning", "E": "error", "C": "fatal", "F": "fatal"}
_WORDS: dict[str, Level] = {
    "trace": "debug", "debug": "debug", "info": "info", "notice": "info", "success": "info", "warn": "warning",
    "warning": "warning", "error": "error", "err": "error", "severe": "error", "critical": "fatal", "fatal": "fatal",
    "디버그": "debug", "정보": "info", "알림": "info", "경고": "warning", "주의": "warning", "오류": "error",
    "에러": "error", "치명": "fatal",
}  # fmt: skip
_UPPER = "TRACE|DEBUG|INFO|NOTICE|SUCCESS|WARNING|WARN|ERROR|SEVERE|CRITICAL|FATAL"
_ANY_CASE = f"(?i:{_UPPER})"
_KOREAN = "디버그|정보|알림|경고|주의|오류|에러|치명"

_LONGEST = 160  # characters: a level stands at the beginning

# The shapes, a group each for the letter or the word. Which of them are looked for is settled by what is cheap to see.
_at_start = re.compile(
    r"([IWEF])[0-9]{3,4} [0-9]{2}:[0-9]{2}:[0-9]{2}"  # glog: I1124 10:00:00.123
    r"|(?:\[[^\]]{1,20}\]:?)?\[([IWEF]) [A-Za-z_]+\.(?:cpp|cc|h|py):[0-9]+\]"  # [E ProcessGroupNCCL.cpp:458]
    r"|\[([DIWECF]) [0-9]{4}-[0-9]{2}-"  # Jupyter
    r"|[0-9-]{10} [0-9:]{8}\.[0-9]{3,6}: ([DIWEF]) "  # TensorFlow
    rf"|(?:\([^)]{{1,60}}\) )?(?:\[[^\]]{{1,30}}\]:? ?)*({_UPPER})(?=[ :\[|]|$)"  # ERROR: (Worker pid=3) INFO 11-24
    r"|(?:slurmstepd|srun|sbatch|salloc|slurmd)(?:-[A-Za-z0-9.-]+)?: (error|fatal|warning|debug|info): "
    r"|[A-Za-z0-9_./+-]{1,80}:(?:[0-9]+:){0,2} (error|warning|fatal)(?: error)?: "  # argparse, compilers
    rf"|(error|warning|fatal|Error|Warning|{_KOREAN}): ",
    re.ASCII,
).match
_in_brackets = re.compile(rf"\[(?:([IWEF])[0-9]{{3,4}} [0-9]{{2}}:[0-9]{{2}}:| ?({_ANY_CASE}|{_KOREAN}) ?\])").search
_has_word = re.compile("[TDINSWECF](?:RACE|EBUG|NFO|OTICE|UCCESS|ARN|RROR|EVERE|RITICAL|ATAL)").search
_between = re.compile(
    rf"[-|:] ({_UPPER}) *(?:[-|:]|$)"  # - INFO -   | INFO     |
    rf"|[0-9]{{2}}:[0-9]{{2}}(?:[.,][0-9]+)?Z?\]? +(?:\[[^\]]{{1,20}}\]:? )?"  # 09:00:01,123 [rank0]: INFO
    rf"\[?({_UPPER})(?=[ :\]\[|]|$)"
    r"|NCCL (INFO|WARN|TRACE) ",
    re.ASCII,
).search
_of_python = re.compile(r": [A-Za-z]*(Warning): ").search
_of_a_key = re.compile(r"(?:^|[ ,{])\"?(?:level|severity|levelname|lvl)\"?[=:] ?\"?([A-Za-z]{3,8})\b", re.ASCII).search


def level_of(text: str) -> Level | None:
    """The level that a cleaned line names; None where it names none."""
    found = _at_start(text, 0, _LONGEST)
    if found is None and "[" in text:
        found = _in_brackets(text, 0, _LONGEST)
    if found is None and _has_word(text, 0, _LONGEST) is not None:
        found = _between(text, 0, _LONGEST)
    if found is None and "Warning: " in text:
        found = _of_python(text, 0, _LONGEST)
    if found is None and ("level" in text or "severity" in text or "lvl" in text):
        found = _of_a_key(text, 0, _LONGEST)
    if found is None:
        return None
    word = found[found.lastindex or 0]
    return _LETTERS.get(word) or _WORDS.get(word.lower())
