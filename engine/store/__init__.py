"""The memory: tables, and one module of functions per plural noun, each taking the open transaction first."""
