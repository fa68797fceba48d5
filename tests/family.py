"""The family of problems that the tests share."""

from amsgrad.problems import PROBLEMS
from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.adashift import AdaShift
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.polynomial import Polynomial
from amsgrad.problems.problem import Problem
from amsgrad.problems.quadratic import Quadratic
from amsgrad.problems.rare import Rare
from amsgrad.problems.sequence import Sequence
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.problems.zhang import Zhang

# Each problem with its defaults, and some with other numbers.
FAMILY: dict[str, Problem] = {name: make() for name, make in PROBLEMS.items()} | {
    "theorem1-7.5": Theorem1(big=7.5),
    "theorem2-2": Theorem2(period=2),
    "theorem3-5": Theorem3(big=5.0, delta=0.5, seed=4),
    "adopt-50": Adopt(period=50, seed=2),
    "adashift-5": AdaShift(big=5.0, delta=0.5, seed=4),
    "acprop2-4": ACProp2(period=4),
    "acprop2-7": ACProp2(period=7),
    "zhang-a": Zhang(period=7, a=0.3),
    "zhang-random": Zhang(order="random", seed=9),
    "polynomial-2": Polynomial(degree=2, factor=3.0),
    "polynomial-6": Polynomial(degree=6),
    "sequence-right": Sequence("-4, 0.5, 1x3"),
    "sequence-shuffled": Sequence("-3,2,0,1x4", "shuffled", seed=5),
    "sequence-drawn": Sequence("-0.5x5,7,-5", "drawn", seed=6),
    "quadratic-3": Quadratic("-4x2,1x3,5", seed=3),
    "rare-8": Rare(period=8),
}
