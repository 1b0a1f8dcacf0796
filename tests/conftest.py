"""No test uses, or hands on, an account that the machine happens to know."""

import os

for _name in [name for name in os.environ if name.startswith(("ANTHROPIC_", "CLAUDE"))]:
    del os.environ[_name]
