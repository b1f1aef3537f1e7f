"""A row of a manifest of which nothing is known but where its image belongs."""

from components.case_example_gen.manifest import ManifestRow

ROW = ManifestRow(
    row=2,
    image="a.png",
    case_id="c",
    patient_id="p",
    site="north",
    view="PA",
    sex="unknown",
    age=None,
    split=None,
    label=None,
    findings=(),
)
