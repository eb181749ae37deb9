"""The files of a site: where its logs are read, and the scripts of its jobs."""

from typing import Protocol

from naru_client.errors import NotProvided, Refused
from naru_client.i18n import _
from naru_client.logs.source import LogSource
from naru_client.text import clean


class FileService(Protocol):
    """How the files of a site are read."""

    @property
    def source(self) -> str:
        """Where they are read, for people."""

    def open(self, path: str) -> LogSource:
        """A file by its path. Asks nobody yet. Raises NotProvided and Refused for a path that cannot be read there."""

    async def script(self, job_id: str) -> str | None:
        """The batch script of a job, uncleaned; None where it is not known. Raises NotProvided where none ever is."""

    async def close(self) -> None: ...


class LocalFiles:
    """The files of the machine one is on: a login node shares its file systems with the whole cluster."""

    @property
    def source(self) -> str:
        return _("this machine")

    def open(self, path: str) -> LogSource:
        from naru_client.logs.local import LocalLog

        if not path.startswith("/"):
            raise Refused(
                _("where it is, is not known: {path}").format(path=clean(path)),
                _("the path is relative, and the job's working folder was not told"),
            )
        return LocalLog(path)

    async def script(self, job_id: str) -> str | None:
        raise NotProvided(_("batch scripts are not read from files"))

    async def close(self) -> None:
        pass
