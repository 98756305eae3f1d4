"""What acts: work that runs by the clock or on demand, and the outside it calls."""
