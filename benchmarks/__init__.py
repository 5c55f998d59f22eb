"""Compile times beside kfp's, in one run on one machine: `python -m benchmarks`."""
