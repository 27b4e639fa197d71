"""The sandbox around a reader's process: bubblewrap, with nothing in it but what a reader needs to run.

Inside there is no network, no other process, no /proc, /etc, /tmp or home, no place to write, and of the file system
only the shared libraries, this Python, its packages, our readers (not the rest of the program) and the data of
Tesseract, fonts and time zones, all read-only. Capabilities are gone and none can come back (no_new_privs).

Started by an ordinary user, bubblewrap makes a user name space, in which the limit on processes counts the sandbox's
own. Started by root it makes none, because root outside is root for that limit whatever it is called inside: the
reader really becomes another user (``confine``), and keeps two capabilities until it has done so.
"""

import compileall
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from intake.reading.confine import can_become_nobody

PROGRAM = "bwrap"
_ROOT = Path(__file__).parents[2]
_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
_LINKED_LIBRARIES = ("/lib", "/lib32", "/lib64")  # links into /usr on most systems today
_DATA = (
    "/etc/ld.so.cache", "/usr/share/tesseract-ocr", "/usr/share/zoneinfo", "/usr/share/fonts", "/usr/local/share/fonts",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/urandom")
_NOBODY = "65534"
# A terminal or systemd sends these to every process of ours. Ignored signals stay ignored in the program that follows,
# and bubblewrap must not end before its reader has: the item would look like the cause.
_DEAF = ("/bin/sh", "-c", 'trap "" HUP INT TERM; exec "$@"', "sh")
_CHECK = """
import os, sys
user = 65534
if os.getuid() == 0:
    os.setgroups([]), os.setresgid(user, user, user), os.setresuid(user, user, user)
for path in sys.argv[1:]:
    os.listdir(path) if os.path.isdir(path) else open(path).close()
if os.getppid() != 1 or os.path.exists("/proc") or os.path.exists("/etc/passwd"):
    sys.exit("it shows the machine around it")
"""
_PROBE_SECONDS = 30.0
_REFUSED = ("namespace", "uid map", "gid map", "Operation not permitted")


class NoSandbox(Exception):
    """There is no working bubblewrap here: the message says why in one sentence, ``advice`` what to do about it."""

    def __init__(self, why: str, advice: str) -> None:
        super().__init__(why)
        self.advice = advice


def wrap(program: Sequence[str], readable: Sequence[Path] = ()) -> tuple[str, ...]:
    """The command that runs this Python program in a sandbox, which also sees the ``readable`` files.

    Raises:
        NoSandbox: bubblewrap is not installed.
    """
    bubblewrap = shutil.which(PROGRAM)
    if bubblewrap is None:
        raise NoSandbox("bubblewrap is not installed", "install it (on Debian: apt-get install bubblewrap)")
    return (*_DEAF, bubblewrap, *_apart(), *_contents(readable), "--chdir", "/", "--remount-ro", "/", "--", *program)


def probe() -> None:
    """See that a sandbox can be made and that this Python runs in it, by doing it; once it did, that is remembered.

    Raises:
        NoSandbox: it can't.
    """
    needed = (str(Path(__file__)), sysconfig.get_paths()["purelib"])
    _try(wrap((sys.executable, "-I", "-S", "-c", _CHECK, *needed)))


@cache
def _try(command: tuple[str, ...]) -> None:
    compileall.compile_dir(Path(__file__).parent, quiet=2)  # the readers can't write their bytecode themselves
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_SECONDS, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSandbox(f"bubblewrap can't be run ({type(error).__name__})", "run `bwrap --help` to see why") from error
    if done.returncode != 0:
        raise _refusal(done.stderr.decode("utf-8", "replace").strip())


def _refusal(said: str) -> NoSandbox:
    words = said.rpartition("\n")[2][:300] or "it ended without a word"
    if any(sign in words for sign in _REFUSED):
        return NoSandbox(
            f"the kernel does not let bubblewrap make a sandbox ({words})",
            "allow user name spaces to this user (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone or"
            " kernel.apparmor_restrict_unprivileged_userns; in a container, its security profile)",
        )
    if "Permission denied" in words:
        return NoSandbox(
            f"a reader, which is an ordinary user, may not read the program ({words})",
            "make its files readable to all (chmod -R go+rX on its folder), or run it as another user than root",
        )
    return NoSandbox(f"bubblewrap does not work here ({words})", "mend that, or install a newer bubblewrap")


def _apart() -> Iterator[str]:
    """The name spaces, and what the reader loses."""
    if os.getuid() == 0 and can_become_nobody():
        yield from ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
        yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    else:
        yield from ("--unshare-all", "--uid", _NOBODY, "--gid", _NOBODY, "--cap-drop", "ALL")
    yield from ("--hostname", "reader", "--new-session", "--die-with-parent")


def _contents(readable: Sequence[Path]) -> Iterator[str]:
    """What is in the sandbox's file system."""
    for library in _LINKED_LIBRARIES:
        if os.path.islink(library):  # noqa: PTH114  # and its target as it is written
            yield from ("--symlink", os.readlink(library), library)  # noqa: PTH115
        else:
            yield from ("--ro-bind-try", library, library)
    data = (*_DATA, *_named("TESSDATA_PREFIX"), *_named("LD_LIBRARY_PATH"))
    shown = list(dict.fromkeys((*_LIBRARIES, *_python(), *map(str, readable), *data)))
    made = {"/", *shown}
    for path in (*shown, *_DEVICES):
        for folder in reversed(Path(path).parents):
            if str(folder) not in made and not any(folder.is_relative_to(other) for other in shown):
                made.add(str(folder))
                yield from ("--perms", "0755", "--dir", str(folder))  # left to itself, bubblewrap makes it root's alone
        yield from ("--dev-bind" if path in _DEVICES else "--ro-bind-try", path, path)


def _python() -> Iterator[str]:
    """This Python, wherever it is: the interpreter, its libraries, the installed packages, and our readers."""
    yield sys.executable
    yield str(Path(sys.prefix, "pyvenv.cfg"))
    for base in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix)):
        yield from (str(Path(base, name)) for name in ("lib", "lib64") if base != "/usr")
    places = sysconfig.get_paths()
    yield from (places["purelib"], places["platlib"])
    yield from (str(_ROOT / "intake" / name) for name in ("__init__.py", "__pycache__", "reading"))


def _named(variable: str) -> list[str]:
    """The folders that a variable names, which is passed on to the readers."""
    return [path for path in os.environ.get(variable, "").split(":") if os.path.isabs(path)]  # noqa: PTH117
