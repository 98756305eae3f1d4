"""Measures: arrays in, frozen results out, over sums that add."""
