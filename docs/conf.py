"""Configuration of Sphinx; ``python docs/build.py`` builds the site. Nothing here needs a network."""

import sys
from pathlib import Path

import brian2_nmda

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE)]

project = "brian2_nmda"
author = "The brian2_nmda developers"
project_copyright = author
version = release = brian2_nmda.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "mathml",
    "model_reference",
    "example_gallery",
    "layout",
]
root_doc = "index"
exclude_patterns = ["_build", "extensions", "howto/output"]
suppress_warnings = ["myst.strikethrough"]

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence", "attrs_block"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

default_role = "py:obj"  # `name` in a docstring is a name of Python
autodoc_typehints = "none"  # the sections Parameters and Returns say more
autodoc_member_order = "bysource"
autosummary_generate = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False  # parameters of one description stay together
napoleon_preprocess_types = True
napoleon_use_ivar = True

smartquotes_action = "qe"  # two hyphens are those of an option, such as --mpi

html_theme = "furo"
html_title = f"brian2_nmda {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "tango"
