"""Prior constants of the enrolment model: what is assumed before the window of data has spoken.

They come from rolling one-step residuals of small rural districts (docs/models/enrolment.md) and are weights in
pseudo-pupils, rates of forgetting or standard deviations; none is a policy number.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

ENTRY: Final = 0  # noise class: the first grade of the chain, fed by births
JOINED: Final = 1  # noise class: other grades fed from elsewhere
FIRST: Final = 2  # noise class: first progression
LATER: Final = 3  # noise class: every later progression
CLASSES: Final = (ENTRY, JOINED, FIRST, LATER)


@dataclass(frozen=True)
class Priors:
    """Assumptions of the model, one field a constant.

    Parameters
    ----------
    forget
        Weight of a year against the year after it, in shared, area and cell effects. [-]
    theta_pseudo
        Pseudo-pupils that pull a shared progression to 1. [pupils]
    area_pseudo
        Pseudo-pupils that pull a township's share of the births of its homes to the county's, and what is usual in a
        township to the county's where a past move is looked for. [pupils]
    signal_sd, signal_memory
        Prior sd of an area's lasting effect on the log scale, and the share of it that is left a year later. [-]
    inflow_mean, inflow_sd
        Normal prior of the share of a cohort that is replaced in a year by pupils who come by the size of a place. [-]
    ordinary_pseudo, structural_pseudo
        Pseudo-pupils of the two kinds of area × grade effect. [pupils]
    structural_share
        Prior probability that an area × grade is structural. [-]
    structural_forget
        As `forget`, for the structural kind: a school that ends at a grade shows it at once. [-]
    damping
        Share of the present deviation that is left after a further year. [-]
    long_run_kept
        Share of the long-run deviation from 1 that is kept. [-]
    level_step
        Weight of the newest year in the smoothed level of entrants. [-]
    level_walk
        Yearly sd of the level of entrants against births, on the log scale. [-]
    younger_mix
        Weight of today's younger grades in the level of entrants. [-]
    beta_mean, beta_sd
        Normal prior of the births weight where births are counted for other or larger areas. [-]
    beta_mean_own, beta_sd_own
        The same where births are counted for the homes that send the children: who is born there comes, but for those
        who move. [-]
    beta_low, beta_high
        Range of the births weight. [-]
    ratio_low, ratio_low_own
        Lowest births against their level that are believed, of other areas and of the homes themselves. [-]
    entry_pseudo
        Pseudo-pupils that pull a school's share of the births of its homes to its township's. [pupils]
    regime_sd, regime_years
        How much the weight differs between regimes of migration, and the years that show one. [-, years]
    phi, psi
        Prior noise of a cell by noise class: variance = phi·mean + psi·mean². [-]
    area_sd, area_phi
        Prior yearly shock of an area on the log scale: variance = area_sd² + area_phi / pupils. [-, pupils]
    county_sd
        Prior sd of the yearly shock of the county, on the log scale. [-]
    shock_memory
        First-order autocorrelation of the shocks. [-]
    widen
        Factor on prior standard deviations while the window is too short to estimate. [-]
    min_years, min_units
        Below either, the prior noise is taken as it stands. [years, units]
    persistence
        Prior weight of the last value in the point forecast. [-]
    """

    forget: float = 0.8
    theta_pseudo: float = 20.0
    area_pseudo: float = 60.0
    signal_sd: float = 0.013
    signal_memory: float = 0.85
    inflow_mean: float = 0.06
    inflow_sd: float = 0.04
    ordinary_pseudo: float = 150.0
    structural_pseudo: float = 4.0
    structural_share: float = 0.1
    structural_forget: float = 0.6
    damping: float = 0.7
    long_run_kept: float = 0.5
    level_step: float = 0.25
    level_walk: float = 0.06
    younger_mix: float = 0.3
    beta_mean: float = 0.5
    beta_sd: float = 0.2
    beta_mean_own: float = 1.0
    beta_sd_own: float = 0.15
    ratio_low: float = 0.4
    ratio_low_own: float = 0.05
    entry_pseudo: float = 20.0
    regime_sd: float = 0.3
    regime_years: int = 4
    beta_low: float = 0.0
    beta_high: float = 1.2
    phi: tuple[float, ...] = field(default=(1.45, 1.45, 0.55, 0.4))
    psi: tuple[float, ...] = field(default=(0.01, 0.02, 0.002, 0.002))
    area_sd: float = 0.018
    area_phi: float = 0.3
    county_sd: float = 0.01
    shock_memory: float = 0.7
    widen: float = 1.1
    min_years: int = 6
    min_units: int = 20
    persistence: float = 0.2

    def of_own_births(self) -> Priors:
        """The same where births are counted for the homes that send the children: who is born there comes."""
        return replace(self, beta_mean=self.beta_mean_own, beta_sd=self.beta_sd_own)
