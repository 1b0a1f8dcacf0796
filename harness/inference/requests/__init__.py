"""Request bodies and the rules of their fields."""
