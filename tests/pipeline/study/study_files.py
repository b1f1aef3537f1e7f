"""A small study on the shipped demonstration, to be changed by a test."""

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from pipeline.study.finished import FILE, FinishedNodes
from pipeline.study.origins import origins_of
from pipeline.study.settings import Study, load_study

BASE = str(Path("configs/demo.yaml").absolute())


def study_values(**changes) -> dict:
    return {
        "name": "study",
        "base": BASE,
        "output_dir": "runs/study",
        "title": "A study",
        "steps": {
            "simclr-medical": {"data": "medical", "method": "simclr"},
            "supervised-natural": {"method": "supervised", "training": {"epochs": 2}},
        },
        "initialisations": {
            "random": [],
            "natural": ["simclr-natural"],
            "both": ["simclr-natural", "simclr-medical"],
            "micle": ["simclr-natural", "simclr-medical", "micle-medical"],
        },
        "label_fractions": [0.5, 1.0],
        "seeds": [0, 1],
        "baseline": "random",
        **changes,
    }


def write_base(directory: Path, classes: list[str], shifted_sites: list[str]) -> None:
    """Writes `base.yaml`: the demonstration with other classes and sites, and no gate."""
    base = yaml.safe_load(Path(BASE).read_text())
    base["data"]["medical"] |= {"classes": classes, "shifted_sites": shifted_sites}
    base["fine_tuning"]["training"].pop("class_weights")
    base["gate"] = {}
    del base["cluster"]
    (directory / "base.yaml").write_text(yaml.safe_dump(base))


def write_study(directory: Path, **changes) -> str:
    path = directory / "study.yaml"
    path.write_text(yaml.safe_dump(study_values(**changes)))
    return str(path)


def study(directory: Path, **changes) -> Study:
    return load_study(write_study(directory, **changes))


def labelled_natural(directory: Path) -> dict:
    (directory / "natural.csv").write_text(
        "image,case_id,patient_id,site,label\na,a,a,n,tree\nb,b,b,n,cat\n"
    )
    return {"manifest": "natural.csv"}


def finish(
    found: Study, directory: Path, seconds: Callable[[str], float] = lambda _: 1.0
) -> FinishedNodes:
    """Records every step of a study as run; output KEY of a step is in `directory/STEP/KEY`."""
    origins = origins_of(found)
    keys = {(step, "evaluation") for step in origins if step.startswith("evaluate-")}
    keys |= {source for origin in origins.values() for source in origin.inputs.values()}
    nodes = FinishedNodes(directory, origins)
    for step in origins:
        uris = {key: str(directory / step / key) for producer, key in keys if producer == step}
        nodes.add(step, seconds(step), uris, cached=False)
    return nodes


def finished_today(found: Study, directory: Path) -> FinishedNodes:
    """Returns what was recorded in a folder, beside a study as it is today."""
    return FinishedNodes(directory, origins_of(found))


def forget_origins(directory: Path) -> None:
    """Makes of a record one of the versions that recorded no origins."""
    path = directory / FILE
    nodes = json.loads(path.read_text())
    for node in nodes.values():
        del node["made_from"]
    path.write_text(json.dumps(nodes))
