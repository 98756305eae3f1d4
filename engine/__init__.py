"""What Rapport remembers, learns and measures; nothing here decides or acts."""
