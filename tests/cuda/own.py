"""A rule and a problem that are not ours, and rules that no device computes."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from amsgrad.problems.problem import Problem
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    m: float
    flips: float


class Hyper(NamedTuple):
    inertia: float
    settled: int
    signed: bool


class Coefficients(NamedTuple):
    step: float
    inertia: float
    signed: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    fade = 1 - math.pow(h.inertia, float(k + 1)) if k < h.settled else 1.0
    return Coefficients(real(alpha * fade), real(h.inertia), real(1 if h.signed else 0))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    m = c.inertia * memory.m + g
    return Memory(m, memory.flips + (m < 0)), c.step * (m + c.signed * np.floor(np.abs(m)))


def exponential(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    return Memory(g, memory.flips), c.step * np.exp(-abs(g))


def remainder(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    return Memory(g, memory.flips), c.step * (g % c.inertia)


def of_a_gradient(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    return Memory(g, memory.flips), c.step * math.pow(abs(g), 0.3)


def cube_root(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    return Memory(g, memory.flips), c.step * np.cbrt(g)


def array(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    return Memory(g, memory.flips), c.step * np.sort(np.full(int(abs(g)) + 2, g))[0]


def printed(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    print(g)
    return Memory(g, memory.flips), c.step


def text(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    return Memory(g, memory.flips), c.step + "a"  # type: ignore[operator]


def whole(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    return Memory(g, memory.flips), c.step * (round(8 * g) // 3)


def own_power(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    return Coefficients(real(math.pow(alpha, float(k))), real(h.inertia), real(0))


def rule(inertia: float = 0.5, *, step: Any = update, of: Any = coefficients) -> Rule:
    h = Hyper(inertia, 60, inertia > 0.25)
    return Rule("heavyball", Memory, h, of, step, settled=60)


class Bowls(NamedTuple):
    centres: Any
    weight: float
    shift: int


@dataclass(frozen=True)
class Bowl(Problem):
    """f_t(x) = weight (x - centre_i)^2 / 2 with i = t + shift in turns, on [-2, 2]."""

    weight: float = 0.75
    shift: int = 3
    lower = -2.0
    upper = 2.0
    x_star = 0.25

    @property
    def period(self) -> int:
        return 4

    def parameters(self, real: Any) -> Bowls:
        return Bowls(np.array([real(c) for c in (1, -1, 0.5, 0.5)]), real(self.weight), self.shift)

    @staticmethod
    def select(t: int, phase: int, p: Bowls) -> float:
        return p.centres[(phase + p.shift) % p.centres.size]

    @staticmethod
    def loss(centre: Any, x: Any, p: Bowls) -> Any:
        return p.weight * (x - centre) * (x - centre) / 2

    @staticmethod
    def gradient(centre: Any, x: Any, p: Bowls) -> Any:
        return p.weight * (x - centre)
