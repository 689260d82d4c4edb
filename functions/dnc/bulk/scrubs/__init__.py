"""Scrubs: splitting a campaign's leads into clear and blocked rows.

May import: bulk's jobs, files and uploads, and everything below bulk.
Begin with `plan`, then `piece`. `listed` holds a whole list in little memory.
"""
