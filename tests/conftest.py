"""No test uses an account that the machine happens to know, and CI tries the same every time."""

import os

from hypothesis import settings

for _name in [name for name in os.environ if name.startswith(("ANTHROPIC_", "CLAUDE"))]:
    del os.environ[_name]

settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
