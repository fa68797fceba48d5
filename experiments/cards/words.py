"""What a card says of itself."""

from experiments.cards.plan import FACTORS
from experiments.cards.table import Card


def caption(card: Card) -> str:
    """Return the caption; formulas are mathtext between dollars."""
    planned = [one for one, _ in card.cells.values()]
    seeds, steps = (max(len(one.seeds) for one in planned), max(o.config.steps for o in planned))
    return (
        "What becomes of an optimizer (row) on a problem (column) at the settings of its paper, by"
        f" the sign of its mean step $D$ and by runs of up to {steps:,} steps with {len(FACTORS)}"
        f" step sizes and {seeds} seeds. Drawn is $x_t$ over logarithmic time: median and range"
        " over the seeds; dashed is $x^*$. Wrong: $x$ goes to the worst point. Theorems that assume"
        " independent gradients, as ADOPT's does, say nothing of cyclic and reshuffled losses. No"
        " verdict is a proof."
    )
