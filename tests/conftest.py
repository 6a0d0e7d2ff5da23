"""Fixtures shared by all tests: the three-school county, as files and as a writable copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same examples every time", derandomize=True, deadline=None)
settings.load_profile("same examples every time")

ROOT = Path(__file__).parent.parent
COUNTY = Path(__file__).parent / "county"


@pytest.fixture
def county_copy(tmp_path: Path) -> Path:
    """A copy of the three-school county that a test may break."""
    folder = tmp_path / "county"
    shutil.copytree(COUNTY, folder)
    return folder
