"""Ways to run workers, one file each."""
