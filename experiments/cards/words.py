"""What a card says of itself."""

from experiments.cards.plan import FACTORS
from experiments.cards.table import Card


def caption(card: Card) -> str:
    """Return the caption; formulas are mathtext between dollars."""
    planned = [one for one, _ in card.cells.values()]
    seeds = max(len(one.seeds) for one in planned)
    steps = max(one.config.steps for one in planned)
    foreign = max((one.config.steps for one in planned if one.config.foreign), default=0)
    fewer = f" ({foreign:,} of a class of others)" if 0 < foreign < steps else ""
    return (
        "Optimizers on problems at published settings, judged by the mean step $D$ and by runs of"
        f" up to {steps:,} steps{fewer} with {len(FACTORS)} step sizes and"
        f" {seeds} seed{'s' * (seeds > 1)}. Drawn:"
        " $x_t$ over logarithmic time, median and range over the seeds; dashed: $x^*$. Wrong: $x$"
        " goes to the worst point, or settles away from $x^*$ where no point is the worst. Theorems"
        " that assume independent gradients, as ADOPT's does, say nothing of cyclic and reshuffled"
        " losses. No verdict is a proof."
    )
