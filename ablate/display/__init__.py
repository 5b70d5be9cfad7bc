"""Shows a run while it happens: state from events, then rendering."""
