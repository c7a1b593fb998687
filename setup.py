"""The packages, found at build time; everything else about the build is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["brian2_nmda", "brian2_nmda.*"]),
        *(f"brian2_nmda.{name}" for name in find_packages(include=["equations", "equations.*"])),
    ]
)
