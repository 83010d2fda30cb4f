"""The command line before any server is asked: help, errors, exit statuses, completion, output."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click
import pytest
from click.testing import CliRunner

from vocalverse import __version__, errors
from vocalverse.cli import main
from vocalverse.cli.lazy import LazyCommand, Root
from vocalverse.cli.output import in_bytes, in_words, json_option, show_facts, show_rows

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    "up",
    "serve",
    "dispatch",
    "work",
    "agent",
    "venues",
    "keys",
    "recordings",
    "songs",
    "db",
    "blobs",
    "separate",
    "score",
    "measure",
    "prescreen",
    "models",
    "releases",
    "htpr",
    "data",
    "train",
    "evaluate",
    "cache",
    "bench",
    "doctor",
    "completion",
]


def run(*arguments: str, env: Mapping[str, str] | None = None, command: click.Command = main) -> "tuple[int, str, str]":
    done = CliRunner().invoke(command, list(arguments), env={"VOCALVERSE_DATABASE_URL": "", **(env or {})})
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    return {"VOCALVERSE_DATA": str(tmp_path)}


def failing_with(error: BaseException) -> click.Group:
    @click.group(cls=Root)
    def root() -> None: ...

    @root.command()
    @json_option
    def fail(as_json: bool) -> None:
        raise error

    return root


def test_help_names_every_command_with_a_line_about_it() -> None:
    status, said, _ = run("--help")
    assert status == 0
    lines = dict(line.split(maxsplit=1) for line in said.split("Commands:")[1].strip().splitlines())
    assert list(lines) == COMMANDS


def test_version_is_told() -> None:
    assert run("--version") == (0, f"vocalverse {__version__}\n", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says_and_has_help(name: str) -> None:
    listed = main.commands[name]
    assert isinstance(listed, LazyCommand)
    assert listed.load().name == name
    status, said, _ = run(name, "--help")
    assert status == 0
    assert said.startswith(f"Usage: main {name}")


def commands_of(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, LazyCommand) else listed
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands_of(command, *path, name)


def test_every_command_has_help_that_keeps_its_lines() -> None:
    """A mark for click that people see is one that click did not."""
    paths = list(commands_of(main))
    assert ("releases", "install") in paths
    for path in paths:
        status, said, _ = run(*path, "--help")
        assert status == 0
        assert "\\b" not in said, path


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadInput("no"), 2),
        (errors.NotFound("no"), 4),
        (errors.Conflict("no"), 5),
        (errors.Forbidden("no"), 6),
        (errors.TooMuch("no", retry_after_s=3), 7),
        (errors.Unavailable("no"), 8),
        (errors.Busy("no"), 9),
    ],
)
def test_an_error_of_ours_is_one_line_with_its_code_and_its_exit_status(
    error: errors.VocalVerseError, status: int
) -> None:
    assert run("fail", command=failing_with(error)) == (status, "", f"Error: no [{error.code}]\n")


def test_an_error_of_many_lines_is_still_one_line() -> None:
    _, _, said = run("fail", command=failing_with(errors.BadInput("one\n  two\n")))
    assert said == "Error: one two [bad_input]\n"


def test_with_json_an_error_is_an_object() -> None:
    error = errors.TooMuch("come later", retry_after_s=3)
    status, out, said = run("fail", "--json", command=failing_with(error))
    assert (status, out) == (7, "")
    assert json.loads(said) == {"error": "too_many_requests", "message": "come later", "retry_after_s": 3}


def test_a_package_that_is_not_installed_is_named_with_what_to_install() -> None:
    status, _, said = run("fail", command=failing_with(ModuleNotFoundError("No module", name="sqlalchemy")))
    assert status == 1
    assert "sqlalchemy" in said
    assert "pip install 'vocalverse[server,embedded,hear,train]'" in said


def test_a_module_of_ours_that_is_missing_is_a_fault_and_shown_as_one() -> None:
    done = CliRunner().invoke(failing_with(ModuleNotFoundError("No module", name="vocalverse.nothing")), ["fail"])
    assert isinstance(done.exception, ModuleNotFoundError)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupted_command_exits_as_a_shell_expects(error: BaseException) -> None:
    assert run("fail", command=failing_with(error))[0] == 130


def test_a_wrong_word_is_answered_with_usage() -> None:
    status, _, said = run("nonsense")
    assert status == 2
    assert "No such command" in said


def test_without_a_database_the_two_ways_to_one_are_told(data: dict[str, str]) -> None:
    status, out, said = run("venues", "list", env=data)
    assert (status, out) == (2, "")
    assert "vocalverse up" in said
    assert "VOCALVERSE_DATABASE_URL" in said


def test_a_postgres_that_does_not_answer_is_one_sentence_without_the_password(data: dict[str, str]) -> None:
    away = {**data, "VOCALVERSE_DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x"}
    status, _, said = run("venues", "list", env=away)
    assert status == 8
    assert said.count("\n") == 1
    assert "hunter2" not in said
    status, _, said = run("venues", "list", "--json", env=away)
    assert json.loads(said)["error"] == "unavailable"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_every_shell(shell: str) -> None:
    status, said, _ = run("completion", shell)
    assert status == 0
    assert f"_VOCALVERSE_COMPLETE={shell}_complete" in said


def test_a_shell_is_told_commands_and_their_options() -> None:
    assert "requeue" in completed("vocalverse recordings re", at=2)
    assert "--valid-for" in completed("vocalverse keys issue --v", at=3)


def completed(line: str, *, at: int) -> str:
    env = {**os.environ, "_VOCALVERSE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(at)}
    done = subprocess.run(
        [sys.executable, "-m", "vocalverse"], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "vocalverse", "completion", "bash"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.stderr == ""


ROWS = [
    {"name": "Zoë\x1b[31m", "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "n": None, "id": UUID(int=7)},
    {"name": "B", "at": datetime(2026, 1, 2, tzinfo=UTC), "n": 12, "id": UUID(int=8)},
]


def test_rows_as_json_are_whole_with_times_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(ROWS, columns=("name",), as_json=True, empty="none")
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"name": "Zoë\x1b[31m", "at": "2026-01-02T03:04:05Z", "n": None, "id": str(UUID(int=7))}
    assert second["n"] == 12


def test_rows_for_a_pipe_are_aligned_and_hold_nothing_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_rows(ROWS, columns=("name", "n"), as_json=False, empty="none")
    assert capsys.readouterr().out.splitlines() == ["name      n", "Zoë�[31m  –", "B         12"]


def test_no_rows_are_said_aside_and_are_an_empty_list_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([], columns=("name",), as_json=False, empty="none there")
    assert capsys.readouterr() == ("", "none there\n")
    show_rows([], columns=("name",), as_json=True, empty="none there")
    assert capsys.readouterr() == ("[]\n", "")


def test_facts_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show_facts({"a_b": True, "c": [1, 2]}, as_json=False)
    assert capsys.readouterr().out == "a b  yes\nc    1, 2\n"


def test_times_are_told_in_the_local_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert in_words(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02 12:04:05"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("count", "words"), [(0, "0 B"), (1023, "1023 B"), (2**20, "1.0 MiB"), (5 * 2**40, "5.0 TiB")])
def test_sizes_are_told_in_units(count: int, words: str) -> None:
    assert in_bytes(count) == words


def on_terminal(program: str) -> str:
    """What a program of ours writes to a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=follower, stderr=follower, stdin=follower
    ) as child:
        os.close(follower)
        said = b""
        while chunk := _read(leader):
            said += chunk
        child.wait()
    os.close(leader)
    return said.decode()


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_on_a_terminal_rows_are_a_coloured_table() -> None:
    said = on_terminal(
        "from vocalverse.cli.output import show_rows\n"
        "show_rows([{'state': 'dead', 'name': '[red]x\\x1b[2J'}], columns=('state', 'name'), as_json=False, empty='')"
    )
    assert "\x1b[31mdead" in said
    assert "[red]x" in said  # no markup is read in what venues sent
    assert "\x1b[2J" not in said


def test_ctrl_c_ends_a_command_with_130() -> None:
    program = (
        "import click, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell starts what runs behind it deaf to it
        "from vocalverse.cli.lazy import Root\n"
        "@click.group(cls=Root)\n"
        "def main(): ...\n"
        "@main.command()\n"
        "def nap():\n"
        "    print('in', flush=True)\n"
        "    time.sleep(60)\n"
        "main(['nap'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=20) == 130
        assert "Traceback" not in child.stderr.read()
