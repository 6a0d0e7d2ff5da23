"""The output folder and its safe swap: a run that is killed half-way leaves the last good ``out/``.

Everything is written to ``<out>.new``; its ``manifest.json`` is the last file, so a folder with a manifest is whole.
Then ``out`` → ``out.previous`` and ``out.new`` → ``out``; the next command repairs a swap that was cut in two.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layout_planner.contracts.dictionary import MARK
from layout_planner.errors import MachineError, UsageError
from layout_planner.io.text import sha256

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
KEPT = "edited"
DOCUMENTS = (".docx", ".xlsx", ".pdf", ".html", ".csv")  # what a planner may edit
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class OutFolder:
    """A new output folder being filled; nothing stands in ``target`` until ``finish``."""

    target: Path
    new: Path

    def write_table(self, name: str, frame: pd.DataFrame, *, synthetic: bool = False) -> None:
        """Write ``tables/NAME.csv`` with the mark of simulated data: UTF-8 with BOM, six digits, formulas defused."""
        path = self.new / "tables" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(frame.assign(**{MARK: synthetic}), path)

    def write_text(self, name: str, text: str) -> None:
        """Write a text document."""
        path = self.new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")

    def finish(self, manifest: Mapping[str, Any]) -> list[Path]:
        """Write the manifest, keep edited documents of the last run, and swap the folders.

        Returns
        -------
        list of Path
            Documents that the planner had edited, as kept in ``edited/``.

        Raises
        ------
        MachineError
            ``out_locked`` if a file of the old folder is open elsewhere: the result stays in ``out-<time>``.
        """
        kept = keep_edited(self.target, self.new)
        documents = {
            p.relative_to(self.new).as_posix(): sha256(p)
            for p in sorted(self.new.rglob("*"))
            if p.suffix in DOCUMENTS and KEPT not in p.parts
        }
        text = json.dumps({**manifest, "documents": documents}, ensure_ascii=False, indent=1)
        (self.new / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")
        try:
            swap(self.target, self.new)
        except OSError as error:
            aside = self.target.with_name(f"{self.target.name}-{datetime.now():%Y%m%d-%H%M%S}")
            repair(self.target)
            if self.new.exists():
                self.new.rename(aside)
            raise MachineError("out_locked", folder=self.target.name, kept=aside.name) from error
        return kept


def open_out(target: Path) -> OutFolder:
    """Repair what an earlier run left and make a new, empty folder to write to.

    Raises
    ------
    UsageError
        ``out_not_ours`` if ``target`` holds files that no run wrote.
    MachineError
        ``out_unwritable``.
    """
    repair(target)
    if target.exists() and not (target / MANIFEST).exists() and any(target.iterdir()):
        raise UsageError("out_not_ours", folder=target.name)
    new = _beside(target, "new")
    try:
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(parents=True)
    except OSError as error:
        raise MachineError("out_unwritable", folder=target.name, found=error.strerror or str(error)) from error
    return OutFolder(target, new)


def repair(target: Path) -> None:
    """Finish or undo a swap that was cut in two: the newest whole folder becomes ``target``."""
    new, previous = _beside(target, "new"), _beside(target, "previous")
    if target.exists():
        return
    if (new / MANIFEST).exists():
        new.rename(target)
    elif previous.exists():
        previous.rename(target)


def swap(target: Path, new: Path) -> None:
    """Rename ``target`` to ``<target>.previous`` and ``new`` to ``target``."""
    previous = _beside(target, "previous")
    if target.exists():
        if previous.exists():
            shutil.rmtree(previous)
        target.rename(previous)
    new.rename(target)


def keep_edited(target: Path, new: Path) -> list[Path]:
    """Copy documents whose hash differs from the manifest, and those kept earlier, to ``new/edited``."""
    if not (target / MANIFEST).exists():
        return []
    known = json.loads((target / MANIFEST).read_text(encoding="utf-8")).get("documents", {})
    edited = [target / name for name, digest in known.items() if _differs(target / name, digest)]
    older = sorted((target / KEPT).iterdir()) if (target / KEPT).is_dir() else []
    kept = []
    for path in [*older, *edited]:
        place = new / KEPT / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            place = place.with_stem(f"{place.stem}-{sha256(path)[:8]}")
        shutil.copy2(path, place)
        kept.append(place)
    return kept[len(older) :]


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table for a spreadsheet: UTF-8 with BOM, six significant digits, no cell that runs as a formula."""
    safe = frame.copy()
    for column in safe.columns:
        if safe[column].dtype.kind in "OSU" or str(safe[column].dtype) in {"str", "string"}:
            safe[column] = safe[column].map(_defuse, na_action="ignore")
    safe.to_csv(path, index=False, encoding="utf-8-sig", float_format="%.6g", lineterminator="\n")


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _defuse(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _differs(path: Path, digest: str) -> bool:
    return path.exists() and sha256(path) != digest


def _beside(target: Path, word: str) -> Path:
    return target.with_name(f"{target.name}.{word}")
