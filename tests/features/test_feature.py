from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.features.feature import FILE, FeatureList, write_whole
from harness.testing import feature, features

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_list_survives_its_file(tmp_path: Path) -> None:
    listed = features({"users": ["rec#1"], "posts": ["rec#2"]}).flipped({"rec-1"}, NOW)
    listed.write(tmp_path)
    again = FeatureList.parse((tmp_path / FILE).read_text())
    assert again.text() == listed.text()
    assert again.passing == {"rec-1"}
    assert again["rec-1"].flipped_at == NOW
    assert again["rec-2"].flipped_at is None


def test_flips_leave_the_definition_alone() -> None:
    listed = features({"users": ["rec#1"]})
    assert listed.definition() == listed.flipped({"rec-1"}, NOW).definition()
    assert listed.definition() != features({"users": ["rec#2"]}).definition()


def test_only_what_changes_is_stamped() -> None:
    listed = features({"users": ["rec#1", "rec#2"]}).flipped({"rec-1"}, NOW)
    later = listed.flipped({"rec-1", "rec-2"}, NOW.replace(year=2027))
    assert later["rec-1"].flipped_at == NOW
    assert later["rec-2"].flipped_at == NOW.replace(year=2027)


def test_a_feature_passes_when_all_that_decides_it_is_exact() -> None:
    one = feature("both", ["rec#1", "rec#2"])
    assert one.met_by({"rec#1", "rec#2", "rec#3"})
    assert not one.met_by({"rec#1"})


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("[", "the document"),
        ('[{"id": "a"}]', "0.category"),
        (FeatureList([feature("a", [])]).text(), "an acceptance without exchanges"),
        (FeatureList([feature("a", ["r#1"], depends_on=["b"])]).text(), "depends on b"),
        ("[" + ",".join([FeatureList([feature("a", ["r#1"])]).text()[1:-2]] * 2) + "]", "twice"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(broken: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FeatureList.parse(broken)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "file"
    write_whole(place, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(place, "new \ud800")
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
