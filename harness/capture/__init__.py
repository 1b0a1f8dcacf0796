"""Recordings of a running application, made while it is used.

`session` is one capture from beginning to end, `browser` what is opened for it. Traffic comes from
one of two `sources`: through `proxy` (mitmproxy, in a process of its own: `process` starts it,
`addon` sees its flows, `messages` is what the two processes say), or out of `pages` (network
events, `page_socket`, and `page_facts` that `page_script.js` tells). Either way a `recorder` writes
it.
"""
