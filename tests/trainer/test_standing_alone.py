"""`trainer` is usable from a notebook with nothing but TensorFlow installed."""

import subprocess
import sys

FORBIDDEN = (
    "tfx",
    "tfx_bsl",
    "apache_beam",
    "tensorflow_transform",
    "tensorflow_model_analysis",
    "kfp",
    "pydantic",
    "PIL",
    "sklearn",
    "yaml",
    "click",
    "components",
    "pipeline",
)


def test_every_module_imports_where_only_tensorflow_is_installed():
    code = f"""
import sys
for name in {FORBIDDEN!r}:
    sys.modules[name] = None  # importing it fails, as if it were not installed
import importlib, pkgutil, trainer
modules = [module.name for module in pkgutil.iter_modules(trainer.__path__)]
assert len(modules) > 15
for name in modules:
    importlib.import_module(f"trainer.{{name}}")
"""
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr
