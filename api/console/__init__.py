"""Pages for operators; nothing on them is loaded from elsewhere."""
