"""What is shown, whatever it is written as: reports, and what list, show and compare print."""
