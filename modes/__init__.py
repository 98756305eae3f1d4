"""The four experiences and the choice between them: pure decisions over values, a model and an instant."""
