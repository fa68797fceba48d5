"""The options that several rules have."""

from typing import Annotated

from amsgrad.field_types import Real
from amsgrad.options import Option

Beta1 = Annotated[
    float, Option(Real(0, below=1), "Decay of m, the mean of the gradients", free=True)
]
Beta2 = Annotated[
    float, Option(Real(0, below=1), "Decay of v, the mean of their squares", free=True)
]
Eps = Annotated[float, Option(Real(0), "Added to the divisor", free=True)]
