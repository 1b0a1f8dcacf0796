from harness.traffic.report import MAX_LISTED, ImportReport


def test_every_skipped_entry_is_counted_and_the_first_are_listed() -> None:
    report = ImportReport()
    for number in range(1, MAX_LISTED + 51):
        report.skip(number, "broken")
    data = report.as_dict()
    assert data["skipped_count"] == MAX_LISTED + 50
    assert len(data["skipped"]) == MAX_LISTED
    assert data["skipped"][0] == {"entry": 1, "reason": "broken"}


def test_a_note_is_made_once() -> None:
    report = ImportReport()
    report.note("odd")
    report.note("odd")
    assert report.notes == ["odd"]
