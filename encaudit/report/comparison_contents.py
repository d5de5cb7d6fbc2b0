"""What a folder of encaudit compare may hold, of runs or of audits: the one replaces the other."""

from encaudit.report.folder import Contents

JSON, PAGE, PARTICLES = "comparison.json", "comparison.html", "particles.csv"
OF_RUNS = ("figures/latents.png", "figures/losses.png")
OF_AUDITS = ("figures/differences.[0-9]*.png",)
COMPARISON = Contents(JSON, PAGE, (JSON, PAGE, PARTICLES, *OF_RUNS, *OF_AUDITS))
