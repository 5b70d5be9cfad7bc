"""From TOML files to frozen specs; every problem of a file is reported at once."""

from ablate.config.data import load_data_settings
from ablate.config.search_space import load_search_space
from ablate.config.study import find_study, load_study

__all__ = ["find_study", "load_data_settings", "load_search_space", "load_study"]
