"""What a stored study still owes, and how far it is.

Owed is what a study asks for and what is not there yet: trials of a search, or replicates.
"""
