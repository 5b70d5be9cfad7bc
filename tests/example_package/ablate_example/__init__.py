"""A data set, an architecture and a report format for ablate."""
