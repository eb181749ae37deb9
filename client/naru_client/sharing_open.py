"""Good manners for an open centre: a budget for its calls, and answers shared with the user's other Naru here."""

import os

from naru_client.budget import Budget, BudgetedTransport
from naru_client.centre import Centre, Opener, open_centre
from naru_client.config import PollSettings, Profile
from naru_client.exchange import CallLog, Transport
from naru_client.slurm.centre import SlurmCentre

FALLBACK = "/tmp/naru-{uid}"  # where the user has no runtime folder; used only when it is private


def mind_manners(centre: Centre, profile: Profile, poll: PollSettings, log: CallLog) -> None:
    """Let a centre's calls keep to the budget; share its lists where the settings and the machine allow it.

    A recording is asked nothing, and a simulation in this process has no scheduler to spare: neither is shared.
    """
    if not isinstance(centre, SlurmCentre):
        return
    source = centre.source
    transport: Transport = BudgetedTransport(source.transport, Budget(poll.calls_per_minute))
    if poll.share and profile.dialect == "slurm" and (identity := _identity(centre, profile)):
        from naru_client.sharing import SharingTransport
        from naru_client.sharing_folder import open_folder

        folder = open_folder(os.environ.get("XDG_RUNTIME_DIR"), FALLBACK.format(uid=os.getuid()))
        if folder is not None:
            transport = SharingTransport(transport, folder, identity, log, site=lambda: centre.id)
    source.transport = transport


def minding_manners(poll: PollSettings) -> Opener:
    """Opens centres that mind their manners from then on."""

    async def opener(profile: Profile, log: CallLog) -> Centre:
        centre = await open_centre(profile, log)
        mind_manners(centre, profile, poll, log)
        return centre

    return opener


def _identity(centre: SlurmCentre, profile: Profile) -> tuple[str, ...]:
    """All that decides what the centre answers; empty where that is not all known."""
    if centre.user is None:
        return ()
    where = (profile.dialect, profile.reach, centre.user, profile.contract)
    if profile.reach != "commands" and (address := profile.url or profile.socket):
        return (*where, address.rstrip("/"))
    if os.environ.get("SLURM_JWT"):  # it may make the commands ask as somebody else
        return ()
    configuration = os.path.expanduser(profile.slurm_conf) or os.environ.get("SLURM_CONF", "")
    folders = [os.path.expanduser(profile.bin)] if profile.bin else os.get_exec_path()
    programs = (os.path.join(folder, "squeue") for folder in folders)
    return (*where, next((p for p in programs if os.access(p, os.X_OK)), ""), os.path.realpath(configuration or "/"))
