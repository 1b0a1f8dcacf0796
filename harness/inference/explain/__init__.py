"""Why the API model says what it says."""
