"""The problems by name; each is one file."""

from amsgrad.problems.online import Online

PROBLEMS = {"online": Online}
