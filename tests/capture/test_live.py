import io

from harness.live import LiveLine, live_text

REPORT = {"kept": 12, "messages": 4, "dropped": {"asset": 3, "other host": 1}}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_says_what_was_found_and_what_was_left_out() -> None:
    text = live_text(REPORT, 5)
    assert text == ("  5 endpoints · 8 exchanges · 4 messages · left out: 3 asset, 1 other host")
    assert "endpoints" not in live_text(REPORT, None)


def test_a_terminal_has_one_line_that_is_written_over() -> None:
    terminal = Terminal()
    line = LiveLine(terminal, None)
    line.show(REPORT)
    line.show({**REPORT, "kept": 13})
    line.close()
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().count("\r") == 2


def test_nothing_is_shown_where_nobody_looks() -> None:
    out = io.StringIO()
    line = LiveLine(out, None)
    line.show(REPORT)
    line.close()
    assert out.getvalue() == ""
