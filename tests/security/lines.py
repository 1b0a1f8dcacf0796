"""Generated shell lines: ordinary ones, bent by quoting, joined and nested in every way."""

from hypothesis import strategies as st

PROGRAMS = [
    "ls",
    "cat",
    "git status",
    "echo",
    "wc -l",
    "sleep 1",
    "pytest -q",
    "grep x",
    "true",
    "cd app",
]
EVIL = ["evil", "./evil", "sh evil", "touch PWNED", "bash", "eval evil", "exec evil", "python3"]
WORDS = [
    "a.txt", "app/x.py", "'a b'", '"a b"', "$'a\\'b'", "a\\ b", "*.py", "--", "-", "-la", "{a,b}.txt", "$x",
    '"$x"', "$(evil)", '"$(evil)"', "`evil`", "<(evil)", "${x:-$(evil)}", "$((1+1))", "~", "a#b", "'#'", "!",
    "a=b", "\\;", "';'", '"&&"', "'$(evil)'", "$'\\x3b'", "''", '""', "\\\n", "é", "$?", "$PWD", "$(pwd)",
]  # fmt: skip
REDIRECTS = [
    "> out.txt",
    "2>&1",
    "< a.txt",
    "2>/dev/null",
    "&> out.txt",
    ">> out.txt",
    "> $(evil)",
    "<<< evil",
]
JOINERS = [
    " && ",
    " || ",
    "; ",
    ";",
    " | ",
    "|",
    " & ",
    "&",
    "\n",
    "\n\n",
    " |& ",
    "&&",
    " && \\\n",
    " # x\n",
]
HEREDOCS = [
    "cat <<'EOF'\nevil\n$(evil)\nEOF", "cat <<EOF\nplain\nEOF", "cat <<EOF\n$(evil)\nEOF",
    "cat <<EOF\n`evil`\nEOF", "cat <<-'EOF'\n\tx\n\tEOF", "git commit -F - <<'EOF'\nx\nEOF",
    "cat <<'EOF' | wc -l\nx\nEOF", "cat <<A <<'B'\na\nA\nb\nB", "cat <<'E F'\nx\nE F", "cat <<\\EOF\n$(evil)\nEOF",
]  # fmt: skip
WRAPPERS = [
    "{}", "({})", "{{ {}; }}", "! {}", "if {}; then ls; fi", "if true; then {}; fi", "while false; do {}; done",
    "for x in a b; do {}; done", "for x in 'a b' evil; do echo $x; {}; done", "case a in a) {};; esac",
    "f() {{ {}; }}; f", "time {}", "coproc {}", "X=1 {}", "LOG_LEVEL=debug {}", "timeout 5 {}", "$({})",
    'echo "$({})"', "[ -f a.txt ] && {}", "[[ -f a.txt ]] && {}", "until true; do {}; done", "{} #'", "'{}'",
    "export X=1; {}", "set -e; {}", "eval '{}'", "trap '{}' EXIT", "{}\n{}",
]  # fmt: skip

PLAIN = [
    "a.txt",
    "app/x.py",
    "'a b'",
    '"a b"',
    "*.py",
    "a\\ b",
    "''",
    "$'a\\'b'",
    "'$(evil)'",
    '"&&"',
    "';'",
]

_word = st.integers(0, 9).flatmap(lambda n: st.sampled_from(WORDS if n == 0 else PLAIN))
_words = st.lists(_word, max_size=3).map(" ".join)
_program = st.integers(0, 9).flatmap(lambda n: st.sampled_from(EVIL if n == 0 else PROGRAMS))
_bent = st.builds(
    lambda text, place, mark: text[:place] + mark + text[place:],
    _program,
    st.integers(0, 4),
    st.sampled_from([*[""] * 12, "''", '""', "\\", "\\\n", "'", '"', "$'", "{", "$x"]),
)
_simple = st.builds(
    lambda program, words, redirect: " ".join(filter(None, [program, words, redirect])),
    _bent,
    _words,
    st.one_of(st.just(""), st.just(""), st.sampled_from(REDIRECTS)),
)
_command = st.one_of(_simple, _simple, _simple, st.sampled_from(HEREDOCS))


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.builds(lambda a, joiner, b: a + joiner + b, inner, st.sampled_from(JOINERS), inner)
    wrapped = st.builds(lambda shape, text: shape.replace("{}", text).replace("{{", "{").replace("}}", "}"),
                        st.sampled_from(WRAPPERS), inner)  # fmt: skip
    return st.one_of(joined, wrapped)


LINES = st.recursive(_command, _wrapped, max_leaves=5)
