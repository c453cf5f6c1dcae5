"""The build backend of the Python module: meson-python, with nothing but the module in the wheel.

A wheel of meson-python 0.12, which Debian 12 has, holds everything that Meson would install: archives and headers, too. And it isn't
compressed. Later versions look at --tags in pyproject.toml by themselves, and compress.
"""

import zipfile

import mesonpy
from mesonpy import *  # noqa: F401,F403  pylint: disable=wildcard-import,unused-wildcard-import

TAG = "python-runtime"


class Project(mesonpy.Project):
    """A project of which only the files with the tag are installed."""

    @property
    def _install_plan(self):
        return {kind: {file: details for file, details in files.items() if details["tag"] == TAG}
                for kind, files in super()._install_plan.items()}

    def wheel(self, directory):
        """Makes the wheel; returns its path."""
        path = super().wheel(directory)
        with zipfile.ZipFile(path) as stored:
            files = [(info, stored.read(info)) for info in stored.infolist()]
        with zipfile.ZipFile(path, "w") as packed:
            for info, data in files:
                packed.writestr(info, data, zipfile.ZIP_DEFLATED)
        return path


mesonpy.Project = Project
