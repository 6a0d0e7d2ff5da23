"""From births to a school-layout plan that a county can defend."""

__version__ = "0.1.0"
