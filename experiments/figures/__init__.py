"""The figures by name; each is one file, with `SETTINGS`, `compute`, `findings`, `draw`, `caption`.

The first line of its docstring says what it shows, and of which paper. `python -m
experiments.figures NAME` makes `results/NAME.png`, `.svg`, `.nc` (the data), `.txt` (the caption)
and `.json` (caption and details, settings, findings, provenance).
"""

FIGURES = (
    "fig1",
    "fig1tried",
    "fig1far",
    "laws",
    "semantics",
    "theorem1",
    "shi",
    "adopt",
    "adashift",
    "boundary",
    "limits",
    "phase",
    "zhang",
    "acprop",
    "three",
    "price",
    "reshuffled",
    "symmetry",
    "rare",
    "cycles",
    "polynomial",
)
