"""A run that is killed, stopped or refused at any moment leaves the last good result whole, and one clear line."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trust_tools import ROOT, WRITER, run_once, state_of

from layout_planner.errors import MachineError, UsageError, sentence
from layout_planner.io import kept as kept_module
from layout_planner.io import swap as swap_module
from layout_planner.io.out import open_out
from tests.conftest import COUNTY

KILLS = 8


def tidy(folder):
    """Names beside the results that a finished run may leave."""
    return {p.name for p in folder.iterdir()} - {"out", "out.previous"}


def test_a_run_killed_at_random_moments_leaves_a_whole_result(tmp_path):
    out, last, rng = tmp_path / "out", 0, random.Random(3)
    for _ in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(out), str(last)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.15))
        process.kill()
        process.communicate()
        swap_module.repair(out)  # what the next command does first
        assert state_of(out) == "whole"
        number = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["run"]
        assert number > last
        last = number
    run_once(out, "last")
    assert tidy(tmp_path) == set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_cut_off_before_any_single_step_on_the_disk_leaves_a_whole_result(tmp_path):
    """Every opening, renaming and removing of a file in a run is in turn the moment of death."""
    step, deaths, absent = 0, 0, 0
    while True:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        run_once(folder / "out", "old", extra={"gone.html": "only in the old one"})
        run_once(folder / "out", "good")
        (folder / "out" / "mine.txt").write_text("note", encoding="utf-8")
        (folder / "out" / "report.html").write_text("edited", encoding="utf-8")
        if not _dies_at(step, folder):
            break
        deaths += 1
        absent += not (folder / "out").exists()
        swap_module.repair(folder / "out")
        run = json.loads((folder / "out" / "manifest.json").read_text(encoding="utf-8"))["run"]
        assert run in {"good", "new"}
        told = run_once(folder / "out", "next")
        assert state_of(folder / "out") == "whole"
        assert (folder / "out" / "mine.txt").read_text(encoding="utf-8") == "note", told
        edited = {p.read_text(encoding="utf-8") for p in (folder / "out" / "edited").iterdir()}
        assert edited == {"edited"}
        assert tidy(folder) == set()
    assert deaths > 40
    assert absent <= 1, "only between the two renames may the folder be away"


def _dies_at(step, folder):
    """Run in a child that dies without any clean-up before its step-th action below the folder; False if it lived."""
    child = os.fork()
    if child == 0:
        done = 0

        def watch(event, args):
            nonlocal done
            if event in {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree"} and str(
                args[0]
            ).startswith(str(folder)):
                done += 1
                if done == step:
                    os._exit(9)

        sys.addaudithook(watch)
        run_once(folder / "out", "new")
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("budget", [0, 3_000, 20_000])
def test_a_disk_that_is_full_at_any_point_leaves_the_last_result_and_says_so(tmp_path, budget):
    out = tmp_path / "out"
    run_once(out, "good")
    code = f"""
import resource, sys
from pathlib import Path
from layout_planner.cli.guard import guarded
from layout_planner.io.out import open_out
import click
@click.command()
def main():
    with open_out(Path(sys.argv[1])) as folder:
        resource.setrlimit(resource.RLIMIT_FSIZE, ({budget}, resource.RLIM_INFINITY))
        folder.write_text("report.html", "x" * 1000)
        folder.write_text("tables/flows.csv", "x" * 10_000)
        (folder.new / "figures").mkdir()
        (folder.new / "figures" / "a.png").write_bytes(bytes(30_000))
        folder.finish({{"run": 2}})
sys.exit(guarded(main, [], "zh"))
"""
    result = subprocess.run([sys.executable, "-c", code, str(out)], capture_output=True, text=True, encoding="utf-8",
                            check=False, env=os.environ | {"PYTHONIOENCODING": "utf-8"}, cwd=ROOT)  # fmt: skip
    assert result.returncode == 3, result.stderr
    assert result.stderr == "out：无法写入（文件超过允许的大小）；请检查磁盘空间和权限，或用 --out 另选位置。\n"
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["run"] == "good"
    assert state_of(out) == "whole"
    assert tidy(tmp_path) == set()


@pytest.mark.parametrize("place", ["settle", "carry_over", "_listing"])
def test_a_disk_that_fills_up_while_the_run_is_finished_changes_nothing(tmp_path, monkeypatch, place):
    out = tmp_path / "out"
    run_once(out, "good")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"layout_planner.io.out.{place}", full)
    with pytest.raises(MachineError, match="the disk is full"):
        run_once(out, "new")
    assert state_of(out) == "whole"
    assert tidy(tmp_path) == set()


def test_a_target_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    def refuse(self, *_args, **_kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr("layout_planner.io.lock.Path.open", refuse)
    with pytest.raises(MachineError) as error:
        open_out(tmp_path / "out")
    assert str(error.value).startswith("out: cannot be written (no permission")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", [0, 1])
def test_a_document_that_is_open_in_another_program_keeps_both_results(tmp_path, monkeypatch, moment):
    """Windows refuses to rename a folder while a file in it is open."""
    out = tmp_path / "out"
    run_once(out, "older")
    run_once(out, "good")
    calls = []

    def locked(old, new):
        calls.append((old, new))
        if len(calls) == moment + 1:
            raise PermissionError(errno.EACCES, "in use", str(old))
        old.rename(new)

    monkeypatch.setattr(swap_module, "_rename", locked)
    with pytest.raises(MachineError, match="a file is open in another program; this run's results are in out-2"):
        run_once(out, "new")
    aside = next(p for p in tmp_path.iterdir() if p.name.startswith("out-2"))
    runs = [json.loads((p / "manifest.json").read_text(encoding="utf-8"))["run"] for p in (out, aside)]
    assert runs == ["good", "new"]
    assert (state_of(out), state_of(aside)) == ("whole", "whole")
    assert state_of(tmp_path / "out.previous") == "whole"


def test_an_edited_document_that_cannot_be_read_stays_where_it_is(tmp_path, monkeypatch):
    out = tmp_path / "out"
    run_once(out, "good")
    (out / "report.html").write_text("edited", encoding="utf-8")
    real = kept_module.digest

    def locked(path):
        if path == out / "report.html":
            raise PermissionError(errno.EACCES, "in use", str(path))
        return real(path)

    monkeypatch.setattr(kept_module, "digest", locked)
    with pytest.raises(MachineError, match="results are in out-2"):
        run_once(out, "new")
    assert (out / "report.html").read_text(encoding="utf-8") == "edited"


def test_the_second_of_two_runs_is_told_who_is_writing_and_the_first_is_not_disturbed(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom layout_planner.io.out import open_out\n"
        "with open_out(Path(sys.argv[1])) as f:\n f.write_text('a.html', 'x')\n print('go', flush=True)\n"
        " sys.stdin.read()\n f.finish({'run': 1})\n"
    )
    out = tmp_path / "out"
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    first.stdout.readline()
    with pytest.raises(MachineError) as error:
        open_out(out)
    assert error.value.exit_code == 3
    assert sentence(error.value.code, error.value.fields, "zh").startswith(f"out：另一个运行（进程 {first.pid}，")
    first.communicate()
    assert state_of(out) == "whole"


def test_a_lock_that_a_dead_process_left_is_taken_over(tmp_path):
    (tmp_path / ".out.lock").write_text("1\n00:00:00\n", encoding="ascii")
    run_once(tmp_path / "out", "good")
    assert state_of(tmp_path / "out") == "whole"
    assert not (tmp_path / ".out.lock").exists()


def test_a_stop_by_the_planner_is_one_line_with_its_exit_code_and_leaves_nothing(tmp_path):
    out = tmp_path / "out"
    run_once(out, "good")
    env = {k: v for k, v in os.environ.items() if k not in {"LANGUAGE", "LAYOUT_PLANNER_LANG"}}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "layout_planner", "forecast", str(COUNTY), "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env | {"PYTHONIOENCODING": "utf-8"}, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout.readline().split(), "the first stage is done, the run has its folder and goes on"
    assert (tmp_path / "out.new").is_dir()
    process.send_signal(signal.SIGINT)
    message = process.communicate()[1].decode()
    assert (process.returncode, message.lstrip()) == (130, "已停止；原有结果未动。\n")
    assert state_of(out) == "whole"
    assert tidy(tmp_path) == set()


def test_a_stop_while_the_folder_is_being_made_leaves_nothing_either(tmp_path, monkeypatch):
    run_once(tmp_path / "out", "good")
    real = Path.mkdir

    def stopped(self, *args, **kwargs):
        real(self, *args, **kwargs)
        if self.name == "out.new":
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", stopped)
    with pytest.raises(KeyboardInterrupt):
        open_out(tmp_path / "out")
    assert state_of(tmp_path / "out") == "whole"
    assert tidy(tmp_path) == set()


@pytest.mark.parametrize("name", ["out", "out.new", "out.previous"])
def test_a_folder_of_someone_else_is_never_touched(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "manifest.json").write_text('{"name": "a web page"}', encoding="utf-8")
    with pytest.raises(UsageError, match=f"^{name}: not a folder of this tool"):
        open_out(tmp_path / "out")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["manifest.json"]


@pytest.mark.parametrize("text", ["", "[]", "{", "\0", '{"documents": 1}', "[" * 100_000, "1" * 5000])
def test_a_manifest_that_is_broken_is_never_taken_for_a_result(tmp_path, text):
    out = tmp_path / "out"
    run_once(out, "good")
    (out / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="not a folder of this tool"):
        run_once(out, "new")
    assert (out / "report.html").read_text(encoding="utf-8") == "good"


def test_a_link_to_a_folder_elsewhere_and_a_file_as_target(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "results")
    run_once(tmp_path / "out", "one")
    run_once(tmp_path / "out", "two")
    assert (tmp_path / "out").is_symlink()
    assert state_of(tmp_path / "disk" / "results") == "whole"
    (tmp_path / "letter").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError):
        open_out(tmp_path / "letter")
    assert (tmp_path / "letter").read_text(encoding="utf-8") == "x"
