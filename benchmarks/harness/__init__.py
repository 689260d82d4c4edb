"""What the benchmarks share: servers, sandboxes, generated numbers and the results file."""
