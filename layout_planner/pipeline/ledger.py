"""The ledger of children: at every hand-over Σ in = Σ out, or the run stops."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from layout_planner.errors import LedgerError

_RELATIVE = 1e-6  # sums of 32-bit draws differ by rounding; a lost child in a county differs by 1e-5
_SINGLE = 2.0**-24  # largest relative error of rounding one number to 32 bits


@dataclass
class Ledger:
    """Every hand-over of a run, in order."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def hand_over(self, title: str, given: float, received: float, *, names: str = "", gross: float = 0.0) -> None:
        """Record a hand-over and stop the run if children are lost or invented.

        Parameters
        ----------
        title
            From which step to which.
        given, received
            Sums on both sides. [children]
        names
            Where to look, printed if the sums differ.
        gross
            Size of the 32-bit numbers of which a side is the difference: their rounding stays when they cancel.
            0 where the sides are plain sums. [children]

        Raises
        ------
        LedgerError
            ``ledger_broken`` if the sums differ by more than rounding.
        """
        difference = given - received
        self.rows.append({"hand_over": title, "children_in": given, "children_out": received, "difference": difference})
        if not abs(difference) <= max(_RELATIVE * max(abs(given), abs(received), 1.0), _SINGLE * gross):
            raise LedgerError(
                "ledger_broken",
                hand_over=title,
                children_in=f"{given:.3f}",
                children_out=f"{received:.3f}",
                difference=f"{difference:.3f}",
                names=names or "—",
            )

    def table(self) -> pd.DataFrame:
        """Return the hand-overs as the table ``reconciliation``; differences to a thousandth of a child."""
        frame = pd.DataFrame(self.rows, columns=["hand_over", "children_in", "children_out", "difference"])
        return frame.assign(difference=frame["difference"].astype(float).round(3) + 0.0)
