"""The output folder: a whole result or the last good one, never half; edits kept; no formula runs."""

import json

import pandas as pd
import pytest

from layout_planner.errors import MachineError, UsageError
from layout_planner.io import out as out_module
from layout_planner.io.out import MANIFEST, open_out, repair, write_csv


def run_once(target, text):
    with open_out(target) as folder:
        folder.write_text("report.html", text)
        folder.write_table("flows", pd.DataFrame({"a": [1]}))
        return folder.finish({"seed": 1})


def killed_run(target, text):
    """What a killed run leaves: a folder half filled; the system has taken the lock back."""
    folder = open_out(target)
    folder.write_text("report.html", text)
    folder.lock.release()
    return folder.new


def test_a_second_run_replaces_the_first_and_keeps_it_as_previous(tmp_path):
    target = tmp_path / "out"
    run_once(target, "one")
    run_once(target, "two")
    assert (target / "report.html").read_text(encoding="utf-8") == "two"
    assert (tmp_path / "out.previous" / "report.html").read_text(encoding="utf-8") == "one"
    assert not (tmp_path / "out.new").exists()


def test_a_run_killed_while_writing_leaves_the_last_good_result(tmp_path):
    target = tmp_path / "out"
    run_once(target, "good")
    killed_run(target, "half")
    assert (target / "report.html").read_text(encoding="utf-8") == "good"
    run_once(target, "next")
    assert (target / "report.html").read_text(encoding="utf-8") == "next"


def test_a_swap_cut_in_two_is_finished_by_the_next_command(tmp_path):
    target = tmp_path / "out"
    run_once(target, "old")
    new = killed_run(target, "new")
    (new / MANIFEST).write_text('{"documents": {}}', encoding="utf-8")
    target.rename(tmp_path / "out.previous")
    repair(target)
    assert (target / "report.html").read_text(encoding="utf-8") == "new"


def test_a_swap_cut_before_the_manifest_goes_back_to_the_last_result(tmp_path):
    target = tmp_path / "out"
    run_once(target, "old")
    killed_run(target, "half")
    target.rename(tmp_path / "out.previous")
    repair(target)
    assert (target / "report.html").read_text(encoding="utf-8") == "old"


def test_a_document_edited_by_the_planner_is_kept_through_every_later_run(tmp_path):
    target = tmp_path / "out"
    run_once(target, "one")
    (target / "report.html").write_text("mine", encoding="utf-8")
    kept = run_once(target, "two")
    assert kept == ["edited/report.html"]
    assert run_once(target, "three") == []
    assert (target / "edited" / "report.html").read_text(encoding="utf-8") == "mine"
    (target / "report.html").write_text("mine again", encoding="utf-8")
    run_once(target, "four")
    texts = {p.read_text(encoding="utf-8") for p in (target / "edited").iterdir()}
    assert texts == {"mine", "mine again"}


def test_a_folder_of_someone_else_is_never_replaced(tmp_path):
    target = tmp_path / "papers"
    target.mkdir()
    (target / "letter.docx").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="not a folder of this tool"):
        open_out(target)


def test_a_locked_folder_keeps_the_result_beside_it(tmp_path, monkeypatch):
    target = tmp_path / "out"
    run_once(target, "old")

    def locked(*_):
        raise PermissionError("in use")

    monkeypatch.setattr(out_module, "swap", locked)
    with pytest.raises(MachineError, match="results are in out-2"):
        run_once(target, "new")
    aside = [p for p in tmp_path.iterdir() if p.name.startswith("out-2")]
    assert (aside[0] / "report.html").read_text(encoding="utf-8") == "new"
    assert (target / "report.html").read_text(encoding="utf-8") == "old"


def test_the_manifest_holds_the_hash_of_every_document(tmp_path):
    run_once(tmp_path / "out", "text")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["documents"]["report.html"] == out_module.digest_of("text")


@pytest.mark.parametrize("cell", ["=1+1", "+A1", "-2+3", "@SUM(A1)", "\t=1"])
def test_a_cell_that_looks_like_a_formula_is_defused(tmp_path, cell):
    write_csv(pd.DataFrame({"name": [cell], "n": [-1.5]}), tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    assert f"'{cell.strip()[:1]}" in text.replace("\t", "") or f"'{cell}" in text
    assert ",-1.5" in text
