"""One run at a time writes to a place: a lock that the system takes back when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from layout_planner.errors import MachineError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TRIES: Final = 20  # the file was taken away while we opened it: open it again
_FAR: Final = 1 << 30  # Windows locks bytes against reading too: one that nobody reads
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}  # some network drives


@dataclass(frozen=True)
class Lock:
    """A lock that is held until `release`, or until the process is gone."""

    path: Path
    handle: BinaryIO

    def release(self) -> None:
        """Give the lock back and take its file away; a second time does nothing."""
        if self.handle.closed:
            return
        if sys.platform != "win32":  # while it is still ours
            with contextlib.suppress(OSError):
                self.path.unlink()
        with contextlib.suppress(OSError):  # the disk is full: the two lines do not matter
            self.handle.close()
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                self.path.unlink()


def lock(target: Path) -> Lock:
    """Lock a file or folder that is about to be replaced, by ``.<name>.lock`` beside it.

    The file names the process for the message alone: what counts is the lock of the operating system, so a file left by
    a process that is dead holds nobody up.

    Raises
    ------
    MachineError
        ``out_busy`` if another process holds it.
    OSError
        If the folder cannot be written.
    """
    path = target.with_name(f".{target.name}.lock")
    for _ in range(_TRIES):
        handle = path.open("a+b")
        try:
            _take(handle)
            if _same(handle, path):
                return _signed(Lock(path, handle))
        except BlockingIOError:
            pid, since = _holder(handle)
            handle.close()
            raise MachineError("out_busy", folder=target.name, pid=pid, since=since) from None
        except BaseException:
            handle.close()
            raise
        handle.close()
    raise MachineError("out_busy", folder=target.name, pid="?", since="?")


def _signed(held: Lock) -> Lock:
    """Write into the file which process holds the lock, for the message to others."""
    try:
        held.handle.truncate(0)
        held.handle.write(f"{os.getpid()}\n{datetime.now():%H:%M:%S}\n".encode())
        held.handle.flush()
    except OSError:
        held.release()
        raise
    return held


def _take(handle: BinaryIO) -> None:
    try:
        if sys.platform == "win32":
            handle.seek(_FAR)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}:
            raise BlockingIOError from error
        if error.errno not in _NO_LOCKS:
            raise


def _same(handle: BinaryIO, path: Path) -> bool:
    """Whether the path still leads to the file that was locked."""
    try:
        return sys.platform == "win32" or os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _holder(handle: BinaryIO) -> tuple[str, str]:
    handle.seek(0)
    lines = handle.read(100).decode("ascii", "replace").split()
    return (lines[0], lines[1]) if len(lines) > 1 else ("?", "?")
