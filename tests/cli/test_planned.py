"""What `check` and `plan` say of a study before it is run."""

from __future__ import annotations

import pytest

from ablate.cli.planned import plan_text
from ablate.data.prepared import shape
from ablate.planning.plan import make_plan


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        (
            8,
            "after 6 and 8 seeds: 12 trainings if the first decides all, 12 in the middle, 16 at most",
        ),
        (
            9,
            "after 6 and 8 seeds, and 1 seed more to confirm: 14 trainings if the first decides all, 14 in the "
            "middle, 18 at most",
        ),
    ],
)
def test_seeds_after_the_last_look_are_counted(project, seeds, told):
    study = project.study(
        "vary.units=[4, 16]",
        "tune.parameters=[]",
        "tune.learning_rate={ low = 0.001, high = 1.0 }",
        f"replicate.seeds={seeds}",
        "replicate.looks=[6, 8]",
    )
    plan = make_plan(study, {data.dataset: shape(data) for data in study.datasets})
    assert f"  looks         {told}" in plan_text(study, plan, "2", []).splitlines()
