"""What can be known without a run: where x goes and when, and what the theorems ask for.

Each module takes numbers, a problem, or (`gamma`) an engine that it is handed; none imports one.
"""
