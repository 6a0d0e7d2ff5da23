"""The output folder and its safe swap: a run that is killed half-way leaves the last good ``out/``.

Everything is written to ``<out>.new``; its ``manifest.json`` is the last file and reaches the disk after all others, so
a folder with a manifest is whole. Then ``out`` → ``out.previous`` and ``out.new`` → ``out``; the next command repairs a
swap that was cut in two. One run at a time: a lock beside the folder says which process is writing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from layout_planner.contracts.dictionary import MARK
from layout_planner.errors import MachineError, UsageError
from layout_planner.errors.machine import WRITING_FAILS, why
from layout_planner.io.cells import write_csv
from layout_planner.io.kept import KEPT, Carried, carry_over, catch_late
from layout_planner.io.lock import Lock, lock
from layout_planner.io.swap import (
    MANIFEST,
    PROGRAM,
    UNFINISHED,
    beside,
    clear_graves,
    digest,
    discard,
    files_in,
    is_ours,
    manifest_in,
    repair,
    settle,
    swap,
    sync,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KEPT", "MANIFEST", "OutFolder", "digest_of", "open_out", "repair", "write_csv"]

DOCUMENTS: Final = (".docx", ".xlsx", ".pdf", ".html", ".csv")  # what a planner may edit
_NOTE: Final = (
    "未完成的运行：请不要使用这个文件夹，下次运行会自动清理。\n"
    "An unfinished run: do not use this folder, the next run clears it away.\n"
)


@dataclass(frozen=True)
class OutFolder:
    """A new output folder being filled; nothing stands in ``target`` until ``finish``.

    Use it in a ``with`` block: whatever stops the run, the half-filled folder and the lock are gone afterwards.
    """

    target: Path
    new: Path
    lock: Lock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                _tidy(self.target, self.new)
        finally:
            self.lock.release()
        if isinstance(error, OSError) and error.errno in WRITING_FAILS:
            raise _unwritable(self.target, error) from error

    def write_table(self, name: str, frame: pd.DataFrame, *, synthetic: bool = False) -> None:
        """Write ``tables/NAME.csv`` with the mark of simulated data: UTF-8 with BOM, six digits, formulas defused."""
        path = self.new / "tables" / f"{name}.csv"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_csv(frame.assign(**{MARK: synthetic}), path)
        except OSError as error:
            raise _unwritable(self.target, error) from error

    def write_text(self, name: str, text: str) -> None:
        """Write a text document."""
        path = self.new / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(self.target, error) from error

    def finish(self, manifest: Mapping[str, Any]) -> list[str]:
        """Write the manifest, carry over what the planner edited or added since the last run, and swap the folders.

        Returns
        -------
        list of str
            Files of the planner as they stand in ``target``: edited ones under ``edited/``, others in their place.

        Raises
        ------
        MachineError
            ``out_locked`` if a file of the old folder is open elsewhere: the result stays in ``out-<time>``;
            ``out_unwritable`` if the disk is full or fails: the old result stands.
        """
        carried = Carried()
        locked: OSError | None = None
        try:
            own = _listing(self.new)
            try:
                carried = carry_over(self.target, self.new)
            except PermissionError as error:
                locked = error
            _seal(self.new, manifest, own, carried)
        except OSError as error:
            raise _unwritable(self.target, error) from error
        if locked is None:
            try:
                swap(self.target, self.new)
            except OSError as error:
                locked = error
        if locked is not None:
            kept = _set_aside(self.target, self.new)
            raise MachineError("out_locked", folder=self.target.name, kept=kept) from locked
        try:
            late = catch_late(self.target, carried)
        except OSError:  # it stands in the previous folder: the next run tries again
            late = []
        self.lock.release()
        return [*carried.edited, *late, *carried.added]


def open_out(target: Path) -> OutFolder:
    """Lock the folder, repair what an earlier run left and make a new, empty folder to write to.

    Raises
    ------
    UsageError
        ``out_not_ours`` if ``target``, or the folder beside it that a run needs, holds files that no run wrote.
    MachineError
        ``out_busy`` if another run is writing there; ``out_unwritable``.
    """
    target = Path(os.path.realpath(target))
    new = beside(target, "new") if target.name else target
    if not target.name or target == Path.cwd():
        raise UsageError("out_not_ours", folder=str(target))
    held = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        held = lock(target)
        for folder in (target, new, beside(target, "previous")):
            if not is_ours(folder):
                raise UsageError("out_not_ours", folder=folder.name)
        repair(target)
        clear_graves(target)
        discard(new)
        new.mkdir()
        (new / UNFINISHED).write_text(_NOTE, encoding="utf-8")
    except OSError as error:
        if held is not None:
            held.release()
        raise _unwritable(target, error) from error
    except BaseException as stop:
        if held is not None:
            if isinstance(stop, KeyboardInterrupt) and is_ours(new):  # no with block yet that would clear it away
                _tidy(target, new)
            held.release()
        raise
    return OutFolder(target, new, held)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _listing(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and size of every file that the run wrote."""
    names = [name for name in files_in(folder) if name not in {UNFINISHED, MANIFEST}]
    return {name: {"sha256": digest(folder / name), "bytes": (folder / name).stat().st_size} for name in names}


def _seal(new: Path, manifest: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]], carried: Carried) -> None:
    """Let every file reach the disk, then write the manifest, then take the mark of an unfinished run away."""
    documents = {name: entry["sha256"] for name, entry in own.items() if name.endswith(DOCUMENTS)}
    whole = {**manifest, "program": PROGRAM, "documents": documents, "files": own, "kept": carried.hashes}
    settle(new)
    part = new / f".{MANIFEST}.part"
    part.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    sync(part)
    part.replace(new / MANIFEST)
    (new / UNFINISHED).unlink(missing_ok=True)
    sync(new)


def _set_aside(target: Path, new: Path) -> str:
    """Keep a finished result that could not take its place, under a name with the time."""
    repair(target)
    stem = f"{target.name}-{datetime.now():%Y%m%d-%H%M%S}"
    for n in range(100):
        aside = target.with_name(stem if n == 0 else f"{stem}-{n}")
        if os.path.lexists(aside):
            continue
        try:
            new.rename(aside)
        except OSError:
            break
        return aside.name
    return new.name


def _tidy(target: Path, new: Path) -> None:
    """Leave the last good result and nothing half-filled beside it."""
    try:
        repair(target)
        if manifest_in(new) is None:
            discard(new)
    except OSError:  # the next run tries again
        return


def _unwritable(target: Path, error: OSError) -> MachineError:
    return MachineError("out_unwritable", folder=target.name, found=why(error))
