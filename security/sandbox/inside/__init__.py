"""The exec server: runs inside the sandbox on nothing but the standard library.

server (reads requests, starts and reaps) -> command (one child), watch (bounds for all of them),
landlock, wire (frames; the harness uses it too)
"""
