"""What a planner changed in ``out/`` since it was written, and what he put there: it goes into the next ``out/``."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from layout_planner.io.swap import MANIFEST, UNFINISHED, beside, digest, files_in, manifest_in

KEPT: Final = "edited"
_PASSING: Final = ("~$", ".~lock.")  # what an office program leaves beside a document that is open
_SYSTEM: Final = {"Thumbs.db", "desktop.ini", ".DS_Store"}
_PART: Final = ".part"
_STEM: Final = 60  # characters of a name that has to be made different

Stamp = tuple[int, int]  # time of the last change, size


@dataclass(frozen=True)
class Carried:
    """Files that were put into the new folder, and how the old folder looked when they were."""

    hashes: dict[str, str] = field(default_factory=dict)  # name in the new folder → SHA-256
    edited: list[str] = field(default_factory=list)  # edited since the last run
    added: list[str] = field(default_factory=list)  # the planner's own
    stamps: dict[str, Stamp] = field(default_factory=dict)  # every file of the old folder


def carry_over(target: Path, new: Path) -> Carried:
    """Copy to the new folder what a planner edited in the last result, added to it, or changed in the one before.

    A file that the manifest lists with another hash goes to ``edited/``; a file that it does not list keeps its place,
    unless the run writes a file there.

    Raises
    ------
    OSError
        If a file cannot be read, for it is open elsewhere, or the disk is full.
    """
    done = Carried()
    last = manifest_in(target)
    if last is None:
        return done
    known, mine = _written(last), []
    for name in files_in(target):
        if _passing(name) or (name.startswith("figures/") and "files" not in last and name not in known):
            continue
        done.stamps[name] = stamp(target / name)
        if name in known:
            if digest(target / name) != known[name]:
                mine.append(name)
        else:
            place = _copy(target / name, new, name, done.hashes)
            if not name.startswith(f"{KEPT}/"):
                (done.edited if place.startswith(f"{KEPT}/") else done.added).append(place)
    for name in mine:
        done.edited.append(_copy(target / name, new, _aside(name), done.hashes))
    done.edited.extend(_from_before(target, new, last, done))
    return done


def catch_late(target: Path, carried: Carried) -> list[str]:
    """Copy to ``edited/`` what was changed in the old folder between `carry_over` and the swap."""
    before = beside(target, "previous")
    late = []
    for name in files_in(before):
        if not _passing(name) and stamp(before / name) != carried.stamps.get(name):
            late.append(_copy(before / name, target, _aside(name), carried.hashes))
    return late


def stamp(path: Path) -> Stamp:
    """Time of the last change and size of a file or link."""
    state = path.lstat()
    return state.st_mtime_ns, state.st_size


def _from_before(target: Path, new: Path, last: Mapping[str, Any], done: Carried) -> list[str]:
    """What somebody still changed in the result before the last one, after it had been replaced."""
    before = beside(target, "previous")
    older = manifest_in(before)
    if older is None:
        return []
    known = _written(older)
    given = {*_texts(last.get("kept")).values(), *done.hashes.values()}
    found = []
    for name in files_in(before):
        if not _passing(name) and (found_digest := digest(before / name)) not in {known.get(name), *given}:
            if name.startswith("figures/") and "files" not in older:
                continue
            found.append(_copy(before / name, new, _aside(name), done.hashes))
            given.add(found_digest)
    return found


def _written(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Name → SHA-256 of every file that the run of a manifest wrote."""
    files = manifest.get("files")
    if not isinstance(files, Mapping):
        return _texts(manifest.get("documents"))
    return {
        name: str(entry["sha256"]) for name, entry in files.items() if isinstance(entry, Mapping) and "sha256" in entry
    }


def _texts(entries: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in entries.items()} if isinstance(entries, Mapping) else {}


def _passing(name: str) -> bool:
    base = name.rpartition("/")[2]
    half = base.startswith(".") and base.endswith(_PART)
    return half or name in {MANIFEST, UNFINISHED} or base in _SYSTEM or base.startswith(_PASSING)


def _aside(name: str) -> str:
    return f"{KEPT}/{name.rpartition('/')[2]}"


def _copy(source: Path, folder: Path, name: str, hashes: dict[str, str]) -> str:
    """Copy a file or link to a free name in a folder, first ``name``; the same content is not copied twice there."""
    found = digest(source)
    place = folder / name
    if os.path.lexists(place) and digest(place) != found:
        place = folder / _aside(name)
    for n in range(1000):
        if not os.path.lexists(place) or digest(place) == found:
            break
        base = Path(name)
        tail = found[:8] if n == 0 else f"{found[:8]}-{n}"
        place = folder / KEPT / f"{base.stem[:_STEM]}-{tail}{base.suffix}"
    place.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(place):
        _write_copy(source, place)
    told = place.relative_to(folder).as_posix()
    hashes[told] = found
    return told


def _write_copy(source: Path, place: Path) -> None:
    if source.is_symlink() and not source.is_file():
        with contextlib.suppress(OSError):  # a link to a folder, or to nothing, is no document
            place.symlink_to(source.readlink())
        return
    part = place.with_name(f".{place.name[:_STEM]}{_PART}")
    shutil.copyfile(source, part)
    with contextlib.suppress(OSError):
        shutil.copystat(source, part)
    part.replace(place)
