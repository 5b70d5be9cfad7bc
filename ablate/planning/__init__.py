"""What a study will train, how long that takes, and how large its networks are."""
