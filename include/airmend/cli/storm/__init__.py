"""`airmend evaluate storm`: recorded alerts are grouped and ranked, and compared with the truth."""
