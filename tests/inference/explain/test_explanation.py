from harness.inference.explain.explanation import Explanation, render, say


def test_sections_bring_their_evidence_once() -> None:
    explanation = Explanation(subject="book", summary="An entity.", evidence=["a#1"])
    explanation.add("Columns", [say("slug", ["a#1", "a#2"]), say("title", ["a#2"])])
    explanation.add("Nothing", [])
    assert [section.title for section in explanation.sections] == ["Columns"]
    assert explanation.evidence == ["a#1", "a#2"]


def test_plain_text_for_a_terminal() -> None:
    explanation = Explanation(subject="book", summary="An entity.")
    explanation.add("Rules", [say("no title", ["a#1"], assumed=True)])
    assert render(explanation).splitlines() == [
        "book",
        "  An entity.",
        "",
        "Rules",
        "  - no title (assumed)  [a#1]",
        "",
        "Exchanges behind it",
        "  a#1",
    ]


def test_much_evidence_is_cut_in_a_sentence_and_whole_at_the_end() -> None:
    explanation = Explanation(subject="book", summary="An entity.")
    names = [f"a#{number}" for number in range(1, 8)]
    explanation.add("Rules", [say("no title", names)])
    text = render(explanation)
    assert "[a#1, a#2, a#3, a#4 and 3 more]" in text
    assert "a#7" in text.rsplit("Exchanges behind it", 1)[1]


def test_lines_are_no_wider_than_a_terminal() -> None:
    explanation = Explanation(subject="book", summary="word " * 60)
    assert max(map(len, render(explanation).splitlines())) <= 96
