"""What the figures of a report show, and how they are drawn, in a process of its own."""
