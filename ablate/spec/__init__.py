"""What is asked and what came out: frozen records that pass between the modules; nothing heavy."""
