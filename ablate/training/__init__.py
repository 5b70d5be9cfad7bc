"""Trains networks with Keras. Only worker processes import this package."""
