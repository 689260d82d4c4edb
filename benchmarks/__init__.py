"""What is measured, against what: `make bench`. Every number is a ratio of subjects that ran side by side."""
