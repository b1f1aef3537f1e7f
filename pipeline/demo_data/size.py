"""How much of the default data is drawn."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SiteName = Literal["north", "harbour", "valley"]
Count = Annotated[int, Field(gt=0)]


class DemoSize(BaseModel):
    """How much is generated; the default suits the demo (about 20 seconds).

    Attributes:
        cases: Per site.
        natural_images: For step 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cases: dict[SiteName, Count] = Field(
        default={"north": 190, "harbour": 160, "valley": 100}, min_length=1
    )
    natural_images: Count = 1200
