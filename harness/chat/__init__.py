"""A conversation with a model beside a running capture.

`chatting` goes on with a person, `intent` without one; `talk` asks the model, on an `account` in
the journal. `toolbox` makes its
tools: `browser_tools` act through `browsing` (which pages, in which scope, in whose hands), with
`attention` to what pages do meanwhile and to what is `harm`; `traffic_tools` read the recording and
`documentation_tools` write spec.md and describe.toml, both through `knowledge`.
"""
