"""Report formats, one file each; `_base` says what a file must hold."""
