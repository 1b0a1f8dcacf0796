"""The builder that works through claude-agent-sdk, for what traffic leaves open.

builder (a session) -> prompts (what it is told), conversation (one exchange with the CLI, watched)
-> gate (what its file tools may do), tools (what the harness offers), launcher (how the CLI starts)
"""
