"""One run: its session, its loop, and the files in its folder."""
