"""The three networks of the paper's Figure 2."""

import torch
from torch import nn

from experiments.figure2.images import CLASSES


def network(panel: str, shape: tuple[int, ...], seed: int) -> nn.Module:
    """Return the network of a panel, for images of this shape, with its weights at the start.

    The paper does not state the weights at the start. Here they are 0 in logistic regression, and
    torch's own in both networks, drawn from the seed.
    """
    torch.manual_seed(seed)
    channels, height, width = shape
    pixels = channels * height * width
    if panel == "logistic":
        linear = nn.Linear(pixels, CLASSES)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        return nn.Sequential(nn.Flatten(), linear)
    if panel == "net":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, 100), nn.ReLU(), nn.Linear(100, CLASSES)
        )
    return cifarnet(channels, height, width)


def cifarnet(channels: int, height: int, width: int) -> nn.Module:
    """Return CIFARNET: two convolutions of 64 channels, 6 x 6, and layers of 384 and 192.

    Between the convolutions there are a 2 x 2 maximum and a response normalisation; between the
    layers dropout with keep probability .5. Not stated: the padding, which keeps the size here, and
    the constants of the normalisation (Krizhevsky et al. 2012: 5 channels, 1e-4, .75, k = 2).
    """
    around = nn.ZeroPad2d(
        (2, 3, 2, 3)
    )  # keeps the size; torch's padding="same" warns of even sizes
    return nn.Sequential(
        around,
        nn.Conv2d(channels, 64, 6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0),
        around,
        nn.Conv2d(64, 64, 6),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * (height // 2) * (width // 2), 384),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(384, 192),
        nn.ReLU(),
        nn.Linear(192, CLASSES),
    )
