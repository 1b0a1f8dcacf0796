"""WebSocket conversations, read as the HTTP exchanges that they stand for.

    messages ──► connections ──► framing ──► events ──► turns ──► operations ──► exchanges

`connections` sorts the messages of a recording by connection. Every framing of `catalogue` is a
candidate for each; its messages strike out those that cannot read them. A framing (one file each)
turns messages into the typed `events`; `turns` pairs what was asked with what was answered and
pushed because of it. `virtual` knows requests that are HTTP in all but name, `operations` explains
the others as operations on entities: by their names, by what calls of their names were seen to do
(`effects`), by what was pushed where nothing answers (`replies`). `graphql` takes documents apart,
those over HTTP too. `identities` knows who speaks.

`recipes` learns how one JSON value is made of another, `routes` how calls become requests.
`sockets` tells what a server in the original's place has to know, `pushed` what clients were told
because of a write. `conversation` reads one connection, `translate` puts it together,
`recordings` reads a recording so. Nothing here knows an application; what stays open becomes a
`Note`.
"""
