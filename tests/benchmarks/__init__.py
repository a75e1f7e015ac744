"""The figures that the documentation quotes, measured: `python -m tests.benchmarks` prints one table."""
