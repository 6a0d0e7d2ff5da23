"""Folders that change places: what counts as whole, what an interrupted swap left, and how it is put right.

A folder with a readable manifest of ours is whole: the manifest is written after every other file has reached the disk.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "manifest.json"
UNFINISHED: Final = "UNFINISHED.txt"  # stands in a folder that is being filled
PROGRAM: Final = "layout-planner"
MAX_MANIFEST: Final = 50_000_000  # bytes
_RETRIES, _PAUSE = 5, 0.1  # a virus scanner holds a new file for a moment [s]
_NO_SYNC: Final = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}


def beside(target: Path, word: str) -> Path:
    """Return ``<target>.<word>``."""
    return target.with_name(f"{target.name}.{word}")


def manifest_in(folder: Path) -> Mapping[str, Any] | None:
    """Read the manifest of a folder; None if it has none, or one that this program did not write."""
    path = folder / MANIFEST
    try:
        if not path.is_file() or path.stat().st_size > MAX_MANIFEST:
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    ours = isinstance(found, dict) and isinstance(found.get("documents"), dict)
    return found if ours and found.get("program", PROGRAM) == PROGRAM else None


def is_ours(folder: Path) -> bool:
    """Whether a folder may be replaced: it is not there, empty, a whole result, or one that was being filled."""
    if not os.path.lexists(folder):
        return True
    if folder.is_symlink() or not folder.is_dir():
        return False
    return manifest_in(folder) is not None or (folder / UNFINISHED).is_file() or next(folder.iterdir(), None) is None


def files_in(folder: Path) -> Iterator[str]:
    """Names of the files and links below a folder, with ``/``, in order; pipes and devices are passed over."""
    for here, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = Path(here) / name
            if path.is_symlink() or path.is_file():
                yield path.relative_to(folder).as_posix()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces; of a link that leads to no file, that of its target."""
    if path.is_symlink() and not path.is_file():
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def settle(folder: Path) -> None:
    """Wait until every file below a folder, and the folders themselves, have reached the disk."""
    for here, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(here) / name
            if path.is_file() and not path.is_symlink():
                sync(path)
        sync(Path(here))


def sync(path: Path) -> None:
    """Wait until a file or a folder has reached the disk; systems that cannot do it for folders are let off."""
    try:
        handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    except PermissionError:  # Windows opens no folder
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def repair(target: Path) -> None:
    """Finish or undo a swap that was cut in two: the newest whole folder becomes ``target``."""
    if os.path.lexists(target):
        return
    for folder in (beside(target, "new"), beside(target, "previous")):
        if manifest_in(folder) is not None:
            with contextlib.suppress(FileNotFoundError):
                (folder / UNFINISHED).unlink()
            folder.rename(target)
            return


def swap(target: Path, new: Path) -> None:
    """Rename ``target`` to ``<target>.previous`` and ``new`` to ``target``; what stood there before is deleted.

    Raises
    ------
    OSError
        If a file of one of the folders is open elsewhere; everything is then where it was.
    """
    previous = beside(target, "previous")
    grave = _bury(previous)
    moved = False
    try:
        if target.exists():
            _rename(target, previous)
            moved = True
        _rename(new, target)
    except OSError:
        if moved:
            _rename(previous, target)
        if grave is not None:
            grave.rename(previous)
        raise
    sync(target.parent)
    if grave is not None:
        shutil.rmtree(grave, ignore_errors=True)


def discard(folder: Path) -> None:
    """Delete a folder of ours; one that is only half deleted is never taken for a result."""
    grave = _bury(folder)
    if grave is not None:
        shutil.rmtree(grave, ignore_errors=True)


def clear_graves(target: Path) -> None:
    """Delete what an earlier run could not delete to the end."""
    if not target.parent.is_dir():
        return
    marks = tuple(f".{target.name}.{word}.deleting-" for word in ("new", "previous"))
    for path in target.parent.iterdir():
        if path.name.startswith(marks):
            shutil.rmtree(path, ignore_errors=True)


def _bury(folder: Path) -> Path | None:
    """Rename a folder to a name that only this program uses; None if it is not there."""
    if not os.path.lexists(folder):
        return None
    grave = next(
        path for n in range(1000) if not os.path.lexists(path := folder.with_name(f".{folder.name}.deleting-{n}"))
    )
    folder.rename(grave)
    return grave


def _rename(old: Path, new: Path) -> None:
    for _ in range(_RETRIES):
        try:
            old.rename(new)
            return
        except PermissionError:
            time.sleep(_PAUSE)
    old.rename(new)
