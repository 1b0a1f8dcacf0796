"""The main job: sessions, one after the other, until every feature passes or the run must end."""

import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.builders import Builder, Outcome, SessionContext
from harness.errors import EXIT_BUDGET, EXIT_OK, EXIT_STUCK, UnderstudyError
from harness.features.feature import FILE, Feature, FeatureList
from harness.sessions.budget import Limits, allowance, over_budget, spent, used
from harness.sessions.control import StopNow
from harness.sessions.events import (
    BackendCreated,
    BuilderFailed,
    FeaturesWritten,
    HardCoded,
    PauseRequested,
    PhaseStarted,
    Regressed,
    SessionEnded,
    SessionStarted,
    SpecificationRead,
    Tampered,
)
from harness.sessions.history import History
from harness.sessions.journal import Journal
from harness.sessions.judge import Verdict, failures, passing, why
from harness.sessions.opening import Opening
from harness.sessions.plan import Plan
from harness.sessions.recorder import JournalRecorder
from harness.sessions.specified import FOLDER, digest_of
from harness.sessions.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A conversation that was broken off: the features it was for, and its unfinished work."""

    conversation: str
    slice: frozenset[str]
    stash: str

    @classmethod
    def of(cls, history: History) -> "Interrupted":
        chosen = history.last_session.slice if history.last_session else []
        return cls(history.interrupted, frozenset(chosen), history.stash)


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended. `outcome`: done, paused, budget or stuck; `reasons` say what is stuck."""

    outcome: str
    detail: str
    exit_code: int
    reasons: tuple[str, ...] = ()


class Orchestrator:
    def __init__(
        self,
        *,
        features: FeatureList,
        journal: Journal,
        workshop: Workshop,
        opening: Opening,
        plan: Plan,
        limits: Limits,
        go_on: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.features = features
        self.journal = journal
        self.workshop = workshop
        self.opening = opening
        self.judge = opening.judge
        self.control = opening.control
        self.plan = plan
        self.limits = limits
        self.go_on = go_on
        """Take the conversation up again that was interrupted last."""
        self._clock = clock
        self._verdict: Verdict | None = None

    def run(self, *, build: bool = True) -> End:
        """Run sessions to the end, whichever it is; without `build` only prepare them."""
        try:
            self.prepare()
            while (end := self.end()) is None:
                if not build:
                    return End("paused", "the feature list is up to date", EXIT_OK)
                self.coding_session()
        except StopNow:
            self._stop_now()
            end = End("paused", "stopped at once; unfinished work is on a stash branch", EXIT_OK)
        return end

    def end(self) -> End | None:
        """Say how the run ends, if it ends here."""
        total, failing = len(self.features), self.features.failing
        if not failing:
            return End("done", f"all {total} features pass", EXIT_OK)
        if self.control.stopping():
            self.journal.append(PauseRequested(source=self.control.source))
            return End("paused", f"paused with {len(failing)} of {total} features to go", EXIT_OK)
        usage = used(self.journal.entries(), self.journal.run, self._clock())
        if limit := over_budget(self.limits, usage):
            return End("budget", limit, EXIT_BUDGET)
        if self.plan.at_end:
            detail = f"{len(failing)} features fail and no session makes progress"
            reasons = failures(self.features, self._verdict, {item.id for item in failing})
            return End("stuck", detail, EXIT_STUCK, tuple(reasons))
        return None

    # ---------------------------------------------------------------------------- sessions

    def prepare(self) -> None:
        """Pick up what there is, or run the initializer session."""
        history = History.read(self.journal.entries())
        self._adopt(history)
        if not self.workshop.has_skeleton:
            self.initializer_session()
        elif self.workshop.keep_edits() or self.workshop.main != history.landed:
            self._check_main("Check edits made by hand")
        elif self.features.definition() != history.definition:
            self._check_main("Bring the feature list up to date")
        self._read_specification(history)

    def initializer_session(self) -> None:
        """Write the feature list and lay out the code."""
        self.journal.append(BackendCreated())
        number = self._start("initializer", self.plan.builder, [])
        began = self._clock()
        self.workshop.begin(self.features)
        self.workshop.open(number)
        with self._session(number, []) as context:
            outcome = self.plan.builder.initialize(context)
        self._put_back()
        verdict = self._judge()
        now = self._passing(verdict)
        self._land(verdict, now, outcome.summary)
        self._finish(number, "landed", f"{len(self.features)} features listed", began, len(now))

        if outcome.trouble:
            raise outcome.trouble

    def _read_specification(self, history: History) -> None:
        """Let a builder that reads find the features that only spec.md names, once."""
        spec = self.opening.background.spec
        builder = next((one for one in self.plan.builders if one.reads_specifications), None)
        if builder is None or not spec.strip() or digest_of(spec) == history.specification:
            return
        number = self._start("specifying", builder, [])
        began = self._clock()
        self.workshop.open(number)
        with self._session(number, []) as context:
            outcome = self._build(builder, context, builder.specify)
        self._put_back()
        before = len(self.features)
        self.features = FeatureList(
            {item.id: item for item in (*self.features, *self.opening.specified.features)}.values()
        )
        self._say_features()
        self.features.write(self.workshop.folder)
        verdict = self._judge()
        self._land(verdict, self._passing(verdict), "List the features of the specification")
        summary = f"{len(self.features) - before} features of the specification"
        self._finish(number, "landed", summary, began)
        if outcome.trouble:
            raise outcome.trouble
        if not outcome.exhausted and not self.control.stopping():
            self.journal.append(SpecificationRead(digest=digest_of(spec)))

    def coding_session(self) -> None:
        """Build a slice, verify everything, and land the work if nothing is worse for it."""
        interrupted = self._taken_up()
        builder, chosen = self.plan.builder, self.plan.next_slice(self.features)
        if interrupted and interrupted.slice:
            chosen = [item for item in self.features.failing if item.id in interrupted.slice]
        number = self._start("coding", builder, chosen)
        self.workshop.open(number, interrupted.stash if interrupted else "")
        began = self._clock()
        conversation = interrupted.conversation if interrupted else None
        with self._session(number, chosen, conversation) as context:
            outcome = self._build(builder, context, builder.run)
        self._put_back()
        if (outcome.exhausted or not self.workshop.changed) and not self._more_counts():
            self.workshop.stash(number, "nothing to merge")
            self.plan.learn(gained=0, landed=False, exhausted=outcome.exhausted)
            self._finish(number, "no_progress", outcome.summary or "nothing changed", began)
            return
        verdict = self._judge(held_out=not builder.trusted)
        now, before = self._passing(verdict), self.features.passing
        self._settle(number, outcome, verdict, now - before, before - now, began)
        if outcome.trouble:
            raise outcome.trouble

    def _build(
        self,
        builder: Builder,
        context: SessionContext,
        work: Callable[[SessionContext], Outcome],
    ) -> Outcome:
        """Let the builder work; a mistake of its own ends its session, not the run."""
        try:
            return work(context)
        except UnderstudyError:
            raise
        except Exception as error:  # noqa: BLE001 - builders are plugged in, anything may come
            self.journal.append(BuilderFailed(error=repr(error), trace=traceback.format_exc()))
            return Outcome(f"{builder.name} failed: {error!r}", exhausted=True)

    def _settle(
        self,
        number: int,
        outcome: Outcome,
        verdict: Verdict,
        gained: frozenset[str],
        lost: frozenset[str],
        began: float,
    ) -> None:
        problem = why(verdict, lost)
        last_resort = self.plan.widened and len(gained) > len(lost)
        fit = not problem or (last_resort and not verdict.broken)
        if lost:
            self.journal.append(Regressed(by_session=number, features=sorted(lost), landed=fit))
        if fit:
            self._land(verdict, (self.features.passing | gained) - lost, outcome.summary)
            result = "landed" if gained else "no_progress"
        else:
            self.workshop.stash(number, problem)
            result = "broken" if verdict.broken else "regressed"
        self.plan.learn(gained=len(gained), landed=fit, exhausted=outcome.exhausted)
        summary = f"{outcome.summary}: {problem}" if problem else outcome.summary
        kept = (len(gained), len(lost)) if fit else (0, 0)
        self._finish(number, result, summary, began, *kept)

    def _land(self, verdict: Verdict, now: frozenset[str], subject: str) -> None:
        before, total = self.features.passing, len(self.features)
        self.features = self.features.flipped(now, self._now())
        self.features.write(self.workshop.folder)
        commit = self.workshop.commit(f"{subject}\n\n{len(now)} of {total} features pass.\n")
        self.workshop.land(commit, now, before)
        self._verdict = verdict
        self.workshop.close(self.journal.session or 0)

    # ------------------------------------------------------------------------------- parts

    def _start(self, kind: str, builder: Builder, chosen: list[Feature]) -> int:
        number = History.read(self.journal.entries()).sessions + 1
        self.journal.session = number
        self.journal.append(
            SessionStarted(
                number=number,
                kind=kind,
                builder=builder.name,
                slice=[item.id for item in chosen],
                resources=list(dict.fromkeys(item.resource for item in chosen)),
            )
        )
        return number

    def _finish(
        self, number: int, outcome: str, summary: str, began: float, gained: int = 0, lost: int = 0
    ) -> None:
        tokens, usd = spent(self.journal.entries(), number)
        self.journal.append(
            SessionEnded(
                number=number,
                outcome=outcome,
                summary=summary,
                gained=gained,
                lost=lost,
                seconds=round(self._clock() - began, 3),
                tokens=tokens,
                usd=usd,
            )
        )
        self.journal.session = None

    def _session(
        self, number: int, chosen: list[Feature], conversation: str | None = None
    ) -> AbstractContextManager[SessionContext]:
        entries = self.journal.entries()
        usage = used(entries, self.journal.run, self._clock())
        return self.opening.session(
            number,
            self.workshop.folder,
            self.workshop.repository.folder,
            chosen,
            self.features,
            self._verdict,
            JournalRecorder(self.journal),
            allowance(self.limits, usage),
            notes=tuple(History.read(self.journal.entries()).notes),
            attempt=self.plan.attempt,
            conversation=conversation,
        )

    def _taken_up(self) -> Interrupted | None:
        """Return the conversation to go on with, once, if that was asked for."""
        history = History.read(self.journal.entries())
        if not self.go_on or not history.interrupted:
            return None
        self.go_on = False
        self.plan.pass_over_to(history.last_session.builder if history.last_session else "")
        return Interrupted.of(history)

    def _judge(self, *, held_out: bool = False) -> Verdict:
        detail = "its own tests, and the replay" + ", also with fresh values" * held_out
        self.journal.append(PhaseStarted(name="verify", detail=detail))
        verdict = self.judge.judge(self.workshop.folder, held_out=held_out)
        self.journal.append(verdict.report)
        return self._judge(held_out=held_out) if self.workshop.catch_up() else verdict

    def _passing(self, verdict: Verdict) -> frozenset[str]:
        """Return what passes; what is new has to be right with fresh values too."""
        now = passing(self.features, verdict, settled=self.plan.settled)
        if verdict.held_out is None:
            return now
        new = now - self.features.passing
        looked_up = {name for name in new if not self.features[name].met_by(verdict.held_out)}
        if looked_up:
            self.journal.append(HardCoded(features=sorted(looked_up)))
        return now - looked_up

    def _more_counts(self) -> bool:
        """Whether features pass that did not count before everything else was tried."""
        known = self._verdict
        return known is not None and not self._passing(known) <= self.features.passing

    def _put_back(self) -> None:
        """Undo what a builder did to the feature list and the acceptance tests."""
        path, text = self.workshop.folder / FILE, self.features.text()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            self.features.write(self.workshop.folder)
            self.journal.append(Tampered(what=FILE))
        for name in self.opening.specified.put_back(self.workshop.folder):
            self.journal.append(Tampered(what=f"{FOLDER}/{name}"))

    def _adopt(self, history: History) -> None:
        """Take over what passed before, as far as the features are still there."""
        known = history.passing if self.workshop.has_skeleton else frozenset()
        kept = frozenset(name for name in known if name in self.features)
        self.features = self.features.flipped(kept, self._now())
        self._say_features(dropped=len(known - kept))

    def _say_features(self, dropped: int = 0) -> None:
        self.journal.append(
            FeaturesWritten(
                total=len(self.features),
                definition=self.features.definition(),
                passing=len(self.features.passing),
                dropped=dropped,
            )
        )

    def _check_main(self, reason: str) -> None:
        """Verify the main line: it, or what is asked of it, is not what was verified."""
        number = self._start("check", self.plan.builder, [])
        began = self._clock()
        self.workshop.open(number)
        verdict = self._judge()
        now, before = self._passing(verdict), self.features.passing
        if lost := before - now:
            self.journal.append(Regressed(by_session=0, features=sorted(lost), landed=True))
        self._land(verdict, now, reason)
        gained = len(now - before)
        self._finish(number, "landed", "checked the main line", began, gained, len(lost))

    def _stop_now(self) -> None:
        number = self.journal.session
        if number is not None:
            self.workshop.stash(number, "stopped at once")
            self._finish(number, "stopped", "stopped at once", self._clock())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)
