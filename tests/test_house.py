"""The rules of the house that no other test would notice being broken: imports, clock, SQL, dependencies, files."""

import ast
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("channels", "intake", "storage")
PYPROJECT = ROOT / "pyproject.toml"


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def committed_files() -> list[Path]:
    """Return every file that is committed, or would be: what .gitignore names stays out."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


# ---- the direction of imports


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=root,
        env={"PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_keep_their_direction() -> None:
    outcome = lint_imports(ROOT)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("channels/email.py", "import intake.errors", "channels imports neither"),
        ("channels/email.py", "import storage.models", "channels imports neither"),
        ("storage/database.py", "import intake.config", "storage imports neither"),
        ("storage/database.py", "from channels.base import Listing", "storage imports neither"),
        ("intake/job.py", "from channels.email import Mailbox", "only intake.app imports adapters"),
        ("intake/job.py", "from channels import ADAPTERS", "only intake.app imports adapters"),
        ("intake/reading/mime.py", "import channels.letters", "only intake.app imports adapters"),
        ("intake/receive.py", "import intake.job", "intake runs one way"),
        ("intake/reading/mime.py", "import intake.app", "intake runs one way"),
        ("intake/job.py", "import intake.app", "intake runs one way"),
        ("intake/app.py", "import intake.cli", "intake runs one way"),
        ("intake/config.py", "import intake.normalise", "intake runs one way"),
        ("intake/novelty.py", "", "intake runs one way"),
        ("intake/export.py", "from sqlalchemy import select", "SQL is spoken in storage alone"),
        ("intake/review/views.py", "def view():\n    import sqlite3", "SQL is spoken in storage alone"),
        ("channels/phone.py", "import psycopg", "SQL is spoken in storage alone"),
    ],
)
def test_an_import_against_the_direction_is_noticed(tmp_path: Path, module: str, line: str, broken: str) -> None:
    house = small_house(tmp_path)
    path = house / module
    path.write_text(path.read_text() + line + "\n" if path.exists() else line + "\n")
    outcome = lint_imports(house)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    verdicts = re.findall(r"^(.+) (KEPT|BROKEN)$", outcome.stdout, re.MULTILINE)
    assert [name for name, verdict in verdicts if verdict == "BROKEN"] == [
        name for name, _ in verdicts if name.startswith(broken)
    ]


def test_imports_along_the_direction_are_free(tmp_path: Path) -> None:
    outcome = lint_imports(small_house(tmp_path))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def small_house(root: Path) -> Path:
    """Build the packages in miniature, with every import that is allowed, under the project's own contracts."""
    shutil.copy(PYPROJECT, root)
    for name, text in {
        "channels/__init__.py": "import channels.email",
        "channels/base.py": "",
        "channels/email.py": "import channels.base",
        "channels/letters.py": "import channels.base",
        "channels/phone.py": "import channels.base",
        "intake/__init__.py": "",
        "intake/app.py": "import channels, channels.email, intake.config, intake.job, storage.database",
        "intake/cli.py": "import intake.app, intake.config, intake.errors",
        "intake/config.py": "import intake.errors",
        "intake/errors.py": "",
        "intake/job.py": "import channels.base, intake.normalise, intake.reading, intake.receive, storage.database",
        "intake/normalise.py": "import intake.config, intake.reading.mime, storage.models",
        "intake/reading/__init__.py": "",
        "intake/reading/mime.py": "import intake.errors",
        "intake/receive.py": "import channels.base, storage.database",
        "intake/review/__init__.py": "",
        "intake/review/views.py": "import intake.app",
        "storage/__init__.py": "",
        "storage/database.py": "import sqlalchemy, sqlmodel, storage.models",
        "storage/models.py": "import sqlmodel",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("module", "strangers"),
    [
        ("storage/audit.py", PACKAGES),  # verify must not trust what it verifies
    ],
)
def test_a_module_that_must_not_know_the_others(module: str, strangers: tuple[str, ...]) -> None:
    path = ROOT / module
    imported = {name for _, name in imports(path)} if path.exists() else set()
    assert not {name for name in imported if name.split(".")[0] in strangers}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module if node.module and not node.level else path.relative_to(ROOT).parts[0]


# ---- SQL

SQL_LIBRARIES = {"alembic", "asyncpg", "psycopg", "sqlalchemy", "sqlite3", "sqlmodel"}
SQL_TEXT = re.compile(
    r"\s*(SELECT\s.+\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s.+\sSET\s|DELETE\s+FROM\s|PRAGMA\s|BEGIN\s+IMMEDIATE"
    r"|(CREATE|DROP|ALTER)\s+(VIRTUAL\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s)",
    re.DOTALL,
)


def test_sql_libraries_are_imported_in_storage_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources("channels", "intake")
        for line, name in imports(path)
        if name.split(".")[0] in SQL_LIBRARIES
    ]
    assert not found


def test_sql_text_stands_in_storage_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.value[:60]!r}"
        for path in sources("channels", "intake")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_TEXT.match(node.value)
    ]
    assert not found


# ---- clock

# Measuring (time.monotonic, time.perf_counter, time.process_time) is free; asking what time it is, is not.
CLOCKS = {
    *(f"datetime.{kind}.{call}" for kind in ("datetime", "date") for call in ("now", "utcnow", "today")),
    *(f"time.{call}" for call in ("time", "time_ns", "localtime", "gmtime", "ctime", "asctime")),
    *("email.utils.localtime", "email.utils.formatdate", "email.utils.make_msgid"),
    *(
        "sqlalchemy.func.now",
        "sqlalchemy.func.current_timestamp",
        "sqlmodel.func.now",
        "sqlmodel.func.current_timestamp",
    ),
}


def clock_uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and full name wherever one of CLOCKS is imported or named, under whatever alias."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                if f"{node.module}.{alias.name}" in CLOCKS:
                    yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if (name := f"{known.get(first, first)}.{rest}") in CLOCKS:
                yield node.lineno, name


def test_only_the_app_reads_the_clock() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sources(*PACKAGES)
        if path != ROOT / "intake" / "app.py"
        for line, name in clock_uses(ast.parse(path.read_bytes()))
    ]
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "from datetime import datetime as dt\nx = dt.utcnow()",
        "import datetime\nx = datetime.datetime.now(tz=datetime.UTC)",
        "import datetime as d\nx = d.date.today()",
        "from time import time",
        "import time\nclock = time.time",
        "import email.utils\nx = email.utils.localtime()",
        "from sqlalchemy import func\nx = func.now()",
    ],
)
def test_a_look_at_the_clock_is_noticed(code: str) -> None:
    assert list(clock_uses(ast.parse(code)))


def test_measuring_is_free() -> None:
    assert not list(clock_uses(ast.parse("import time\nx = time.monotonic()\ny = time.perf_counter()\ntime.sleep(1)")))


# ---- dependencies


def declared() -> list[str]:
    project = tomllib.loads(PYPROJECT.read_text())
    extras = project["project"]["optional-dependencies"].values()
    return [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(requirement for extra in extras for requirement in extra),
    ]


def locked() -> dict[str, str]:
    pins = re.findall(r"^(\S+?)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_dependency_brings_a_package_of_our_name(package: str) -> None:
    owners = set(importlib.metadata.packages_distributions().get(package, ()))
    assert owners <= {"consultation-intake"}, f"{package} is also provided by {owners}"
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    assert set(spec.submodule_search_locations) == {str(ROOT / package)}


def test_every_dependency_says_why_it_is_there() -> None:
    commented = re.findall(r'^\s*"([^"]+)",\s*# \S.{9,}$', PYPROJECT.read_text(), re.MULTILINE)
    assert [requirement for requirement in declared() if requirement not in commented] == []


def test_every_ignored_rule_says_why() -> None:
    lint = tomllib.loads(PYPROJECT.read_text())["tool"]["ruff"]["lint"]
    ignored = {*lint["ignore"], *(rule for rules in lint["per-file-ignores"].values() for rule in rules)}
    commented = re.findall(r'^\s*"([A-Z]+\d*)",\s*# \S.{4,}$', PYPROJECT.read_text(), re.MULTILINE)
    assert ignored <= set(commented)


def test_the_lock_holds_every_dependency_in_its_range() -> None:
    pins = locked()
    for requirement in map(Requirement, declared()):
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in requirements.lock: make lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked at {version}"


def test_everything_in_the_lock_has_a_hash() -> None:
    entries = re.split(r"^(?=[^\s#])", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_what_is_installed_is_what_is_locked() -> None:
    found = {name: importlib.metadata.version(name) for name in locked()}
    assert found == locked()


# ---- files

# Where a package is fetched from is the business of each machine. (None of these patterns matches its own spelling.)
PLACES = re.compile(
    rb"pypi\.org|pythonhosted\.|npmjs\.(?:org|com)|(?:deb|security|snapshot|ftp)\.debian\."
    rb"|(?<![\w./~-])/(?:home|Users|root|work|mnt)/[A-Za-z_.]"
)


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} {match[0].decode()}"
        for path in committed_files()
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1)
        for match in PLACES.finditer(line)
    ]
    assert not found


def test_no_other_lock_file_is_committed() -> None:
    others = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock"}
    assert not [path for path in committed_files() if path.name in others]


def test_the_program_itself_loads_no_library_that_opens_files() -> None:
    """Those are for the readers' processes: they would cost each command a second, and start threads that a signal to
    stop could hit."""
    heavy = ("numpy", "cv2", "pdfplumber", "PIL", "pypdfium2", "zxingcpp", "tesserocr", "rapidocr", "reportlab")
    look = f"import sys, intake.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
