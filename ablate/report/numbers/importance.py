"""How much each hyperparameter mattered for a good value of the study's objective."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ablate.spec.space import Frozen

if TYPE_CHECKING:
    from optuna import Study

FEWEST = 10
"""Complete trials below which importances are noise."""
BEST = 5
"""Trials that the best share of all must hold at least."""


class Importance(Frozen):
    """Hyperparameter importances, or why there are none."""

    shares: dict[str, float]
    """Each parameter's share, adding up to 1, the largest first."""
    note: str
    """How they were computed, or why not."""


def hyperparameter_importance(study: Study) -> Importance:
    """Importances by PED-ANOVA (Watanabe, Bansal and Hutter, 2023, arXiv 2304.10255).

    They say how much a parameter matters for being among the best trials, not how much of the
    loss it explains. The best share is a tenth of the trials, or more where that is fewer than 5.
    """
    from optuna.trial import TrialState

    complete = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    if complete < FEWEST:
        note = f"needs at least {FEWEST} complete trials, there are {complete}"
        return Importance(shares={}, note=note)
    # Loads scikit-learn, which takes a second.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    quantile = max(0.1, BEST / complete)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental, and few trials: the note says it
        try:
            shares = get_param_importances(
                study, evaluator=PedAnovaImportanceEvaluator(target_quantile=quantile)
            )
        except (ValueError, RuntimeError) as error:
            return Importance(shares={}, note=f"cannot be computed: {error}")
    note = f"PED-ANOVA: what the best {quantile:.0%} of {complete} complete trials have in common"
    if complete < 50:
        note += "; with fewer than 50 trials only a hint"
    return Importance(shares={name: float(share) for name, share in shares.items()}, note=note)
