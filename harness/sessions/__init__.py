"""Sessions: the main job, from recordings to a verified backend, and everything that keeps it safe.

`command` is what the command line calls. `runner` takes the lock, recovers from a crash
(`recovery`), learns (`learning`) and lets the `orchestrator` run sessions: a slice from the
`plan`, work in the `workshop`, a verdict of the `judge` (`replay_judge` is the real one), a
landing or a stash. Everything that happens is an event (`events`) in the `journal`; `history`,
`budget`, `summary`, `wording`, `report` and `progress` only read it. `control` is how a run is
paused.
"""
