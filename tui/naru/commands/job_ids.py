"""Job numbers as people type them."""

import re

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.text import clean

# Digits first, so that no id is ever taken for an option by the command it is handed to.
_ID = re.compile(r"[0-9][0-9A-Za-z_.+,:%\[\]-]{0,127}", re.ASCII)


def checked(text: str) -> str:
    """The id of a job as it was typed. Raises UsageError for what cannot be one."""
    if _ID.fullmatch(text) is None:
        raise UsageError(
            _("{text} is not the number of a job").format(text=repr(clean(text, 60))),
            _("write it as 123, 123_4 or 123+1"),
        )
    return text
