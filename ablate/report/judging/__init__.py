"""Verdicts on runs that were trained elsewhere: a table of results, judged as a study's are."""
