"""`make demo`: the main job, told in chapters on the local stack."""
