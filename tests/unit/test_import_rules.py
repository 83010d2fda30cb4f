"""Who may import whom, read from the source: dependencies point one way."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("vocalverse", "workers", "migrations")
    for path in sorted((ROOT / package).rglob("*.py"))
}

# What hears and judges knows nothing of the house that it stands in.
HEARING = (
    *("audio", "assess", "separate", "measure", "evidence", "prescreen", "synthesis"),
    *("models", "feedback", "release", "training", "evaluation", "picture"),
)
HOUSE = tuple(f"vocalverse.{part}" for part in ("store", "settings", "queue", "gateway", "cli", "agent", "embedded"))

AGENT_MAY = (
    "httpx",
    "click",
    "rich",
    *(f"vocalverse.{part}" for part in ("agent", "errors", "records", "settings", "logs", "ids", "__version__")),
)
# `pip install vocalverse` alone brings click, rich and httpx: with these the command line starts.
PLAIN = ("click", "rich", "httpx", "vocalverse")

# Packages under the GPL or AGPL that somebody who works on singing might reach for.
COPYLEFT = ("aubio", "essentia", "matchering", "mutagen", "parselmouth", "pedalboard", "PyQt5", "PyQt6", "unidecode")

READS_ENVIRONMENT = {
    "vocalverse.settings": "the one place",
    "vocalverse.bench.house": "passes it on to the processes that it measures",
    "vocalverse.bench.noop": "passes it on to the plain RQ that it compares with",
    "vocalverse.bench.measure": "passes it on to the processes that it measures",
}

# Run as files by another Python, where that has what they want; nothing of the package imports them.
PEERS = {"vocalverse.bench.measure_praat"}

LONGEST_MODULE = 300


def modules_of(*packages: str) -> dict[str, Path]:
    return {
        name: path
        for name, path in MODULES.items()
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Every module named by an import anywhere in the file, those inside functions too."""
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8"))))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=0, names=names) if module:
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom(level=level) if level:
                raise AssertionError("relative imports hide where a thing comes from")


def is_of(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def offending(modules: dict[str, Path], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{module} imports {name}"
        for module, path in modules.items()
        for name in imports_of(path)
        if is_of(name, forbidden)
    ]


def test_what_hears_and_judges_knows_nothing_of_the_house() -> None:
    assert modules_of("vocalverse.audio")
    assert modules_of("vocalverse.assess")
    assert offending(modules_of(*(f"vocalverse.{part}" for part in HEARING)), HOUSE) == []


def test_the_gateway_knows_neither_redis_nor_torch() -> None:
    gateway = modules_of("vocalverse.gateway")
    assert gateway
    assert offending(gateway, ("redis", "rq", "torch", "vocalverse.queue", "workers")) == []


def test_the_store_and_the_queue_know_nothing_of_those_who_use_them() -> None:
    users = tuple(f"vocalverse.{part}" for part in ("gateway", "cli", "agent", "embedded", "assess", "audio"))
    assert offending(modules_of("vocalverse.store", "vocalverse.queue"), (*users, "workers")) == []
    assert offending(modules_of("vocalverse.store"), ("vocalverse.queue", "redis", "rq")) == []


def test_the_shared_words_import_nothing_of_ours_but_each_other() -> None:
    words = (
        "vocalverse.errors",
        "vocalverse.records",
        "vocalverse.sung",
        "vocalverse.logs",
        "vocalverse.ids",
        "vocalverse.settings",
    )
    assert [
        f"{module} imports {name}"
        for module, path in modules_of(*words).items()
        for name in imports_of(path)
        if not is_of(name, (*sys.stdlib_module_names, *words))
    ] == []


def test_the_agent_needs_nothing_but_what_a_plain_install_brings() -> None:
    agent = modules_of("vocalverse.agent", "vocalverse.cli.agent")
    assert "vocalverse.agent" in agent
    foreign = [
        f"{module} imports {name}"
        for module, path in agent.items()
        for name in imports_of(path)
        if not is_of(name, (*sys.stdlib_module_names, *AGENT_MAY, "vocalverse.cli"))
    ]
    assert foreign == []


def test_a_command_imports_what_is_heavy_only_when_it_runs() -> None:
    early = [
        f"{module} imports {name}"
        for module, path in modules_of("vocalverse.cli", "vocalverse.__main__").items()
        for name in _imports(_outside_functions(path))
        if not is_of(name, (*sys.stdlib_module_names, "click", "vocalverse"))
        or is_of(name, ("vocalverse.store", "vocalverse.queue", "vocalverse.gateway", "vocalverse.assess"))
    ]
    assert early == []


def _outside_functions(path: Path) -> ast.Module:
    """What runs on import: without the functions' bodies and what is for the type checker alone."""

    class Outside(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_If(self, node: ast.If) -> ast.If | None:
            typing_only = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            return None if typing_only else node

    return Outside().visit(ast.parse(path.read_text(encoding="utf-8")))  # type: ignore[no-any-return]


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        module
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv") and _is_os(node.value))
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and _names(node) & {"environ", "getenv"})
    ]
    assert sorted(set(readers) - set(READS_ENVIRONMENT)) == []


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def test_nothing_under_the_gpl_is_imported() -> None:
    ours = {module: path for module, path in MODULES.items() if module not in PEERS}
    assert offending(ours, (*COPYLEFT, *PEERS)) == []


def test_no_package_that_is_imported_says_that_it_is_under_the_gpl() -> None:
    imported = {name.split(".")[0] for path in MODULES.values() for name in imports_of(path)}
    said = {
        package: licence_of(distribution)
        for package, distributions in metadata.packages_distributions().items()
        if package in imported
        for distribution in distributions
    }
    assert {"click", "psycopg", "soxr"} <= set(said)
    assert {package: licence for package, licence in said.items() if re.search(r"(?<!L)GPL", licence)} == {}


def licence_of(distribution: str) -> str:
    """What a package says of itself, in a word or the first line of a text."""
    about = metadata.metadata(distribution)
    classifiers = [line for line in about.get_all("Classifier", []) if line.startswith("License")]
    stated = about.get("License-Expression") or (about.get("License") or "").partition("\n")[0]
    return " ".join([stated, *classifiers])


@pytest.mark.parametrize("module", list(MODULES))
def test_a_module_can_be_read_in_one_sitting(module: str) -> None:
    if not module.startswith("migrations.versions"):  # a list of columns is as long as it is
        assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) < LONGEST_MODULE


def test_help_imports_no_server_and_no_client() -> None:
    heavy = loaded_after("--help") & {"sqlalchemy", "fastapi", "httpx", "rich", "numpy", "redis", "psycopg", "pydantic"}
    assert heavy == set()


@pytest.mark.parametrize("arguments", [("agent", "--help"), ("agent", "run", "--help"), ("agent", "status", "--help")])
def test_the_agent_imports_no_server(arguments: tuple[str, ...]) -> None:
    assert loaded_after(*arguments) & {"sqlalchemy", "psycopg", "fastapi", "numpy", "redis", "pydantic"} == set()


@pytest.mark.parametrize("group", ["venues", "keys", "recordings", "songs", "db", "blobs", "doctor"])
def test_the_help_of_a_group_imports_no_database(group: str) -> None:
    assert loaded_after(group, "--help") & {"sqlalchemy", "psycopg", "redis"} == set()


def loaded_after(*arguments: str) -> set[str]:
    """The packages that a command has imported by the time it ends."""
    program = (
        "import json, sys\n"
        "from vocalverse.cli import main\n"
        f"main({list(arguments)!r}, prog_name='vocalverse', standalone_mode=False)\n"
        "print('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_notice_names_every_package_that_is_installed_to_run() -> None:
    locked = re.findall(r"^([a-z0-9][a-z0-9._-]*)", (ROOT / "deploy/requirements.lock").read_text(), re.MULTILINE)
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert len(locked) > 30
    assert {
        package for package in locked if not re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", notice)
    } == set()
