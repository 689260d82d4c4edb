"""Command-line tools for operators and compliance officers."""
