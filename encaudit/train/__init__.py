"""Training of the systems that a displacement is compared with: a VAE, a lookup table, evil twins."""
