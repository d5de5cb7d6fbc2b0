"""A lookup table as an encoder: the latents of an image are those stored for its stack row, whatever its pixels."""

TABLE = "table"
VERSION = 1
