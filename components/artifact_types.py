"""The artifact types that TFX has no standard type for."""

from tfx.types import artifact


class Encoder(artifact.Artifact):
    """A pretrained encoder: its weights, its card `encoder.json` and how the training went."""

    TYPE_NAME = "components.Encoder"


class IngestionReport(artifact.Artifact):
    """What became of every input image and case: `ingestion_report.json` and lists beside it."""

    TYPE_NAME = "components.IngestionReport"


class Leakage(artifact.Artifact):
    """Near-duplicate images across splits, sites and patients: `leakage.json`."""

    TYPE_NAME = "components.Leakage"


class ModelCheck(artifact.Artifact):
    """What was found when a model was loaded and scored as it would be served."""

    TYPE_NAME = "components.ModelCheck"


class PairStatistics(artifact.Artifact):
    """What was paired, by site: `pair_statistics.json`."""

    TYPE_NAME = "components.PairStatistics"


class SliceReport(artifact.Artifact):
    """The report for clinicians: `report.html`, its PDF, data and tables."""

    TYPE_NAME = "components.SliceReport"


class StudyReport(artifact.Artifact):
    """The report of a study of several starts: `study.html`, `study.json`, tables and figures."""

    TYPE_NAME = "components.StudyReport"
