"""`airmend demo`: a small estate breaks, real alerts arrive, and each repair is shown."""
