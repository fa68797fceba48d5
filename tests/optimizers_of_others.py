"""Foreign optimizers: those that cannot be run here must be refused in a sentence."""

import math
from collections import deque
from typing import Any

import torch


class Plain(torch.optim.Optimizer):
    """Gradient descent on the sign."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {"lr": lr})

    def move(self, param: torch.Tensor, lr: float) -> None:
        param -= lr * param.grad.sign()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                self.move(param, group["lr"])


class Noisy(Plain):
    """It draws random numbers."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        param -= lr * param.grad.sign() * torch.rand(())


class Chatty(Plain):
    """It prints."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        print("moving")
        super().move(param, lr)


class Counter(Plain):
    """It keeps its count outside its state_dict."""

    count = 0

    def move(self, param: torch.Tensor, lr: float) -> None:
        self.count += 1
        super().move(param, lr / self.count)


class Deque(Plain):
    """It keeps an object that torch does not load safely."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        self.state[param].setdefault("last", deque(maxlen=2)).append(param.grad.clone())
        super().move(param, lr)


class Boom(Plain):
    """It fails in its first step."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        raise ArithmeticError("boom")


class NeedsMore(Plain):
    """It needs an argument that is not given."""

    def __init__(self, params: Any, lr: float, horizon: int) -> None:
        super().__init__(params, lr)


class Late(Plain):
    """It keeps its count outside its state_dict, too, but uses it only long after a rehearsal."""

    count = 0

    def move(self, param: torch.Tensor, lr: float) -> None:
        self.count += 1
        super().move(param, lr if self.count < 500 else lr / self.count)


class Fails(Plain):
    """It fails in the middle of a run."""

    count = 0

    def move(self, param: torch.Tensor, lr: float) -> None:
        self.count += 1
        if self.count > 500:
            raise ArithmeticError("at step 501")
        super().move(param, lr)


class Leaves(Plain):
    """It ends the process."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        raise SystemExit(7)


class Rude(Plain):
    """It keeps the gradient itself, writes into it and takes it away."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        last = self.state[param].get("last", torch.zeros_like(param))
        param -= lr * (param.grad + 0.5 * last)
        param.grad.mul_(3)
        self.state[param]["last"] = param.grad
        param.grad = None


class Normed(Plain):
    """It divides by the norm of the gradient."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        param -= lr * param.grad / param.grad.norm()


class LateNormed(Plain):
    """It does so after many steps only."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        taken = self.state[param].setdefault("step", torch.zeros(()))
        taken += 1
        param -= lr * param.grad / (param.grad.norm() if taken > 1500 else 1)


class Deaf(Plain):
    """It ignores lr."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        super().move(param, 1e-3)


class Stubborn(Plain):
    """It takes the first lr only."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        super().move(param, self.state[param].setdefault("lr", lr))


class Still(Plain):
    """It does not move."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        pass


class Explodes(Plain):
    """It divides by zero."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        param -= lr * param.grad / 0.0


class Clips(Plain):
    """It clips the norm of the gradient, if it is told to."""

    def __init__(self, params: Any, lr: float, max_norm: float = 0.0) -> None:
        super().__init__(params, lr)
        self.max_norm = max_norm

    def move(self, param: torch.Tensor, lr: float) -> None:
        longer = param.grad.norm() / self.max_norm if self.max_norm else torch.ones(())
        param -= lr * param.grad / longer.clamp(min=1)


class Grows(Plain):
    """Its steps grow with the logarithm of their number."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        taken = self.state[param].setdefault("step", torch.zeros(()))
        taken += 1
        param -= lr * (1 + taken.log()) * param.grad.sign()


class Rooted(Plain):
    """It moves by the root of lr."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        super().move(param, lr**0.5)


class Decays(Plain):
    """It draws x to 0."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        param -= lr * (param.grad + 0.1 * param)


class Later(Plain):
    """It divides gradients above 2 by zero after 3,000 steps."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        taken = self.state[param].setdefault("step", torch.zeros(()))
        taken += 1
        param -= lr * param.grad / ((taken < 3000) | (param.grad < 2))


class Rounds(Plain):
    """Its rounding depends on how many elements there are."""

    def move(self, param: torch.Tensor, lr: float) -> None:
        n = math.pi + param.numel()
        param -= lr * (param.grad / n * n)


class Weighs(Plain):
    """It has a weight decay of its own."""

    def __init__(self, params: Any, lr: float, weight_decay: float = 0.01) -> None:
        super().__init__(params, lr)
        self.weight_decay = weight_decay

    def move(self, param: torch.Tensor, lr: float) -> None:
        param -= lr * (param.grad + self.weight_decay * param)
