"""Map layers opened with care: only formats that cannot lead anywhere else, nothing that unpacks or runs without end.

The file is read here and handed on as bytes, so a path in any language works, and no format that names other files or
addresses (VRT, WFS, MapInfo lists) is ever tried.
"""

from __future__ import annotations

import io
import lzma
import sqlite3
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from layout_planner.errors import DataError
from layout_planner.errors.printable import shown
from layout_planner.io.text import decode, read_bytes

if TYPE_CHECKING:
    import geopandas as gpd

MAX_LAYER_BYTES: Final = 150_000_000  # of a layer, unpacked too: the roads of a county have 10 MB
MAX_GEOJSON_BYTES: Final = 60_000_000  # as text a layer takes several times its size in memory
MAX_FEATURES: Final = 500_000
MAX_POINTS: Final = 5_000_000  # of all lines and outlines of a layer
MAX_MEMBERS: Final = 200  # files in an archive
_STEPS: Final = 5_000_000  # of the database, for the list of layers
_FORMATS: Final = "GeoJSON、GeoPackage 或打包的 Shapefile"
_SQLITE, _ZIP = b"SQLite format 3\0", b"PK\x03\x04"
_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_OWN: Final = {"_row", "geometry"}  # names of columns that the program uses itself
_WAL: Final = slice(18, 20)  # two bytes of the header: whether the newest rows stand in a file beside


def read_features(path: Path) -> gpd.GeoDataFrame:
    """Read a layer as its file has it; features without geometry have None.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, or a Shapefile, packed or with its parts beside it.

    Returns
    -------
    GeoDataFrame
        Features in the order of the file; cells that hold lists are texts.

    Raises
    ------
    DataError
        ``file_missing``, ``file_not_regular``, ``file_too_large``, ``file_unreadable``, ``file_empty``, ``layer_unsafe``
        or ``layer_too_large``.
    """
    data = _beside(path) if path.suffix.lower() == ".shp" else read_bytes(path, limit=MAX_LAYER_BYTES)
    if data.startswith(_ZIP):
        data = _unpacked(data, path.name)
    layer = None
    if data.startswith(_SQLITE):
        if (wal := path.with_name(f"{path.name}-wal")).exists() and wal.stat().st_size:
            raise DataError("layer_open", file=path.name, found=wal.name)
        data = data[: _WAL.start] + b"\1\1" + data[_WAL.stop :]
        layer = _safe_layer(data, path)
    elif not data.startswith(_ZIP):
        data = _geojson(data, path.name)
    if not data:
        raise DataError("file_empty", file=path.name)
    return _checked(_parsed(data, layer, path.name), path.name)


def _parsed(data: bytes, layer: str | None, file: str) -> Any:
    import geopandas as gpd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on what it mends are no sentence for a planner
            return gpd.read_file(io.BytesIO(data), engine="pyogrio", layer=layer, max_features=MAX_FEATURES + 1)
    except MemoryError:
        raise
    except Exception as error:  # whatever a foreign library makes of a broken file, down to its own defects
        raise _unreadable(file) from error


def _checked(frame: Any, file: str) -> gpd.GeoDataFrame:
    """Bound the number of features and points; give a layer without geometry an empty one."""
    import geopandas as gpd
    import shapely

    if len(frame) == 0:
        raise DataError("file_empty", file=file)
    if len(frame) > MAX_FEATURES:
        raise DataError("layer_too_large", file=file, found=f"{MAX_FEATURES}+ 个要素", allowed=f"{MAX_FEATURES} 个要素")
    if not isinstance(frame, gpd.GeoDataFrame):
        frame = gpd.GeoDataFrame(frame, geometry=[None] * len(frame))
    points = int(shapely.get_num_coordinates(frame.geometry.to_numpy()).sum())
    if points > MAX_POINTS:
        raise DataError("layer_too_large", file=file, found=f"{points} 个折点", allowed=f"{MAX_POINTS} 个折点")
    active = frame.geometry.name
    frame = frame.rename(columns={c: f"{c}_" for c in frame.columns if c in _OWN and c != active})
    lists = [c for c in frame.columns if c != active and frame[c].dtype == object]
    return frame.assign(**{c: [_plain(cell) for cell in frame[c]] for c in lists})


def _plain(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, str | bool | int | float) else shown(cell)


def _geojson(data: bytes, file: str) -> bytes:
    if len(data) > MAX_GEOJSON_BYTES:
        found, allowed = len(data) / 1e6, MAX_GEOJSON_BYTES / 1e6
        raise DataError("file_too_large", file=file, found=f"{found:.0f}", allowed=f"{allowed:.0f}")
    text = decode(data, file).strip()
    if text and not text.startswith("{"):
        raise _unreadable(file)
    return text.encode("utf-8")


def _safe_layer(data: bytes, path: Path) -> str:
    """Choose the layer of a GeoPackage: the one named like the file, else the first; plain tables only."""
    try:
        with _database(data) as base:
            things = base.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
            views = [name for kind, name, _ in things if kind == "view"]
            virtual = [n for _, n, sql in things if _is_virtual(sql) and "using rtree" not in sql.lower()]
            if views or virtual:
                raise _unsafe(path.name, f"视图或虚拟表 {(views + virtual)[0]}")
            tables = {name for kind, name, sql in things if kind == "table" and not _is_virtual(sql)}
            if "gpkg_contents" not in tables:
                raise _unreadable(path.name)
            names = base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchall()
            layers = [name for (name,) in names if name in tables]
            if not layers:
                raise DataError("file_empty", file=path.name)
            stem = path.name.partition(".")[0]
            chosen = stem if stem in layers else str(layers[0])
            columns = base.execute("SELECT hidden FROM pragma_table_xinfo(?)", (chosen,)).fetchall()
            if any(hidden > 1 for (hidden,) in columns):
                raise _unsafe(path.name, f"{chosen} 中由公式算出的列")
            return chosen
    except sqlite3.Error as error:
        raise _unreadable(path.name) from error


@contextmanager
def _database(data: bytes) -> Iterator[sqlite3.Connection]:
    """A database in memory that stops when it counts too long."""
    base = sqlite3.connect(":memory:")
    try:
        base.deserialize(data)
        base.set_progress_handler(lambda: 1, _STEPS)
        yield base
    finally:
        base.close()


def _is_virtual(sql: str) -> bool:
    return sql.lstrip().lower().startswith("create virtual")


def _unpacked(data: bytes, file: str) -> bytes:
    """Take one layer out of an archive: packed again without compression, with plain names and known sizes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {PurePosixPath(i.filename): i for i in archive.infolist()[: MAX_MEMBERS + 1] if not i.is_dir()}
            if len(members) > MAX_MEMBERS:
                raise DataError(
                    "layer_too_large", file=file, found=f"{MAX_MEMBERS}+ 个文件", allowed=f"{MAX_MEMBERS} 个文件"
                )
            shapes = [p for p in members if p.suffix.lower() == ".shp" and not p.name.startswith(".")]
            if not shapes:
                raise _unreadable(file)
            stem = shapes[0].with_suffix("")
            parts = [(p, i) for p, i in members.items() if p.with_suffix("") == stem and p.suffix.lower() in _PARTS]
            total = sum(i.file_size for _, i in parts)
            if total > MAX_LAYER_BYTES:
                raise DataError(
                    "file_too_large", file=file, found=f"{total / 1e6:.0f}", allowed=f"{MAX_LAYER_BYTES / 1e6:.0f}"
                )
            return _packed({f"layer{p.suffix.lower()}": partial(archive.read, i) for p, i in parts})
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise _unreadable(file) from error  # RuntimeError: a password, or a compression that nobody knows


def _beside(path: Path) -> bytes:
    """Pack a Shapefile that is not packed: the file and those beside it that belong to it."""
    whole = {end: path.with_suffix(end) for end in _PARTS[1:] if path.with_suffix(end).exists()}
    return _packed(
        {f"layer{e}": partial(read_bytes, p, limit=MAX_LAYER_BYTES) for e, p in {".shp": path, **whole}.items()}
    )


def _packed(parts: dict[str, Callable[[], bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content())
    return buffer.getvalue()


def _unreadable(file: str) -> DataError:
    return DataError("file_unreadable", file=file, found="无法解析的内容", allowed=_FORMATS)


def _unsafe(file: str, found: str) -> DataError:
    return DataError("layer_unsafe", file=file, found=found, allowed="普通图层")
