"""What runs as process 1 of a sandbox, on nothing but the standard library.

server (a session: reads requests, starts and reaps), alone (one program) -> shield, command (one
child), watch (bounds for all of them), landlock, wire (frames; the harness uses it too)
"""
