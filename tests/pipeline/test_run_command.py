"""What a person reads when a run ends, well or not, and where the noise goes."""

import contextlib
import dataclasses
import errno
import io
import json
import logging
import os
import threading
import traceback
from pathlib import Path

import pytest

from components.model_registry.registry import ModelRegistry
from components.promotion_gate.verdict import RuleResult, Verdict
from pipeline.commands.run import explain, pairs_line, registry_lines, verdict_lines
from pipeline.console import RunConsole, noise_to_log
from pipeline.local_run import RunDirectory
from pipeline.node_launch import NodeResult
from tests.components.model_registry.handmade_models import add_model
from trainer import progress
from trainer.errors import UserError

LOG = Path("runs/x/logs/run.log")


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_a_users_mistake_is_found_below_what_wraps_it():
    wrapped = raised(RuntimeError("[while running 'X']"), UserError("m.csv: row 2 is bad."))
    assert explain(wrapped, LOG) == "m.csv: row 2 is bad."


def test_a_users_mistake_is_found_in_what_a_worker_in_another_process_sends():
    """Beam sends the traceback as a text, in which it has added the step's name."""
    try:
        raise UserError("/key: cannot be read. [while running 'WriteShards']")
    except UserError:
        sent = RuntimeError(f"{traceback.format_exc()}\n\n")
    assert explain(raised(sent), LOG) == "/key: cannot be read."


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("ResourceExhausted: file.tmp; No space left on device"),
    ],
)
def test_a_full_disk_is_said_with_the_remedy(error):
    message = explain(raised(RuntimeError("step failed"), error), LOG)
    assert message.startswith("the disk is full (runs/x).")
    assert len(message.splitlines()) == 1


def test_anything_else_is_one_line_with_the_log():
    message = explain(raised(KeyError("shape\nmany\nlines")), LOG)
    assert len(message.splitlines()) == 1
    assert message.endswith("The whole story: runs/x/logs/run.log")


def rule(passed: bool) -> RuleResult:
    return RuleResult("minimum", "all cases", 0.6, 0.5, 0.7, 0.55, passed, "Because.")


def test_what_was_paired_is_said_in_a_line(tmp_path):
    sites = {
        "north": {"groups": 1000, "several_image_groups": 600, "different_image": 2400},
        "south": {"groups": 500, "several_image_groups": 0, "single_image": 2000},
    }
    content = {"pair_scope": "patient", "rounds": 4, "sites": sites}
    (tmp_path / "pair_statistics.json").write_text(json.dumps(content))
    assert pairs_line(str(tmp_path)) == (
        "pairs: 600 of 1,500 training patients have several images; 2,400 pairs of two images in 4 "
        "rounds."
    )


def test_a_refusal_lists_the_failed_rules_and_a_pass_says_so():
    assert verdict_lines(Verdict((rule(True), rule(False)))) == [
        "gate: refused, 1 of 2 rules not met; the model is not promoted.",
        "  - Because.",
    ]
    (line,) = verdict_lines(Verdict((rule(True),)))
    assert line == "gate: passed, 1 rules met."
    unjudged = dataclasses.replace(rule(True), measured=None)
    (line,) = verdict_lines(Verdict((rule(True), unjudged)))
    assert line == "gate: passed, 1 rules met, 1 not judged."


def test_where_the_model_stands_is_said_and_where_it_is_served(tmp_path):
    registry = ModelRegistry.at(str(tmp_path / "registry"))
    model = add_model(registry, "a", roles=["clinician"])
    (line,) = registry_lines(registry, model, tmp_path / "serving")
    assert line == f"registry: {model[:12]}: awaiting sign-off: clinician."
    registry.sign(model, "clinician", "Dr. A")
    registry.promote(model, "me")
    version = registry.publish_champion(tmp_path / "serving")
    assert registry_lines(registry, model, tmp_path / "serving") == [
        f"registry: {model[:12]}: champion.",
        f"model:  {version}",
    ]
    (line,) = registry_lines(registry, "0" * 64, tmp_path / "serving")
    assert "was emptied" in line


def test_noise_of_python_and_of_libraries_goes_to_the_log(tmp_path, capfd):
    log = tmp_path / "logs" / "run.log"
    with noise_to_log(log) as terminal:
        os.write(1, b"from a C library\n")
        os.write(2, b"an error of a C library\n")
        logging.getLogger("tfx").warning("a warning")
        print("for the person", file=terminal)
    print("after")
    out, err = capfd.readouterr()
    assert out == "for the person\nafter\n"
    assert err == ""
    text = log.read_text()
    for expected in ("from a C library", "an error of a C library", "WARNING tfx: a warning"):
        assert expected in text


def test_the_console_says_steps_times_and_what_was_done_before(tmp_path, capfd):
    with noise_to_log(tmp_path / "log") as terminal, RunConsole(terminal) as console:
        console.node_started("medical-cases", 1, 12)
        console.node_finished("medical-cases", NodeResult(cached=True, output_uris={}))
        console.node_started("pretrain", 2, 12)
        progress.report(progress.Progress("x", 1, 4, "pairs", 2.0, {"loss": 0.5}))
        console.node_finished("pretrain", NodeResult(cached=False, output_uris={}))
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split() == ["[", "1/12]", "medical-cases", "done", "before"]
    assert lines[1].split() == ["[", "2/12]", "pretrain", "0", "s"]


def test_progress_is_shown_at_the_node_that_it_is_of(monkeypatch):
    monkeypatch.setattr("pipeline.console.PLAIN_LINE_SECONDS", -1.0)
    terminal = io.StringIO()
    with RunConsole(terminal) as console:
        console.node_started("pretrain-a", 1, 3)
        console.node_started("pretrain-b", 2, 3)
        shown = progress.Progress("x", 3, 4, "pairs", 2.0, {})
        extra = {"progress": shown, "node_id": "pretrain-b"}
        progress.logger.info("x", extra=extra)
        console.node_finished("pretrain-b", NodeResult(cached=False, output_uris={}))
        console.node_finished("pretrain-a", NodeResult(cached=False, output_uris={}))
    lines = terminal.getvalue().splitlines()
    assert [line.split()[1:3] for line in lines] == [
        ["2/3]", "pretrain-b"],
        ["2/3]", "pretrain-b"],
        ["1/3]", "pretrain-a"],
    ]
    assert "3/4 pairs, 2/s" in lines[0]


def test_on_a_terminal_a_bar_shows_progress_and_prints_of_a_step_stay_out(capfd):
    reader, writer = os.openpty()
    chunks: list[bytes] = []

    def listen() -> None:
        with contextlib.suppress(OSError):  # The other side is closed.
            while chunk := os.read(reader, 4096):
                chunks.append(chunk)

    # On a busy machine the bar is drawn more often than a terminal that nobody reads can hold.
    listener = threading.Thread(target=listen)
    listener.start()
    with os.fdopen(writer, "w") as terminal, RunConsole(terminal) as console:
        console.node_started("pretrain", 2, 12)
        progress.report(progress.Progress("x", 64, 128, "pairs", 16.0, {"loss": 4.5}))
        print("noise of a library")
        console.node_finished("pretrain", NodeResult(cached=False, output_uris={}))
    listener.join()
    os.close(reader)
    shown = b"".join(chunks).decode()
    for expected in ("2/12", "pretrain", "64/128", "pairs, 16/s", "0:04 left", "loss 4.500"):
        assert expected in shown
    assert "noise" not in shown
    assert "noise of a library" in capfd.readouterr().out


def test_two_runs_cannot_share_a_folder_at_a_time(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    busy = pytest.raises(UserError, match="another run is using this output_dir")
    with directory.lock(), busy, directory.lock():
        pass
    with directory.lock():
        pass
