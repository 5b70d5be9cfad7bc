"""Data sets, prepared once: what they hold, what a seed draws of them, what is noticed about them."""
