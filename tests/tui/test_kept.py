"""What a person arranged is found again, by several Naru at once, and whatever lies in its place."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.children import import_path

from naru.kept import LONGEST_FILTER, MOST_FILTERS, WIDEST, Kept, KeptColumn, KeptView, kept_path
from naru_client.errors import UsageError

JOBS = KeptView((KeptColumn("id"), KeptColumn("name", 24)), sort="gpus", reverse=True)
NODES = KeptView((KeptColumn("name"),))


def path() -> Path:
    found = kept_path()
    assert found is not None
    return found


def put(text: str) -> Path:
    path().parent.mkdir(parents=True, exist_ok=True)
    path().write_text(text, encoding="utf-8")
    return path()


def test_a_view_is_there_again_the_next_time() -> None:
    assert Kept.load().view("jobs") is None
    assert Kept.load().keep_view("jobs", JOBS) == ""
    again = Kept.load()
    assert again.view("jobs") == JOBS
    assert again.problems == ()


def test_nothing_is_written_until_something_is_kept() -> None:
    Kept.load()
    assert not path().parent.exists()


def test_forgetting_goes_back_to_the_built_in_columns() -> None:
    Kept.load().keep_view("jobs", JOBS)
    Kept.load().keep_view("nodes", NODES)
    Kept.load().keep_view("jobs", KeptView())
    assert (Kept.load().view("jobs"), Kept.load().view("nodes")) == (None, NODES)
    Kept.load().keep_view("nodes", KeptView())
    assert Kept.load().view("nodes") is None


def test_nobody_else_may_read_it() -> None:
    Kept.load().keep_view("jobs", JOBS)
    assert stat.S_IMODE(path().stat().st_mode) == 0o600
    assert stat.S_IMODE(path().parent.stat().st_mode) == 0o700
    assert [p.name for p in path().parent.iterdir() if not p.name.startswith(".")] == ["views.json"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path().parent.mkdir(parents=True)
    path().symlink_to(tmp_path / "mine.json")
    Kept.load().keep_view("jobs", JOBS)
    assert path().is_symlink()
    assert Kept.load().view("jobs") == JOBS


# ---- several Naru --------------------------------------------------------------------------------------------------


def test_of_two_naru_neither_loses_what_the_other_kept() -> None:
    one, other = Kept.load(), Kept.load()
    one.keep_view("jobs", JOBS)
    other.keep_view("nodes", NODES)
    one.keep_filter("mine", "user:me")
    other.keep_view("jobs", NODES)  # the last to change a view has it
    found = Kept.load()
    assert (found.view("jobs"), found.view("nodes"), dict(found.filters)) == (NODES, NODES, {"mine": "user:me"})


WRITER = """
import sys
from naru.kept import Kept, KeptColumn, KeptView
for n in range(10):
    kept = Kept.load()
    kept.keep_view(f"{sys.argv[1]}-{n}", KeptView((KeptColumn("id", n + 1),)))
    kept.keep_filter(f"{sys.argv[1]}-{n}", "state:pd")
    assert not kept.problems, kept.problems
"""


def test_many_at_once_lose_nothing() -> None:
    argv = [sys.executable, "-c", WRITER]
    running = [subprocess.Popen([*argv, name], env=os.environ | {"PYTHONPATH": import_path()}) for name in "abc"]
    assert [child.wait(60) for child in running] == [0, 0, 0]
    found = Kept.load()
    for name in "abc":
        for n in range(10):
            assert found.view(f"{name}-{n}") == KeptView((KeptColumn("id", n + 1),))
    assert len(found.filters) == 30


# ---- what may lie there --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"views": {}}',
        '{"version": "1"}',
        '{"version": 0}',
        '{"version": 1, "views": []}',
        '{"version": 1, "views": {"jobs": {"columns": [{"id": "id", "width": 0}]}}}',
        '{"version": 1, "views": {"jobs": {"columns": [{"id": 7}]}}}',
        '{"version": 1, "filters": {"a": 1}}',
        '{"version": 1, "views": ' + "[" * 100_000,
        "\0\0\0\0",
    ],
)
def test_a_file_that_is_not_ours_is_told_of_and_set_aside(text: str) -> None:
    put(text)
    kept = Kept.load()
    assert (kept.view("jobs"), dict(kept.filters)) == (None, {})
    (problem,) = kept.problems
    assert "views.json" in problem
    assert "\n" not in problem
    assert path().read_text(encoding="utf-8") == text  # until something is kept
    told = kept.keep_view("jobs", JOBS)
    assert "views-aside.json" in told
    assert path().with_name("views-aside.json").read_text(encoding="utf-8") == text
    assert Kept.load().view("jobs") == JOBS
    assert Kept.load().problems == ()


def test_what_a_newer_naru_wrote_is_left_to_it() -> None:
    put('{"version": 2, "views": {"jobs": "something new"}}')
    kept = Kept.load()
    assert "newer Naru" in kept.problems[0]
    kept.keep_view("jobs", JOBS)
    assert "something new" in path().with_name("views-aside.json").read_text(encoding="utf-8")


def test_each_unreadable_file_is_set_aside_under_a_name_of_its_own() -> None:
    for n in range(12):
        put(f"broken {n}")
        Kept.load().keep_view("jobs", JOBS)
    aside = {p.name: p.read_text(encoding="utf-8") for p in path().parent.glob("views-aside*")}
    assert len(aside) == 9
    assert aside["views-aside.json"] == "broken 0"
    assert aside["views-aside8.json"] == "broken 11"


def test_a_pipe_or_a_folder_in_its_place_is_no_reason_to_wait() -> None:
    path().parent.mkdir(parents=True)
    os.mkfifo(path())
    assert Kept.load().problems
    path().unlink()
    path().mkdir()
    kept = Kept.load()
    assert kept.problems
    kept.keep_view("jobs", JOBS)
    assert Kept.load().view("jobs") == JOBS
    assert path().with_name("views-aside.json").is_dir()


def test_a_file_that_breaks_while_naru_runs_costs_nothing() -> None:
    kept = Kept.load()
    kept.keep_view("jobs", JOBS)
    put("broken")
    kept.keep_view("nodes", NODES)
    assert (Kept.load().view("jobs"), Kept.load().view("nodes")) == (JOBS, NODES)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda t: f'{{"version": 1, "filters": {t!r}}}'.encode()))
def test_no_bytes_keep_naru_from_starting(data: bytes) -> None:
    path().parent.mkdir(parents=True, exist_ok=True)
    path().write_bytes(data)
    kept = Kept.load()
    assert kept.view("jobs") is None or not kept.problems


def test_names_and_filters_in_it_are_cleaned() -> None:
    put(
        '{"version": 1, "views": {"jobs": {"columns": [{"id": "a\\u001b[31mb"}, {"id": "a\\u001b[31mb"}]}}, '
        '"filters": {"ok": "x\\u0007y", "not ok": "z"}}'
    )
    kept = Kept.load()
    view = kept.view("jobs")
    assert view is not None
    assert [c.id for c in view.columns] == ["a\ufffdb"]
    assert dict(kept.filters) == {"ok": "x\ufffdy"}


names = st.text(max_size=60)
views = st.builds(
    KeptView,
    st.lists(st.builds(KeptColumn, names, st.none() | st.integers(-10, 10_000)), max_size=8).map(tuple),
    names,
    st.booleans(),
)


@given(views)
def test_whatever_is_kept_can_be_read_again(view: KeptView) -> None:
    kept = Kept.load()
    kept.keep_view("jobs", view)
    found = Kept.load()
    assert found.problems == ()
    assert found.view("jobs") == kept.view("jobs")
    assert all(c.width is None or 1 <= c.width <= WIDEST for c in (found.view("jobs") or KeptView()).columns)


# ---- where nothing can be written ----------------------------------------------------------------------------------


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A full disk, or one over its quota: root may write anywhere, so modes would show nothing."""

    def full(_handle: int) -> None:
        raise OSError(122, "Disk quota exceeded")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        yield


@pytest.mark.usefixtures("no_room")
def test_where_nothing_can_be_written_it_holds_until_naru_is_left_and_says_so_once() -> None:
    kept = Kept.load()
    told = kept.keep_view("jobs", JOBS)
    assert "Disk quota exceeded" in told
    assert kept.keep_view("nodes", NODES) == ""
    assert (kept.view("jobs"), kept.view("nodes")) == (JOBS, NODES)
    assert len(kept.problems) == 1
    assert [p.name for p in path().parent.iterdir()] == [".views.json.lock"]


def test_what_could_not_be_written_goes_along_with_the_next_change(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept.load()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        kept.keep_view("jobs", JOBS)
        kept.keep_filter("mine", "user:me")
    kept.keep_view("nodes", NODES)
    found = Kept.load()
    assert (found.view("jobs"), found.view("nodes"), dict(found.filters)) == (JOBS, NODES, {"mine": "user:me"})


def test_a_file_where_the_folder_should_be_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    kept = Kept.load()
    told = kept.keep_view("jobs", JOBS)
    assert told
    assert kept.view("jobs") == JOBS


def test_without_a_home_it_works_for_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setattr(os.path, "expanduser", lambda text: text)
    assert kept_path() is None
    kept = Kept.load()
    assert kept.keep_view("jobs", JOBS)
    assert kept.keep_view("nodes", NODES) == ""
    assert kept.view("jobs") == JOBS


def test_one_that_is_nowhere_holds_and_says_nothing() -> None:
    kept = Kept.nowhere({"mine": "user:me"})
    assert kept.keep_view("jobs", JOBS) == ""
    assert kept.keep_filter("h100", "gpu:h100") == ""
    assert kept.view("jobs") == JOBS
    assert dict(kept.filters) == {"mine": "user:me", "h100": "gpu:h100"}
    assert kept.problems == ()
    assert not path().exists()


def test_a_lock_that_nobody_gives_back_does_not_hold_naru_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    from naru import kept_writing

    path().parent.mkdir(parents=True)
    with path().with_name(".views.json.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(kept_writing, "PATIENCE", 0.0)
        assert Kept.load().keep_view("jobs", JOBS) == ""
    assert Kept.load().view("jobs") == JOBS


def test_a_file_system_without_locks_is_written_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(_handle: int, _operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", none)
    assert Kept.load().keep_view("jobs", JOBS) == ""
    assert Kept.load().view("jobs") == JOBS


# ---- saved filters -------------------------------------------------------------------------------------------------


def test_filters_are_saved_and_forgotten_by_name() -> None:
    Kept.load().keep_filter("대기-h100", "  state:pd gpu:h100 ")
    assert dict(Kept.load().filters) == {"대기-h100": "state:pd gpu:h100"}
    Kept.load().forget_filter("대기-h100")
    assert dict(Kept.load().filters) == {}


def test_filters_of_the_configuration_are_there_and_stay_as_they_are() -> None:
    Kept.load().keep_filter("mine", "user:somebody")
    kept = Kept.load(configured={"mine": "user:me"})
    assert dict(kept.filters) == {"mine": "user:me"}
    with pytest.raises(UsageError, match=r"config\.toml"):
        kept.keep_filter("mine", "gpus>8")
    with pytest.raises(UsageError, match=r"config\.toml"):
        kept.forget_filter("mine")


@pytest.mark.parametrize("name", ["", "two words", "a/b", "a:b", "@a", "x" * 41, "a\nb", "\x1b[31m"])
def test_a_name_that_cannot_be_typed_after_an_at_sign_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UsageError) as error:
        Kept.load().keep_filter(name, "state:pd")
    assert error.value.message.isprintable()
    assert error.value.hint


def test_too_many_too_long_and_empty_filters_are_refused() -> None:
    kept = Kept.load()
    for text in ("", "  ", "x" * (LONGEST_FILTER + 1)):
        with pytest.raises(UsageError):
            kept.keep_filter("one", text)
    put(f'{{"version": 1, "filters": {{{", ".join(f""""f{n}": "x" """ for n in range(MOST_FILTERS))}}}}}')
    kept = Kept.load()
    kept.keep_filter("f1", "y")
    with pytest.raises(UsageError, match=str(MOST_FILTERS)):
        kept.keep_filter("one-more", "x")


def test_forgetting_what_is_not_there_names_what_is() -> None:
    kept = Kept.load()
    kept.keep_filter("mine", "user:me")
    with pytest.raises(UsageError) as error:
        kept.forget_filter("yours")
    assert "mine" in error.value.hint


def test_the_fullest_file_there_can_be_is_read_again() -> None:
    text = "한" * LONGEST_FILTER
    put('{"version": 1, "filters": {' + ", ".join(f'"{n:040}": "{text}"' for n in range(MOST_FILTERS)) + "}}")
    kept = Kept.load()
    assert len(kept.filters) == MOST_FILTERS
    kept.keep_view("jobs", JOBS)
    assert Kept.load().problems == ()


# ---- start-up ------------------------------------------------------------------------------------------------------


def test_loading_brings_nothing_into_memory() -> None:
    code = (
        "import sys, naru_client.config\n"
        "before = set(sys.modules)\n"
        "from naru.kept import Kept\nKept.load()\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": import_path()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['naru', 'naru.kept']"
