"""WebSocket conversations, read as the HTTP exchanges that they stand for.

    messages ──► connections ──► framing ──► events ──► turns ──► operations ──► exchanges

`connections` sorts the messages of a recording by connection. Every framing of `catalogue` is a
candidate for each; its messages strike out those that cannot read them. A framing (one file each)
turns messages into the typed `events`; `turns` pairs what was asked with what was answered and
pushed because of it. `virtual` knows requests that are HTTP in all but name, `operations` explains
the others as operations on entities: by their names, or by what calls of their names were seen to
do (`effects`). `identities` knows who speaks. `sockets` tells what a server in the original's
place has to know, `pushed` what other clients were told because of a write. `translate` puts it
together, `recordings` reads a recording so. Nothing here knows an application; what stays open
becomes a `Note`.
"""
