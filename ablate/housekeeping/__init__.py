"""What a storage holds, and whether it is in order."""
