"""Hands a compiled pipeline to a Kubeflow Pipelines server and follows its runs."""
