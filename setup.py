"""Installs `micle-tfx`; also what Beam workers install (`--setup_file`)."""

from setuptools import find_packages, setup

setup(
    name="micle-tfx",
    version="0.1.0",
    description="SimCLR and MICLe pretraining for medical images on TFX and Kubeflow",
    python_requires=">=3.10,<3.11",
    packages=find_packages(
        include=["pipeline*", "components*", "trainer*", "schemas*"], exclude=["tests*"]
    ),
    package_data={
        "schemas": ["*.pbtxt", "*.json"],
        "components.slice_report": ["*.jinja", "*.css", "*.js", "messages/*.yaml"],
        "components.study_report": ["*.jinja"],
        "pipeline.inspection": ["*.jinja"],
    },
    # Exact versions, with hashes, are in requirements/runtime.txt.
    install_requires=[
        "tfx[kfp]>=1.16,<1.17",
        "tensorflow>=2.16,<2.17",
        "tensorflow-transform>=1.16,<1.17",
        "tensorflow-model-analysis>=0.47,<0.48",
        "tensorflow-data-validation>=1.16,<1.17",
        "apache-beam>=2.61,<2.62",
        "joblib<1.6",
        "setuptools<81",
        "click>=8.1",
        "jinja2>=3.1",
        "matplotlib>=3.8",
        "numpy<2",
        "obstore>=0.11,<0.12",
        "pillow>=10",
        "pydantic>=2.7,<3",
        "pydicom>=3.0,<4",
        "python-gdcm>=3.0.24,<4",
        "pyyaml",
        "rich>=13",
        "scikit-learn>=1.5,<1.6",
        "scipy>=1.12,<2",
        "weasyprint>=70",
    ],
    entry_points={"console_scripts": ["micle=pipeline.command_line:main"]},
)
