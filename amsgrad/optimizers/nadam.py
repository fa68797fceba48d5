"""NAdam of torch, in double precision throughout where the parameters are.

torch.optim.NAdam keeps the product of its mu in torch's default type, which is single precision
whatever the parameters are: with parameters in double precision its first steps are off by 1e-8.
"""

from typing import Any

import torch


class NAdam(torch.optim.NAdam):
    """torch.optim.NAdam, whose product of mu has the precision of the parameters.

    Args:
        As torch's; all parameters of one type.
    """

    def step(self, closure: Any = None) -> Any:
        """Take one step."""
        default = torch.get_default_dtype()
        torch.set_default_dtype(self.param_groups[0]["params"][0].dtype)
        try:
            return super().step(closure)
        finally:
            torch.set_default_dtype(default)
