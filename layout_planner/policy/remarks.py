"""What somebody saw elsewhere about a rule: words for people. No model may read them; only the screen prints them."""

from __future__ import annotations

from layout_planner.policy.catalogue import FAMILIES, read_toml


def seen_elsewhere(rule_id: str) -> tuple[str, ...]:
    """Sentences kept beside a PARAM rule: numbers met in other places, none of them in force here."""
    for family in FAMILIES:
        block = read_toml(f"rules/{family}.toml").get(rule_id)
        if block is not None:
            return tuple(str(text) for text in block.get("seen", ()))
    return ()
