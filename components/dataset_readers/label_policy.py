"""What becomes of a finding that a report hedges, or does not mention.

The three policies for uncertain labels are those of CheXpert (Irvin et al. 2019, arXiv
1901.07031: U-Ignore, U-Zeros, U-Ones). Its table of the labels counts an unmentioned finding as
negative, so that is the default here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

UncertainPolicy = Literal["ignore", "zeros", "ones"]
UnmentionedPolicy = Literal["ignore", "zeros"]
UNCERTAIN_POLICIES: tuple[str, ...] = get_args(UncertainPolicy)
UNMENTIONED_POLICIES: tuple[str, ...] = get_args(UnmentionedPolicy)

PRESENT, ABSENT, UNKNOWN = "1", "0", ""
_VALUES = {"ignore": UNKNOWN, "zeros": ABSENT, "ones": PRESENT}


@dataclass(frozen=True)
class LabelPolicy:
    """How a labeller's four answers become present, absent or unknown.

    Attributes:
        uncertain: For findings that the report hedges.
        uncertain_by_finding: Exceptions by name of the finding.
        unmentioned: For findings of which the report says nothing.
    """

    uncertain: UncertainPolicy = "ignore"
    uncertain_by_finding: Mapping[str, UncertainPolicy] = field(default_factory=dict)
    unmentioned: UnmentionedPolicy = "zeros"

    def value(self, finding: str, answer: str) -> str:
        """Returns `1`, `0` or blank (unknown).

        Args:
            finding: Its name, for exceptions.
            answer: `1` or `0`, `-1` uncertain, blank unmentioned; also written `1.0`.

        Raises:
            ValueError: The answer is none of these.
        """
        if not answer:
            return _VALUES[self.unmentioned]
        number = float(answer)
        if number == -1:
            return _VALUES[self.uncertain_by_finding.get(finding, self.uncertain)]
        if number not in (0, 1):
            raise ValueError(answer)
        return PRESENT if number == 1 else ABSENT
