"""What a planner edited in the results, or put beside them, is there after every later run, whatever happens to it."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trust_tools import run_once, state_of

from layout_planner.io import out as out_module
from layout_planner.io.out import open_out


def texts(folder):
    """Contents of all files below a folder but the manifests."""
    return {p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json"}


def test_edits_of_several_runs_with_one_name_are_all_kept(tmp_path):
    out = tmp_path / "out"
    for n in range(4):
        run_once(out, f"result {n}")
        (out / "report.html").write_text(f"edit {n}", encoding="utf-8")
        (out / "tables" / "flows.csv").write_text(f"a\nedit {n}\n", encoding="utf-8")
    told = run_once(out, "last")
    assert sorted(told)[0].startswith("edited/flows")
    assert len(told) == 2
    assert texts(out / "edited") == {f"edit {n}" for n in range(4)} | {f"a\nedit {n}\n" for n in range(4)}
    assert run_once(out, "quiet") == []
    assert len(list((out / "edited").iterdir())) == 8
    assert state_of(out) == "whole"


def test_files_that_the_planner_added_keep_their_place_and_are_named(tmp_path):
    out = tmp_path / "out"
    run_once(out, "one")
    (out / "report.html").rename(out / "我的 报告.html")
    (out / "tables" / "notes.xlsx").write_text("notes", encoding="utf-8")
    (out / "letters" / "2026").mkdir(parents=True)
    (out / "letters" / "2026" / "to the county.docx").write_text("letter", encoding="utf-8")
    for office in ("~$report.html", ".~lock.report.html#", "Thumbs.db"):
        (out / office).write_text("x", encoding="utf-8")
    mine = {"我的 报告.html", "tables/notes.xlsx", "letters/2026/to the county.docx"}
    for n in range(3):
        assert set(run_once(out, f"run {n}")) == mine
        assert {name: (out / name).read_text(encoding="utf-8") for name in mine} == dict(
            zip(sorted(mine), ["letter", "notes", "one"], strict=True)
        )
        assert not (out / "Thumbs.db").exists()
        assert state_of(out) == "whole"


def test_a_file_of_the_planner_gives_way_to_a_result_of_that_name_and_is_kept_aside(tmp_path):
    out = tmp_path / "out"
    run_once(out, "one")
    (out / "summary.html").write_text("mine", encoding="utf-8")
    told = run_once(out, "two", extra={"summary.html": "result"})
    assert told == ["edited/summary.html"]
    assert (out / "summary.html").read_text(encoding="utf-8") == "result"
    assert (out / "edited" / "summary.html").read_text(encoding="utf-8") == "mine"


def test_a_document_edited_while_the_next_run_is_going_on_is_kept(tmp_path):
    out = tmp_path / "out"
    run_once(out, "one")
    with open_out(out) as folder:
        folder.write_text("report.html", "two")
        (out / "report.html").write_text("edited meanwhile", encoding="utf-8")
        assert folder.finish({"run": 2}) == ["edited/report.html"]
    assert texts(out / "edited") == {"edited meanwhile"}


def test_a_document_edited_between_the_look_and_the_swap_is_kept(tmp_path, monkeypatch):
    out = tmp_path / "out"
    run_once(out, "one")
    (out / "report.html").write_text("first edit", encoding="utf-8")
    real = out_module.swap

    def late(target, new):
        (target / "report.html").write_text("second edit, at the last moment", encoding="utf-8")
        (target / "note.txt").write_text("a note", encoding="utf-8")
        real(target, new)

    monkeypatch.setattr(out_module, "swap", late)
    run_once(out, "two")
    monkeypatch.setattr(out_module, "swap", real)
    run_once(out, "three")
    run_once(out, "four")
    assert texts(out / "edited") == {"first edit", "second edit, at the last moment", "a note"}


def test_an_edit_in_the_folder_before_the_last_is_kept_and_a_kept_file_that_was_deleted_stays_away(tmp_path):
    out = tmp_path / "out"
    run_once(out, "one")
    (out / "report.html").write_text("edited", encoding="utf-8")
    run_once(out, "two")  # out.previous now holds the edited report, kept in out/edited too
    (out / "edited" / "report.html").unlink()
    (tmp_path / "out.previous" / "tables" / "flows.csv").write_text("opened by mistake", encoding="utf-8")
    assert run_once(out, "three") == ["edited/flows.csv"]
    assert texts(out / "edited") == {"opened by mistake"}


def test_a_run_that_fails_half_way_loses_no_edit(tmp_path):
    out = tmp_path / "out"
    run_once(out, "one")
    (out / "report.html").write_text("edited", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), open_out(out) as folder:
        folder.write_text("report.html", "half")
        raise ZeroDivisionError
    assert (out / "report.html").read_text(encoding="utf-8") == "edited"
    run_once(out, "two")
    assert texts(out / "edited") == {"edited"}


def test_pipes_and_links_in_the_results_hold_no_run_up(tmp_path):
    out = tmp_path / "out"
    run_once(out, "one")
    os.mkfifo(out / "pipe")
    (out / "self").symlink_to(out / "self")
    (out / "home").symlink_to(tmp_path)
    run_once(out, "two")
    assert (out / "home").is_symlink()
    assert not (out / "pipe").exists()
    run_once(out, "three")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["run", "edit", "add", "fail", "previous"]),
        st.sampled_from(["report.html", "tables/flows.csv", "note.txt", "edited/report.html"]),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_the_order_of_runs_and_edits_every_text_of_the_planner_is_found_again(tmp_path_factory, steps):
    """His last version of every file; a version that he wrote over himself may be gone."""
    folder = tmp_path_factory.mktemp("steps")
    out = folder / "out"
    run_once(out, "start")
    standing = {}  # file as the planner left it → its text
    kept = set()
    for number, (step, name) in enumerate(steps):
        text = f"text {number}"
        base = folder / "out.previous" if step == "previous" else out
        if step == "run":
            run_once(out, f"run {number}")
            kept |= set(standing.values())
            standing = {}
        elif step == "fail":
            with open_out(out) as half:
                half.write_text("report.html", "half")
                half.__exit__(ValueError, ValueError(), None)
        elif base.exists():
            place = base / name
            place.parent.mkdir(exist_ok=True)
            if place.exists():
                kept.discard(place.read_text(encoding="utf-8"))
            standing[place] = text
            place.write_text(text, encoding="utf-8")
    run_once(out, "end")
    assert (kept | set(standing.values())) <= texts(out)
