"""Files that nobody sends in good faith, small enough to be made anew for every test."""

import io
import json
import sqlite3
import struct
import zipfile

DEEP = 100_000
HEADER = "township_code,year,month,births,source\n"
ROW = "990001100,2004,,60,x\n"


def _zip(names, *, size=1000, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name in names:
            archive.writestr(name, bytes(size))
    return buffer.getvalue()


def _lying_zip():
    """An archive whose directory says 10 bytes where 50 MB come out."""
    data = bytearray(_zip(["a.shp", "a.shx", "a.dbf"], size=50_000_000))
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        data[at + 24 : at + 28] = struct.pack("<I", 10)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def tables():
    """Text files: name → bytes."""
    return {
        "empty": b"",
        "header only": HEADER.encode(),
        "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + (HEADER + ROW).encode(),
        "carriage returns": (HEADER + ROW).replace("\n", "\r").encode(),
        "dos": (HEADER + ROW).replace("\n", "\r\n").encode(),
        "nul": (HEADER + ROW).replace("60", "6\0").encode(),
        "utf-16 without mark": (HEADER + ROW).encode("utf-16-le"),
        "invalid utf-8": HEADER.encode() + b"\xff\xfe\xc3(\xa0\x80,2004\n",
        "two encodings": HEADER.encode() + "甲,2004,,60,新坝镇\n".encode() + "乙,2004,,60,黑泉镇\n".encode("gb18030"),
        "formula": (HEADER + ROW.replace("x", "=cmd|' /C calc'!A0")).encode(),
        "script": (HEADER + ROW.replace("x", "<script>alert(1)</script>")).encode(),
        "huge number": (HEADER + ROW.replace("60", "1" + "0" * 400)).encode(),
        "huge digits": (HEADER + ROW.replace("60", "9" * 6000)).encode(),
        "1e400": (HEADER + ROW.replace("60", "1e400")).encode(),
        "nan": (HEADER + ROW.replace("60", "nan")).encode(),
        "infinity": (HEADER + ROW.replace("60", "Infinity")).encode(),
        "open quote": (HEADER + '990001100,2004,,60,"' + ROW * 8000).encode(),
        "long cell": (HEADER + ROW.replace("x", "x" * 10_000)).encode(),
        "million columns": (",".join(f"c{i}" for i in range(1_000_000)) + "\n").encode(),
        "million same columns": (HEADER.strip() + ",a" * 1_000_000 + "\n" + ROW).encode(),
        "million cells": (HEADER + ROW.strip() + "," * 1_000_000 + "\n").encode(),
        "blank lines": (HEADER + ROW).encode() + b"\n" * 5_000_000,
        "blank lines inside": HEADER.encode() + b"\n" * 5_000_000 + ROW.encode(),
        "commas": HEADER.encode() + b",,,,\n" * 1_000_000,
        "own names": (HEADER.strip() + ",_row,geometry\n" + ROW.strip() + ",1,2\n").encode(),
        "invisible": (HEADER + ROW.replace("60", "6\u200b0").replace("x", "\u202ex\x1b[2J\x07")).encode(),
        "zip": _zip(["a.csv"]),
        "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    }


def settings(good):
    """``county.toml``: name → bytes; ``good`` is one that can be used."""
    return {
        "empty": b"",
        "deep arrays": ("a = " + "[" * DEEP + "]" * DEEP).encode(),
        "deep tables": ("a = " + "{a = " * DEEP + "1" + "}" * DEEP).encode(),
        "deep dots": ("a." * DEEP + "a = 1").encode(),
        "some dots": ("a." * 500 + "a = 1\n").encode() + good.encode(),
        "deep section": ("[" + "a." * DEEP + "a]\nb = 1").encode(),
        "huge integer": good.replace("draws = 60", "draws = " + "9" * 5000).encode(),
        "huge hex": good.replace("draws = 60", "draws = 0x" + "f" * 50_000).encode(),
        "large integer": good.replace("draws = 60", "draws = 1" + "0" * 400).encode(),
        "1e400": good.replace("draws = 60", "draws = 1e400").encode(),
        "nan": good.replace("draws = 60", "draws = nan").encode(),
        "no such day": (good + "\nd = 2025-02-31\n").encode(),
        "twice": (good + "\ndraws = 3\n").encode(),
        "nul": good.replace("draws", "dr\0aws").encode(),
        "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + good.encode(),
        "long name": good.replace("测试县（模拟）", "甲" * 10_000).encode(),
        "invisible name": good.replace("测试县（模拟）", "测\\u202E试\\u0000县\\n").encode(),
        "list for a section": (good + '\nrules = ["a"]\noverrides = 3\nparameters = [[[]]]\n').encode(),
        "invalid utf-8": good.encode() + b"\xff\xff\xff",
    }


def layers():
    """Map layers: name → bytes."""
    return {
        "empty": b"",
        "braces": b"{}",
        "list": b"[]",
        "no features": b'{"type":"FeatureCollection","features":[]}',
        "deep": b'{"type":"FeatureCollection","features":' + b"[" * DEEP + b"]" * DEEP + b"}",
        "deep properties": _collection({"name": "@"}).replace(b'"@"', b"[" * DEEP + b"]" * DEEP),
        "deep geometry": _collection({}).replace(b"[99.6, 39.4]", b"[" * DEEP + b"]" * DEEP),
        "collections in collections": _collection({}).replace(
            b'{"type": "Point", "coordinates": [99.6, 39.4]}',
            b'{"type":"GeometryCollection","geometries":[' * 5000 + b"]}" * 5000,
        ),
        "nan": _collection({"a": 1}).replace(b"[99.6, 39.4]", b"[NaN, Infinity]"),
        "1e400": _collection({"a": 1}).replace(b"99.6", b"1e400"),
        "huge number": _collection({"a": 1}).replace(b'"a": 1', b'"a": ' + b"9" * 5000),
        "same key": b'{"type":"FeatureCollection","type":"X","features":[],"features":[{}]}',
        "no geometry": _collection({"a": 1}).replace(b'{"type": "Point", "coordinates": [99.6, 39.4]}', b"null"),
        "words for numbers": _collection({}).replace(b"99.6", b'"east"'),
        "one number": _collection({}).replace(b"[99.6, 39.4]", b"[99.6]"),
        "unknown system": b'{"crs":{"type":"name","properties":{"name":"EPSG:999999"}},' + _collection({})[1:],
        "linked system": b'{"crs":{"type":"link","properties":{"href":"http://127.0.0.1:9/x"}},' + _collection({})[1:],
        "lists in cells": _collection({"a": [1, 2], "b": {"c": [None]}, "_row": 3, "geometry": 1, "": 1}),
        "half a surrogate": _collection({"a": "@"}).replace(b"@", b"\\ud800\\u0000\\u202e"),
        "invalid utf-8": _collection({"a": "@"}).replace(b"@", b"\xff\xfe\xfd"),
        "truncated": _collection({"name": "x" * 500})[:300],
        "vrt": b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
        b"</OGRVRTDataSource>",
        "csv": b"id,WKT\n1,POINT (1 2)\n",
        "address": b"http://127.0.0.1:9/x.geojson",
        "zip of nothing": _zip([]),
        "zip of zeros": _zip(["a.shp", "a.shx", "a.dbf"]),
        "zip bomb": _zip(["a.shp", "a.shx", "a.dbf"], size=60_000_000),
        "lying zip": _lying_zip(),
        "zip of many": _zip([f"{i}.shp" for i in range(3000)], size=1),
        "zip of ways out": _zip(["../../etc/a.shp", "/a.shp"]),
        "truncated zip": _zip(["a.shp", "a.shx", "a.dbf"], compression=zipfile.ZIP_STORED)[:1500],
        "bz2": _zip(["a.shp"], compression=zipfile.ZIP_BZIP2),
        "sqlite header": b"SQLite format 3\0" + bytes(4096),
    }


def _collection(properties):
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [99.6, 39.4]}}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def packages(good, folder):
    """GeoPackages made from a good one: name → bytes."""
    made = {"truncated": good[: len(good) // 2], "zeros inside": good[:5000] + bytes(20_000) + good[25_000:]}
    name = "roads"
    endless = "WITH RECURSIVE r(fid, geom) AS (SELECT 1, x'00' UNION ALL SELECT fid + 1, geom FROM r) SELECT * FROM r"
    for title, script in {
        "endless view": f"ALTER TABLE {name} RENAME TO old; CREATE VIEW {name} AS {endless};",
        "endless list of layers": "ALTER TABLE gpkg_contents RENAME TO c; CREATE VIEW gpkg_contents AS "
        + endless
        + ";",
        "computed column": f"ALTER TABLE {name} ADD COLUMN bomb AS (zeroblob(900000000));",
        "no layers": "DELETE FROM gpkg_contents;",
        "layer that is not there": "UPDATE gpkg_contents SET table_name = 'nowhere';",
        "no list": "DROP TABLE gpkg_contents;",
        "broken shapes": f"UPDATE {name} SET geom = x'4750000112345678';",
        "shapes of words": f"UPDATE {name} SET geom = 'road';",
        "unknown system": f"UPDATE gpkg_geometry_columns SET srs_id = 123456; UPDATE {name} SET geom = geom;",
    }.items():
        path = folder / f"{title}.gpkg"
        path.write_bytes(good)
        base = sqlite3.connect(path)
        base.executescript("PRAGMA legacy_alter_table = ON; PRAGMA writable_schema = ON;")
        for kind, trigger in base.execute("SELECT type, name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP {kind} "{trigger}"')
        base.executescript(script)
        base.commit()
        base.close()
        made[title] = path.read_bytes()
    return made
