"""Which packages are in the wheel; everything else is said in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["ablate", "ablate.*"]),
        # Folders of TOML files that lie beside the package, see package-dir in pyproject.toml.
        "ablate.search_spaces",
        "ablate.studies",
    ]
)
