"""A study's encoders under names that stay, for other configurations to start from."""

from pathlib import Path

from pipeline.study.arms import encoders_of
from pipeline.study.finished import FinishedNodes
from pipeline.study.settings import Study


def link_encoders(study: Study, finished: FinishedNodes, directory: Path) -> None:
    """Makes a link `ROLE`, such as `simclr-natural-s0`, to each encoder that is trained.

    Args:
        study: What was asked.
        finished: Steps that are finished.
        directory: To hold the links.
    """
    directory.mkdir(exist_ok=True)
    for encoder in encoders_of(study):
        if encoder.is_ready or encoder.node_id not in finished.nodes:
            continue
        target = Path(finished.nodes[encoder.node_id].output_uris["encoder"]).resolve()
        link = directory / encoder.role
        link.unlink(missing_ok=True)
        link.symlink_to(target)
