"""Recordings of a running application, made while it is used.

`session` is one capture from beginning to end. Traffic comes in through `proxy` (mitmproxy, in a
process of its own: `process` starts it, `addon` sees the flows) or from inside the pages (`pages`).
Either way a `recorder` writes it. `browser` opens Chromium, `finding` says where it is.
"""
