"""When a study looks at its comparisons, held against how many these are."""

from __future__ import annotations

from ablate.errors import Problem
from ablate.spec.study import ReplicateSettings

KEY = "replicate.looks"


def check_looks(
    replicate: ReplicateSettings,
    comparisons: int,
    where: str,
    problems: list[Problem],
    *,
    key: str = KEY,
    seeds_key: str = "replicate.seeds",
) -> None:
    """Refuses looks that can decide nothing, and those that do not fit the seeds.

    Args:
        replicate: the ``[replicate]`` table.
        comparisons: how many comparisons the study makes.
        where: the study file.
        problems: takes in what is wrong.
        key: what the looks are called there.
        seeds_key: what the number of seeds is called there.
    """
    looks = replicate.looks
    if not looks:
        return

    def refuse(rule: str, hint: str, found: object = None) -> None:
        problems.append(Problem(where, rule, key, found, hint))

    from ablate.statistics import barren_looks, first_look  # with NumPy, which few need

    if replicate.seeds is None:
        refuse("folds are judged once, when all are there", "leave it out, or ask for seeds")
        return
    if not comparisons:
        refuse("there is nothing to compare", "add [vary], or leave it out")
        return
    if isinstance(replicate.searches, int) and replicate.searches > 1:
        rule = f"looks fall on whole searches, and seeds share {replicate.searches}"
        refuse(rule, 'set replicate.searches to "each", or leave looks out')
        return
    first = first_look(comparisons)
    if not isinstance(looks, tuple):
        if replicate.seeds <= first:
            rule = f"the first look at {_counted(comparisons)} takes {first} seeds, and more must follow"
            refuse(rule, f"set {seeds_key} to {first + 2} or more", replicate.seeds)
        return
    found = list(looks)
    if found != sorted(set(found)):
        refuse("must be numbers of seeds, each larger than the one before", "", found)
    elif found[-1] > replicate.seeds:
        refuse(
            f"the last look is after {found[-1]} seeds, and there are {replicate.seeds}", "", found
        )
    elif barren := barren_looks(found, comparisons):
        able = next(n for n in range(2, 64) if n not in barren_looks([n, n + 1], comparisons))
        rule = f"a look after {barren[0]} seeds can decide nothing, of {_counted(comparisons)}"
        refuse(rule, f"the first that can is after {able} or more", found)


def _counted(comparisons: int) -> str:
    return "1 comparison" if comparisons == 1 else f"{comparisons} comparisons"


def check_searches(
    replicate: ReplicateSettings, where: str, problems: list[Problem], *, is_tuned: bool
) -> None:
    """Refuses several searches where there is none, or where seeds cannot be dealt out to them."""
    searches, seeds = replicate.searches, replicate.seeds
    if searches == 1:
        return
    key, rule, hint = "replicate.searches", "", "leave it out"
    if not is_tuned:
        rule = "says how often each variant is searched for, and nothing is tuned"
    elif seeds is None:
        rule = "is said by the folds: each has a search of its own"
    elif searches != "each" and seeds % searches:
        rule, hint = f"the {seeds} seeds cannot be dealt out to them evenly", ""
    if rule:
        problems.append(Problem(where, rule, key, searches, hint))
