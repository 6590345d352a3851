"""`airmend audit`: one file a command."""
