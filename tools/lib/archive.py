"""The archive of files that goes beside an image: a folder becomes one, an archive is taken as it is."""

import pathlib
import tarfile


class Missing(Exception):
    """There are no such files; its text is one line."""


def _plain(entry):
    """The same entry for every owner of the files."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def make(source, folder):
    """The path of the archive of @source, a folder or an archive. One that is made lies in @folder, and has the same
    bytes for the same files."""
    path = pathlib.Path(source)
    if path.is_file():
        return path
    if not path.is_dir():
        raise Missing(f"{source}: there is no such folder or archive")
    made = pathlib.Path(folder) / "files.tar"
    try:
        with tarfile.open(made, "w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(path, ".", filter=_plain)  # in the order of the names
    except OSError as why:
        raise Missing(f"{source}: {why.filename}: {why.strerror}") from None
    return made
