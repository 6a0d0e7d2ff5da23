"""Conversions between WGS 84, GCJ-02, BD-09, CGCS2000 and projected metres, against published pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.io.datum import from_cgcs2000, gcj02_to_bd09, metres_between, to_cgcs2000, wgs84_to_gcj02

# Pairs in WGS 84, GCJ-02 and BD-09 as the map services give them, seven digits: github.com/hujiulong/gcoord,
# test/fixtures/china-cities.json (MIT).
CITIES = {
    "驻马店": ((114.0164322, 33.0133556), (114.022306, 33.0115324), (114.0287781, 33.0176697)),
    "邢台": ((114.498916, 37.0700925), (114.5048503, 37.0705911), (114.5113116, 37.0766797)),
    "那曲": ((92.0499619, 31.4784436), (92.0512438, 31.4762063), (92.0576832, 31.4824421)),
    "酒泉": ((98.4937175, 39.7319946), (98.4943595, 39.7328234), (98.5008441, 39.7388949)),
    "金昌": ((102.1860478, 38.5196469), (102.1880474, 38.5200925), (102.194653, 38.5258128)),
    "沈阳": ((123.4253306, 41.8032629), (123.4314787, 41.8057023), (123.438095, 41.8114013)),
    "汕尾": ((115.3702248, 22.7888255), (115.3751647, 22.7861903), (115.3817179, 22.7918527)),
    "锡林浩特": ((116.0414035, 43.9312805), (116.0482308, 43.9334573), (116.0546232, 43.9397782)),
    "楚雄": ((101.5265949, 25.048566), (101.5280737, 25.0455363), (101.5344863, 25.0518094)),
    "泉州": ((118.6711365, 24.8770487), (118.6756787, 24.8741363), (118.6821251, 24.8804872)),
    "钦州": ((108.6503952, 21.9828281), (108.6541485, 21.9799392), (108.6607283, 21.9856319)),
    "凉山": ((102.2658401, 27.8850446), (102.2673386, 27.8816151), (102.2738428, 27.8876621)),
}
# What other implementations of the formula print: github.com/googollee/eviltransform, go/transform_test.go (MIT);
# github.com/caijun/geoChina, tests (Tian'anmen); github.com/wandergis/coordtransform, test/app.js.
FORMULA = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ((116.39089, 39.90734), (116.39713094, 39.90874107)),
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
]
# Tian'anmen as Google's service gave it, the same source.
SERVICE = ((116.39089, 39.90734), (116.39713623, 39.90874539))
MERIDIANS = {4534: 75, 4542: 99, 4554: 135, 4513: 75, 4517: 87, 4533: 135}  # of CGCS2000 3° zones
SAME_PLACE_M = 1e-3
PUBLISHED_M = 1.0

points_of_china = st.tuples(st.floats(73.5, 135.0), st.floats(18.0, 53.5))


def metres(a, b):
    return float(metres_between(tuple(np.array([v], dtype=float) for v in a), tuple(np.array([v]) for v in b))[0])


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize(("system", "place"), [("gcj02", 1), ("bd09", 2)])
def test_points_of_the_map_services_come_within_a_metre_both_ways(city, system, place):
    true, given_pair = CITIES[city][0], CITIES[city][place]
    assert metres(to_cgcs2000(*given_pair, system), true) < PUBLISHED_M
    assert metres(from_cgcs2000(*true, system), given_pair) < PUBLISHED_M


@pytest.mark.parametrize("city", CITIES)
def test_bd09_follows_from_gcj02_to_a_centimetre(city):
    assert metres(gcj02_to_bd09(*CITIES[city][1]), CITIES[city][2]) < 0.01


def test_what_is_left_towards_the_services_is_one_and_the_same_small_step_everywhere():
    found = np.array([from_cgcs2000(*wgs, "gcj02") for wgs, _, _ in CITIES.values()])
    service = np.array([gcj for _, gcj, _ in CITIES.values()])
    east = (service - found)[:, 0] * np.cos(np.radians(service[:, 1])) * 111_320
    north = (service - found)[:, 1] * 110_950
    np.testing.assert_allclose(east, 0.47, atol=0.04)
    np.testing.assert_allclose(north, 0.48, atol=0.04)


@pytest.mark.parametrize(("wgs", "gcj"), FORMULA)
def test_other_implementations_of_the_formula_agree_to_two_centimetres(wgs, gcj):
    assert metres(wgs84_to_gcj02(*wgs), gcj) < 0.02


def test_tiananmen_of_the_service_is_less_than_a_metre_away():
    assert metres(wgs84_to_gcj02(*SERVICE[0]), SERVICE[1]) < PUBLISHED_M
    assert metres(to_cgcs2000(*SERVICE[1], "gcj02"), SERVICE[0]) < PUBLISHED_M


def test_the_seat_of_gaotai_moves_by_its_known_offset():
    moved = to_cgcs2000(99.81665, 39.376308, "gcj02")
    assert metres(moved, (99.8152, 39.3756)) < 10  # the published seat has four digits
    assert metres(moved, (99.81665, 39.376308)) == pytest.approx(146, abs=5)


@given(points_of_china, st.sampled_from(["gcj02", "bd09"]))
def test_there_and_back_again_is_the_same_place_to_a_millimetre(point, system):
    assert metres(to_cgcs2000(*from_cgcs2000(*point, system), system), point) < SAME_PLACE_M


@given(st.floats(-3, 3), st.floats(3, 54), st.sampled_from(list(MERIDIANS)))
def test_metres_of_a_zone_and_back_again_are_the_same_place_to_a_millimetre(beside, lat, code):
    point = (MERIDIANS[code] + beside, lat)
    assert metres(to_cgcs2000(*from_cgcs2000(*point, code), code), point) < SAME_PLACE_M


@given(points_of_china)
def test_cgcs2000_and_wgs84_are_the_same_degrees(point):
    for system in ("cgcs2000", "wgs84"):
        assert tuple(map(float, to_cgcs2000(*point, system))) == point


@pytest.mark.parametrize("point", [(0.0, 0.0), (-122.4, 37.8), (151.2, -33.9), (139.7, 35.7), (183.0, 45.0)])
@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_outside_china_nothing_moves(point, system):
    assert tuple(map(float, from_cgcs2000(*point, system))) == point
    assert tuple(map(float, to_cgcs2000(*point, system))) == point


def test_the_pole_lies_one_quarter_meridian_from_the_equator_and_the_meridian_at_the_false_easting():
    # quarter of the meridian of GRS 80: 10 001 965.7293 m (H. Moritz, "Geodetic Reference System 1980")
    east, north = from_cgcs2000([99.0, 99.0], [0.0, 90.0], 4542)
    np.testing.assert_allclose(east, 500_000, atol=1e-4)
    np.testing.assert_allclose(north, [0.0, 10_001_965.7293], atol=1e-3)


def test_zones_with_their_number_differ_only_in_the_easting():
    bare = from_cgcs2000(99.8152, 39.3756, 4542)
    zoned = from_cgcs2000(99.8152, 39.3756, 4521)
    assert float(zoned[0] - bare[0]) == pytest.approx(33e6, abs=1e-6)
    assert float(zoned[1] - bare[1]) == pytest.approx(0, abs=1e-6)


def test_arrays_keep_their_order_and_what_is_missing_stays_missing():
    lon, lat = np.array([99.8, np.nan, 100.1]), np.array([39.4, 39.5, np.nan])
    for system in ("gcj02", "bd09", 4542, "wgs84"):
        x, y = to_cgcs2000(*(from_cgcs2000(lon, lat, system)), system)
        np.testing.assert_allclose(x[0], 99.8, atol=1e-9)
        assert np.isnan(x[1])
        assert np.isnan(y[2])


def test_an_unknown_system_is_refused():
    with pytest.raises(KeyError):
        to_cgcs2000(99.8, 39.4, "beijing54")
