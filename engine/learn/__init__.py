"""Models: one a file; ``fit`` returns a frozen fitted thing, arrays in and arrays out."""
