"""What the measurements share: servers, sandboxes, generated numbers and the results file."""
