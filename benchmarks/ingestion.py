"""Measures ingestion (CaseExampleGen, Transform, PairBuilder) against a plain writer, by size.

    python benchmarks/ingestion.py --images 1000 4000 --output ingestion.json
    python benchmarks/ingestion.py --images 1000 10000 50000       # an idle machine, 15 minutes

Each size draws JPEGs of its own and runs the three components, then a plain writer of as many
processes that does the same decoding, resizing and encoding and nothing else. Every measurement is
in a process of its own. Starting Beam's workers, each of which imports TensorFlow, is in the
seconds of a size; the rate between the smallest and the largest size is without it. Processor time
hardly depends on what else the machine does, seconds do.
"""

import argparse
import itertools
import json
import math
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ingestion_data import write_images
from benchmarks.ingestion_runs import PLAIN_TOOLS, Setting, image_work, plain_writer, project_run

PLANNED_IMAGES = 10_000_000
WORKERS = (50, 200)
BUSY_LOAD = 0.5
Row = dict[str, float]


def main() -> None:
    """Prints a row for each size, the ratios and the plan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--side", type=int, default=512, help="of the source images, pixels")
    parser.add_argument("--image-size", type=int, default=224, help="of the transformed images")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    setting = Setting(arguments.processes, arguments.image_size)
    load = os.getloadavg()[0]
    rows = [_measure(images, arguments.side, setting) for images in sorted(arguments.images)]
    work = _in_a_process(image_work, arguments.side, setting)
    print("\n".join(table(rows, work, load)))
    if arguments.output:
        result = {"setting": vars(arguments) | {"output": ""}, "rows": rows, "image_work": work}
        arguments.output.write_text(json.dumps(result | {"load": load}, indent=2) + "\n")


def _measure(images: int, side: int, setting: Setting) -> Row:
    with tempfile.TemporaryDirectory() as directory:
        source_bytes = write_images(Path(directory), images, side)
        ours = _in_a_process(project_run, directory, setting)
        plain = {
            tool: _in_a_process(plain_writer, directory, setting, tool) for tool in PLAIN_TOOLS
        }
    row = {
        "images": images,
        "seconds": ours["seconds"],
        "peak_megabytes": ours["peak_megabytes"],
        "processor_seconds": ours["processor_seconds"],
        "source_bytes": source_bytes,
    }
    for tool, figures in plain.items():
        row |= {f"{tool}_{name}": figure for name, figure in figures.items()}
    return row


def _in_a_process(function: Any, *arguments: Any) -> dict[str, float]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        result: dict[str, float] = pool.submit(function, *arguments).result()
        return result


def table(rows: Sequence[Row], work: Row, load: float) -> list[str]:
    """Returns the lines of the report, in Markdown."""
    lines = [
        "| images | seconds | images/s | plain writer, images/s | ratio | peak memory, MB |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours, plain = row["images"] / row["seconds"], row["images"] / row["tensorflow_seconds"]
        lines.append(
            f"| {row['images']:.0f} | {row['seconds']:.0f} | {ours:.1f} | {plain:.1f} "
            f"| {ours / plain:.2f} | {row['peak_megabytes']:.0f} |"
        )
    ratio = work["bare_seconds"] / work["transform_seconds"]
    lines += ["", f"Transform's image work over the bare one: {ratio:.2f} times as fast."]
    if load > BUSY_LOAD:
        lines.append(f"The machine was busy (load {load:.1f} before the start).")
    if len(rows) > 1:
        seconds, cost = marginal(rows, "seconds"), marginal(rows, "processor_seconds")
        memory = rows[-1]["peak_megabytes"] / rows[0]["peak_megabytes"]
        lines += [
            f"Without the start: {1 / seconds:.1f} images/s, {1000 * cost:.1f} ms of a core for a "
            "further image.",
            f"Exponent of time {exponent(rows):.2f}; peak memory {memory:.2f} times.",
            *(against(rows, tool) for tool in PLAIN_TOOLS),
            *steps(rows),
            "",
            *plan(cost, rows[-1]["source_bytes"] / rows[-1]["images"]),
        ]
    return lines


def marginal(rows: Sequence[Row], figure: str) -> float:
    """Returns what a further image adds to a figure, from the smallest size to the largest."""
    first, last = rows[0], rows[-1]
    return (last[figure] - first[figure]) / (last["images"] - first["images"])


def against(rows: Sequence[Row], tool: str) -> str:
    """Returns the rates of a further image over those of the plain writer with a tool."""
    seconds, cost = marginal(rows, f"{tool}_seconds"), marginal(rows, f"{tool}_processor_seconds")
    return (
        f"Of the plain writer with {tool} ({1000 * cost:.1f} ms of a core): "
        f"{seconds / marginal(rows, 'seconds'):.2f} times the rate, "
        f"{cost / marginal(rows, 'processor_seconds'):.2f} in processor time."
    )


def steps(rows: Sequence[Row]) -> list[str]:
    """Returns what a further image costs between each two sizes, which must not grow with them.

    Three sizes tell the start, as the first step's line at no images, and with it an exponent that
    the start does not flatter.
    """
    if len(rows) < 3:
        return []
    start = rows[0]["seconds"] - rows[0]["images"] * marginal(rows[:2], "seconds")
    without_start = [row | {"seconds": row["seconds"] - start} for row in rows[1:]]
    return [
        *(
            f"A further image between {pair[0]['images']:.0f} and {pair[1]['images']:.0f}: "
            f"{1000 * marginal(pair, 'seconds'):.2f} ms, "
            f"{1000 * marginal(pair, 'processor_seconds'):.2f} of a core."
            for pair in itertools.pairwise(rows)
        ),
        f"Without the start of {start:.0f} s, from {rows[1]['images']:.0f} images on: "
        f"exponent of time {exponent(without_start):.2f}.",
    ]


def exponent(rows: Sequence[Row]) -> float:
    """Returns e of seconds ~ images ** e, from the smallest size to the largest."""
    first, last = rows[0], rows[-1]
    return math.log(last["seconds"] / first["seconds"]) / math.log(last["images"] / first["images"])


def plan(core_seconds_per_image: float, bytes_per_image: float) -> list[str]:
    """Returns the dry plan for 10 million images: measured cost times number."""
    from components.case_example_gen.shards import shard_count

    hours = core_seconds_per_image * PLANNED_IMAGES / 3600
    size = bytes_per_image * PLANNED_IMAGES
    lines = [
        f"| {PLANNED_IMAGES:,} images | |",
        "|---|---|",
        f"| cost of an image | {1000 * core_seconds_per_image:.1f} ms of a core |",
        f"| core-hours | {hours:,.1f} |",
        f"| source bytes | {size / 1e12:.2f} TB |",
        f"| shards of cases | {shard_count(size):,} |",
    ]
    lines += [f"| hours on {count} cores | {hours / count:.2g} |" for count in WORKERS]
    return lines


if __name__ == "__main__":
    main()
