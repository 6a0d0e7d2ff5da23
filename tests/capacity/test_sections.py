"""Sections grade by grade, within the rooms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.capacity import form_sections, largest_section

SIX = np.full(6, 45.0)


def test_a_grade_gets_as_many_sections_as_its_class_size_asks_for():
    pupils = np.array([45, 46, 91, 0, 30, 20])
    sections = form_sections(pupils, SIX)
    assert sections.tolist() == [1, 2, 3, 0, 1, 1]
    assert largest_section(pupils, sections) == 45


def test_rooms_that_run_out_go_to_the_fullest_grade():
    pupils = np.array([60, 50, 20, 20, 20, 20])
    sections = form_sections(pupils, SIX, rooms=7)
    assert sections.tolist() == [2, 1, 1, 1, 1, 1]
    assert largest_section(pupils, sections) == 50


def test_fewer_rooms_than_grades_make_multigrade_sections():
    pupils = np.array([4, 4, 4, 0, 0, 0])
    sections = form_sections(pupils, SIX, rooms=2)
    assert sections.sum() == pytest.approx(2)
    assert largest_section(pupils, sections) == 6  # 12 pupils in two rooms


def test_a_school_without_rooms_has_no_section_for_its_pupils():
    assert np.isnan(largest_section(np.array([5.0]), form_sections(np.array([5.0]), np.array([45.0]), rooms=0)))


def test_the_largest_section_is_a_whole_number_of_pupils():
    assert largest_section(np.array([111]), np.array([2])) == 56


@given(st.lists(st.integers(0, 400), min_size=6, max_size=6), st.integers(6, 60))
def test_with_a_room_for_each_grade_one_more_never_enlarges_a_section(pupils, rooms):
    few = form_sections(np.array(pupils), SIX, rooms)
    more = form_sections(np.array(pupils), SIX, rooms + 1)
    assert few.sum() <= rooms + 1e-9
    assert largest_section(np.array(pupils), more) <= largest_section(np.array(pupils), few)
