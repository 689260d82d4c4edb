"""Jobs over whole files: imports, scrubs and exports.

May import: audit, checks and everything below them. The three kinds of job never import one another.
Begin with `jobs`, then the package of the job that you are after.
"""
