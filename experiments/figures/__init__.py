"""The figures by name; each is one file, with `SETTINGS`, `compute`, `findings`, `draw`, `caption`.

`python -m experiments.figures NAME` makes `results/NAME.png`, `.svg`, `.nc` (the data) and `.json`
(settings, findings, provenance).
"""

FIGURES = (
    "fig1",
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
)
