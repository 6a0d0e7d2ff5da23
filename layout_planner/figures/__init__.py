"""Figures and maps: finished table → Axes, in one style, with the shipped Chinese font."""
