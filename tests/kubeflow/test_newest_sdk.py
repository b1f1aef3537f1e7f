"""Compiled pipelines load in the newest KFP SDK that was out when this was written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.configuration import load_configuration
from pipeline.kubeflow_compiler import compile_pipeline

pytestmark = pytest.mark.slow

NEWEST = "2.17.0"


@pytest.fixture(scope="module")
def sdk(tmp_path_factory) -> Path:
    """An environment of the SDK's own: it does not fit TFX's."""
    environment = tmp_path_factory.mktemp("sdk") / "venv"
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    packages = [f"kfp=={NEWEST}", f"kfp-kubernetes=={NEWEST}"]
    python = environment / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--python", str(python), *packages]
    if subprocess.run(install, check=False).returncode:
        pytest.skip("the SDK cannot be installed here: no package index answers")
    return python


@pytest.mark.parametrize("name", ["demo", "chest", "ham10000"])
def test_it_takes_both_documents(name, sdk, tmp_path):
    compiled = tmp_path / "compiled.yaml"
    compile_pipeline(load_configuration(f"configs/{name}.yaml"), compiled)
    script = Path(__file__).with_name("newest_sdk.py")
    completed = subprocess.run([sdk, script, compiled], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    answer = json.loads(completed.stdout.splitlines()[-1])
    assert answer["version"] == NEWEST
    assert answer["executors"] > 20
    assert answer["parameters"]["label_fraction"] > 0
