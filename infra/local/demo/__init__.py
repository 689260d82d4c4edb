"""`make demo`: the main job, step by step, on the local stack."""
