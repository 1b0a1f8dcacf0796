"""Fresh words: as long, in the same order, begun alike."""

import os
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.verify.variant.renaming import Renaming, renaming_for, words_of

LETTERS = st.text("abcxyz", min_size=1, max_size=6)
WORDS = st.sets(LETTERS, min_size=1, max_size=12)
TEXTS = st.lists(st.text("abyzABYZ -_0.é", max_size=12), min_size=1, max_size=8)


@given(WORDS, st.data())
def test_words_keep_length_order_and_beginnings(words: set[str], data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(words))))
    renaming = Renaming(words, kept, data.draw(st.sampled_from("12")))
    fresh = {word: renaming.word(word) for word in words}
    assert all(fresh[word] == word for word in kept)
    assert all(len(new) == len(word) and new.isascii() for word, new in fresh.items())
    for one in words:
        for other in words:
            assert (one < other) == (fresh[one] < fresh[other])
            begins = len(os.path.commonprefix([one, other]))
            assert len(os.path.commonprefix([fresh[one], fresh[other]])) == begins


@given(TEXTS)
@example(["AA", "AAé"])
def test_texts_keep_order_case_and_what_is_no_word(texts: list[str]) -> None:
    renaming = Renaming({word for text in texts for word in words_of(text)}, (), "s")
    fresh = {text: renaming.text(text) for text in texts}
    for one in texts:
        new = fresh[one]
        assert [c.isupper() for c in one] == [c.isupper() for c in new]
        assert re.sub("[a-zA-Z]", "", one) == re.sub("[a-zA-Z]", "", new)
        for other in texts:
            assert (one < other) == (new < fresh[other])
            assert (one.lower() == other.lower()) == (new.lower() == fresh[other].lower())


@given(WORDS, st.data())
def test_what_is_searched_is_found_as_before(words: set[str], data: st.DataObject) -> None:
    searched = data.draw(st.sets(st.sampled_from(sorted(words)), max_size=3))
    renaming = renaming_for(words, (), searched, (), "s")
    for part in searched:
        for word in words:
            assert (part in word) == (renaming.word(part) in renaming.word(word))


@pytest.mark.parametrize("word", ["x", "don't", "über"])
def test_some_words_have_nothing_to_change(word: str) -> None:
    assert Renaming([word], (), "s").word(word) == word


def test_a_word_that_is_not_of_the_recording_stays() -> None:
    assert Renaming(["walter"], (), "s").text("walter walterson")[-9:] == "walterson"


def test_the_salt_decides_and_nothing_else() -> None:
    words = ["dragon", "training", "apple"]
    one, same, other = (Renaming(words, (), salt) for salt in ("1", "1", "2"))
    assert one.text("Training a DRAGON") == same.text("Training a DRAGON")
    assert one.text("Training a DRAGON") != other.text("Training a DRAGON")
    assert all(one.word(word) != word for word in words)


def test_no_word_becomes_one_that_is_taken() -> None:
    taken = {f"m{letter}" for letter in string.ascii_lowercase} - {"my"}
    assert renaming_for({"my"}, (), (), taken, "s").word("my") == "my"
