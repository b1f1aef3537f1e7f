"""Manifests whose patients and cases are keyed hashes."""

import hashlib
import hmac
from pathlib import Path

from components.dataset_readers.pseudonymous_rows import pseudonymous
from components.dataset_readers.reader import ImageRow

KEY = b"a secret of the hospital"


def test_patient_and_case_become_keyed_hashes_and_all_else_stays():
    row = ImageRow(Path("a.png"), "1.2.840", "P-0815", "north", view="PA", visit="3")
    (hashed,) = pseudonymous([row], KEY)
    expected = {
        kind: hmac.new(KEY, f"{kind}:{raw}".encode(), hashlib.sha256).hexdigest()[:16]
        for kind, raw in (("patient", "P-0815"), ("case", "1.2.840"))
    }
    assert hashed == ImageRow(
        Path("a.png"), expected["case"], expected["patient"], "north", view="PA", visit="3"
    )
