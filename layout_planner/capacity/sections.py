"""Sections (编班): how many, grade by grade, and how large the largest one is."""

from __future__ import annotations

import math

import numpy as np


def form_sections(pupils: np.ndarray, size: np.ndarray, rooms: float | None = None) -> np.ndarray:
    """Form sections grade by grade: enough for the class size, no more than the rooms.

    Every grade with pupils wants ``ceil(pupils / size)`` sections. When the rooms are too few, each grade gets one
    and the next room always goes to the grade with the largest section.

    Parameters
    ----------
    pupils
        Whole pupils by grade, shape (grades,); fractions are rounded to whole pupils first. [pupils]
    size
        Class size by grade, shape (grades,). [pupils]
    rooms
        Rooms for them all; None where the rooms are not known to be a limit. [rooms]

    Returns
    -------
    ndarray
        Sections by grade. Where the rooms are fewer than the grades with pupils, those grades share multigrade
        sections (复式班) and each shows its part of a room, below 1. [sections]
    """
    whole = np.rint(np.nan_to_num(np.asarray(pupils, dtype=float)))
    wanted = np.ceil(whole / np.asarray(size, dtype=float))
    if rooms is None or wanted.sum() <= rooms:
        return np.asarray(wanted)
    filled = whole > 0
    given = np.minimum(wanted, 1.0)
    free = math.floor(rooms) - int(given.sum())
    if free < 0:
        return np.asarray(np.where(filled, whole / whole.sum() * max(math.floor(rooms), 0), 0.0))
    for _ in range(free):
        load = np.where(given < wanted, whole / np.maximum(given, 1.0), -1.0)
        given[int(np.argmax(load))] += 1.0
    return np.asarray(given)


def largest_section(pupils: np.ndarray, sections: np.ndarray) -> float:
    """Return the size of the largest section when every grade splits its pupils as evenly as it can.

    Parameters
    ----------
    pupils, sections
        By grade; fractions of pupils are rounded to whole pupils first. [pupils], [sections]

    Returns
    -------
    float
        0 where there are no pupils, NaN where a grade with pupils has no section. [pupils]
    """
    whole = np.rint(np.nan_to_num(np.asarray(pupils, dtype=float)))
    filled = whole > 0
    if not filled.any():
        return 0.0
    counts = np.asarray(sections, dtype=float)[filled]
    if not (counts > 0).all():
        return float("nan")
    return float(np.ceil(np.round(whole[filled] / counts, 9)).max())
