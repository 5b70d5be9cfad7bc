"""The processes that train: what they are told and tell, and how they are run."""
