"""What operations check, do and answer."""
