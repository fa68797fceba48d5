"""The options that several problems have."""

from typing import Annotated

from amsgrad.field_types import Real, Whole
from amsgrad.options import Option

PERIOD = "Steps from one big slope to the next"
BIG = "The rare slope"

Slope = Annotated[float, Option(Real(), BIG)]
Small = Annotated[float, Option(Real(), "The slope at the other steps")]
Delta = Annotated[float, Option(Real(above=0), "Mean slope")]
Seed = Annotated[int, Option(Whole(0), "Seed of random losses", free=True)]
