"""The nouns: frozen values and the pure transitions between them."""
