"""What the container of a step runs under Kubeflow Pipelines: `python -m` this package."""
