"""Making a study complete: gives orders to workers and hears of them."""
