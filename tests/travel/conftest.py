import tomllib
from importlib import resources

import pytest


@pytest.fixture(scope="session")
def assumptions():
    text = resources.files("layout_planner.policy").joinpath("parameters/travel.toml").read_text(encoding="utf-8")
    return {name: row["value"] for name, row in tomllib.loads(text).items()}
