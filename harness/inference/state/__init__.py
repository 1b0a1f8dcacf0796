"""Which rows existed when, and how they point to each other."""
