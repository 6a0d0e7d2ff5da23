"""Enrolment: births to school-year cohorts, pooled grade progression, entrants, noise, joint draws.

``areas.forecast_areas`` works on any areas; ``county.forecast_county`` on the schools of a county. Both are the same
model on different units; its equations stand in ``docs/models/enrolment.md``.
"""
