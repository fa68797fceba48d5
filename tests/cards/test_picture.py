"""The picture: every cell has its word, nothing touches, and colours differ in grey, too."""

from itertools import combinations, cycle

import matplotlib
import numpy as np
import pytest
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from amsgrad.cell_verdict import VERDICTS
from experiments.cards.cell import Cell
from experiments.cards.columns import COLUMNS
from experiments.cards.picture import LOOK, draw, pictures
from experiments.cards.plan import plan_cell
from experiments.cards.table import Card, lines
from experiments.figures import style
from experiments.figures.layout import new_figure

ROWS = ("adopt_unclipped", "torch.optim:Adadelta", "adam", "sgd", "amsgrad")
BY = {"right": "D and runs", "wrong": "D", "still moving": "runs", "undecided": ""}


def made_up(rows: tuple[str, ...] = ROWS) -> Card:
    """A card of all columns with every verdict, and with paths to the edges of the cells."""
    words, cells = cycle(VERDICTS), {}
    for opt in rows:
        for column in COLUMNS.values():
            planned = plan_cell(opt, column, 1000, 2)
            verdict = next(words)
            step = np.unique(np.geomspace(1, 1000, 30).astype(int))
            x = np.resize([-1e3, 0.0, 1e3], (len(planned.lrs), 3, step.size))
            facts = {"verdict": verdict, "by": BY[verdict], "shown": 1}
            cells[opt, column.name] = planned, Cell(facts, {"step": step, "x": np.sort(x, axis=1)})
    return Card(rows, list(COLUMNS.values()), cells)


@pytest.mark.parametrize("width", [9.0, 5.5, 3.4])
def test_no_texts_touch(width: float, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, drawn = {}, Text.draw

    def recorded(text: Text, renderer: RendererBase) -> None:
        drawn(text, renderer)
        if text.get_visible() and text.get_text():
            texts[text] = text.get_window_extent(renderer)

    monkeypatch.setattr(Text, "draw", recorded)
    with matplotlib.rc_context(rc=style.STYLE):
        figure = new_figure(width)
        draw(made_up(), figure)
        figure.draw_without_rendering()
    shown = [text.get_text() for text in texts]
    assert sum(shown.count(word) for word in VERDICTS) == len(ROWS) * len(COLUMNS) + len(VERDICTS)
    for (one, box), (other, beside) in combinations(texts.items(), 2):
        assert not box.padded(1, 0).overlaps(beside), (one, other)
    for one, box in texts.items():
        assert -1 <= box.x0 < box.x1 <= figure.bbox.width + 1, one
        assert -1 <= box.y0 < box.y1 <= figure.bbox.height + 1, one


def test_fills_differ_in_grey() -> None:
    greys = sorted(np.dot(to_rgb(fill), (0.299, 0.587, 0.114)) for fill, _ in LOOK.values())
    assert np.diff(greys).min() > 0.05
    for fill, ink in LOOK.values():
        contrast = abs(np.dot(np.subtract(to_rgb(fill), to_rgb(ink)), (0.299, 0.587, 0.114)))
        assert contrast > 0.5


@pytest.mark.slow
def test_the_same_card_has_the_same_bytes() -> None:
    small = made_up(("sgd", "amsgrad"))
    first, second = (pictures(small, "A caption.", ["svg", "pdf"], 9) for _ in range(2))
    assert first == second
    assert pictures(small, "", ["svg"], 9)["svg"] != first["svg"]


def test_the_table_of_a_terminal() -> None:
    *shown, _ = lines(made_up())
    names = ["ADOPT without clipping", "Adadelta torch.optim", "Adam", "SGD", "AMSGrad"]
    assert [line.split("|")[0].strip() for line in shown] == 2 * ["", "", *names]  # two tables
    assert shown[2].split("|")[1].split() == ["right", "WRONG", "D", "moves", "r", "?", "right"]
    heads = [word for i in (1, 8) for word in shown[i].replace("|", "").split()]
    assert heads == [column.name.partition("-")[0] for column in made_up().columns]
    assert all(len(line) <= 140 for line in shown)
