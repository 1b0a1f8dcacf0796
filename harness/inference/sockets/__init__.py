"""What a server in the original's place tells the clients of a WebSocket.

`endpoints` puts those of the recordings together; `calls` learns which operation each call is and
how its outcome is told, `subscriptions` which lists a subscription shows, `events` who is told what
because of an operation. All of it is made of `traffic.framings.recipes`.
"""

from harness.inference.sockets.endpoints import learn_sockets

__all__ = ["learn_sockets"]
