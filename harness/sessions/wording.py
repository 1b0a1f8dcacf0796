"""Events in words: a line each, for the terminal and `log`."""

from harness.sessions import events as e

_SHOWN = 200


def line(event: e.AnyEvent) -> str:  # noqa: C901, PLR0911, PLR0912 - one case an event
    """Say an event in one line."""
    match event:
        case e.RunStarted(resumed=resumed, builder=builder, run=run):
            return f"{'resumed' if resumed else 'started'} run {run} with builder {builder}"
        case e.RunEnded(outcome=outcome, detail=detail):
            return f"{outcome}: {detail}"
        case e.PhaseStarted(name=name, detail=detail):
            return f"{name}: {detail}"
        case e.Inferred(operations=operations, entities=entities, exchanges=exchanges):
            return f"inferred {operations} operations, {entities} entities ({exchanges} exchanges)"
        case e.FeaturesWritten(total=total, passing=passing):
            return f"feature list: {_features(total)}, {passing} pass"
        case e.BackendCreated():
            return "a new backend"
        case e.SessionStarted(number=number, kind=kind, resources=resources, slice=chosen):
            what = f": {', '.join(resources)} ({_features(len(chosen))})" if chosen else ""
            return f"session {number}, {kind}{what}"
        case e.SessionEnded(number=number, outcome=outcome, summary=summary, gained=gained):
            return f"session {number} {outcome}: {summary} (+{_features(gained)})"
        case e.ToolRan(name=name, detail=detail):
            return f"{name}: {detail}"
        case e.BuilderFailed(error=error):
            return f"the builder failed: {error}"
        case e.CommandAllowed(command=command):
            return f"$ {_one_line(command)}"
        case e.CommandBlocked(command=command, reason=reason, advice=advice):
            instead = f" ({advice})" if advice else ""
            return f"blocked `{_one_line(command)}`: {reason}{instead}"
        case e.Prompted(template=template, model=model):
            return f"asking {model} with {template}"
        case e.Conversed(outcome=outcome):
            return f"the conversation ended: {outcome}"
        case e.Noted(text=text):
            return f"note: {_one_line(text)}"
        case e.FeatureSpecified(file=name, tests=tests):
            return f"specified: {name}: {tests.count('def test_')} tests"
        case e.SpecificationRead():
            return "spec.md was read"
        case e.Spent(tokens=tokens, usd=usd):
            return f"spent {tokens} tokens, ${usd:.2f}"
        case e.Waited(seconds=seconds, reason=reason):
            return f"waited {seconds:.0f} s: {reason}"
        case e.Verified(exact=exact, exchanges=total, tests_passed=passed, tests_failed=failed):
            tests = f"tests {passed} passed, {failed} failed"
            return f"verified: {exact} of {total} exchanges exact, {tests}"
        case e.FeatureFlipped(feature=feature, passes=passes):
            return f"{'passes' if passes else 'fails again'}: {feature}"
        case e.Regressed(by_session=by, features=features, landed=landed):
            who = f"session {by}" if by else "an edit made by hand"
            kept = "kept, it gains more than it loses" if landed else "not merged"
            return f"regression by {who} ({kept}): {', '.join(features)}"
        case e.HardCoded(features=features):
            return f"right as recorded, wrong with fresh values: {', '.join(features)}"
        case e.Landing(commit=commit):
            return f"landing {commit[:10]}"
        case e.Landed(commit=commit, passing=passing):
            return f"landed {commit[:10]}: {len(passing)} features pass"
        case e.Stashed(branch=branch, reason=reason):
            return f"kept unfinished work on {branch}: {reason}"
        case e.Tampered(what=what):
            return f"{what} was changed by the builder and put back"
        case e.KeptByHand(commit=commit):
            return f"committed edits made by hand: {commit[:10]}"
        case e.PauseRequested(source=source):
            return f"pausing ({source})"
        case e.Crashed(run=run):
            return f"run {run} had crashed; picked up from its last green commit"
        case e.ChatStarted(intent=intent):
            return f"a model explores: {_one_line(intent)}" if intent else "a chat began"
        case e.ChatEnded(outcome=outcome, turns=turns, tokens=tokens, usd=usd, summary=summary):
            found = f": {_one_line(summary)}" if summary else ""
            return f"it ended ({outcome}, {turns} turns, {tokens} tokens, ${usd:.2f}){found}"


def _one_line(command: str) -> str:
    """Return a command as one line of printable text: strangers may have written it."""
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in command)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _features(count: int) -> str:
    return f"{count} feature{'' if count == 1 else 's'}"
