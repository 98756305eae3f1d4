"""What listens: HTTP, the console and the command line."""
