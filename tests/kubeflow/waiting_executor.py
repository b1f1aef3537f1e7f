"""An executor that works until SIGTERM comes, and then saves what it has, as a training does."""

import logging
import time
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor

from trainer.termination import awaiting_termination


class Executor(BaseExecutor):
    """Writes `saved` into `folder` when it is told to stop."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        """Waits."""
        with awaiting_termination() as termination:
            logging.getLogger("micle.test").info("working")
            while not termination.requested:
                time.sleep(0.05)
            Path(exec_properties["folder"], "saved").touch()
