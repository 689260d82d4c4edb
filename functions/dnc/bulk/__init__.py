"""Jobs that work on whole files: imports, scrubs and exports.

May import: audit, checks and everything below them. The three kinds of job never import one another.
Begin with `jobs`, then the package of the kind of job that you are interested in.
"""
