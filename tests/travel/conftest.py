import tomllib
from importlib import resources

import pytest


@pytest.fixture(scope="session")
def assumptions():
    folder = resources.files("layout_planner.policy").joinpath("parameters")
    texts = [folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in ("roads", "travel")]
    return {name: row["value"] for text in texts for name, row in tomllib.loads(text).items()}
