"""Search spaces that ship with ablate, one TOML file each."""
