"""The whole founding paper as one run: every figure's system trained, probed, measured, and its claim judged."""
