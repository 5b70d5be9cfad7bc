"""What a stored study still owes, and how far it is."""
