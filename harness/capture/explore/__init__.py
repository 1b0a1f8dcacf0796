"""Walks through an application by itself, like a careful tester.

`explorer` decides where to go, `page` is what can be seen there, `hands` fills and submits,
`values` makes up what to fill in, `caution` knows what must not be pressed.
"""
