"""Where things lie, and which device is meant."""

from __future__ import annotations

import pytest

from armillary.cli.base import Problem
from armillary.cli.places import RESERVED, Places


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


def make(places, *names):
    for name in names:
        (places.devices / name).mkdir(parents=True)


def test_home_is_where_the_environment_says(tmp_path):
    assert Places.find({"ARMILLARY_HOME": str(tmp_path), "XDG_DATA_HOME": "/x"}).home == tmp_path


def test_home_is_absolute_even_if_the_environment_is_not():
    assert Places.find({"ARMILLARY_HOME": "here"}).home.is_absolute()


def test_home_is_else_where_the_users_data_lies():
    assert str(Places.find({"XDG_DATA_HOME": "/data"}).home) == "/data/armillary"
    assert str(Places.find({}).home).endswith("/.local/share/armillary")


def test_the_only_device_needs_no_name(places):
    make(places, "lamp")
    assert places.device(None) == places.device("lamp") == places.devices / "lamp"


def test_two_devices_need_a_name(places):
    make(places, "lamp", "lock")
    with pytest.raises(Problem, match="which device") as refused:
        places.device(None)
    assert "lamp, lock" in refused.value.remedy


def test_without_devices_the_way_to_one_is_told(places):
    with pytest.raises(Problem, match="there is no device") as refused:
        places.device(None)
    assert "device create" in refused.value.remedy


def test_an_unknown_device_is_refused_with_those_there_are(places):
    make(places, "lamp")
    with pytest.raises(Problem, match="no device lock") as refused:
        places.device("lock")
    assert "lamp" in refused.value.remedy


@pytest.mark.parametrize("name", ["", ".hidden", "../keys", "a/b", "a b", "x" * 64, "lämp", "a\n", *RESERVED])
def test_a_name_that_is_no_plain_word_is_refused_and_nothing_is_made(places, name):
    with pytest.raises(Problem, match="cannot name a device"):
        places.new_device(name)
    assert not places.devices.exists()


@pytest.mark.parametrize("name", ["../keys", "/etc", "."])
def test_a_path_is_never_a_device(places, name):
    make(places, "lamp")
    with pytest.raises(Problem):
        places.device(name)


def test_a_name_that_is_taken_is_refused(places):
    make(places, "lamp")
    with pytest.raises(Problem, match="already"):
        places.new_device("lamp")


def test_the_folder_of_devices_is_its_owners_alone(places):
    places.new_device("lamp")
    assert places.devices.stat().st_mode & 0o077 == 0


def test_folders_half_made_and_files_are_no_devices(places):
    make(places, "lamp", ".lamp.xyz")
    (places.devices / "notes").write_text("")
    assert places.device_names() == ["lamp"]
