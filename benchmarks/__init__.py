"""The benchmarks: `make bench`. Every result is a ratio of subjects that took turns in the same run."""
