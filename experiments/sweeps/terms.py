"""The leading terms of the laws of cells, which need no run."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.config.build import build_setup
from amsgrad.config.own_options import parameters
from amsgrad.config.run_config import RUN, Config
from amsgrad.laws.leading import Leading, leading, why_no_terms
from amsgrad.rules import RULES
from experiments.sweeps.work import Work

DECAYS = ("beta1", "beta2", "eps")  # of a form, which takes many of them at once
MANY = ("lr", "schedule_rate", *DECAYS)


def why_without_terms(config: Config) -> str | None:
    """Return why cells with these settings have no such terms, or None."""
    if config.foreign:
        return "a torch optimizer has none"
    return why_no_terms(build_setup(config), config.make_form())


def terms_of(work: Work) -> dict[str, NDArray[np.float64]]:
    """Return limit, kappa and arrival of each cell; NaN where there are none."""
    found = {name: np.full(work.cells.size, np.nan) for name in Leading._fields}
    for places, numbers in _alike(work):
        if places.size == 1:  # sums of one row and of many have other bits
            places, numbers = places.repeat(2), {n: e.repeat(2) for n, e in numbers.items()}
        config = work.config(int(places[0]))
        if why_without_terms(config) is not None:
            continue
        decays: Any = {name: numbers[name][:, None] for name in DECAYS if name in numbers}
        form = config.with_numbers(decays).make_form()
        assert form is not None
        lr, rate = (numbers.get(name, getattr(config, name)) for name in ("lr", "schedule_rate"))
        terms = leading(build_setup(config), form, lr, rate)
        for name, values in terms._asdict().items():
            found[name][places] = values
    return found


def _alike(work: Work) -> Iterator[tuple[NDArray[np.int64], Mapping[str, NDArray[Any]]]]:
    """Yield places of cells that differ in numbers alone which `leading` takes as arrays."""
    for shared, config in enumerate(work.configs):
        if config.foreign:
            continue
        here = np.flatnonzero(work.of == shared)
        # what the rule itself is made from (the lr of AdaBound) is in its form, as one number
        one = parameters(RULES[config.opt].make) & RUN.keys()
        form = config.make_form()
        if form is not None and form.numerator == "window":
            one |= {"beta1"}
        many = [name for name in work.numbers if name in MANY and name not in one]
        rest = [work.numbers[name][here] for name in work.numbers if name not in many]
        of = np.zeros(here.size, np.int64)
        if rest:
            columns = np.stack([np.asarray(column, float) for column in rest])
            of = np.unique(columns, axis=1, return_inverse=True)[1].reshape(-1)
        for group in range(int(of.max()) + 1):
            places = here[of == group]
            yield places, {name: work.numbers[name][places] for name in many}
