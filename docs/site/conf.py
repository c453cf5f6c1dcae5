"""Sphinx's configuration of the site; tools/site calls Sphinx and gives the version, the release and the XML's folder."""

import logging

# pylint: disable=invalid-name
project = "leat"
copyright = "the authors of leat"  # pylint: disable=redefined-builtin
extensions = ["myst_parser", "breathe"]
exclude_patterns = ["_text"]
suppress_warnings = ["misc.highlighting_failure"]  # examples leave things out, so they aren't always correct C

myst_heading_anchors = 4
primary_domain = "c"
highlight_language = "text"
breathe_default_project = "leat"
breathe_domain_by_extension = {"h": "c"}

html_theme = "furo"
html_title = "leat"
html_static_path = ["static"]
html_css_files = ["leat.css"]
html_copy_source = False
html_show_sphinx = False


def setup(_app):
    """A function may have the name of the struct that it returns; Sphinx takes one for a repetition of the other."""
    logging.getLogger("sphinx.sphinx.domains.c").addFilter(lambda record: "Duplicate C declaration" not in str(record.msg))
