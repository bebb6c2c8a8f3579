"""Shell 1: runs cells in the user's namespace and publishes what they show."""
