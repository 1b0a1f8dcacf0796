"""Verification: is a backend what the recordings show?

`verify.verify_backend` is the whole of it: for each recording a fresh database (`postgres`), the
backend as a process (`backend`), the exchanges played in order (`replay`), each answer compared
with the recorded one (`compare`), and a report (`report`). Values that the live backend makes up
itself are bound to the recorded ones (`bindings`, `clock`, `values`) and said back in later
requests (`translate`).

`variant` makes a held-out variant of a recording, which a backend that looks recorded answers up
does not know. `acceptance` runs frozen pytest files for what only a specification names.
"""
