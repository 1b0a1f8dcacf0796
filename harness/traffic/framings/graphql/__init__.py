"""GraphQL, over HTTP or a WebSocket: its root fields are calls by the names of the fields.

`documents` parses what was asked, `answers` takes apart what came back, `resolve` makes calls,
answers and pushes of both. Answers hold what was selected: `rows` makes whole rows of them.
`fields` explains the calls as operations, `over_http` reads documents that were sent over HTTP,
`translate` those of all connections of a recording.
"""
