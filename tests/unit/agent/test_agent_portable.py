"""A venue's computer runs Windows or Linux: nothing in the agent may need a system of one kind."""

import ast
import sys
from pathlib import Path

import pytest

import vocalverse

PACKAGE = Path(vocalverse.__file__).parent
MODULES = sorted([*(PACKAGE / "agent").rglob("*.py"), *(PACKAGE / "cli").glob("agent*.py")])
SHARED = [PACKAGE / name for name in ("errors.py", "ids.py", "logs.py", "records.py", "settings.py", "cli/lazy.py")]

UNIX_MODULES = {
    "fcntl",
    "grp",
    "pwd",
    "resource",
    "termios",
    "tty",
    "pty",
    "posix",
    "crypt",
    "spwd",
    "syslog",
    "readline",
    "curses",
    "nis",
}
WINDOWS_MODULES = {"msvcrt", "winreg", "winsound", "_winapi"}
WATCHERS = {"pyinotify", "inotify", "watchdog"}
UNIX_OS = {
    "fork",
    "forkpty",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getgroups",
    "getlogin",
    "setuid",
    "seteuid",
    "setgid",
    "setsid",
    "setpgid",
    "getpgid",
    "getpgrp",
    "killpg",
    "kill",
    "statvfs",
    "fstatvfs",
    "chown",
    "lchown",
    "fchown",
    "chroot",
    "mkfifo",
    "mknod",
    "nice",
    "getloadavg",
    "uname",
    "sysconf",
    "confstr",
    "pathconf",
    "wait",
    "wait3",
    "wait4",
    "WNOHANG",
    "O_NOFOLLOW",
    "O_DIRECTORY",
    "O_CLOEXEC",
    "O_NONBLOCK",
    "O_SYNC",
    "openpty",
    "ttyname",
    "ctermid",
    "posix_fadvise",
    "posix_fallocate",
    "sendfile",
    "splice",
    "preadv",
    "pwritev",
    "pread",
    "pwrite",
    "fchmod",
    "fchdir",
    "fdatasync",
    "sync",
    "lockf",
    "eventfd",
    "inotify_init",
    "sched_setaffinity",
    "sched_getaffinity",
    "getpriority",
    "setpriority",
    "umask",
    "getxattr",
    "setxattr",
    "memfd_create",
    "pipe2",
    "dup3",
}
UNIX_SIGNAL = {
    "SIGKILL",
    "SIGHUP",
    "SIGUSR1",
    "SIGUSR2",
    "SIGCHLD",
    "SIGALRM",
    "SIGPIPE",
    "SIGQUIT",
    "SIGTSTP",
    "SIGSTOP",
    "SIGCONT",
    "SIGWINCH",
    "alarm",
    "setitimer",
    "pause",
    "sigwait",
    "pthread_kill",
    "pthread_sigmask",
    "siginterrupt",
}
UNIX_OTHER = {
    "socket": {"AF_UNIX", "SO_REUSEPORT", "socketpair", "send_fds", "recv_fds"},
    "time": {"tzset", "clock_gettime", "CLOCK_MONOTONIC"},
    "select": {"poll", "epoll", "kqueue"},
    "os": UNIX_OS,
    "signal": UNIX_SIGNAL,
}
UNIX_ARGUMENTS = {"preexec_fn", "start_new_session", "pass_fds", "process_group", "dir_fd", "src_dir_fd", "dst_dir_fd"}
UNIX_PATH_METHODS = {"owner", "is_mount", "lchmod", "hardlink_to", "symlink_to", "expanduser"}
PLAIN_INSTALL = {"vocalverse", "httpx", "click", "rich"}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def unportable(tree: ast.Module) -> set[str]:
    """Everything in a module that not every system has."""
    found = {name for name in imported(tree) if name.split(".")[0] in UNIX_MODULES | WINDOWS_MODULES | WATCHERS}
    found |= {name for name in imported(tree) if name.split(".")[-1] in UNIX_OTHER.get(name.split(".")[0], set())}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in UNIX_OTHER.get(node.value.id, set()):
                found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.keyword) and node.arg in UNIX_ARGUMENTS:
            found.add(f"{node.arg}=")
        elif isinstance(node, ast.Constant) and str(node.value).startswith(("/proc", "/sys", "/dev/", "/etc/", "/tmp")):
            found.add(str(node.value))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in UNIX_PATH_METHODS:
            found.add(f".{node.func.attr}()")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_the_agent_uses_nothing_that_only_one_system_has(path: Path):
    assert unportable(tree_of(path)) == set()


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_what_the_agent_imports_from_the_rest_imports_nothing_of_one_system(path: Path):
    assert {name for name in imported(tree_of(path)) if name.split(".")[0] in UNIX_MODULES} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_agent_needs_no_more_than_the_plain_install(path: Path):
    known = PLAIN_INSTALL | set(sys.stdlib_module_names)
    assert {name.split(".")[0] for name in imported(tree_of(path))} <= known
    ours = {".".join(name.split(".")[:2]) for name in imported(tree_of(path)) if name.startswith("vocalverse.")}
    allowed = {
        f"vocalverse.{part}" for part in ("agent", "cli", "errors", "records", "settings", "logs", "__version__")
    }
    assert ours <= allowed


@pytest.mark.parametrize(
    "code",
    [
        "import fcntl",
        "from os import fork",
        "import os\nos.statvfs('.')",
        "import signal\nsignal.SIGKILL",
        "import subprocess\nsubprocess.Popen([], preexec_fn=f)",
        "open('/proc/self/status')",
        "path.owner()",
    ],
)
def test_the_check_itself_finds_what_it_should(code: str):
    assert unportable(ast.parse(code))
