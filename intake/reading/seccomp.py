"""The system calls that a reader's process gives up before it sees the first untrusted byte (seccomp, Linux).

A reader computes: it takes descriptors and bytes from a socket that it has already, and answers on it. So it needs no
new process or program, no socket (but a pair of streams, which lead nowhere else), no signal to others, no look into
others, no change of a file's mode or owner (its original came as a descriptor, and who owns the file may change its
mode through one that was opened to read), and nothing of what has broken kernels before. Those calls fail with EPERM,
as if this user might not do them; libraries expect that. Everything else goes on, so that a new version of a library
doesn't die of a harmless call.

Classic BPF over ``struct seccomp_data`` (linux/seccomp.h, linux/filter.h); the numbers are the kernel's own
(asm/unistd_64.h, asm-generic/unistd.h) and never change. ``clone`` is allowed for threads alone; ``clone3``, whose
flags a filter can't see, does not exist here (ENOSYS), upon which the C library takes ``clone``.
"""

import ctypes
import errno
import os
import platform
import struct

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24  # offsets; the low half of an argument
_CLONE_THREAD = 0x10000
_STEP = struct.Struct("=HBBI")  # struct sock_filter
_X32 = 0x40000000  # the second numbering of x86-64
_STREAMS = tuple(1 | flags for flags in (0, 0x800, 0x80000, 0x80800))  # SOCK_STREAM, with NONBLOCK and CLOEXEC or not
_HARMLESS_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # is it a terminal, its size; FIO*

_SHARED = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "pidfd_send_signal": 424,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "pidfd_open": 434, "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447, "fchmodat2": 452,
}  # fmt: skip
_X86_64 = {
    "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "accept4": 288,
    "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "unshare": 272, "setns": 308,
    "kill": 62, "tkill": 200, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
    "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "perf_event_open": 298, "bpf": 321,
    "userfaultfd": 323, "personality": 135, "modify_ldt": 154, "keyctl": 250, "add_key": 248, "request_key": 249,
    "chmod": 90, "fchmod": 91, "fchmodat": 268, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260,
    "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199,
    "utime": 132, "utimes": 235, "futimesat": 261, "utimensat": 280, "linkat": 265, "memfd_create": 319,
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "name_to_handle_at": 303, "open_by_handle_at": 304,
    "shmget": 29, "shmat": 30, "msgget": 68, "semget": 64, "mq_open": 240, "setrlimit": 160,
    "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320,
    "swapon": 167, "reboot": 169, "settimeofday": 164, "clock_settime": 227, "quotactl": 179, "acct": 163,
}  # fmt: skip
_AARCH64 = {
    "socket": 198, "bind": 200, "listen": 201, "accept": 202, "connect": 203, "accept4": 242,
    "execve": 221, "execveat": 281, "unshare": 97, "setns": 268,
    "kill": 129, "tkill": 130, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240,
    "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "perf_event_open": 241, "bpf": 280,
    "userfaultfd": 282, "personality": 92, "keyctl": 219, "add_key": 217, "request_key": 218,
    "fchmod": 52, "fchmodat": 53, "fchown": 55, "fchownat": 54,
    "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16,
    "utimensat": 88, "linkat": 37, "memfd_create": 279,
    "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "name_to_handle_at": 264, "open_by_handle_at": 265,
    "shmget": 194, "shmat": 196, "msgget": 186, "semget": 190, "mq_open": 180, "setrlimit": 164,
    "init_module": 105, "finit_module": 273, "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294,
    "swapon": 224, "reboot": 142, "settimeofday": 170, "clock_settime": 112, "quotactl": 60, "acct": 89,
}  # fmt: skip
_MACHINES = {
    "x86_64": (
        0xC000003E,
        _X86_64,
        {"clone": 56, "clone3": 435, "tgkill": 234, "prlimit64": 302, "ioctl": 16, "socketpair": 53},
    ),
    "aarch64": (
        0xC00000B7,
        _AARCH64,
        {"clone": 220, "clone3": 435, "tgkill": 131, "prlimit64": 261, "ioctl": 29, "socketpair": 199},
    ),
}


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def give_up() -> bool:
    """Give up these calls for good, in this process; False on a kind of machine whose numbers are not known here.

    Raises:
        OSError: the kernel refuses the filter.
    """
    made = program(platform.machine(), os.getpid())
    if made is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    given = _Program(len(made) // _STEP.size, made)
    where = ctypes.addressof(given)
    for call in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, where, 0, 0)):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), "the kernel refuses the filter of system calls")
    return True


def program(machine: str, pid: int) -> bytes | None:
    """The filter for a kind of machine and a process, or None if its numbers are not known here.

    Args:
        machine: as ``uname -m`` says it.
        pid: the process, which alone may get signals from itself (``abort``).
    """
    if machine not in _MACHINES:
        return None
    architecture, denied, looked_at = _MACHINES[machine]
    refuse = _step(_RETURN, _ERRNO | errno.EPERM)
    allow = _step(_RETURN, _ALLOW)
    steps = [
        _step(_LOAD, _ARCHITECTURE), _step(_JUMP_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL_PROCESS),
        _step(_LOAD, _NUMBER), _step(_JUMP_AT_LEAST, _X32, 0, 1), refuse,
        _step(_JUMP_EQUAL, looked_at["clone3"], 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS),
        *_if(looked_at["clone"], _FIRST_ARGUMENT, [(_JUMP_BITS, _CLONE_THREAD)]),
        *_if(looked_at["tgkill"], _FIRST_ARGUMENT, [(_JUMP_EQUAL, pid)]),
        *_if(looked_at["prlimit64"], _FIRST_ARGUMENT, [(_JUMP_EQUAL, 0)]),
        *_if(looked_at["socketpair"], _SECOND_ARGUMENT, [(_JUMP_EQUAL, kind) for kind in _STREAMS]),
        *_if(looked_at["ioctl"], _SECOND_ARGUMENT, [(_JUMP_EQUAL, request) for request in _HARMLESS_IOCTLS]),
    ]  # fmt: skip
    for number in sorted({*denied.values(), *_SHARED.values()}):
        steps += [_step(_JUMP_EQUAL, number, 0, 1), refuse]
    return b"".join([*steps, allow])


def _if(number: int, argument: int, allowed: list[tuple[int, int]]) -> list[bytes]:
    """Allow this call if its argument passes one of the tests, refuse it otherwise; go on if it is another call."""
    body = [_step(_LOAD, argument)]
    for test, value in allowed:
        body += [_step(test, value, 0, 1), _step(_RETURN, _ALLOW)]
    body.append(_step(_RETURN, _ERRNO | errno.EPERM))
    return [_step(_JUMP_EQUAL, number, 0, len(body)), *body]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return _STEP.pack(code, if_true, if_false, value)
