"""Named checks of a county folder in three rounds: each file, files against each other, what can be.

Every check stands in the registry with a name, a round, a severity and the tables that it needs; docs/checks.md and the
summary page are made from it.
"""
