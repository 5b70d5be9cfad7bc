"""What a report says, computed and not yet written: one file for each of its subjects."""
